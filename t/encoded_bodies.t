# Bodies with a Content-Encoding are checked after httpd's input filters have read them.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use Compress::Zlib ();
use SessionInitializer::Curl qw(curl);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;

sub gzip_of { return Compress::Zlib::memGzip($_[0]) // die "gzip failed\n" }

# POSTs a body with this Content-Encoding.
sub post_encoded {
    my ($vhost, $encoding, $body, @options) = @_;
    return post($url, $body, vhost => $vhost, headers => ['Content-Encoding' => $encoding], @options);
}

sub is_refused_encoding {
    my ($answer, $accepted, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_own_error($answer, 415, 'unsupported-encoding', "$name: 415");
    is_deeply([$answer->header('Accept-Encoding')], [$accepted], "$name: Accept-Encoding names what is taken");
    nothing_sent($name);
}

# ---- Without a filter nothing is decoded.

stand_in->forget;
my $json = '{"adsParams":{"price":1.10}}';
for my $encoding (qw(gzip x-gzip GZip br deflate), 'gzip, gzip', 'identity, gzip', 'gzip, identity', 'gzip,', 'identityx') {
    is_refused_encoding(post_encoded('plain', $encoding, gzip_of($json)), 'identity',
        "no filter, Content-Encoding $encoding");
}
for my $encoding ('identity', 'Identity', '', ',', 'identity, identity', 'identity,') {
    is_answer(post_encoded('plain', $encoding, $json), 200, "no filter, Content-Encoding '$encoding': accepted");
    is(sent_body(received), $json, "no filter, Content-Encoding '$encoding': sent upstream");
}

# The refusal does not wait for the body.
my $head = "POST $url HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\nContent-Encoding: gzip\r\n";
is_refused_encoding(send_raw("${head}Content-Length: 1000000\r\n\r\n"), 'identity', 'no filter, a body that never comes');
is_refused_encoding(send_raw("${head}Transfer-Encoding: chunked\r\n\r\n"), 'identity', 'no filter, a chunk that never comes');
is_refused_encoding(send_raw("${head}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"), 'identity',
    'no filter, a client that asks first');
is_own_error(send_raw("${head}Content-Length: 1048577\r\n\r\n"), 413, 'body-too-large',
    'no filter, a length above MaxBody: 413');

# ---- SetInputFilter DEFLATE.

SKIP: {
    skip 'no mod_deflate', 1 unless -e vars()->{modules_dir} . '/mod_deflate.so';

    for my $encoding ('gzip', 'x-gzip', 'GZip', 'identity, gzip', 'gzip, identity', ',gzip') {
        for my $chunked (0, 1) {
            my $name = "DEFLATE, Content-Encoding '$encoding'" . ($chunked ? ', chunked' : '');
            is_answer(post_encoded('deflate', $encoding, gzip_of($json), chunked => $chunked), 200, "$name: accepted");
            my $request = received;
            is(sent_body($request), $json, "$name: the unpacked body is sent upstream");
            is_deeply([$request->header('Content-Encoding')], [], "$name: no Content-Encoding upstream");
        }
    }
    is_answer(post_encoded('deflate', 'gzip', ''), 200, 'DEFLATE, an empty body: accepted');
    is(sent_body(received), '{}', 'DEFLATE, an empty body: means {}');
    is_answer(post($url, $json, vhost => 'deflate'), 200, 'DEFLATE, a body that is not encoded: accepted');
    is(sent_body(received), $json, 'DEFLATE, a body that is not encoded: sent upstream');
    is_answer(post_encoded('deflate-twice', 'gzip, gzip', gzip_of(gzip_of($json))), 200, 'DEFLATE;DEFLATE: accepted');
    is(sent_body(received), $json, 'DEFLATE;DEFLATE: unpacked twice');

    # Codings that the filter does not decode.
    for my $case (['br', $json], ['deflate', $json], ['gzip, br', $json], ['br, gzip', gzip_of($json)],
        ['gzip, gzip', gzip_of(gzip_of($json))], ['br, gzip', 'no gzip at all, which nobody needs to know']) {
        is_refused_encoding(post_encoded('deflate', @$case), 'gzip, identity', "DEFLATE, Content-Encoding $case->[0]");
    }
    is_refused_encoding(post($url, gzip_of($json), vhost => 'deflate',
        headers => ['Content-Encoding' => 'gzip', 'Content-Range' => 'bytes 0-9/10']), 'gzip, identity',
        'DEFLATE, which leaves a Content-Range alone');
    my $unread = "POST $url HTTP/1.1\r\nHost: deflate.test\r\nConnection: close\r\nContent-Encoding: br\r\n"
        . "Content-Length: 1000000\r\n\r\n{";
    is_refused_encoding(send_raw($unread), 'gzip, identity', 'DEFLATE, br, a body of which the first byte came');

    # gzip data is broken.
    my $packed = gzip_of($json);
    for my $case (['no gzip', $json], ['one byte', "\x1f"], ['a header alone', substr $packed, 0, 10],
        ['a cut end', substr $packed, 0, -1], ['a cut middle', substr $packed, 0, 20],
        ['a wrong check sum', substr($packed, 0, -8) . "\0\0\0\0" . substr $packed, -4],
        ['a wrong length', substr($packed, 0, -4) . "\0\0\0\0"], ['more after its end', "${packed}x"],
        ['garbage within', substr($packed, 0, 10) . "\xff" x 20]) {
        for my $chunked (0, 1) {
            is_own_error(post_encoded('deflate', 'gzip', $case->[1], chunked => $chunked), 400, 'bad-encoding',
                "DEFLATE, $case->[0]" . ($chunked ? ', chunked' : '') . ': 400 bad-encoding');
        }
    }
    is_own_error(post_encoded('deflate', 'gzip', gzip_of('{')), 400, 'bad-json', 'DEFLATE, packed text that is not JSON');
    my $leaving = connection->send("POST $url HTTP/1.1\r\nHost: deflate.test\r\nContent-Encoding: gzip\r\n"
        . 'Content-Length: ' . length($packed) . "\r\n\r\n" . substr $packed, 0, 20);
    shutdown $leaving->{socket}, 1;
    unlike($leaving->rest, qr{^HTTP/1.1 2|bad-encoding}, 'DEFLATE, a client that disconnects gets no bad-encoding');
    is_own_error(send_raw("POST $url HTTP/1.1\r\nHost: deflate.test\r\nContent-Encoding: gzip\r\n"
        . "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400, 'bad-request', 'DEFLATE, a chunk size that is none');
    nothing_sent('broken gzip');

    # SessionInitializerMaxBody limits the decompressed length.
    my $random = join '', map { chr(97 + int rand 26) } 1 .. 1000;
    my $exact = '{"a":"' . substr($random, 0, 992) . '"}';
    is_answer(post_encoded('deflate-small', 'gzip', gzip_of($exact)), 200, 'DEFLATE, MaxBody unpacked bytes: accepted');
    is(sent_body(received), $exact, 'DEFLATE, MaxBody unpacked bytes: sent upstream');
    for my $case (['one byte more', $exact =~ s/"\}/x"}/r], ['10 MiB of blanks', ' ' x 10_485_760]) {
        is_own_error(post_encoded('deflate-small', 'gzip', gzip_of($case->[1]), chunked => 1), 413, 'body-too-large',
            "DEFLATE, MaxBody and $case->[0]: 413");
    }
    my $bomb = gzip_of('{"a":"' . 'x' x 100_000_000 . '"}');
    for my $vhost (qw(deflate deflate-any-ratio deflate-limited deflate-httpd-limited)) {
        is_own_error(post_encoded($vhost, 'gzip', $bomb), 413, 'body-too-large', "$vhost: 100 MB in 100 KB is a 413");
    }
    my $answer = post_encoded('deflate', 'gzip', gzip_of(' ' x 1_000_000 . $json));
    is_own_error($answer, 413, 'body-too-large', 'DEFLATE, DeflateInflateRatioLimit: 413, though below MaxBody');
    like($answer->body, qr/unpacks to/, 'DEFLATE, DeflateInflateRatioLimit: the message says that it is the ratio');
    nothing_sent('bombs');
    is_answer(post_encoded('deflate-any-ratio', 'gzip', gzip_of(' ' x 1_000_000 . $json)), 200,
        'DEFLATE, no ratio limit: 1 MB of blanks is accepted');
    is(sent_body(received), $json, 'DEFLATE, no ratio limit: sent upstream');

    # The connection stays usable after a body that was decompressed, and after one that was refused.
    my $kept = connection;
    for my $case ([200, 'gzip', $packed], [415, 'br', 'x' x 100_000], [200, 'gzip', $packed]) {
        my ($status, $encoding, $body) = @$case;
        $kept->send("POST $url HTTP/1.1\r\nHost: deflate.test\r\nContent-Encoding: $encoding\r\n"
            . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
        is($kept->answer->status, $status, "DEFLATE, on one connection: $status");
    }

    # Over HTTP/2; under prefork the same client gets HTTP/1.1.
    my $file = vars->{t_logs} . '/body.json.gz';
    SessionInitializer::Httpd::write_file($file, $packed);
    my @call = ('--data-binary', "\@$file", '-H', 'Host: deflate.test', 'http://127.0.0.1:' . port . $url,
        threaded ? '--http2-prior-knowledge' : ());
    stand_in->forget;
    is(curl('-H', 'Content-Encoding: gzip', @call)->{status}, 200, 'DEFLATE, HTTP/2: accepted');
    is(sent_body(received), $json, 'DEFLATE, HTTP/2: the unpacked body is sent upstream');
    my $over_http2 = curl('-H', 'Content-Encoding: br', @call);
    is($over_http2->{status}, 415, 'DEFLATE, HTTP/2, Content-Encoding br: 415');
    like($over_http2->{head}, qr/^accept-encoding: gzip, identity\r?$/mi, 'DEFLATE, HTTP/2: Accept-Encoding names what is taken');
    stand_in->forget;
}

done_testing;
