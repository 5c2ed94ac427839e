# GET and HEAD of a playback URL: 302 to the same URL with a stream id.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

stand_in->forget;

for my $url ($HLS, $DASH, $SESSION) {
    is_redirect(get($PATH . $url), "$url?aws.streamId=ID", "GET $url");
    is_redirect(head_of($PATH . $url), "$url?aws.streamId=ID", "HEAD $url");
}

my $head = head_of($PATH . $HLS);
my $get = get($PATH . $HLS);
is_deeply([sort grep { !/^content-length$/ } $head->header_names],
    [sort grep { !/^content-length$/ } $get->header_names],
    'HEAD has the headers of GET');

is(stream_id_of(get($PATH . $HLS, vhost => 'one')), 1, 'with StreamIdCount 1 the id is 1');
like(stream_id_of(get($PATH . $HLS, vhost => 'ten')), qr/^(?:[1-9]|10)$/, 'with StreamIdCount 10 it is from 1 to 10');

is_redirect(get($PATH . $HLS, vhost => 'base'), "https://play.example:8443$HLS?aws.streamId=ID",
    'SessionInitializerPlaybackBase');
is_redirect(get($PATH . $HLS,
    headers => ['X-Forwarded-Host' => 'evil.example', 'X-Forwarded-Proto' => 'ftp', Forwarded => 'host=evil.example']),
    "$HLS?aws.streamId=ID", 'no header has a say in Location');

# A redirect depends on the URL only: neither ranges nor validators nor a body change it.
is_redirect(get($PATH . $HLS, headers => [Range => 'bytes=0-1']), "$HLS?aws.streamId=ID", 'a Range');
is_redirect(get($PATH . $HLS,
    headers => ['If-None-Match' => '*', 'If-Modified-Since' => 'Sat, 01 Jan 2050 00:00:00 GMT']),
    "$HLS?aws.streamId=ID", 'a conditional GET');
is_redirect(get($PATH . $HLS, body => '{"streamId":"9"}'), "$HLS?aws.streamId=ID", 'a GET with a body');

nothing_sent('redirects');

# Path bytes come back unchanged.
for my $asset (
    'a%20b.m3u8', 'a%7Eb~.m3u8', 'a;v=1.m3u8', '%C3%A9t%c3%a9.m3u8', "it's(1),\@a:b\$!*+.m3u8", 'a%2Fb.m3u8',
    'a%2fb%2Fc', '%25.m3u8', 'a%3Fb%23c.m3u8',
    '%2f%2fevil.example', 'x' x 4000,
) {
    my $name = length $asset < 100 ? $asset : length($asset) . ' bytes';
    is_redirect(get("$PATH/v1/master/a/c/$asset"), "/v1/master/a/c/$asset?aws.streamId=ID", "the asset $name");
}

# If httpd is configured to decode %2F, the bytes and their meaning are the same.
is_redirect(get("$PATH/v1/master/a/c/x%2Fy.m3u8", vhost => 'decode'), '/v1/master/a/c/x%2Fy.m3u8?aws.streamId=ID',
    'AllowEncodedSlashes On');

done_testing;
