# A likely mistake in the configuration is reported in the error log: once, not for each request.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange);

my $httpd = SessionInitializer::Httpd->start(name => 'setup-checks', all_modules => 1,
    one_child => 1, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
SessionInitializerMaxConcurrent 8
RemoteIPHeader X-Forwarded-For
RemoteIPTrustedProxy 192.0.2.1
<VirtualHost 127.0.0.1:PORT>
    ServerName plain.test
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName trusted.test
    RemoteIPInternalProxy 127.0.0.1
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName none.test
    SessionInitializerEndpoint none
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName far.test
    SessionInitializerEndpoint http://mediatailor.invalid
    SessionInitializerConnectTimeout 1ms
</VirtualHost>
CONFIG

sub ask {
    my ($method, $target, $vhost, @headers) = @_;
    return exchange(port => $httpd->port, host => "$vhost.test", method => $method, target => $target,
        body => '{}', headers => \@headers);
}

sub told { return scalar(() = $httpd->error_log =~ /$_[0]/g) }

# When the configuration is read.
is(told(qr/plain-http: endpoint=http:\/\/mediatailor\.invalid:80:/), 1, 'plain http to another host is reported');
is(told(qr/plain-http:/), 1, 'plain http to this host is not reported');
is(told(qr/few-threads: SessionInitializerMaxConcurrent is 8 and ThreadsPerChild 8:/), threaded ? 1 : 0,
    'as many calls as threads is reported');

# When a request shows it.
ask(GET => $PATH . $HLS, 'plain', 'X-Forwarded-For' => '192.0.2.7');
ask(POST => $PATH . $SESSION, $_) for qw(plain trusted);
ask(POST => $PATH . $SESSION, 'trusted', 'X-Forwarded-For' => '192.0.2.7') for 1 .. 2;
ask(GET => $PATH . $HLS, 'none');
is(told(qr/session_initializer:(?:warn|error).*\[client/), 0, 'correct requests are not reported');
ask(POST => $PATH . $SESSION, 'plain', 'X-Forwarded-For' => '192.0.2.7') for 1 .. 3;
is(told(qr/forwarded-for: vhost=plain\.test peer=127\.0\.0\.1:/), 1,
    'X-Forwarded-For of a peer that is not trusted is reported once');
ask(POST => $PATH . $SESSION, 'none') for 1 .. 3;
is(told(qr/no-endpoint: vhost=none\.test: .* SessionInitializerEndpoint is not set/), 1,
    'POSTs without an endpoint are reported once');
ask(POST => $PATH . $SESSION, 'trusted');
$httpd->graceful;
is(told(qr/plain-http:/), 2, 'a restart reports plain http again');
ask(POST => $PATH . $SESSION, 'none') for 1 .. 3;
is(told(qr/no-endpoint:/), 2, 'a new child reports POSTs without an endpoint again');
for my $header ('X-Forwarded-For', 'CloudFront-Viewer-Address') {
    $httpd->graceful; # a new generation reports it again
    ask(POST => $PATH . $SESSION, 'trusted', 'X-Forwarded-For' => '192.0.2.7:4711, 192.0.2.7:4711',
        'X-Forwarded-For' => $header eq 'X-Forwarded-For' ? '192.0.2.7:4711' : 'x', $header => '192.0.2.7:4711');
    is(told(qr/forwarded-for: vhost=trusted\.test .*: $header holds no address that mod_remoteip can read/), 1,
        "$header with a port is reported as unreadable");
}
$httpd->stop;

# The system starts its server in this way: nobody then reads any output except the log.
sub told_by_a_daemon {
    my $directory = $httpd->directory;
    unlink "$directory/error_log";
    SessionInitializer::Httpd::run_httpd('-k', 'start', '-d', $directory, '-f', "$directory/httpd.conf");
    my $log = eventually(sub { $httpd->error_log =~ /resuming normal operations/ && $httpd->error_log });
    open my $file, '<', "$directory/httpd.pid" or die "httpd.pid: $!\n";
    chomp(my $pid = <$file>);
    kill TERM => $pid;
    eventually(sub { !kill 0 => $pid });
    return $log;
}
is(scalar(() = told_by_a_daemon() =~ /plain-http:/g), 1, 'a daemon reports plain http in its log, once');

# configtest reports what it can detect.
my ($ok, $output) = SessionInitializer::Httpd::configtest(
    "StreamIdCount 3\n" . (threaded ? "ThreadsPerChild 1\nMaxRequestWorkers 1\n" : '')
    . "SessionInitializerEndpoint http://127.example\n");
ok($ok, 'configtest passes') or diag($output);
is(scalar(() = $output =~ /plain-http: endpoint=http:\/\/127\.example:80/g), 1, 'configtest reports plain http, once');
is(scalar(() = $output =~ /few-threads: SessionInitializerMaxConcurrent is 1 and ThreadsPerChild 1:/g), threaded ? 1 : 0,
    'configtest reports a single thread');
stand_in->forget;

done_testing;
