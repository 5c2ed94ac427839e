# Bodies that are too large, too slow or broken off.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;
my $MIB = 1_048_576;

sub body_of {
    my $length = shift;
    my $frame = '{"n":1.10,"a":"","z":[1e400]}';
    return $frame =~ s/""/'"' . 'x' x ($length - length $frame) . '"'/er;
}

# Returns the body as sent upstream, without the one member that was added.
sub without_stream_id {
    my $body = shift;
    $body =~ s/,"streamId":"[1-3]"// or $body =~ s/"streamId":"[1-3]",//;
    return $body;
}

stand_in->forget;
for my $chunked (0, 1) {
    my $how = $chunked ? 'chunked' : 'with a length';
    my $body = body_of($MIB);
    is_answer(post($url, $body, chunked => $chunked), 200, "1 MiB $how: accepted");
    my $request = received;
    ok(without_stream_id($request->body) eq $body, "1 MiB $how: arrives byte for byte but for the stream id");
    is($request->header('Content-Length'), $MIB + length ',"streamId":"1"',
        "1 MiB $how: the upstream's Content-Length");

    is_own_error(post($url, body_of($MIB + 1), chunked => $chunked), 413, 'body-too-large',
        "one byte more, $how: refused");
    is_own_error(post($url, body_of(3 * $MIB), chunked => $chunked), 413, 'body-too-large', "3 MiB $how: refused");
    nothing_sent("more than 1 MiB $how");

    is_answer(post($url, body_of(1000), vhost => 'small', chunked => $chunked), 200,
        "SessionInitializerMaxBody, $how: accepted");
    is(length(without_stream_id(received->body)), 1000, "SessionInitializerMaxBody, $how: arrives");
    is_own_error(post($url, body_of(1001), vhost => 'small', chunked => $chunked), 413, 'body-too-large',
        "SessionInitializerMaxBody and one byte more, $how: refused");
    nothing_sent("more than SessionInitializerMaxBody $how");
}

# A length that is too large is refused before the body comes.
my $head = "POST $url HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n";
is_own_error(send_raw("${head}Content-Length: 1048577\r\n\r\n{"), 413, 'body-too-large',
    'a Content-Length above the limit');
is_own_error(send_raw("${head}Content-Length: 99999999999999999\r\n\r\n{"), 413, 'body-too-large',
    'a Content-Length of 17 digits');
my $waiting = connection->send("${head}Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n");
is($waiting->answer->status, 413, 'Expect with a Content-Length above the limit gets 413 at once');

# httpd's own limit applies too, with the same error as the module's.
for my $framing ("Content-Length: 1001\r\n\r\n" . body_of(1001),
    "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" . body_of(1001) . "\r\n0\r\n\r\n") {
    is_own_error(send_raw("POST $url HTTP/1.1\r\nHost: limited.test\r\n$framing"), 413, 'body-too-large',
        'above LimitRequestBody, ' . substr $framing, 0, 17);
}

# A connection stays usable after a body that was refused or never read.
my $kept = connection;
my $posted = "POST $url HTTP/1.1\r\nHost: small.test\r\nContent-Length: 1001\r\n\r\n" . body_of(1001);
is($kept->send($posted)->answer->status, 413, 'a body above the limit on a kept connection is refused');
my $next = eval { $kept->send("GET $PATH$HLS HTTP/1.1\r\nHost: plain.test\r\n\r\n")->answer };
ok(!$next || $next->status == 302, 'a request after a refused body is read correctly');

# Malformed chunks, clients that disconnect or stall: nothing goes upstream.
stand_in->forget;
my $chunks = "${head}Transfer-Encoding: chunked\r\n\r\n";
is_own_error(send_raw("${chunks}zz\r\n{}\r\n0\r\n\r\n"), 400, 'bad-request', 'an invalid chunk size');
is_own_error(send_raw("${chunks}-1\r\n{}\r\n0\r\n\r\n"), 400, 'bad-request', 'a negative chunk size');

for my $start ("${head}Content-Length: 7\r\n\r\n{\"a\"", "${chunks}7\r\n{\"a\"", "${chunks}7\r\n{\"a\":1}\r\n",
    "${head}Content-Length: 7\r\n\r\n") {
    my $leaving = connection->send($start);
    shutdown $leaving->{socket}, 1;
    my $left = $leaving->rest;
    unlike($left, qr{^HTTP/1.1 2}, 'a client that disconnects during its body gets no session');
}

my $mark = log_mark('traces_log');
for my $start ("${head}Content-Length: 7\r\n\r\n{\"a\"", "${chunks}7\r\n{\"a\"") {
    my $answer = send_raw($start =~ s/plain\.test/stalled-client.test/r);
    is_own_error($answer, 408, 'request-timeout', 'a client that stalls during its body');
}
like(logged('traces_log', $mark, qr/(?:stalled-client.*\n){2}/), qr/action=error/,
    'a client that stalls during its body is logged');
nothing_sent('incomplete bodies');

done_testing;
