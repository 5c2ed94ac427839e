# Real clients: curl follows the redirects, ffprobe plays what they lead to. httpd proxies /v1/ to the stand-in.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Curl qw(curl run);
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;

my $server = 'http://127.0.0.1:' . port;

# Returns the kinds of streams that ffprobe finds; ffprobe reads them to their end.
sub streams {
    my $url = shift;
    my ($exit, $text) = run(qw(ffprobe -v error -count_packets -of csv=p=0 -show_entries),
        'stream=codec_type,nb_read_packets', $url);
    is($exit, 0, 'ffprobe reads it') or diag($text);
    my %packets;
    /^(video|audio),(\d+)$/ and $packets{$1} = $2 for split /\n/, $text;
    return \%packets;
}

sub plays {
    my ($url, $name) = @_;
    my $packets = streams($url);
    is_deeply([sort keys %$packets], ['audio', 'video'], "$name: ffprobe finds picture and sound");
    cmp_ok($packets->{video} // 0, '>=', 300, "$name: 20 seconds of picture at least");
}

for my $case ([HLS => $HLS, qr/^#EXTM3U/, 1], [DASH => $DASH, qr/<MPD\b/, 2]) {
    my ($name, $url, $content, $redirects) = @$case;

    stand_in->forget;
    my $answer = curl('-L', '--max-redirs', $redirects, "$server$PATH$url?ads.a=1&aws.streamId=9");
    is($answer->{status}, 200, "$name: curl -L ends well");
    like($answer->{body}, $content, "$name: with the playlist");
    like($answer->{url}, qr{^\Q$server$url\E\?ads\.a=1&aws\.streamId=[1-3]}, "$name: on the same host, without PATH");
    my @sessions = stand_in->sessions;
    is(scalar @sessions, 1, "$name: one session");
    like($sessions[0]{streamId} // '', qr/^[1-3]$/, "$name: with a stream id from 1 to 3");

    stand_in->forget;
    plays("$server$PATH$url", $name);
    like((stand_in->sessions)[0]{streamId} // '', qr/^[1-3]$/, "$name: ffprobe's session has a stream id");
}

# A session is started by POST, and its manifestUrl is resolved against the origin, as players do.
for my $url ($SESSION, $SESSION =~ s/m3u8$/mpd/r) {
    stand_in->forget;
    my $answer = curl('-d', '{"adsParams":{"device":"smartphone"}}', $server . $PATH . $url);
    is($answer->{status}, 200, "$url: curl POSTs");
    my $urls = to_perl(parse_json($answer->{body}));
    my ($session) = stand_in->sessions;
    is($session->{kind}, 'explicit', "$url: an explicit session");
    like($session->{streamId}, qr/^[1-3]$/, "$url: with a stream id from 1 to 3");
    is($session->{body}{adsParams}{device}, 'smartphone', "$url: and with the parameters");
    plays($server . $urls->{manifestUrl}, "$url: manifestUrl");
    is(curl($server . $urls->{trackingUrl})->{status}, 200, "$url: trackingUrl");
}

# A player that resolves children against the URL before the redirect reaches them too.
stand_in->forget;
my $playlist = curl('-L', "$server$PATH$HLS")->{body};
my ($child) = $playlist =~ /^(?!#)(\S+)$/m;
my $lost = "$server$PATH" . $HLS =~ s{[^/]*$}{}r . $child;
my $answer = curl('-L', $lost);
is($answer->{status}, 200, "a child below PATH: $child");
like($answer->{body}, qr/^#EXTM3U/, 'a child below PATH: its playlist');
stand_in->forget;

done_testing;
