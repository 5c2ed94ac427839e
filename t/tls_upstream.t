# An endpoint with TLS: certificate and name are always verified, and TLS 1.2 is the minimum.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange request_bytes);

my $url = $PATH . $SESSION;
my $good_port = vars->{standin_tls_good};

# The name that is checked and sent in TLS is the endpoint's, whatever Host says.
for my $case (['tls-good', 'tls-good.test'], ['tls-good-endpoint-host', "localhost:$good_port"]) {
    my ($vhost, $host) = @$case;
    stand_in->forget;
    is_answer(post($url, '{}', vhost => $vhost), 200, "$vhost: a session");
    my $request = received;
    is($request->sni, 'localhost', "$vhost: SNI is the endpoint's name");
    like($request->tls_version, qr/^TLSv1\.[23]$/, "$vhost: the version of TLS");
    is($request->header('Host'), $host, "$vhost: Host");
}
is_answer(post($url, '{}', vhost => 'tls-address'), 200, 'an address that the certificate names');
stand_in->forget;

sub fails {
    my ($vhost, $status, $slug, $stage, $name) = @_;
    my $mark = log_mark('error_log');
    is_own_error(post($url, '{}', vhost => $vhost), $status, $slug, $name);
    failure_is_logged($mark, $vhost, $slug, $stage, $name);
}

fails($_->[0], 502, 'upstream-tls', 'tls', $_->[1]) for (
    ['tls-wrong-name', 'a certificate for another name'], ['tls-expired', 'a certificate that has expired'],
    ['tls-self-signed', 'a self-signed certificate'],
    ['tls-system-ca', "an authority that is not the system's"], ['tls-old', 'TLS 1.1'],
    ['tls-other-ca', 'an authority that is not the one configured'],
    ['tls-alpn-refused', 'a server that speaks only HTTP/2, so that ALPN fails'],
);
nothing_sent('servers that are not trusted');
fails('tls-h2', 502, 'upstream-protocol', 'answer', 'a server that speaks only HTTP/2, whatever ALPN chose');

# The stand-in's plain port waits for the end of a request, and TLS bytes do not end one.
fails('tls-silent', 504, 'upstream-timeout', 'tls', 'SessionInitializerConnectTimeout includes the TLS handshake');

# Connections are kept with TLS too, and if one has died no player notices.
for my $fault ('close', 'close-silent', 'stale', 'stale-reset') {
    my @statuses = map { post($PATH . fault($fault), '{}', vhost => 'tls-good')->status } 1 .. 10;
    is("@statuses", join(' ', (200) x 10), "$fault on a kept connection: ten sessions succeed");
}
stand_in->forget;

# A connection that one vhost trusts is not used for another that does not, although the endpoint is the same.
for my $n (1 .. 3) {
    is_answer(post($url, '{}', vhost => 'tls-good'), 200, "a vhost that trusts the CA, round $n: a session succeeds");
    is_own_error(post($url, '{}', vhost => 'tls-other-ca'), 502, 'upstream-tls',
        "a vhost that does not trust the CA, round $n: a session fails");
}
is(scalar(new_requests), 3, 'a vhost that does not trust the CA sends no request');

# The CA file is read with the configuration: it may be out of the children's reach.
my $ca = vars->{t_logs} . '/tls-ca.pem';
SessionInitializer::Httpd::write_file($ca, do { local (@ARGV, $/) = vars->{certs} . '/ca.pem'; <> });
my $httpd = SessionInitializer::Httpd->start(name => 'tls', config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint https://localhost:$good_port
SessionInitializerCACertificateFile "$ca"
CONFIG
unlink $ca;
my @ask = (port => $httpd->port, host => 'x', method => 'POST', target => $url, body => '{}');
is_answer(exchange(@ask), 200, 'a CA file that was removed after the start: a session succeeds');
$httpd->stop;
stand_in->forget;

# A burst's new connections resume the TLS session of the first one, although each has another libcurl handle.
$httpd = SessionInitializer::Httpd->start(name => 'tls', one_child => 1, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerTimeout 60s
SessionInitializerConnectTimeout 60s
SessionInitializerEndpoint https://localhost:$good_port
SessionInitializerCACertificateFile "@{[vars->{certs}]}/ca.pem"
CONFIG
is_answer(exchange(@ask, port => $httpd->port), 200, 'the first session of a child succeeds');
ok(!received->tls_is_resumed, 'the first session of a child has a full handshake');
if (threaded) {
    my @held = (host => 'x', method => 'POST', target => $PATH . fault('hold'), body => '{}');
    my @burst = map { dial($httpd->port)->send(request_bytes(@held)) } 1 .. 5;
    ok(under_way(hold => 5), 'a burst: 5 calls are under way');
    stand_in->release;
    is_answer($_->answer, 200, 'a burst: a session succeeds') for @burst;
    my %resumed = map { $_->connection => $_->tls_is_resumed } new_requests;
    # Of connections that open at the same moment, libcurl and the server decide how many resume.
    cmp_ok(scalar(grep { $_ } values %resumed), '>=', 1, 'new connections resume the TLS session of the first');
}
$httpd->stop;
stand_in->forget;

done_testing;
