# No target makes Location lead elsewhere, and none ends a header: checked on the exact bytes of the answers.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial);

# Returns all bytes of the answer to a raw request line.
sub bytes_for {
    my ($target, %options) = @_;
    my $host = $options{host} // 'plain.test';
    my $method = $options{method} // 'GET';
    my $head = "$method $target HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n";
    $head .= "Content-Length: 2\r\n" if $method eq 'POST';
    return dial($options{port} // port)->send("$head\r\n" . ($method eq 'POST' ? '{}' : ''))->rest;
}

# Any answer has exactly one head, and a Location in it stays on this host.
sub is_safe {
    my ($bytes, $name) = @_;
    my ($head) = $bytes =~ /\A(.*?\r\n)\r\n/s;
    $head //= '';
    my @locations = $head =~ /^Location:[ \t]*(.*?)\r$/mig;
    cmp_ok(scalar @locations, '<=', 1, "$name: one Location at most");
    my ($path, $query) = split /\?/, $locations[0] // '/v1/', 2;
    like($path, qr{\A/v1/[\x21-\x5b\x5d-\x7e\x80-\xff]*\z}, "$name: Location stays here");
    unlike($path, qr{/(?:\.|%2e){1,2}(?:/|\z)}i, "$name: Location has no dot segments");
    unlike($head, qr/^(?:Set-Cookie|X-Injected|Evil)/mi, "$name: nothing is injected");
    unlike($head =~ s/\r\n//gr, qr/[\r\n\0\x01-\x08]/, "$name: no stray control byte");
    return;
}

sub is_404 {
    my ($target, %options) = @_;
    my $name = 'GET ' . $target =~ s/([^\x21-\x7e])/sprintf '\\x%02x', ord $1/ger;
    my $bytes = bytes_for($target, %options);
    like($bytes, qr{\AHTTP/1\.1 404 }, "$name: 404");
    unlike($bytes, qr/^Location:/mi, "$name: no Location");
    is_safe($bytes, $name);
}

sub is_exactly {
    my ($target, $location, %options) = @_;
    my $bytes = bytes_for($target, %options);
    my $other = qr/(?!Location:)[^\r\n]+\r\n/i;
    like($bytes, qr{\AHTTP/1\.1 302 [^\r\n]*\r\n$other*Location: \Q$location\E[1-3]\r\n$other*\r\n\z},
        "GET $target: exactly $location");
    is_safe($bytes, "GET $target");
}

# Targets that would begin with two slashes, or with a slash and a backslash.
is_404($_) for
    "$PATH//evil.example/v1/master/a/c/x", "$PATH//v1/master/a/c/x", "$PATH///v1/master/a/c/x",
    "$PATH/\\evil.example/v1/master/a/c/x",
    "$PATH\\v1/master/a/c/x", "$PATH/\\v1/master/a/c/x", "$PATH/v1\\master/a/c/x", "$PATH/v1/master/\\a/c/x",
    "$PATH/v1/master/a/c/\\x",
    "$PATH/v1/master/a/c/x\\y", "$PATH/v1/master/a/c\\x", "$PATH/v1//master/a/c/x", "$PATH/v1/master//a/x",
    "$PATH/v1/master/a//x";

# The same targets, escaped.
is_404($_) for
    "$PATH/%2f%2fevil.example/v1/master/a/c/x", "$PATH%2f%2fevil.example", "$PATH/%2fevil.example/%2fx",
    "$PATH/%2fv1/master/a/c/x",
    "$PATH/v1%2fmaster/a/c/x", "$PATH/v1/master%2fa/c/x",
    "$PATH/%5cevil.example", "$PATH/%5c%5cevil.example/v1/master/a/c/x", "$PATH/v1/master/a/c/%5cx",
    "$PATH/v1/master/a/c/x%5C..%5Cy",
    "$PATH/v1/master/%5ca/c/x", "$PATH/%76%31/master/a/c/x";

# Line ends and other control bytes.
is_404($_) for
    map { ("$PATH/v1/master/a/c/x${_}X-Injected:%20y", "$PATH/v1/master/a/${_}Set-Cookie:a=b/x",
        "$PATH/${_}v1/master/a/c/x") }
    '%0d%0a', '%0D%0A', '%0a', '%0d', '%00', '%01', '%1f', '%7f', '%09';

# Dot segments, plain and escaped.
is_404($_) for
    "$PATH/v1/master/a/c/../x/y", "$PATH/v1/master/a/c/./x", "$PATH/v1/master/a/../a/c/x",
    "$PATH/v1/../v1/master/a/c/x", "$PATH/./v1/master/a/c/x",
    "$PATH/v1/master/a/c/x/..", "$PATH/v1/master/a/c/x/.", "$PATH/v1/master/a/c/%2e%2e/c/x",
    "$PATH/v1/master/a/c/.%2e/c/x", "$PATH/v1/master/a/c/%2E./c/x",
    "$PATH/v1/master/a/c/%2e/x", "$PATH/v1/master/a/c/x/%2e%2e", "$PATH/v1/master/../master/a/c/x",
    "$PATH/v1/master/a/c/..%2f..%2fx", "$PATH/v1/master/a/c/x%2f..%2fy",
    "$PATH/v1/master/a/c/x%2f%2e%2e%2fy", "$PATH/v1/master/a/c/%2e%2e%2fx";

# Harmless look-alikes pass byte for byte.
is_exactly("$PATH/v1/master/a/c/%2f%2fevil.example", "/v1/master/a/c/%2f%2fevil.example?aws.streamId=");
is_exactly("$PATH/v1/master/a/c/http:evil.example", "/v1/master/a/c/http:evil.example?aws.streamId=");
is_exactly("$PATH/v1/master/a/c/\@evil.example", "/v1/master/a/c/\@evil.example?aws.streamId=");
is_exactly("$PATH/v1/master/a/c/..x/x../.../x", "/v1/master/a/c/..x/x../.../x?aws.streamId=");
is_exactly("$PATH/v1/master/a/c/x?u=//evil.example/..&v=%0d%0aX-Injected:%20y",
    "/v1/master/a/c/x?u=//evil.example/..&v=%0d%0aX-Injected:%20y&aws.streamId=");
is_exactly("$PATH/v1/master/a/c/x?\\\\evil.example", "/v1/master/a/c/x?\\\\evil.example&aws.streamId=");
is_exactly("$PATH/v1/master/a/c/x?aws.streamId=%0d%0aX-Injected:%20y", "/v1/master/a/c/x?aws.streamId=");
is_exactly("$PATH/v1/master/a/c/x", "/v1/master/a/c/x?aws.streamId=", host => 'evil.example');

# The absolute form: Location does not repeat the host of the target.
is_exactly("http://evil.example$PATH$HLS", "$HLS?aws.streamId=");
is_exactly("http://plain.test$PATH$HLS?x=1", "$HLS?x=1&aws.streamId=");
is_exactly("http://evil.example:99$PATH$HLS", "$HLS?aws.streamId=", host => 'evil.example');
is_exactly("HTTPS://evil.example$PATH$HLS", "$HLS?aws.streamId=");
is_safe(bytes_for("http://evil.example//evil.example$PATH$HLS"), 'the absolute form with two slashes');
is_safe(bytes_for("http://evil.example"), 'the absolute form without a path');
is_safe(bytes_for("http:$PATH$HLS"), 'a scheme alone');
is_safe(bytes_for("javascript:$PATH$HLS"), 'a scheme that runs');

# Targets that reach PATH only by httpd's decoding.
for my $target (
    "//evil.example$PATH$HLS", "/$PATH$HLS", "/\\evil.example$PATH$HLS", "\\$PATH$HLS", "/x/..$PATH$HLS",
    "/.$PATH$HLS", "/%2e$PATH$HLS", "/x/%2e%2e$PATH$HLS",
    "$PATH/..$PATH$HLS", "$PATH/../..$PATH$HLS", "/session%2dinitializer$HLS",
    "/%73ession-initializer//evil.example/v1/master/a/c/x", "/session%2dinitializer//v1/master/a/c/x",
    "$PATH%2fv1/master/a/c/x",
    "/session%2dinitializer/v1/master/a/c/%5cx", "/session%2dinitializer/v1/master/a/c/%0d%0aEvil:x",
    "$PATH/v1/master/a/c/x//evil.example", "*", "$PATH$HLS#//evil.example",
) {
    is_safe(bytes_for($target), "GET $target");
    is_safe(bytes_for($target, host => 'decode.test'), "GET $target where slashes are decoded");
    is_safe(bytes_for($target, host => 'no-merge.test'), "GET $target where slashes are not merged");
}

# NUL and other raw bytes in the request line.
for my $byte ("\0", "\x01", "\t", "\x0b", "\x7f", "\r", "\xff", ' ') {
    my $name = sprintf 'a raw \\x%02x', ord $byte;
    is_safe(bytes_for("$PATH/v1/master/a/c/x${byte}Evil:x"), "$name in the path");
    is_safe(bytes_for("$PATH/v1/master/a/c/x?y=${byte}Evil:x"), "$name in the query");
}
like(bytes_for("$PATH/v1/master/a/c/x\0y"), qr{\AHTTP/1\.1 400 }, 'a raw NUL in the path: 400');

# Vhosts in which httpd decodes slashes or does not merge them.
is_404($_, host => 'no-merge.test') for "$PATH//evil.example/v1/master/a/c/x", "$PATH//v1/master/a/c/x",
    "$PATH/v1//master/a/c/x", "$PATH/v1/master//a/c/x";
is_404($_, host => 'decode.test') for "$PATH/%2f%2fevil.example/v1/master/a/c/x", "$PATH/v1/master/a/c/x%2f..%2fy",
    "$PATH/v1/master/a/c/..%2fx";

# With HttpProtocolOptions Unsafe httpd passes bytes that no URL may have: the module refuses them.
my $httpd = SessionInitializer::Httpd->start(name => 'unsafe', config => <<"CONFIG");
HttpProtocolOptions Unsafe
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
CONFIG
stand_in->forget;
for my $byte ("\x01", "\x0b", "\x7f") {
    my $name = sprintf 'Unsafe, a raw \\x%02x', ord $byte;
    for my $target ("$PATH/v1/master/a/c/x${byte}Evil:x", "$PATH/v1/master/a/c/x?y=${byte}Evil:x") {
        for my $method (qw(GET POST)) {
            my $bytes = bytes_for($target, port => $httpd->port, method => $method);
            is_safe($bytes, "$name, $method");
            like($bytes, qr{\AHTTP/1\.1 40[04] }, "$name, $method: refused");
        }
    }
}
my $answer = SessionInitializer::Wire::exchange(
    port => $httpd->port, host => 'x', method => 'POST', target => $PATH . $SESSION, body => '{}',
    headers => ['User-Agent' => "x\x01Evil: x"]);
is_own_error($answer, 400, 'bad-header', 'Unsafe, a raw \x01 in a header that goes upstream');
$httpd->stop;
nothing_sent('what is refused');

# None of these targets reaches the upstream by POST.
for my $path ("/v1/session/a/c/%0d%0aEvil:x", "/v1/session/a/c/../x", "//v1/session/a/c/x", "/v1/session/a/c/\\x",
    "/v1/session/a/c/%2e%2e/x", "/v1/session/a/c/x%00") {
    like(bytes_for($PATH . $path, method => 'POST'), qr{\AHTTP/1\.1 404 }, "POST $path: 404");
}
nothing_sent('POSTs to such paths');

done_testing;
