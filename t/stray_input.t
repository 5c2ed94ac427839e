# Bytes that the upstream writes on an idle kept connection are not an answer to the next call: that call uses another
# connection.
use strict;
use warnings;

use Test::More;
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange request_bytes);

my $httpd = SessionInitializer::Httpd->start(name => 'stray-input', one_child => 1, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerTimeout 60s
<VirtualHost 127.0.0.1:PORT>
    ServerName http.test
    SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName https.test
    SessionInitializerEndpoint https://localhost:@{[vars->{standin_tls_good}]}
    SessionInitializerCACertificateFile @{[vars->{certs}]}/ca.pem
</VirtualHost>
CONFIG

sub session_request {
    my ($scheme, $viewer) = @_;
    return (method => 'POST', host => "$scheme.test", target => $PATH . $SESSION,
        body => qq({"adsParams":{"viewer":"$viewer"}}));
}

# Whose session it is: the stand-in knows the parameters of each.
sub viewer_of {
    my $answer = shift;
    my ($id) = $answer->body =~ /aws\.sessionId=([0-9a-f-]+)/ or return;
    my ($session) = @{stand_in->private(GET => "/_standin/sessions?id=$id")};
    return $session->{body}{adsParams}{viewer};
}

sub is_own_session {
    my ($answer, $viewer, $name) = @_;
    is_answer($answer, 200, "$name: status");
    is(viewer_of($answer), $viewer, "$name: the player's own session");
}

my %strays = (
    'a 408' => "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    'a line end' => "\r\n",
    'a whole answer' => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    'an end' => '',
);
for my $scheme (qw(http https)) {
    for my $stray (sort keys %strays) {
        my $name = "$scheme: $stray on an idle connection";
        is_own_session(exchange(port => $httpd->port, session_request($scheme, 'first')), 'first', "$name, before");
        ok(eventually(sub { stand_in->write_on_idle($strays{$stray}) }), "$name: written");
        is_own_session(exchange(port => $httpd->port, session_request($scheme, $_)), $_, "$name, the $_ after")
            for qw(second third);
    }

    next unless threaded;
    my $calls = 6;
    for my $round (1 .. 2) {
        stand_in->forget;
        my @viewers = map { "$round-$_" } 1 .. $calls;
        my @connections = map {
            dial($httpd->port)->send(request_bytes(session_request($scheme, $_)) =~ s{$SESSION}{fault('hold')}er)
        } @viewers;
        ok(under_way(hold => $calls), "$scheme: round $round, $calls calls at once");
        stand_in->release;
        my @answers = map { $_->answer } @connections;
        is_own_session($answers[$_], $viewers[$_], "$scheme: round $round, player $_") for 0 .. $#viewers;
        ok(eventually(sub { stand_in->write_on_idle($strays{'a whole answer'}) >= $calls }),
            "$scheme: round $round, an answer on each idle connection") if $round == 1;
    }
}
unlike($httpd->error_log, qr/upstream-/, 'no call has failed');
$httpd->stop;

done_testing;
