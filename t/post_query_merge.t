# What a POST's query adds to the body, and which part of it stays in the upstream's query.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

# query, body, expected body, expected query (undef: no question mark either)
my @cases = (
    [undef, '{"a":1}', '{"a":1}', undef],
    ['',    '{"a":1}', '{"a":1}', undef],
    ['&&',  '{"a":1}', '{"a":1}', undef, 'empty items'],

    # The families are decoded once, and appear only in the body.
    ['ads.a=1',             '{}', '{"adsParams":{"a":"1"}}', undef],
    ['ads.a=1&ads.b=2',     '{}', '{"adsParams":{"a":"1","b":"2"}}', undef],
    ['playerParams.a=1',    '{}', '{"playerParams":{"a":"1"}}', undef],
    ['manifest.a=1',        '{}', '{"manifestParams":{"a":"1"}}', undef],
    ['manifestParams.a=1',  '{}', '{"manifestParams":{"a":"1"}}', undef],
    ['manifest.a=1&manifestParams.b=2', '{}', '{"manifestParams":{"a":"1","b":"2"}}', undef],
    ['ads.a.b=1',           '{}', '{"adsParams":{"a.b":"1"}}', undef],
    ['ads.p=v%3A1',         '{}', '{"adsParams":{"p":"v:1"}}', undef],
    ['ads.p=v%253A1',       '{}', '{"adsParams":{"p":"v%3A1"}}', undef, 'decoded exactly once'],
    ['ads.x+y=a+b%2Bc%20d', '{}', '{"adsParams":{"x+y":"a+b+c d"}}', undef, 'a plus is a plus'],
    ['%61ds%2Ea=1',         '{}', '{"adsParams":{"a":"1"}}', undef, 'a name with escapes'],
    ['ads.%C3%A9=%e2%82%ac%F0%9F%98%80', '{}', '{"adsParams":{"\u00e9":"\u20ac\ud83d\ude00"}}', undef],
    ['ads.a=%22%5C%0A%09%00%7F%3C/', '{}', '{"adsParams":{"a":"\"\\\\\n\t\u0000\u007f</"}}', undef,
        'what JSON must escape'],
    ['ads.%22=1',           '{}', '{"adsParams":{"\"":"1"}}', undef],
    ['ads.flag',            '{}', '{"adsParams":{"flag":""}}', undef],
    ['ads.flag=',           '{}', '{"adsParams":{"flag":""}}', undef],
    ['ads.kv=a=b',          '{}', '{"adsParams":{"kv":"a=b"}}', undef],
    ['ads.kv==',            '{}', '{"adsParams":{"kv":"="}}', undef],
    ['&ads.a=1&&ads.b=2&',  '{}', '{"adsParams":{"a":"1","b":"2"}}', undef, 'empty items among others'],
    ['ads.a=%zz%4&ads.b=%&ads.c=100%', '{}', '{"adsParams":{"a":"%zz%4","b":"%","c":"100%"}}', undef,
        'a % without two hex digits is itself'],
    ['ads.a=1;ads.b=2',     '{}', '{"adsParams":{"a":"1;ads.b=2"}}', undef],
    ['ads.n=12&ads.t=true', '{}', '{"adsParams":{"n":"12","t":"true"}}', undef, 'values are strings'],

    # Service variables.
    ['aws.reportingMode=CLIENT',            '{}', '{"reportingMode":"CLIENT"}', undef],
    ['aws.logMode=DEBUG',                   '{}', '{"logMode":"DEBUG"}', undef],
    ['aws.availSuppressionMode=OFF',        '{}', '{"availSuppression":{"mode":"OFF"}}', undef],
    ['aws.availSuppressionValue=00%3A00%3A21', '{}', '{"availSuppression":{"value":"00:00:21"}}', undef],
    ['aws.availSuppressionFillPolicy=PARTIAL_AVAIL', '{}', '{"availSuppression":{"fillPolicy":"PARTIAL_AVAIL"}}',
        undef],
    ['aws.availSuppressionMode=AFTER_LIVE_EDGE&aws.availSuppressionValue=00:00:21', '{}',
        '{"availSuppression":{"mode":"AFTER_LIVE_EDGE","value":"00:00:21"}}', undef],
    ['aws.overlayAvails=on',                '{}', '{"overlayAvails":"on"}', undef],
    ['aws.adSignalingEnabled=true',         '{}', '{"adSignaling":{"enabled":true}}', undef],
    ['aws.adSignalingEnabled=false',        '{}', '{"adSignaling":{"enabled":false}}', undef],
    ['aws.adSignalingEnabled=%74rue',       '{}', '{"adSignaling":{"enabled":true}}', undef],
    ['aws.insertionMode=GUIDED',            '{}', '{"insertionMode":"GUIDED"}', undef],
    ['aws.startTime=2024-01-01T00%3A00%3A00Z', '{}', '{"startTime":"2024-01-01T00:00:00Z"}', undef],
    ['aws.preroll=enabled',                 '{}', '{"preroll":"enabled"}', undef],
    ['aws.guidedPrefetchMode=MANIFEST',     '{}', '{"guidedPrefetchMode":"MANIFEST"}', undef],
    ['aw%73.logMode=DEBUG',                 '{}', '{"logMode":"DEBUG"}', undef],

    # Parameters of no family stay in the query, and are copied to playerParams.
    ['tok=a%2Fb',           '{}', '{"playerParams":{"tok":"a/b"}}', 'tok=a%2Fb'],
    ['start=1&end=2',       '{}', '{"playerParams":{"start":"1","end":"2"}}', 'start=1&end=2'],
    ['x+y=a+b%20c',         '{}', '{"playerParams":{"x+y":"a+b c"}}', 'x+y=a+b%20c'],
    ['flag',                '{}', '{"playerParams":{"flag":""}}', 'flag'],
    ['flag=',               '{}', '{"playerParams":{"flag":""}}', 'flag='],
    ['%6Bv=a=b',            '{}', '{"playerParams":{"kv":"a=b"}}', '%6Bv=a=b'],
    ['tok=1&tok=2',         '{}', '{"playerParams":{"tok":"2"}}', 'tok=1&tok=2'],
    ['tok=1&ads.a=2&u=3',   '{}', '{"playerParams":{"tok":"1","u":"3"},"adsParams":{"a":"2"}}', 'tok=1&u=3'],
    ['adserver=z',          '{}', '{"playerParams":{"adserver":"z"}}', 'adserver=z', 'not the family ads.'],
    ['ads=z',               '{}', '{"playerParams":{"ads":"z"}}', 'ads=z'],
    ['ADS.a=1&Aws.logMode=DEBUG', '{}', '{"playerParams":{"ADS.a":"1","Aws.logMode":"DEBUG"}}',
        'ADS.a=1&Aws.logMode=DEBUG', 'names have a case'],
    ['adsParams.a=1',       '{}', '{"playerParams":{"adsParams.a":"1"}}', 'adsParams.a=1'],
    ['streamId=9',          '{}', '{"playerParams":{"streamId":"9"}}', 'streamId=9'],
    ['a=%zz',               '{}', '{"playerParams":{"a":"%zz"}}', 'a=%zz'],

    # aws.*: the module sets the stream id; undocumented parameters stay unchanged.
    ['aws.streamId=9',      '{}', '{}', undef],
    ['aws%2EstreamId=9&aws.streamId=8', '{}', '{}', undef],
    ['aws.sessionId=S%20',  '{}', '{}', 'aws.sessionId=S%20'],
    ['aws.unknown=%41&aws.logmode=DEBUG', '{}', '{}', 'aws.unknown=%41&aws.logmode=DEBUG'],
    ['a=1&aws.streamId=9&aws.unknown=2&ads.b=3', '{}', '{"playerParams":{"a":"1"},"adsParams":{"b":"3"}}',
        'a=1&aws.unknown=2'],

    # The query overrides the body, and the last of repeated names overrides the others.
    ['ads.a=q',             '{"adsParams":{"a":"b","c":"d"}}', '{"adsParams":{"a":"q","c":"d"}}', undef],
    ['ads.a=q',             '{"adsParams":{"\u0061":1.10}}', '{"adsParams":{"a":"q"}}', undef,
        'a name that the body escapes'],
    ['ads.a=1&ads.a=2',     '{}', '{"adsParams":{"a":"2"}}', undef],
    ['ads.a=1&%61ds.a=2&ads.a=3', '{"adsParams":{"a":0}}', '{"adsParams":{"a":"3"}}', undef],
    ['tok=q',               '{"playerParams":{"tok":"b"}}', '{"playerParams":{"tok":"q"}}', 'tok=q'],
    ['playerParams.tok=1&tok=2', '{}', '{"playerParams":{"tok":"2"}}', 'tok=2'],
    ['tok=2&playerParams.tok=1', '{}', '{"playerParams":{"tok":"1"}}', 'tok=2'],
    ['aws.logMode=DEBUG',   '{"logMode":"DISABLED"}', '{"logMode":"DEBUG"}', undef],
    ['aws.logMode=DEBUG',   '{"logMode":{"a":1}}', '{"logMode":"DEBUG"}', undef],
    ['aws.availSuppressionValue=00:00:05', '{"availSuppression":{"mode":"OFF","value":"x"}}',
        '{"availSuppression":{"mode":"OFF","value":"00:00:05"}}', undef],
    ['aws.adSignalingEnabled=false', '{"adSignaling":{"enabled":true,"x":1}}',
        '{"adSignaling":{"enabled":false,"x":1}}', undef],
    ['aws.adSignalingEnabled=true&aws.adSignalingEnabled=false', '{}', '{"adSignaling":{"enabled":false}}', undef],
    ['ads.a=1',             '{"adsParams":{},"n":1.10,"streamId":"9"}', '{"adsParams":{"a":"1"},"n":1.10}', undef,
        'an empty container'],
    ['ads.a=1',             ' { "adsParams" : { "b" : [ 1.0 ] } } ', '{"adsParams":{"b":[1.0],"a":"1"}}', undef,
        'a container with white space'],
    ['ads.a=1',             '{"\u0061dsParams":{"b":1}}', '{"adsParams":{"b":1,"a":"1"}}', undef,
        'a container whose name the body escapes'],

    # A container that the query does not add to may be anything.
    ['ads.a=1',             '{"playerParams":5}', '{"playerParams":5,"adsParams":{"a":"1"}}', undef],
);

