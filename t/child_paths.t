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
    "/v1/interstitials/$ACCOUNT/demo/$session/1/assets.json",
    # Kinds that this version does not know: MediaTailor adds paths.
    "/v1/other/$ACCOUNT/demo/$session", '/v1/x/a/c/x%2Fy', '/v1/a-new-kind-2/a/c/x', '/v1/masters/a/c/x',
    '/v1/master2/a/c/x', '/v1/sessions/a/c/x', '/v1/-/a/c/x',
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

# A kind consists of lower-case letters, digits and hyphens; two segments and an asset follow, as in all MediaTailor
# paths.
for my $kind ('Master', 'TRACKING', 'i_media', 'a.b', '..', '.', '%6danifest', 'a%2Fb', 'evil.example:80',
    '@evil.example', '~', '', 'a;b',
    "\xe4") {
    is_own_error(get("$PATH/v1/$kind/a/c/x"), 404, 'not-found', "the kind '$kind'");
}
for my $rest ('', '/', '/a', '/a/', '/a/c', '/a/c/', '//c/x', '/a//x', '///', '//evil.example/x', '/a/c//x',
    '/a/c/../x', '/a/c/%2e%2e', '/a/c/x%2F..', '/a/c/\\x', '/a/c/x%5C', '/a/c/x%0d%0aEvil:x', '/../c/x') {
    for my $kind (qw(tracking interstitials other)) {
        is_own_error(get("$PATH/v1/$kind$rest"), 404, 'not-found', "/v1/$kind$rest");
    }
}
is_redirect(get("$PATH/v1/other/a/c/s?u=//evil.example", vhost => 'base'),
    'https://play.example:8443/v1/other/a/c/s?u=//evil.example', 'a playback base and an unknown kind');
is(options("$PATH/v1/other/a/c/s")->status, 204, 'OPTIONS of an unknown kind');

is_redirect(get("$PATH/v1/tracking/a/c/s", vhost => 'base'), 'https://play.example:8443/v1/tracking/a/c/s',
    'a playback base');
is(options("$PATH/v1/tracking/a/c/s")->status, 204, 'OPTIONS');
nothing_sent('child paths');

done_testing;
