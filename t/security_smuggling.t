# One request is one request upstream: an ambiguously framed request never becomes two, and never passes framing of the
# client upstream. Each request is followed by another one, in bytes that only an incorrect parser reads as a request.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;
my $hidden = "POST $url?smuggled HTTP/1.1\r\nHost: plain.test\r\nContent-Length: 2\r\n\r\n{}";
my $chunks = "2\r\n{}\r\n0\r\n\r\n";

# Returns all that is answered; its sending side is shut down, so that the server does not wait for more.
sub answers_to {
    my ($head, $body) = @_;
    my $connection = connection->send("POST $url HTTP/1.1\r\nHost: plain.test\r\n$head\r\n$body");
    shutdown $connection->{socket}, 1;
    return $connection->rest;
}

# Upstream there are no more requests than that, and those are the module's own.
sub is_not_two {
    my ($head, $body, $most, $name) = @_;
    stand_in->forget;
    my $bytes = answers_to($head, $body);
    my @requests = new_requests;
    cmp_ok(scalar @requests, '<=', $most, "$name: $most upstream at most");
    is(scalar(grep { $_->target ne $SESSION } @requests), 0, "$name: the hidden request is not executed");
    for my $request (@requests) {
        is(sent_body($request), '{}', "$name: the body");
        is_deeply([$request->header('Content-Length')], [length $request->body],
            "$name: the Content-Length is the module's");
        is_deeply([$request->header('Transfer-Encoding')], [], "$name: nothing is chunked");
    }
    like($bytes, qr{\AHTTP/1\.1 (?:200|400|408|411|413|501) }, "$name: it is answered") if length $bytes;
    return;
}

