# The upstream's response is passed on unchanged, but with the module's CORS headers in place of its own.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use IO::Uncompress::Gunzip qw(gunzip);
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;

my @EXPOSED = ('Retry-After, x-amzn-RequestId, x-amzn-ErrorType');

# Returns the body; only the session's id differs each time.
sub content_of {
    my $answer = shift;
    my $content = $answer->body;
    gunzip(\$answer->body, \$content) or return 'not gzip' if ($answer->header('Content-Encoding') // '') eq 'gzip';
    return $content =~ s/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/SESSION/gr;
}

sub is_passed_back {
    my ($fault, $status, $name) = @_;
    my $answer = post($PATH . fault($fault), '{}');
    my $direct = SessionInitializer::Wire::exchange(
        port => stand_in->port, host => 'x', method => 'POST', target => fault($fault), body => '{}');
    is_answer($answer, $status, "$name: status");
    is(content_of($answer), content_of($direct), "$name: body");
    is_deeply([$answer->header('Content-Type')], [$direct->header('Content-Type')], "$name: Content-Type");
    is_deeply([$answer->header('Content-Encoding')], [$direct->header('Content-Encoding')], "$name: Content-Encoding");
    is_deeply([$answer->header('Access-Control-Allow-Origin')], ['*'], "$name: CORS");
    return $answer;
}

# A session.
for my $url ($SESSION, $SESSION =~ s/m3u8$/mpd/r) {
    my $answer = post($PATH . $url, '{"adsParams":{"a":"1"}}');
    is_answer($answer, 200, "$url: status");
    my $urls = to_perl(parse_json($answer->body));
    my $kind = $url =~ /mpd$/ ? 'dash' : 'master';
    my $path = $url =~ s{/v1/session/}{/v1/$kind/}r;
    like($urls->{manifestUrl}, qr{^\Q$path\E\?aws\.sessionId=[0-9a-f-]{36}$}, "$url: manifestUrl stays relative");
    like($urls->{trackingUrl}, qr{^/v1/tracking/$ACCOUNT/demo/[0-9a-f-]{36}$}, "$url: trackingUrl stays relative");
    is_deeply([$answer->header('Content-Type')], ['application/json'], "$url: Content-Type");
    is_deeply([$answer->header('Cache-Control')], ['no-store'], "$url: no-store if the upstream has no Cache-Control");
    like($answer->header('x-amzn-RequestId') // '', qr/./, "$url: the request id");
    is_deeply([$answer->header('Access-Control-Expose-Headers')], \@EXPOSED, "$url: which scripts may read");
}

# Any status is passed on, including one that httpd does not know.
for my $status (201, 202, 400, 401, 403, 404, 405, 409, 410, 413, 429, 500, 502, 503, 504) {
    my $answer = is_passed_back("status-$status", $status, "status $status");
    like($answer->header('x-amzn-ErrorType') // '', qr/:http/, "status $status: x-amzn-ErrorType") if $status >= 400;
    is(scalar(my @stored = $answer->header('Cache-Control')), 1, "status $status: one Cache-Control");
}
is_answer(post($PATH . fault('status-204'), '{}'), 204, 'status 204');
is_passed_back("odd-$_", $_, "status $_") for 218, 299, 418, 430, 451, 499, 520, 599, 799, 999;

# Redirects are passed on, not followed.
for my $status (301, 302, 303, 307, 308) {
    stand_in->forget;
    my $answer = post($PATH . fault("redirect-$status"), '{}');
    is_answer($answer, $status, "redirect $status: status");
    is_deeply([$answer->header('Location')], ['https://elsewhere.example/x'], "redirect $status: Location as it is");
    is(scalar(new_requests), 1, "redirect $status: not followed");
}

# Headers.
my $answer = post($PATH . fault('headers'), '{}', headers => [Origin => 'https://page.example']);
is_answer($answer, 200, 'headers: status');
is_deeply([$answer->header('Retry-After')], ['7'], 'headers: Retry-After');
is_deeply([$answer->header('Cache-Control')], ['max-age=5'], 'headers: Cache-Control');
like($answer->header($_) // '', qr/./, "headers: $_")
    for qw(Location x-amzn-RequestId x-amzn-ErrorType x-amzn-Trace-Id);
is_deeply([$answer->header('Access-Control-Allow-Origin')], ['*'], "headers: the CORS header is the module's, once");
is_deeply([$answer->header('Access-Control-Expose-Headers')], \@EXPOSED, 'headers: which scripts may read');
is_deeply([$answer->header($_)], [], "headers: no $_")
    for qw(Set-Cookie X-Hop X-Powered-By Access-Control-Allow-Credentials Access-Control-Allow-Methods
    Access-Control-Max-Age Vary Keep-Alive Proxy-Authenticate Strict-Transport-Security Clear-Site-Data
    Transfer-Encoding);
unlike($answer->head, qr/x-hop/i, "headers: Connection and Upgrade are this hop's");
my $own_server = get('/index.html')->header('Server');
is_deeply([$answer->header('Server')], [$own_server], "headers: Server is httpd's");

# Bodies.
is_passed_back('html', 200, 'not JSON');
is_passed_back('no-type', 200, 'no Content-Type');
is_passed_back('gzip', 200, 'compressed');
my $chunked = is_passed_back('chunked', 200, 'chunked');
is($chunked->header('Trailer'), undef, 'chunked: no trailers');
is_deeply([$chunked->header('Content-Length'), $chunked->header('Transfer-Encoding')], [length $chunked->body],
    'chunked: a length on this hop');
is_passed_back('1xx', 200, 'after 100 and 103');
is_passed_back('close', 200, 'a connection that closes');
is_passed_back('delay-200', 200, 'late');
is_passed_back('big-1048576', 200, '1 MiB');

# The response is complete, whatever the player asks for.
for my $headers ([Range => 'bytes=0-3'], [Range => 'bytes=-1', 'If-Range' => '"x"'], ['If-None-Match' => '*'],
    ['If-Match' => '"x"'],
    ['If-Modified-Since' => 'Sat, 01 Jan 2050 00:00:00 GMT'],
    ['If-Unmodified-Since' => 'Sat, 01 Jan 2000 00:00:00 GMT']) {
    my $answer = post($PATH . fault('html'), '{}', headers => $headers);
    is_answer($answer, 200, "@$headers: status");
    is($answer->body, post($PATH . fault('html'), '{}')->body, "@$headers: the complete body");
}

# HTTP/1.0 clients, and several sessions on one connection.
is_answer(send_raw("POST $PATH$SESSION HTTP/1.0\r\nHost: plain.test\r\nContent-Length: 2\r\n\r\n{}"), 200, 'HTTP/1.0');
my $connection = connection;
my $request = "POST $PATH$SESSION HTTP/1.1\r\nHost: plain.test\r\nContent-Length: 2\r\n\r\n{}";
is_answer($connection->send($request)->answer, 200, "session $_ on one connection") for 1 .. 3;
stand_in->forget;

done_testing;
