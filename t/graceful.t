# A graceful restart loses no request, and a stop ends within a limited time.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use POSIX ();
use SessionInitializer::Curl qw($PATIENCE);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange);

my $RESTARTS = 3;
my $CLIENTS = 4;

my $vhosts = SessionInitializer::Httpd::vhosts(patient => '', impatient => "SessionInitializerConnectTimeout 3s\nSessionInitializerTimeout 3s");
my $config = <<"CONFIG";
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
SessionInitializerTimeout 60s
$vhosts
<IfModule mod_http2.c>
    Protocols h2c http/1.1
</IfModule>
CONFIG
my $httpd = SessionInitializer::Httpd->start(name => 'graceful', all_modules => 1, config => $config);
my $short_lived = SessionInitializer::Httpd->start(name => 'short-lived', config => $config
    . 'MaxConnectionsPerChild ' . (threaded ? 50 : 10) . "\n");

# Clients send one request after the other, each on a connection of its own, until they are told to end.
sub client {
    my ($port, $writer, $number) = @_;
    my $running = 1;
    local $SIG{TERM} = sub { $running = 0 };
    my %count;
    while ($running) {
        my @request = $number % 2 ? (method => 'GET', target => $PATH . $HLS)
            : (method => 'POST', target => $PATH . fault('delay-50'), body => '{}');
        my $answer = eval { exchange(port => $port, host => 'x', @request) };
        my $result = $answer ? "$request[1] " . $answer->status : "$request[1] failed: $@" =~ s/\s+\z//r;
        $count{$result}++;
    }
    print $writer map { "$count{$_} $_\n" } sort keys %count;
    close $writer;
    POSIX::_exit(0);
}

sub start_clients {
    my $port = shift->port;
    return map {
        pipe my $reader, my $writer or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        client($port, $writer, $_) if $pid == 0;
        close $writer;
        [$pid, $reader];
    } 1 .. $CLIENTS;
}

# Ends the clients: all that they got is redirects and sessions.
sub all_are_answered {
    my ($name, @clients) = @_;
    kill TERM => map { $_->[0] } @clients;
    my %results;
    for my $client (@clients) {
        my $reader = $client->[1];
        /^(\d+) (.*)$/ and $results{$2} += $1 while <$reader>;
        waitpid $client->[0], 0;
    }
    is_deeply([sort keys %results], ['GET 302', 'POST 200'], "$name: every request is answered")
        or diag(join '', map { "$results{$_} $_\n" } sort keys %results);
    cmp_ok($results{'GET 302'} // 0, '>', 0, "$name: there were redirects");
    cmp_ok($results{'POST 200'} // 0, '>', 0, "$name: there were sessions");
}

my @clients = start_clients($httpd);
my @other_clients = start_clients($short_lived);
my %first_children = map { $_ => 1 } $short_lived->children;

# Runs curl, which prints the version and the status of the answer.
sub start_curl {
    my $target = shift;
    open my $output, '-|', qw(curl -sS -q --max-time), $PATIENCE, qw(--noproxy * --http2-prior-knowledge -o /dev/null
        -d {} -w), '%{http_version} %{http_code}', 'http://127.0.0.1:' . $httpd->port . $target or die "curl: $!";
    return $output;
}

# A session that is under way during the restart is answered by the child that ends.
for my $restart (1 .. $RESTARTS) {
    stand_in->forget;
    my $under_way = dial($httpd->port)->send(SessionInitializer::Wire::request_bytes(
        method => 'POST', target => $PATH . fault('hold'), host => 'x', body => '{}'));
    my $over_http2 = threaded && start_curl($PATH . fault('hold'));
    ok(under_way(hold => threaded ? 2 : 1), "restart $restart: sessions are under way");
    $httpd->graceful;
    stand_in->release;
    is_answer($under_way->answer, 200, "restart $restart: the session under way succeeds");
    is(scalar(<$over_http2>), '2 200', "restart $restart: the session under way over HTTP/2 succeeds") if threaded;
    is_answer(exchange(port => $httpd->port, host => 'x', method => 'POST', target => $PATH . $SESSION, body => '{}'),
        200, "restart $restart: a new session succeeds");
}

all_are_answered('during the restarts', @clients);

ok(eventually(sub { !grep { $first_children{$_} } $short_lived->children }), 'MaxConnectionsPerChild: children ended');
all_are_answered('MaxConnectionsPerChild', @other_clients);
unlike($short_lived->error_log, qr/exit signal|SIGKILL/, 'MaxConnectionsPerChild: no child had to be killed');
$short_lived->stop;

# A stop without calls, and a stop with calls under way.
ok(eventually(sub { $httpd->children <= (threaded ? 1 : 16) }), 'after the restarts: the old children are gone');
my $stalled = dial($httpd->port)->send(SessionInitializer::Wire::request_bytes(
    method => 'POST', target => $PATH . fault('stall'), host => 'impatient.test', body => '{}'));
ok(under_way(stall => 1), 'stop: a call is under way');
my $pid = $httpd->pid;
$httpd->stop;
ok(!kill(0, $pid), 'stop: httpd ends with a call under way');
unlike($httpd->error_log, qr/exit signal|SIGKILL/, 'stop: no child had to be killed');
stand_in->forget;

done_testing;
