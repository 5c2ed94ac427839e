# What becomes of a playback URL's query in the redirect.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

# query => the query of Location, where ID is the stream id
my @cases = (
    ['',                                 'aws.streamId=ID'],
    ['x=1',                              'x=1&aws.streamId=ID'],
    ['ads.a=1&ads.b=2',                  'ads.a=1&ads.b=2&aws.streamId=ID'],
    ['aws.reportingMode=CLIENT&aws.x',   'aws.reportingMode=CLIENT&aws.x&aws.streamId=ID'],
    ['a=%2F%2f+%20&b=x+y;z',             'a=%2F%2f+%20&b=x+y;z&aws.streamId=ID'],
    ['a=%C3%A9&b=%ff&c=%zz&d=%',         'a=%C3%A9&b=%ff&c=%zz&d=%&aws.streamId=ID'],
    ['a=b=c&d==&=e&f',                   'a=b=c&d==&=e&f&aws.streamId=ID'],
    ['x=1&x=2&x=1',                      'x=1&x=2&x=1&aws.streamId=ID'],
    ["u=/v1/'()*!\$,:\@?",               "u=/v1/'()*!\$,:\@?&aws.streamId=ID"],

    # The player's own stream id is removed, wherever it is and however it is written.
    ['aws.streamId=9',                   'aws.streamId=ID'],
    ['aws.streamId=9&x=1',               'x=1&aws.streamId=ID'],
    ['x=1&aws.streamId=9&y=2',           'x=1&y=2&aws.streamId=ID'],
    ['x=1&aws.streamId=9',               'x=1&aws.streamId=ID'],
    ['aws.streamId=9&aws.streamId=8',    'aws.streamId=ID'],
    ['aws.streamId',                     'aws.streamId=ID'],
    ['aws.streamId=',                    'aws.streamId=ID'],
    ['aws.streamId=a=b&x',               'x&aws.streamId=ID'],
    ['aws%2EstreamId=9&x=1',             'x=1&aws.streamId=ID'],
    ['%61%77%73%2e%73treamI%64=9&x=1',   'x=1&aws.streamId=ID'],

    # These only look like it.
    ['aws.streamid=9',                   'aws.streamid=9&aws.streamId=ID'],
    ['AWS.streamId=9',                   'AWS.streamId=9&aws.streamId=ID'],
    ['aws.streamId2=9&xaws.streamId=9',  'aws.streamId2=9&xaws.streamId=9&aws.streamId=ID'],
    ['aws%252EstreamId=9',               'aws%252EstreamId=9&aws.streamId=ID'],
    ['streamId=9&x=aws.streamId=9',      'streamId=9&x=aws.streamId=9&aws.streamId=ID'],
    ['aws.streamId+=9',                  'aws.streamId+=9&aws.streamId=ID'],

    # A session that exists keeps the parameters with which it was started.
    ['aws.sessionId=S',                  'aws.sessionId=S'],
    ['x=1&aws.sessionId=S&y',            'x=1&aws.sessionId=S&y'],
    ['aws.sessionId=S&aws.streamId=9',   'aws.sessionId=S'],
    ['aws.streamId=9&aws.sessionId=S',   'aws.sessionId=S'],
    ['aws%2EsessionI%64=S&x=%20',        'aws%2EsessionI%64=S&x=%20'],
    ['aws.sessionId=&aws.sessionId=S',   'aws.sessionId=&aws.sessionId=S'],
    ['aws.sessionId=',                   'aws.sessionId=&aws.streamId=ID'],
    ['aws.sessionId',                    'aws.sessionId&aws.streamId=ID'],
    ['aws.sessionid=S',                  'aws.sessionid=S&aws.streamId=ID'],

    # Nothing in the query can end the header.
    ['x=%0d%0aSet-Cookie:%20a=b',        'x=%0d%0aSet-Cookie:%20a=b&aws.streamId=ID'],
    ['x=' . 'y' x 7000,                  'x=' . 'y' x 7000 . '&aws.streamId=ID'],
);

for my $case (@cases) {
    my ($query, $expected) = @$case;
    my $name = length $query < 100 ? "?$query" : length($query) . ' bytes';
    is_redirect(get("$PATH$HLS?$query"), "$HLS?$expected", $name);
}

is_redirect(get("$PATH$DASH?aws.streamId=9&x=1"), "$DASH?x=1&aws.streamId=ID", 'DASH');
is_redirect(get("$PATH$SESSION?aws.streamId=9&x=1"), "$SESSION?x=1&aws.streamId=ID", 'a session by GET');
is_redirect(head_of("$PATH$HLS?x=1"), "$HLS?x=1&aws.streamId=ID", 'HEAD');
is_redirect(get("$PATH$HLS?aws.sessionId=S", vhost => 'base'), "https://play.example:8443$HLS?aws.sessionId=S",
    'a session and a playback base');

# If items are empty, all the others are kept, in order, and once.
for my $query ('&', '&&x=1&&y=2&', 'x=1&aws.streamId=9&', '&aws.streamId=9&&x=1') {
    my $location = get("$PATH$HLS?$query")->header('Location');
    my @items = grep { length } split /&/, $location =~ s/^[^?]*\?//r;
    my $id = pop @items;
    is_deeply(\@items, [grep { length && !/^aws\.streamId=/ } split /&/, $query], "?$query: the items");
    like($id, qr/^aws\.streamId=[1-3]$/, "?$query: the stream id");
}

done_testing;
