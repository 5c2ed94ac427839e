# Which URLs are the module's own.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

sub is_not_ours {
    my ($answer, $status, $name) = @_;
    is($answer->status, $status, "$name: status");
    is_deeply([$answer->header('Access-Control-Allow-Origin')], [], "$name: untouched");
}

is_redirect(get($PATH . $HLS), "$HLS?aws.streamId=ID", 'a playback URL below the path');

is_not_ours(get("${PATH}foo$HLS"), 404, 'a longer first segment');
is_not_ours(get("/Session-Initializer$HLS"), 404, 'another case');
is_not_ours(get("/x$PATH$HLS"), 404, 'the path further down');
is_not_ours(get('/index.html'), 200, 'another URL');
is_not_ours(get($PATH . $HLS, vhost => 'off'), 404, 'StreamIdCount Off');
is_not_ours(post($PATH . $SESSION, '{}', vhost => 'off'), 404, 'StreamIdCount Off, POST');
is_not_ours(options($PATH . $SESSION, vhost => 'off'), 200, 'StreamIdCount Off, OPTIONS');

is_redirect(get("/edge/start-0$HLS", vhost => 'path'), "$HLS?aws.streamId=ID", 'a path of the operator');
is_not_ours(get($PATH . $HLS, vhost => 'path'), 404, 'the default path, if another path is set');
is_not_ours(get("/edge/start-01$HLS", vhost => 'path'), 404, 'a longer last segment');

# The path after PATH: /v1/, the kind, two segments, an asset.
for my $path (
    '/', '/x', '/v1', '/v1/', '/v1/master', '/v1/master/', "/v1/master/$ACCOUNT", "/v1/master/$ACCOUNT/",
    "/v1/master/$ACCOUNT/demo", "/v1/master/$ACCOUNT/demo/", '/v1/master//demo/index.m3u8',
    "/v1/master/$ACCOUNT//index.m3u8",
    "/v2/master/$ACCOUNT/demo/index.m3u8", "/v1/Master/$ACCOUNT/demo/index.m3u8", "/v1/master_2/$ACCOUNT/demo/index.m3u8",
    "/v2/other/$ACCOUNT/demo/index.m3u8", "/master/$ACCOUNT/demo/index.m3u8", "//v1/master/$ACCOUNT/demo/index.m3u8",
    "/v1//master/$ACCOUNT/demo/index.m3u8", "/%761/master/$ACCOUNT/demo/index.m3u8", '/v1/tracking/a', '/v1/manifest/',
) {
    is_own_error(get($PATH . $path), 404, 'not-found', "GET $path");
}
is_own_error(post("$PATH/x", '{}'), 404, 'not-found', 'POST /x');
nothing_sent('POST /x');

for my $asset ('a', 'a.m3u8', 'out/v1/4d6b/index.m3u8', '.hidden', '...', 'a..b', 'a/') {
    is_redirect(get("$PATH/v1/master/a/c/$asset"), "/v1/master/a/c/$asset?aws.streamId=ID", "the asset $asset");
}

is_redirect(send_raw("GET $PATH$HLS HTTP/1.0\r\n\r\n"), "$HLS?aws.streamId=ID", 'HTTP/1.0 without a Host');
is_redirect(get("/session%2Dinitializer$HLS"), "$HLS?aws.streamId=ID", 'PATH with an escape');

done_testing;
