# Clients that send slowly hold no upstream call: a slot is taken once the body is whole.
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
is($slow[-1][0]->answer->status, 100, 'all slow bodies are being read');

my @ask = (port => $httpd->port, host => 'x', method => 'POST', target => $url, body => '{}');
is_answer(exchange(@ask), 200, "$_: a whole body has the one slot, beside five that are not") for 1 .. 3;
is(scalar(new_requests), 3, 'what is not whole is not upstream');
is_redirect(exchange(port => $httpd->port, host => 'x', method => 'GET', target => $PATH . $HLS),
    "$HLS?aws.streamId=ID", 'redirects go on');

for my $client (@slow) {
    my ($connection, $rest) = @$client;
    is_answer($connection->send($rest)->answer, 200, 'a slow body that is whole at last has its turn');
    is(sent_body(received), '{"a":1}', 'and is what was sent');
}
$httpd->stop;

done_testing;
