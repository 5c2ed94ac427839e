# SessionInitializerOutgoingProxy: sessions go through a real proxy, by CONNECT to https endpoints, and what the proxy does
# wrong is a failure of the stage "proxy". The password is in no log, status or answer.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use File::Path qw(make_path);
use IO::Socket::INET;
use POSIX ();
use SessionInitializer::Httpd;
use SessionInitializer::Process;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange);

my $program = (grep { -x } map { "$_/tinyproxy" } split(/:/, $ENV{PATH}), '/usr/sbin')[0]
    or plan skip_all => 'no tinyproxy (Debian: tinyproxy-bin)';

my $directory = vars->{t_logs} . '/outgoing-proxy';
make_path($directory);
my @pids;
END { local $?; SessionInitializer::Process::end($_) for @pids }

# A proxy of the test's own, on a free port.
sub start_proxy {
    my ($name, $config) = @_;
    my ($port) = SessionInitializer::Process::free_ports(1);
    SessionInitializer::Httpd::write_file("$directory/$name.conf", <<"CONFIG");
Port $port
Listen 127.0.0.1
Timeout 60
LogFile "$directory/$name.log"
LogLevel Info
PidFile "$directory/$name.pid"
$config
CONFIG
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', "$directory/$name.output";
        open STDERR, '>&', \*STDOUT;
        exec $program, '-d', '-c', "$directory/$name.conf" or POSIX::_exit(127);
    }
    push @pids, $pid;
    eventually(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) })
        or die "tinyproxy did not start, see $directory/$name.output\n";
    return $port;
}

# Each has its own: what it forwarded is in its log.
sub proxied { my $name = shift; open my $log, '<', "$directory/$name.log" or return ''; local $/; return <$log> // '' }

my ($http, $https) = (stand_in->port, vars->{standin_tls_good});
my $open = start_proxy('open', '');
my $closed = start_proxy('closed', "BasicAuth me S3cret\n");
SessionInitializer::Httpd::write_file("$directory/filter", "nothing\\.example\n");
my $filtering = start_proxy('filtering', qq(Filter "$directory/filter"\nFilterDefaultDeny Yes\n));
my $no_connect = start_proxy('no-connect', "ConnectPort 1\n");
# tinyproxy resets a request that it refuses, often before its 407 is read. This one reads the whole request.
sub start_answering_407 {
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "no free port: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        while (my $client = $listener->accept) {
            my $request = '';
            while ($request !~ /\r\n\r\n.*\}/s && sysread $client, my $piece, 8192) { $request .= $piece }
            print $client "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";
        }
        POSIX::_exit(0);
    }
    push @pids, $pid;
    return $listener->sockport;
}
my $answering_407 = start_answering_407();
my ($refusing) = SessionInitializer::Process::free_ports(1);
my $silent = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "no free port: $!\n";

my %proxies = (
    'http' => ["http://127.0.0.1:$http", "http://127.0.0.1:$open"],
    'https' => ["https://localhost:$https", "http://127.0.0.1:$open"],
    'name' => ["https://localhost:$https", "http://localhost:$open"],
    'http-user' => ["http://127.0.0.1:$http", "http://me:S3cret\@127.0.0.1:$closed"],
    'https-user' => ["https://localhost:$https", "http://me:S3cret\@127.0.0.1:$closed"],
    'http-407' => ["http://127.0.0.1:$http", "http://me:Wr0ng\@127.0.0.1:$answering_407"],
    'https-407' => ["https://localhost:$https", "http://127.0.0.1:$closed"],
    'https-403' => ["https://localhost:$https", "http://127.0.0.1:$filtering"],
    'no-connect' => ["https://localhost:$https", "http://127.0.0.1:$no_connect"],
    'refuses' => ["https://localhost:$https", "http://me:S3cret\@127.0.0.1:$refusing"],
    'silent' => ["https://localhost:$https", 'http://127.0.0.1:' . $silent->sockport],
    'tls' => ['https://localhost:' . vars->{standin_tls_self_signed}, "http://127.0.0.1:$open"],
    'none' => ["http://127.0.0.1:$http", 'none'],
);
my $httpd = SessionInitializer::Httpd->start(name => 'outgoing-proxy', one_child => 1, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerCACertificateFile "@{[vars->{certs}]}/ca.pem"
SessionInitializerOutgoingProxy http://127.0.0.1:$refusing
<Location /session-initializer-status>
    SetHandler session-initializer-status
</Location>
@{[SessionInitializer::Httpd::vhosts(map {
    my ($endpoint, $proxy) = @{$proxies{$_}};
    $_ => "SessionInitializerEndpoint $endpoint\nSessionInitializerOutgoingProxy $proxy\n"
        . ($_ eq 'silent' ? 'SessionInitializerConnectTimeout ' . 500 * patience() . "ms\n" : '')
} sort keys %proxies)]}
CONFIG

sub session { return exchange(port => $httpd->port, host => "$_[0].test", method => 'POST', target => $PATH . $SESSION, body => '{}') }

for my $name ('http', 'https', 'name', 'http-user', 'https-user', 'none') {
    stand_in->forget;
    is_answer(session($name), 200, "$name: a session") for 1 .. 3;
    my @requests = map { received } 1 .. 1;
    like($requests[0]->body, qr/"streamId":"[123]"/, "$name: MediaTailor gets the stream id");
    is($requests[0]->target, $SESSION, "$name: the target as MediaTailor gets it");
}
like(proxied('open'), qr/CONNECT localhost:$https/, 'https: by CONNECT');
like(proxied('open'), qr{POST http://127\.0\.0\.1:$http/v1/session/}, 'http: in absolute form');
is(scalar(() = proxied('closed') =~ /CONNECT localhost:$https/g), 1, 'https: three sessions use one connection through the proxy');

sub fails {
    my ($name, $status, $slug, $stage, $cause) = @_;
    my $before = length $httpd->error_log;
    is_own_error(session($name), $status, $slug, "$name: the answer");
    like(substr($httpd->error_log, $before),
        qr/ $slug: vhost=\Q$name\E\.test endpoint=\S+ stage=$stage cause="[^"]*$cause[^"]*" ms=\d+/, "$name: the stage and the cause");
}
fails('http-407', 502, 'upstream-unreachable', 'proxy', 'the proxy answered 407');
fails('https-407', 502, 'upstream-unreachable', 'proxy', 'the proxy answered 407');
fails('https-403', 502, 'upstream-unreachable', 'proxy', 'the proxy answered 403');
fails('no-connect', 502, 'upstream-unreachable', 'proxy', 'the proxy answered 403');
fails('refuses', 502, 'upstream-unreachable', 'proxy', 'Connection refused');
fails('silent', 504, 'upstream-timeout', 'proxy', '');
fails('tls', 502, 'upstream-tls', 'tls', '');

my $all = $httpd->error_log . join '', map { exchange(port => $httpd->port, host => 'http.test', target => "/session-initializer-status$_")->body }
    '', '?json', '?metrics';
unlike($all, qr/S3cret|Wr0ng/, 'the password is in no log and no status');
$httpd->stop;
stand_in->forget;

done_testing;
