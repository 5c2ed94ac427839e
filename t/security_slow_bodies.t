# Clients that send slowly do not block an upstream call: a slot is taken after the body is complete.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange);

my $url = $PATH . $SESSION;
my $httpd = SessionInitializer::Httpd->start(name => 'slow-bodies', config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
SessionInitializerMaxConcurrent 1
CONFIG
stand_in->forget;

my $head = "POST $url HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
my @slow = (
    (map { [dial($httpd->port)->send("${head}Content-Length: 7\r\n\r\n{\"a\""), ':1}'] } 1 .. 2),
    (map { [dial($httpd->port)->send("${head}Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\""),
        "\r\n3\r\n:1}\r\n0\r\n\r\n"] } 1 .. 2),
    [dial($httpd->port)->send("${head}Expect: 100-continue\r\nContent-Length: 7\r\n\r\n"), '{"a":1}'],
);
is($slow[-1][0]->answer->status, 100, 'slow bodies: httpd reads all of them');

my @ask = (port => $httpd->port, host => 'x', method => 'POST', target => $url, body => '{}');
is_answer(exchange(@ask), 200, "session $_: a complete body gets the one slot, despite five slow bodies") for 1 .. 3;
is(scalar(new_requests), 3, 'slow bodies: no incomplete body goes upstream');
is_redirect(exchange(port => $httpd->port, host => 'x', method => 'GET', target => $PATH . $HLS),
    "$HLS?aws.streamId=ID", 'slow bodies: redirects are still answered');

for my $client (@slow) {
    my ($connection, $rest) = @$client;
    is_answer($connection->send($rest)->answer, 200, 'a slow body that is complete at last gets a session');
    is(sent_body(received), '{"a":1}', 'a slow body goes upstream unchanged');
}
$httpd->stop;

done_testing;
