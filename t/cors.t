# CORS headers: every answer of the module has them once, and never with credentials.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;
my $EXPOSED = 'Retry-After, x-amzn-RequestId, x-amzn-ErrorType';

# Each kind of answer, in any vhost.
my %answers = (
    'a redirect'            => [302, sub { get($PATH . $HLS, @_) }],
    'a HEAD'                => [302, sub { head_of($PATH . $HLS, @_) }],
    "a child's redirect"    => [302, sub { get("$PATH/v1/tracking/a/c/s", @_) }],
    'a session'             => [200, sub { post($url, '{}', @_) }],
    "an upstream's error"   => [503, sub { post($PATH . fault('status-503'), '{}', @_) }],
    'an upstream with CORS' => [200, sub { post($PATH . fault('headers'), '{}', @_) }],
    'a preflight'           => [204, sub { options($url, @_) }],
    'a 404'                 => [404, sub { get("$PATH/x", @_) }],
    'a 405'                 => [405, sub { request(PUT => $url, @_) }],
    'a 400'                 => [400, sub { post($url, '{', @_) }],
    'a 415'                 => [415,
        sub { post($url, '{}', @_, headers => [@{{@_}->{headers} // []}, 'Content-Encoding' => 'gzip']) }],
);

sub cors_of {
    my $answer = shift;
    return join '|', (map { "Origin=$_" } $answer->header('Access-Control-Allow-Origin')),
        map { "Credentials=$_" } $answer->header('Access-Control-Allow-Credentials');
}

for my $kind (sort keys %answers) {
    my ($status, $ask) = @{$answers{$kind}};
    for my $origin (undef, 'https://page.example', 'null') {
        my $answer = $ask->(headers => [defined $origin ? (Origin => $origin) : ()]);
        my $name = "*: $kind for " . ($origin // 'no origin');
        is($answer->status, $status, "$name: status");
        is(cors_of($answer), 'Origin=*', $name);
        is_deeply([$answer->header('Access-Control-Expose-Headers')], [$EXPOSED], "$name: exposed headers");
    }

    for my $case (
        ['https://a.example', 'Origin=https://a.example'], ['https://b.example:8443', 'Origin=https://b.example:8443'],
        [undef, ''], ['https://c.example', ''], ['http://a.example', ''], ['https://a.example:8443', ''],
        ['https://b.example', ''],
        ['https://a.example.evil.example', ''], ['https://xa.example', ''], ['null', ''], ['*', ''],
        ['https://a.example https://b.example:8443', ''],
    ) {
        my ($origin, $expected) = @$case;
        my $answer = $ask->(vhost => 'origins', headers => [defined $origin ? (Origin => $origin) : ()]);
        my $name = "a list: $kind for " . ($origin // 'no origin');
        is($answer->status, $status, "$name: status");
        is(cors_of($answer), $expected, $name);
        is(scalar(grep { /^origin$/i } map { split /\s*,\s*/ } $answer->header('Vary')), 1, "$name: Vary");
    }

    for my $case (
        ['file://', 'Origin=file://'], ['capacitor://localhost', 'Origin=capacitor://localhost'], ['null', 'Origin=null'],
        ['file:///', ''], ['file://localhost', ''], ['ionic://localhost', ''], ['Null', ''], ['NULL', ''], [undef, ''],
    ) {
        my ($origin, $expected) = @$case;
        my $answer = $ask->(vhost => 'app-origins', headers => [defined $origin ? (Origin => $origin) : ()]);
        my $name = "origins of apps: $kind for " . ($origin // 'no origin');
        is($answer->status, $status, "$name: status");
        is(cors_of($answer), $expected, $name);
        is(scalar(grep { /^origin$/i } map { split /\s*,\s*/ } $answer->header('Vary')), 1, "$name: Vary");
    }

    my $answer = $ask->(vhost => 'no-cors', headers => [Origin => 'https://page.example']);
    is(cors_of($answer), '', "none: $kind");
    $answer = $ask->(vhost => 'headers-cors', headers => [Origin => 'https://page.example']);
    is(cors_of($answer), 'Origin=https://mine.example', "none and mod_headers: $kind");
}

for my $kind ('a redirect', 'a session', 'a 404', 'an upstream with CORS') {
    my $answer = $answers{$kind}[1]->(vhost => 'no-cors', headers => [Origin => 'https://page.example']);
    is_deeply([grep { /^access-control-/ } $answer->header_names], [], "none: $kind has no CORS header at all");
}
is_deeply([grep { /origin/i } get($PATH . $HLS, headers => [Origin => 'https://page.example'])->header('Vary')], [],
    '*: nothing varies');
stand_in->forget;

done_testing;
