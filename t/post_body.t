# The body of a session initialization: JSON comes in, the same JSON with a stream id goes out.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Json qw(json_members json_text json_without parse_json);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;

# Returns the body that was sent upstream, in its order, without the stream id, after a check of the id.
sub sent_in_order {
    my $request = shift;
    my $body = eval { parse_json($request->body) } // return "no JSON: $@";
    my @ids = map { $_->[0] eq 'string' && $_->[1] =~ /^[1-3]$/ ? 'an id' : 'no id' } json_members($body, 'streamId');
    return @ids == 1 && $ids[0] eq 'an id' ? json_text(json_without($body, 'streamId')) : "streamId: @ids";
}

sub nested {
    my ($depth) = @_;
    return '{"a":' x $depth . '1' . '}' x $depth;
}

my @kept = (
    ['an object',              '{"adsParams":{"device":"smartphone","subscription":"tier2"}}'],
    ['an empty object',        '{}'],
    ['white space all around', " \t\r\n{ \"a\" :\n 1 ,\t\"b\":\r[ 1 , 2 ] , \"c\" : { } , \"d\" : [ ] } \n"],
    ['the order of members',   '{"z":1,"a":2,"m":{"z":1,"a":2}}'],
    ['numbers, digit for digit',
        '{"a":12345678901234567890123,"b":1.10,"c":1e400,"d":-0,"e":1E+2,"f":0.0,"g":[18446744073709551616,100.0]}'],
    ['literals',               '{"a":true,"b":false,"c":null}'],
    ['escapes',                '{"a":"\"\\\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"}'],
    ['an escaped NUL',         '{"a":"x\u0000y","k\u0000z":1,"streamId\u0000":"9"}'],
    ['lone surrogates',        '{"a":"\ud800","b":"\udc00x","c":"\ud800\ud800"}'],
    ['UTF-8', "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\",\"\xc3\xa9\":1,\"\x7f\":\"\x7f\"}"],
    ['slashes and mark-up',    '{"a":"http://x/y?z=1&w=<b>\'"}'],
    ['repeated names',         '{"a":1,"a":{"b":2,"b":3},"a":1}'],
    ['an empty name',          '{"":{"":""}}'],
    ['32 nested containers',   nested(32)],
    ['32 nested lists',        '{"a":' . '[' x 31 . ']' x 31 . '}'],
    ['containers of other kinds', '{"adsParams":"x","playerParams":[1],"availSuppression":5,"adSignaling":true}'],
    ['a name that looks like it', '{"streamid":"9","StreamId":"9","stream":{"streamId":"9"},"xstreamId":"9"}'],
    ['a streamId further down',   '{"adsParams":{"streamId":"9"},"a":[{"streamId":"9"}]}'],
);

for my $case (@kept) {
    my ($name, $body) = @$case;
    stand_in->forget;
    is_answer(post($url, $body), 200, "$name: accepted") or next;
    is(sent_in_order(received), json_text(parse_json($body)), "$name: kept");
}

# The escapes of an unchanged string stay as they are written.
post($url, '{"a":"\u0041\/\u00e9\ud83d\ude00","b":"\ud800"}');
like(received->body, qr{"a":"\\u0041\\/\\u00e9\\ud83d\\ude00","b":"\\ud800"}, 'strings are not re-encoded');

# The player's stream id is replaced, whatever its type, however often it occurs and however its name is written.
for my $body (
    '{"streamId":"9"}', '{"streamId":9}', '{"streamId":null}', '{"streamId":{"a":[1,2]}}', '{"streamId":["1"]}',
    '{ "streamId" : "9" }',
    '{"stream\u0049d":"9"}', '{"\u0073\u0074\u0072\u0065\u0061\u006d\u0049\u0064":9}',
    '{"streamId":"9","streamId":"8"}',
    '{"streamId":"9","stream\u0049d":8,"streamId":null}',
) {
    post($url, $body);
    is(sent_in_order(received), '{}', "$body: one stream id, the module's");

    my $between = $body =~ s/^\{/{"first":1,/r =~ s/\}\z/,"last":2}/r;
    post($url, $between);
    is(sent_in_order(received), '{"first":1,"last":2}', "$between: the others are kept");
}

post($url, '{}', vhost => 'ten');
like(received->body, qr/^\{"streamId":"(?:[1-9]|10)"\}$/, 'the id is a string from 1 to N');
post($url, '{}', vhost => 'one');
is(received->body, '{"streamId":"1"}', 'with StreamIdCount 1 it is "1"');

# An empty body means {}.
for my $case (['Content-Length: 0', body => ''], ['no body at all'], ['no chunk', chunked => 1, body => '']) {
    my ($name, @options) = @$case;
    is_answer(request(POST => $url, @options), 200, "$name: accepted");
    is(received->body =~ s/"[1-3]"/"ID"/r, '{"streamId":"ID"}', "$name: a body with the stream id alone");
}

