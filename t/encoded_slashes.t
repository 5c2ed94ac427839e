# An escaped slash in a path stays as it came, on every way to the module and for each value of AllowEncodedSlashes;
# what is refused is refused on every way.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $MASTER = '/v1/master/account/conf';

# Ways by which httpd passes the raw path of the request line to PATH.
my %RAW = (
    'PATH'                => "$PATH$MASTER",
    'a second slash'      => "/$PATH$MASTER",
    'three slashes'       => "//$PATH$MASTER",
    'an escaped prefix'   => "/session%2Dinitializer$MASTER",
    'a prefix all escapes' => '/' . join('', map { sprintf '%%%02x', ord } split //, substr $PATH, 1) . $MASTER,
    'both'                => "//%73ession-initializer$MASTER",
);
my %VHOST = (NoDecode => 'rewrite', On => 'rewrite-on', Off => 'rewrite-off');

sub is_refused {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($answer->status, 404, "$name: 404");
    is($answer->header('Location'), undef, "$name: no Location");
}

for my $value (sort keys %VHOST) {
    my %to = (vhost => $VHOST{$value});
    local $RAW{'the absolute form'} = "http://$VHOST{$value}.test/$PATH$MASTER";
    for my $way (sort keys %RAW) {
        for my $asset ('x%2Fy', 'x%2fy', 'x%252Fy', '%C3%A9%c3%a9', 'a%20b;c%7e~', '%25') {
            my $name = "AllowEncodedSlashes $value, by $way: $asset";
            my $answer = get("$RAW{$way}/$asset", %to);
            if ($value eq 'Off' && $asset =~ /%2f/i) {
                is($answer->status, 404, "$name is httpd's 404");
                next;
            }
            is_redirect($answer, "$MASTER/$asset?aws.streamId=ID", "$name stays as it is");
        }

        is_refused(get("$RAW{$way}/$_", %to), "AllowEncodedSlashes $value, by $way: $_")
            for 'x/../y', 'x/%2e%2e/y', 'x/%2E/y', '.', '%2e%2E', 'x%2F..%2Fy', 'x%2f%2e%2e%2fy', '..%2Fy', 'x%5Cy',
            'x\\y', 'x%0Ay', 'x%7F';
    }

    is_refused(get("$_$MASTER/x", %to), "AllowEncodedSlashes $value: a path that begins with $_")
        for "/.$PATH", "/%2e$PATH", "/x/..$PATH", "/x/%2e%2e$PATH", "//x/..$PATH", "$PATH/.", "$PATH/x/..", "$PATH/",
        "/$PATH/";
}

# After a rewrite only httpd's decoded path is left.
for my $case (
    [NoDecode => 'x%2Fy', 'x%2Fy'], [NoDecode => 'x%2fy', 'x%2fy'], [NoDecode => 'x%2F%2fy/z', 'x%2F%2fy/z'],
    [NoDecode => 'a%20b%2F%C3%A9', 'a%20b%2F%c3%a9'], [NoDecode => '%25%2F', '%25%2F'],
    [NoDecode => '%252G', '%252G'],
    [On => 'x%2Fy', 'x/y'], [On => 'x%252Fy', 'x%252Fy'], [On => 'x%2F%252fy', 'x/%252fy'],
    [Off => 'x%252Fy', 'x%252Fy'],
) {
    my ($value, $asset, $expected) = @$case;
    is_redirect(get("/live/$asset", vhost => $VHOST{$value}), "$MASTER/$expected?aws.streamId=ID",
        "AllowEncodedSlashes $value, by [PT]: $asset becomes $expected");
}
is_refused(get("/live/$_", vhost => 'rewrite'), "AllowEncodedSlashes NoDecode, by [PT]: $_")
    for 'x%2F..%2Fy', 'x%2F%2e%2e%2Fy', '..%2Fy', 'y%2F..', '%2F.', 'x%5Cy', 'x%2F%5cy', 'x%2F%0Ay';
is_own_error(get("/live/$_", vhost => 'rewrite'), 404, 'not-found',
    "AllowEncodedSlashes NoDecode, by [PT]: $_ could mean an escaped slash")
    for 'x%252Fy', 'x%252fy', 'x%2Fy%252Fz', 'x%25%32Fy', 'x%252F..%252Fy';
is(get('/live/x%2Fy', vhost => 'rewrite-off')->status, 404, 'AllowEncodedSlashes Off, by [PT]: x%2Fy is 404');

# The same applies to the path that goes upstream.
stand_in->forget;
for my $start ("/$PATH/v1/session/account/conf", '/session%2Dinitializer/v1/session/account/conf', '/start') {
    is_answer(post("$start/x%2Fy.m3u8", '{}', vhost => 'rewrite'), 200, "POST $start/x%2Fy.m3u8: a session");
    is(received->target, '/v1/session/account/conf/x%2Fy.m3u8', "POST $start/x%2Fy.m3u8: MediaTailor gets x%2Fy.m3u8");
    is(post("$start/x%2F..%2Fy", '{}', vhost => 'rewrite')->status, 404, "POST $start/x%2F..%2Fy: 404");
    nothing_sent("POST $start/x%2F..%2Fy");
}

done_testing;