# The control: if the hidden request is not hidden the stand-in reports it.
answers_to("Content-Length: 2\r\n", "{}$hidden");
is(join(' ', map { $_->query // 'none' } new_requests), 'none smuggled', 'two requests are two');

# Both framings are present: the chunks count, and the connection is closed after them.
my $all = length "$chunks$hidden";
is_not_two("Content-Length: $all\r\nTransfer-Encoding: chunked\r\n", "$chunks$hidden", 1, 'a length, then chunks');
is_not_two("Transfer-Encoding: chunked\r\nContent-Length: $all\r\n", "$chunks$hidden", 1, 'chunks, then a length');
is_not_two("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "$chunks$hidden", 1, 'a short length and chunks');
is_not_two("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "$chunks$hidden", 1, 'a length of 0 and chunks');

# Invalid lengths, or two of them.
my $both = 2 + length $hidden;
is_not_two("Content-Length: $_\r\n", "{}$hidden", 0, "Content-Length: $_")
    for '+2', '-2', '0x2', '2;', '2.0', '1e1', '2 2', "2, $both", '2,', ' , 2', '2x', '99999999999999999999', '';
is_not_two("Content-Length: 2\r\nContent-Length: $both\r\n", "{}$hidden", 0, 'two lengths');
is_not_two("Content-Length: $both\r\nContent-Length: 2\r\n", "{}$hidden", 0, 'two lengths, the longer first');
is_not_two("Content-Length : 2\r\n", "{}$hidden", 0, 'a space before the colon of Content-Length');
is_not_two("Content-Length: 2\r\nContent_Length: $both\r\nContent-Length\x0b: $both\r\n", "{}$hidden", 0,
    'a control byte in a name');

# Invalid codings, or ones that parsers read differently.
is_not_two("Transfer-Encoding: $_\r\n", "$chunks$hidden", 0, "Transfer-Encoding: $_")
    for 'identity', 'xchunked', 'chunked, identity', 'chunkedx', 'gzip, chunked', 'identity, chunked', 'chunked, chunked', '"chunked"', "chunked\x0b";
is_not_two("Transfer-Encoding: $_\r\nContent-Length: 2\r\n", "{}$hidden", 0, "Transfer-Encoding: $_ and a length")
    for 'identity', 'xchunked', "\x0bchunked";
is_not_two("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "$chunks$hidden", 0, 'two codings');
is_not_two("Transfer-Encoding : chunked\r\nContent-Length: $all\r\n", "$chunks$hidden", 0,
    'a space before the colon of Transfer-Encoding');
is_not_two(" Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "{}$hidden", 0, 'a space before a name');

answers_to("Transfer-Encoding: Chunked\r\nConnection: close\r\n", $chunks);
is(sent_body(received), '{}', 'chunked may be written as one likes');

# Folded lines and bare line ends.
is_not_two("Transfer-Encoding:\r\n chunked\r\nContent-Length: $all\r\n", "$chunks$hidden", 1, 'a folded coding');
is_not_two("X-Other: x\r\n\tTransfer-Encoding: chunked\r\nContent-Length: $all\r\n", "$chunks$hidden", 0,
    'a coding folded into another header');
is_not_two("X-Other: x\rTransfer-Encoding: chunked\r\nContent-Length: $all\r\n", "$chunks$hidden", 0, 'a bare CR');
is_not_two("X-Other: x\nTransfer-Encoding: chunked\r\nContent-Length: $all\r\n", "$chunks$hidden", 1, 'a bare LF');
is_not_two("X-Other: x\0\r\nTransfer-Encoding: chunked\r\n", "$chunks$hidden", 0, 'a NUL in a header');

# Invalid chunks.
is_not_two("Transfer-Encoding: chunked\r\nConnection: close\r\n", "$_->[0]$hidden", $_->[1], "chunks: $_->[2]") for
    ["0x2\r\n{}\r\n0\r\n\r\n", 0, '0x2'], ["+2\r\n{}\r\n0\r\n\r\n", 0, '+2'], ["-2\r\n{}\r\n0\r\n\r\n", 0, '-2'],
    ["\r\n{}\r\n0\r\n\r\n", 0, 'no size'], ["g\r\n{}\r\n0\r\n\r\n", 0, 'g'],
    ["10000000000000002\r\n{}\r\n0\r\n\r\n", 0, 'a size that wraps'],
    ["fffffffffffffffe\r\n{}\r\n0\r\n\r\n", 0, 'a size that is negative'],
    ["2 x\r\n{}\r\n0\r\n\r\n", 0, 'a second word'], ["2\0\r\n{}\r\n0\r\n\r\n", 0, 'a NUL'],
    ["2\r\n{}0\r\n\r\n", 0, 'no line end after the data'], ["2\r\n{}}\r\n0\r\n\r\n", 0, 'more data than the size'],
    ["2\r\n{}\r\n", 0, 'no end'], ["3\r\n{}\r\n0\r\n\r\n", 0, 'less data than the size'],
    ["2;x=\"\r\n\r\n{}\r\n0\r\n\r\n", 0, 'an extension with a line end in quotes'],
    ["2;$hidden\r\n{}\r\n0\r\n\r\n", 0, 'a request for an extension'],
    ["2;x=y;z\r\n{}\r\n0\r\n\r\n", 1, 'extensions'], ["2\r\n{}\r\n0;x=y\r\n\r\n", 1, 'an extension of the end'],
    ["2\r\n{}\r\n0\r\nContent-Length: $both\r\nTransfer-Encoding: chunked\r\nHost: x\r\n\r\n", 1, 'framing in trailers'],
    ["2\r\n{}\r\n000000000000000000000000\r\n\r\n", 1, 'a long 0'];
is_not_two("Transfer-Encoding: chunked\r\nConnection: close\r\n", '2;' . 'x' x 20_000 . "\r\n{}\r\n0\r\n\r\n", 0,
    'chunks: an extension without end');

# The body of a request that should have none is not the next request.
stand_in->forget;
for my $method (qw(GET HEAD OPTIONS PUT)) {
    my $connection = connection->send("$method $url HTTP/1.1\r\nHost: plain.test\r\nContent-Length: "
        . length($hidden) . "\r\n\r\n$hidden");
    shutdown $connection->{socket}, 1;
    $connection->rest;
    nothing_sent("$method with a body");
}
my $connection = connection->send("POST $url HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n$chunks$hidden");
shutdown $connection->{socket}, 1;
$connection->rest;
my @requests = new_requests;
cmp_ok(scalar @requests, '<=', 1, 'chunks in HTTP/1.0: one upstream at most');
is(scalar(grep { $_->target ne $SESSION } @requests), 0, 'chunks in HTTP/1.0: the hidden request is not executed');

done_testing;
