# The module and MediaTailor decide how long an answer may be cached, unless the operator's Header says otherwise.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;
my %answers = (
    'a redirect'           => [302, sub { get($PATH . $HLS, @_) }],
    'a HEAD'               => [302, sub { head_of($PATH . $HLS, @_) }],
    "a session's redirect" => [302, sub { get("$PATH$HLS?aws.sessionId=S", @_) }],
    "a child's redirect"   => [302, sub { get("$PATH/v1/tracking/a/c/s", @_) }],
    'a preflight'          => [204, sub { options($url, @_) }],
    'a session'            => [200, sub { post($url, '{}', @_) }],
    "an upstream's error"  => [503, sub { post($PATH . fault('status-503'), '{}', @_) }],
    'a 404'                => [404, sub { get("$PATH/x", @_) }],
    'a 405'                => [405, sub { request(PUT => $url, @_) }],
    'a 400'                => [400, sub { post($url, '{', @_) }],
);

for my $kind (sort keys %answers) {
    my ($status, $ask) = @{$answers{$kind}};
    for my $case (
        [plain => ['no-store'], 'without another module'],
        [expires => ['no-store'], 'with mod_expires'],
        ['header-elsewhere' => ['no-store'], 'with Header set for all but PATH'],
        ['header-set' => ['max-age=60'], 'with Header set'],
        ['header-always' => ['max-age=60', 'no-store'], 'with Header always set'],
        ['header-instead' => ['max-age=60'], 'with Header onsuccess unset and always set'],
    ) {
        my ($vhost, $expected, $name) = @$case;
        my $answer = $ask->(vhost => $vhost);
        is($answer->status, $status, "$kind $name: status");
        is_deeply([sort $answer->header('Cache-Control')], $expected, "$kind $name: Cache-Control");
        is_deeply([map { $answer->header($_) } qw(Expires Age Last-Modified ETag)], [],
            "$kind $name: no other validity");
    }
}

my $answer = post($PATH . fault('headers'), '{}');
my $expected = [$answer->header('Cache-Control')];
unlike("@$expected", qr/no-store/, "MediaTailor's own Cache-Control is another one");
$answer = post($PATH . fault('headers'), '{}', vhost => 'expires');
is_deeply([$answer->header('Cache-Control')], $expected,
    "MediaTailor's own Cache-Control with mod_expires stays alone");
is_deeply([$answer->header('Expires')], [], "MediaTailor's own Cache-Control with mod_expires: no Expires");

for my $form ('', '?json', '?metrics') {
    $answer = get("/status$form", vhost => 'expires');
    is($answer->status, 200, "the status $form with mod_expires: status");
    is_deeply([$answer->header('Cache-Control')], ['no-store'], "the status $form with mod_expires: Cache-Control");
    is_deeply([$answer->header('Expires')], [], "the status $form with mod_expires: no Expires");
}
like((get('/index.html', vhost => 'expires')->header('Cache-Control'))[0], qr/max-age=3600/, 'mod_expires does work');
is_deeply([get('/index.html', vhost => 'header-elsewhere')->header('Cache-Control')], ['max-age=60'],
    'Header set for all but PATH does work');
stand_in->forget;

done_testing;
