# The faults of the Lambda@Edge micro-service that this module replaces, each with the behaviour of the module.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;

# 1-5: redirects.
my $answer = get($PATH . $HLS, headers => ['X-Forwarded-Proto' => 'http'], vhost => 'viewers-own-domain');
is_redirect($answer, "$HLS?aws.streamId=ID", 'row 1: the player stays on the host of its request');
is_redirect(get("$PATH$HLS?aws.streamId=9&x=1"), "$HLS?x=1&aws.streamId=ID", 'row 2: one stream id, not two');
is_redirect(get("$PATH$HLS?aws.sessionId=S&x=1"), "$HLS?aws.sessionId=S&x=1",
    'row 3: a session that exists gets no stream id');
$answer = get($PATH . $HLS, headers => [Origin => 'https://page.example']);
is($answer->header('Access-Control-Allow-Origin'), '*', 'row 4: a redirect has CORS headers');
is($answer->header('Cache-Control'), 'no-store', 'row 4: a redirect is not to be stored');
is_redirect(head_of($PATH . $HLS), "$HLS?aws.streamId=ID", 'row 5: HEAD is like GET');
$answer = options($url, headers => [Origin => 'https://page.example', 'Access-Control-Request-Method' => 'POST',
    'Access-Control-Request-Headers' => 'content-type']);
is($answer->status, 204, 'row 5: OPTIONS is answered');
like($answer->header('Access-Control-Allow-Methods'), qr/\bPOST\b/, 'row 5: OPTIONS allows a browser to POST');
like($answer->header('Access-Control-Allow-Headers'), qr/content-type/i,
    'row 5: OPTIONS allows a browser to POST JSON');
