# MediaTailor's other paths below PATH, for players that resolve a child against the URL before the redirect.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $session = '171e4158-6ad1-492b-b543-b4f06138cf2d';
stand_in->forget;

for my $child (
    "/v1/manifest/$ACCOUNT/demo/$session/0.m3u8", "/v1/tracking/$ACCOUNT/demo/$session",
    "/v1/segment/$ACCOUNT/demo/$session/0/1.ts",
    "/v1/dashsegment/$ACCOUNT/demo/$session/0/1.m4s", "/v1/i-media/$ACCOUNT/demo/$session/0.m3u8",
) {
    is_redirect(get($PATH . $child), $child, "GET $child");
    is_redirect(head_of($PATH . $child), $child, "HEAD $child");
    is_redirect(get("$PATH$child?aws.streamId=9&x=%2F+&&y"), "$child?aws.streamId=9&x=%2F+&&y",
        "$child: the query is untouched");

    for my $method (qw(POST PUT DELETE)) {
        my $answer = request($method => $PATH . $child, body => '{}');
        is_own_error($answer, 405, 'method-not-allowed', "$method $child");
        is(join(',', sort split /\s*,\s*/, $answer->header('Allow') // ''), 'GET,HEAD,OPTIONS',
            "$method $child: Allow");
    }
}

is_redirect(get("$PATH/v1/tracking/a/c/s", vhost => 'base'), 'https://play.example:8443/v1/tracking/a/c/s',
    'a playback base');
is(options("$PATH/v1/tracking/a/c/s")->status, 204, 'OPTIONS');
nothing_sent('child paths');

done_testing;