my @refused = (
    ['single quotes', "{'a':1}"], ['no quotes', '{a:1}'], ['NaN', '{"a":NaN}'], ['Infinity', '{"a":Infinity}'],
    ['-Infinity', '{"a":-Infinity}'],
    ['a comment', '{"a":1/* */}'], ['a line comment', "{\"a\":1}//\n"], ['a # comment', "{\"a\":1}\n# x"],
    ['a trailing comma', '{"a":1,}'], ['a trailing comma in a list', '{"a":[1,]}'], ['a comma alone', '{,}'],
    ['two commas', '{"a":1,,"b":2}'],
    ['no comma', '{"a":1 "b":2}'], ['no colon', '{"a" 1}'], ['no value', '{"a":}'], ['no member', '{"a"}'],
    ['a number for a name', '{1:1}'],
    ['an open object', '{"a":1'], ['an open list', '{"a":[1}'], ['an open string', '{"a":"x}'], ['one brace', '{'],
    ['a closing brace alone', '}'],
    ['text after the object', '{} x'], ['two objects', '{}{}'], ['a NUL after the object', "{}\0"],
    ['a NUL within', "{\"a\":\0001}"],
    ['a list', '[]'], ['a string', '"x"'], ['a number', '1'], ['null', 'null'], ['true', 'true'],
    ['a list with an object', '[{}]'],
    ['white space alone', "  \n"],
    ['1.', '{"a":1.}'], ['.5', '{"a":.5}'], ['01', '{"a":01}'], ['-01', '{"a":-01}'], ['+1', '{"a":+1}'],
    ['-', '{"a":-}'], ['1e', '{"a":1e}'],
    ['1e+', '{"a":1e+}'], ['0x1', '{"a":0x1}'], ['TRUE', '{"a":TRUE}'], ['nul', '{"a":nul}'], ['nulll', '{"a":nulll}'],
    ['a raw tab', "{\"a\":\"x\ty\"}"], ['a raw line feed', "{\"a\":\"x\ny\"}"], ['a raw NUL', "{\"a\":\"x\0y\"}"],
    ['a raw tab in a name', "{\"x\ty\":1}"],
    ['\x', '{"a":"\x41"}'], ['\\\'', '{"a":"\\\'"}'], ['\u12', '{"a":"\u12"}'], ['\u12G4', '{"a":"\u12G4"}'],
    ['\U0041', '{"a":"\U0041"}'],
    ['a form feed between', "{\f\"a\":1}"], ['a no-break space between', "{\xc2\xa0\"a\":1}"],
    ['a byte order mark', "\xef\xbb\xbf{}"], ['UTF-16', "{\0}\0"],
    ['a lone byte', "{\"a\":\"\xff\"}"], ['a lone continuation byte', "{\"a\":\"\x80\"}"],
    ['a cut sequence', "{\"a\":\"\xc3\"}"],
    ['an overlong slash', "{\"a\":\"\xc0\xaf\"}"], ['an overlong euro', "{\"a\":\"\xf0\x82\x82\xac\"}"],
    ['a surrogate in UTF-8', "{\"a\":\"\xed\xa0\x80\"}"], ['above U+10FFFF', "{\"a\":\"\xf4\x90\x80\x80\"}"],
    ['invalid UTF-8 in a name', "{\"\xff\":1}"],
    ['33 nested containers', nested(33)], ['33 nested lists', '{"a":' . '[' x 32 . ']' x 32 . '}'],
    ['very deep', '{"a":' . '[' x 100_000],
);

stand_in->forget;
is_own_error(post($url, $_->[1]), 400, 'bad-json', "$_->[0]: refused") for @refused;
nothing_sent('what is not a JSON object');

# Any Content-Type is accepted, or none; no Content-Encoding except identity.
for my $type (undef, 'application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded',
    'text/plain', 'x') {
    my $name = $type // 'no Content-Type';
    is_answer(post($url, '{"a":1}', headers => [defined $type ? ('Content-Type' => $type) : ()]), 200,
        "$name: accepted");
    my $request = received;
    is(sent_in_order($request), '{"a":1}', "$name: the body");
    is_deeply([$request->header('Content-Type')], ['application/json'], "$name: sent upstream as application/json");
}
is_answer(post($url, '{"a":1}', headers => ['Content-Encoding' => 'identity']), 200,
    'Content-Encoding identity: accepted');
is(sent_in_order(received), '{"a":1}', 'Content-Encoding identity: the body');
for my $coding ('gzip', 'br', 'identity, gzip', 'GZip') {
    is_own_error(post($url, '{}', headers => ['Content-Encoding' => $coding]), 415, 'unsupported-encoding',
        "Content-Encoding $coding: refused");
}
nothing_sent('an encoded body');

# The way in which the body arrives makes no difference.
my $large = '{"a":"' . 'x' x 100_000 . '","b":1.10}';
is_answer(post($url, $large, chunked => 1), 200, 'chunked: accepted');
is(sent_in_order(received), json_text(parse_json($large)), 'chunked: kept');
is_answer(send_raw("POST $url HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    . "3;x=\"y\"\r\n{\"a\r\n4\r\n\":1}\r\n0\r\nX-Trailer: x\r\n\r\n"), 200,
        'chunks with extensions and a trailer: accepted');
my $request = received;
is(sent_in_order($request), '{"a":1}', 'chunks with extensions and a trailer: the body');
is_deeply([$request->header('X-Trailer')], [], 'chunks with extensions and a trailer: the trailer is not forwarded');

my $connection = connection;
$connection->send("POST $url HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n"
    . "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n");
is($connection->answer->status, 100, 'Expect: the body is asked for');
is_answer($connection->send('{"a":1}')->answer, 200, 'Expect: accepted');
is(sent_in_order(received), '{"a":1}', 'Expect: the body');

done_testing;