$answer = request(DELETE => $url);
is($answer->status, 405, 'row 5: other methods are not allowed');
like($answer->header('Allow') // '', qr/\bPOST\b/, 'row 5: Allow lists the allowed methods');

# 6-11: bodies.
is_sent(undef, '', '{}', undef, 'row 6: an empty body means {}');
stand_in->forget;
is_answer(request(POST => $url), 200, 'row 7: a missing body means {}');
is(sent_body(received), '{}', 'row 7: a missing body starts a session');
is_own_error(post($url, "{'streamId':'x'}"), 400, 'bad-json', 'row 8: a body that is not JSON is refused');
is_own_error(post($url, $_), 400, 'bad-json',
    "row 9: $_ is refused, because it is not an object") for '[]', '"x"', '1', 'null';
is_sent(undef, "{\"a\":\"\xc3\xa9\"}", '{"a":"\u00e9"}', undef, 'row 10: a body arrives in its own encoding');
stand_in->forget;
is_own_error(post($url, '{"a":"' . 'x' x 1_048_576 . '"}'), 413, 'body-too-large', 'row 11: a large body is refused');
nothing_sent('row 11: a large body');

# 12-25: the query.
is_sent('ads.p=v%3A1&ads.x+y=1', '{}', '{"adsParams":{"p":"v:1","x+y":"1"}}', undef,
    'row 12: decoded once, not encoded again');
is_sent('aws.availSuppressionValue=00%3A00%3A21', '{}', '{"availSuppression":{"value":"00:00:21"}}', undef,
    'row 13: a time stays a time');
is_sent('aws.availSuppressionFillPolicy=FULL_AVAIL_ONLY', '{}',
    '{"availSuppression":{"fillPolicy":"FULL_AVAIL_ONLY"}}', undef, 'row 14: fillPolicy');
is_sent('aws.availSuppressionMode=BEHIND_LIVE_EDGE', '{}', '{"availSuppression":{"mode":"BEHIND_LIVE_EDGE"}}', undef,
    'row 15: only the given member is set');
is_sent('aws.availSuppressionValue=00:00:05', '{"availSuppression":{"mode":"AFTER_LIVE_EDGE","value":"00:00:21"}}',
    '{"availSuppression":{"mode":"AFTER_LIVE_EDGE","value":"00:00:05"}}', undef,
    'row 16: the query overrides single members');
is_sent('adserver=z', '{}', '{"playerParams":{"adserver":"z"}}', 'adserver=z',
    'row 17: adserver is not in the family ads.');
is_sent('aws.logMode=DEBUG&aws.reportingMode=SERVER', '{}', '{"logMode":"DEBUG","reportingMode":"SERVER"}', undef,
    'row 18: service variables are top-level members');
is_sent('manifest.t=1', '{}', '{"manifestParams":{"t":"1"}}', undef, 'row 19: manifestParams');
is_sent('tok=a%2Fb', '{}', '{"playerParams":{"tok":"a/b"}}', 'tok=a%2Fb',
    'row 20: other parameters are decoded in playerParams, and unchanged in the query');
is_sent('ads.a=1&tok=2&aws.preroll=enabled&manifest.b=3', '{}',
    '{"adsParams":{"a":"1"},"playerParams":{"tok":"2"},"preroll":"enabled","manifestParams":{"b":"3"}}', 'tok=2',
    'row 21: each family occurs once');
is_sent(undef, '{}', '{}', undef, 'row 22: no question mark without a query');
is_sent('ads.flag&', '{}', '{"adsParams":{"flag":""}}', undef, 'row 23: a name alone, an empty item');
is_sent('ads.kv=a=b', '{}', '{"adsParams":{"kv":"a=b"}}', undef, 'row 24: a value with =');
is_own_error(post("$url?ads.a=1", '{"adsParams":[]}'), 400, 'bad-container',
    'row 25: adsParams that is not an object is refused');
stand_in->forget;

# 26-29: what goes upstream, and where.
is_answer(send_raw("POST $url HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"), 200,
    'row 26: no X-Forwarded-For, User-Agent or Host');
is(sent_body(received), '{}', 'row 26: a request without those headers starts a session');
my %headers = (Referer => 'https://page.example/', 'Accept-Language' => 'de', 'X-Device-User-Agent' => 'TV',
    'User-Agent' => 'Player');
post($url, '{}', headers => [%headers]);
my $request = received;
is($request->header($_), $headers{$_}, "row 27: $_ goes upstream") for sort keys %headers;
is($request->header('Content-Type'), 'application/json', 'row 27: the request upstream has a Content-Type');
is($request->target, $SESSION, "row 28: the session goes to MediaTailor's own path");
is($request->header('X-Forwarded-For'), '127.0.0.1', 'row 28: X-Forwarded-For has no further hop');
post($url, '{}', vhost => 'remoteip', headers => ['X-Forwarded-For' => '203.0.113.7']);
is(received->header('X-Forwarded-For'), '203.0.113.7', "row 29: X-Forwarded-For is the player's address");

# 30-34: the answer.
for my $status (201, 400, 403, 429, 503, 504) {
    $answer = post($PATH . fault("status-$status"), '{}');
    is($answer->status, $status, "row 30: $status is passed back");
    like($answer->body, qr/^\{"message":/, "row 30: $status with its body");
}
$answer = post($PATH . fault('redirect-302'), '{}');
is($answer->status, 302, 'row 30: 302 is passed back');
$answer = post($PATH . fault('headers'), '{}');
like($answer->header($_) // '', qr/./, "row 31: $_ is passed back") for qw(x-amzn-RequestId Retry-After Cache-Control);
is(post($PATH . fault('no-type'), '{}')->header('Content-Type'), undef, 'row 31: a Content-Type is not invented');
is(post($url, '{}')->reason, 'OK', 'row 32: the reason phrase of success');
is_sent(undef, '{"streamId":"9"}', '{}', undef, "row 33: the player's stream id is overwritten");
stand_in->forget;
is_answer(post($url, '{}'), 200, 'row 34: a call') for 1 .. 40;
cmp_ok(stand_in->summary->{connections}, '<=', 16, 'row 34: connections are used again');
is_own_error(post($PATH . fault('stall'), '{}', vhost => 'impatient'), 504, 'upstream-timeout',
    'row 34: time is bounded');
stand_in->forget;

# 35-36: paths.
is_own_error(post("$PATH/x", '{}'), 404, 'not-found', 'row 35: an unknown path gets 404');
is(get("/anything$HLS")->status, 404, 'row 36: another first segment is not the module\'s');
is(get("/session-initializer2$HLS")->header('Location'), undef, 'row 36: a longer first segment is not the module\'s');
nothing_sent('row 35');

# 37: logs.
my $mark = log_mark('error_log');
post("$url?ads.deviceid=PRIVATE", '{"adsParams":{"ip":"PRIVATE"}}', vhost => $_) for qw(plain refused);
unlike(logged('error_log', $mark, qr/refused\.test/), qr/PRIVATE/, 'row 37: no body and no query value is logged');
$mark = log_mark('traces_log');
my $id = stream_id_of(get($PATH . $HLS));
like(logged('traces_log', $mark, qr/redirect/), qr/id=$id action=redirect/, 'row 37: the stream id is logged');

# 38-39: nothing is left of the runtime; the setting has the documented name and range.
my (undef, $modules) = SessionInitializer::Httpd::run_httpd('-M', '-d', vars->{serverroot}, '-f', vars->{t_conf_file});
like($modules, qr/^ session_initializer_module \(shared\)$/m, 'row 38: a module of httpd in place of a runtime');
for my $case ([0, 0], [1, 1], [10, 1], [11, 0]) {
    my ($n, $good) = @$case;
    my ($ok) = SessionInitializer::Httpd::configtest("StreamIdCount $n");
    is($ok ? 1 : 0, $good, "row 39: StreamIdCount $n is " . ($good ? 'good' : 'out of range'));
}

done_testing;
