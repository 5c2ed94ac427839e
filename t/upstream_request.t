# What the upstream gets besides the body: request line, headers.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;
stand_in->forget;

for my $path ($SESSION, $SESSION =~ s{/v1/session/}{/v1/master/}r, $SESSION =~ s{/v1/session/}{/v1/dash/}r) {
    is_answer(post($PATH . $path, '{}'), 200, "$path: accepted");
    my $request = received;
    is($request->method . ' ' . $request->target . ' ' . $request->version, "POST $SESSION HTTP/1.1",
        "$path: request line");
}

# Path bytes go upstream unchanged.
for my $asset ('a%20b.m3u8', 'a%7Eb~.m3u8', 'a;v=1.m3u8', '%C3%A9t%c3%a9.m3u8', "it's(1),\@a:b\$!*+.m3u8",
    'a%2Fb%2fc.m3u8', '%25.m3u8', 'a%3Fb%23c.m3u8') {
    post("$PATH/v1/session/a/c/$asset?tok=%2f&u=+", '{}');
    is(received->target, "/v1/session/a/c/$asset?tok=%2f&u=+", "the asset $asset");
}

# Headers that go upstream as sent.
my @sent = (
    'User-Agent' => "Player/1.0 (\xe9; \"x\")", Referer => 'https://page.example/?a=b',
    'Accept-Language' => 'de, en;q=0.5',
    'X-Device-User-Agent' => 'TV/2',
);
# Headers that do not go upstream, or are changed.
my @kept_back = (
    Cookie => 'a=b', Authorization => 'Basic eDp5', 'Proxy-Authorization' => 'Basic eDp5',
    'Accept-Encoding' => 'gzip, br', Origin => 'https://page.example',
    'Content-Type' => 'text/plain', TE => 'trailers', 'Keep-Alive' => 'timeout=5', Upgrade => 'x',
    'Proxy-Connection' => 'keep-alive',
    Range => 'bytes=0-1', 'If-None-Match' => '*', 'X-Other' => 'x', 'X-Hop' => 'x', 'X-Forwarded-Host' => 'x',
    'X-Forwarded-Proto' => 'https', Via => '1.1 x',
    Forwarded => 'for=x', 'X-Trace' => 'x', 'CloudFront-Viewer-Country' => 'DE', Connection => 'close, X-Hop',
    Expect => '100-continue',
);

my $connection = connection;
$connection->send(SessionInitializer::Wire::request_bytes(
    method => 'POST', target => $url, host => 'plain.test', headers => [@sent, @kept_back], body => '{}'));
my $answer = $connection->answer;
$answer = $connection->answer if $answer->status == 100;
is_answer($answer, 200, 'many headers: accepted');
my $request = received;

my %sent = @sent;
is_deeply([$request->header($_)], [$sent{$_}], "$_ goes upstream as sent") for sort keys %sent;
is_deeply([$request->header('Content-Type')], ['application/json'], 'Content-Type is application/json');
is_deeply([$request->header('Content-Length')], [length $request->body], 'Content-Length is that of the new body');
is_deeply([$request->header('Host')], ['plain.test'], "Host is the player's");
is_deeply([$request->header('X-Forwarded-For')], ['127.0.0.1'], 'X-Forwarded-For is there');
my %known = map { lc, 1 } keys %sent, qw(Content-Type Content-Length Host X-Forwarded-For Accept);
is_deeply([grep { !$known{$_} } $request->header_names], [], 'no other header goes upstream');
is_deeply([grep { $_ ne '*/*' } $request->header('Accept')], [], 'an Accept would be that of any client');

# A header that was not sent is not added.
is_answer(send_raw("POST $url HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"), 200,
    'no headers: accepted');
$request = received;
is_deeply([$request->header($_)], [], "no $_ if none was sent") for sort keys %sent;
is($request->body =~ s/[1-3]/ID/r, '{"streamId":"ID"}', 'no headers: the body');

# Host.
is_answer(post($url, '{}', vhost => 'endpoint-host'), 200, 'SessionInitializerPreserveHost Off: accepted');
is(received->header('Host'), '127.0.0.1:' . stand_in->port, "SessionInitializerPreserveHost Off: the endpoint's Host");
is_answer(send_raw("POST $url HTTP/1.1\r\nHost: PLAIN.test:8080\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"),
    200, 'a Host with a port: accepted');
is(received->header('Host'), 'PLAIN.test:8080', 'a Host with a port: as sent');
is_answer(send_raw("POST $url HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"), 200, 'HTTP/1.0 without a Host: accepted');
$request = received;
is($request->version, 'HTTP/1.1', 'HTTP/1.0 without a Host: HTTP/1.1 upstream');
is(scalar(my @hosts = $request->header('Host')), 1, 'HTTP/1.0 without a Host: one Host upstream');

# SessionInitializerForwardHeader.
is_answer(post($url, '{}', vhost => 'forward', headers => [
    'cloudfront-viewer-country' => 'DE', 'X-Trace' => 'a; b="c"', 'X-Other' => 'x', 'User-Agent' => 'u',
    Cookie => 'a=b',
]), 200, 'SessionInitializerForwardHeader: accepted');
$request = received;
is_deeply([$request->header('CloudFront-Viewer-Country')], ['DE'], 'SessionInitializerForwardHeader: the first');
is_deeply([$request->header('X-Trace')], ['a; b="c"'], 'SessionInitializerForwardHeader: the second');
is_deeply([$request->header('User-Agent')], ['u'], 'SessionInitializerForwardHeader: those that always go');
is_deeply([map { $request->header($_) } qw(X-Other Cookie)], [], 'SessionInitializerForwardHeader: no others');
is_answer(post($url, '{}', vhost => 'forward', headers => ['X-Trace' => 'x', Connection => 'close, X-Trace']), 200,
    'a header that Connection names: accepted');
is_deeply([received->header('X-Trace')], [], 'a header that Connection names is not sent upstream');

# Headers that always go upstream do so whatever Connection says: a client cannot hide its address.
is_answer(post($url, '{}', headers => ['User-Agent' => 'u', 'X-Forwarded-For' => '203.0.113.7',
    Connection => 'close, User-Agent, Host, X-Forwarded-For, Content-Type, Content-Length']), 200,
    'Connection names everything: accepted');
$request = received;
is_deeply([$request->header('User-Agent')], [], 'Connection names everything: User-Agent is not sent upstream');
is_deeply([map { $request->header($_) } qw(Host X-Forwarded-For Content-Type Content-Length)],
    ['plain.test', '203.0.113.7, 127.0.0.1', 'application/json', length $request->body],
    "Connection names everything: the module's own headers are sent");

# The module does not use a proxy from the environment.
{
    my $nowhere = 'http://127.0.0.1:' . vars->{standin_refuse};
    local @ENV{qw(http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY)} = ($nowhere) x 6;
    my $httpd = SessionInitializer::Httpd->start(name => 'proxy-variables', config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
CONFIG
    my @ask = (port => $httpd->port, host => 'x', method => 'POST', target => $url, body => '{}');
    is_answer(SessionInitializer::Wire::exchange(@ask), 200, 'proxy variables of the environment are ignored');
    $httpd->stop;
    stand_in->forget;
}

# The module answers GET, HEAD and OPTIONS itself.
get($url);
head_of($url);
options($url);
nothing_sent('GET, HEAD and OPTIONS');

done_testing;