is_sent(@$_[0 .. 3], 'query ' . ($_->[4] // $_->[0] // 'none') . (length $_->[1] > 2 ? " with $_->[1]" : ''))
    for @cases;
is_sent('ads.a=1', '', '{"adsParams":{"a":"1"}}', undef, 'an empty body');

my $url = $PATH . $SESSION;
stand_in->forget;
for my $case (
    ['ads.a=1', '{"adsParams":"x"}'], ['ads.a=1', '{"adsParams":[]}'], ['ads.a=1', '{"adsParams":null}'],
    ['ads.a=1', '{"adsParams":5}'],
    ['tok=1', '{"playerParams":"x"}'], ['playerParams.a=1', '{"playerParams":true}'],
    ['manifest.a=1', '{"manifestParams":[1]}'],
    ['aws.availSuppressionMode=OFF', '{"availSuppression":"OFF"}'],
    ['aws.adSignalingEnabled=true', '{"adSignaling":true}'],
) {
    is_own_error(post("$url?$case->[0]", $case->[1]), 400, 'bad-container', "$case->[0] with $case->[1]");
}
for my $query (
    'ads.a=%ff', 'ads.a=%C3', 'ads.a=%ED%A0%80', 'ads.a=%C0%AF', 'ads.a=%F4%90%80%80', 'tok=%80', 'aws.logMode=%ff',
    'aws.adSignalingEnabled=TRUE', 'aws.adSignalingEnabled=1', 'aws.adSignalingEnabled=', 'aws.adSignalingEnabled',
) {
    is_own_error(post("$url?$query", '{}'), 400, 'bad-query', $query);
}
nothing_sent('what cannot be merged');

# A reader that takes the last of repeated names finds the values of the query.
post("$url?ads.a=q", '{"adsParams":{"a":1,"b":2,"a":3}}');
like(received->body, qr/"a":"q"[^{}]*\}/, 'a repeated member: the query wins');
post("$url?ads.a=q", '{"adsParams":{"a":1},"adsParams":{"b":2}}');
is((stand_in->sessions)[-1]{body}{adsParams}{a}, 'q', 'a repeated container: the query wins');
stand_in->forget;

for my $kind (qw(master dash)) {
    is_answer(post("$PATH/v1/$kind/a/c/x.m3u8?ads.a=1&tok=%2F", '{"n":1.10}'), 200, "/v1/$kind/: accepted");
    my $request = received;
    is($request->target, '/v1/session/a/c/x.m3u8?tok=%2F', "/v1/$kind/: goes to /v1/session/");
    is(sent_body($request), '{"adsParams":{"a":"1"},"n":1.10,"playerParams":{"tok":"/"}}', "/v1/$kind/: the body");
}

done_testing;
