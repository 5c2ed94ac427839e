# OPTIONS: what browsers ask before a JSON POST.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my @asked = (Origin => 'https://page.example', 'Access-Control-Request-Method' => 'POST');
stand_in->forget;

sub listed { return join ',', sort map { lc } split /\s*,\s*/, $_[0] // '' }

for my $url ($HLS, $DASH, $SESSION) {
    for my $headers ([@asked, 'Access-Control-Request-Headers' => 'content-type'], [@asked], []) {
        my $name = "$url, " . (@$headers / 2) . ' headers';
        my $answer = options($PATH . $url, headers => $headers);
        is($answer->status, 204, "$name: status");
        is_deeply([map { listed($_) } $answer->header('Access-Control-Allow-Methods')], ['get,head,options,post'],
            "$name: methods");
        is_deeply([map { listed($_) } $answer->header('Access-Control-Allow-Headers')], ['content-type'],
            "$name: headers");
        is_deeply([$answer->header('Access-Control-Max-Age')], ['86400'], "$name: for a day");
        is_deeply([$answer->header('Access-Control-Allow-Origin')], ['*'], "$name: origin");
        is_deeply([$answer->header('Access-Control-Allow-Credentials')], [], "$name: no credentials");
        is_deeply([$answer->header('Vary')], ['Access-Control-Request-Headers'],
            "$name: varies by the requested headers");
        is_deeply([$answer->header('Cache-Control')], ['no-store'], "$name: not to be stored");
        is_deeply([$answer->header('Location')], [], "$name: no redirect");
        is_deeply([$answer->header('Content-Length')], [], "$name: no length");
    }
}

my $answer = options($PATH . $SESSION,
    headers => [@asked, 'Access-Control-Request-Headers' => 'content-type, X-Player,x-y']);
is(listed($answer->header('Access-Control-Allow-Headers')), 'content-type,x-player,x-y',
    'the requested headers are allowed');

$answer = options($PATH . $SESSION, vhost => 'origins', headers => [Origin => 'https://b.example:8443', @asked[2, 3]]);
is_deeply([$answer->header('Access-Control-Allow-Origin')], ['https://b.example:8443'],
    'a list of origins: the one that matches');
$answer = options($PATH . $SESSION, vhost => 'origins', headers => [@asked]);
is($answer->status, 204, 'a list of origins, none matches: status');
is_deeply([$answer->header('Access-Control-Allow-Origin')], [], 'a list of origins, none matches: no permission');
for my $origin (undef, 'https://a.example', 'https://page.example') {
    $answer = options($PATH . $SESSION, vhost => 'origins', headers => [defined $origin ? (Origin => $origin) : ()]);
    is(listed(join ',', $answer->header('Vary')), 'access-control-request-headers,origin',
        'a list of origins: varies by both for ' . ($origin // 'no origin'));
}
$answer = options($PATH . $SESSION, vhost => 'no-cors', headers => [@asked]);
is_deeply([$answer->header('Vary')], [], 'no CORS headers: nothing varies');
is_deeply([$answer->header('Cache-Control')], ['no-store'], 'no CORS headers: not to be stored');

my $request = "OPTIONS $PATH$SESSION HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n";
my $bytes = connection->send($request)->rest;
like($bytes, qr/\r\n\r\n\z/, 'a preflight has no body');
is(options("$PATH/x")->status, 404, 'an unknown path has no preflight');
nothing_sent('preflights');

done_testing;
