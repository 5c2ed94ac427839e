# The module and httpd's other modules in one vhost: each handles its own requests.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

stand_in->forget;

# ProxyPass / gets everything except the module's URLs.
is_redirect(get($PATH . $HLS, vhost => 'proxy'), "$HLS?aws.streamId=ID",
    'ProxyPass /: the module answers a playback URL');
is_own_error(get("$PATH/x", vhost => 'proxy'), 404, 'not-found', 'ProxyPass /: the module answers 404 below PATH');
is(options($PATH . $SESSION, vhost => 'proxy')->status, 204, 'ProxyPass /: the module answers OPTIONS below PATH');
nothing_sent("ProxyPass /: the module's own answers");
is_answer(post($PATH . $SESSION, '{}', vhost => 'proxy'), 200, 'ProxyPass /: a session succeeds');
is(received->target, $SESSION, 'ProxyPass /: the module sends the session upstream');
is_answer(get($HLS, vhost => 'proxy'), 200, 'ProxyPass /: the playlist is proxied');
is(received->target, $HLS, 'ProxyPass /: the playlist comes from the proxy');
is(get("${PATH}foo", vhost => 'proxy')->status, 404, 'ProxyPass /: a path that only begins like PATH gets 404');
is(received->target, "${PATH}foo", 'ProxyPass /: a path that only begins like PATH is proxied');

# The same applies if mod_proxy maps before httpd decodes.
my %encoded = (vhost => 'proxy-encoded');
is_redirect(get($PATH . $HLS, %encoded), "$HLS?aws.streamId=ID", 'mapping=encoded: the module answers a playback URL');
is_redirect(get("/session%2Dinitializer$HLS", %encoded), "$HLS?aws.streamId=ID",
    'mapping=encoded: the module answers an escaped PATH');
is_own_error(get("$PATH/x", %encoded), 404, 'not-found', 'mapping=encoded: the module answers 404 below PATH');
nothing_sent("mapping=encoded: the module's own answers");
is_answer(post($PATH . $SESSION, '{}', %encoded), 200, 'mapping=encoded: a session succeeds');
is(received->target, $SESSION, 'mapping=encoded: the module sends the session upstream');
is_answer(get($HLS, %encoded), 200, 'mapping=encoded: the playlist is proxied');
is(received->target, $HLS, 'mapping=encoded: the playlist comes from the proxy');

# mod_rewrite runs first. If it rewrites to PATH, the rewritten URL counts.
my %rewrite = (vhost => 'rewrite');
is_redirect(get('/live/x.m3u8', %rewrite), '/v1/master/account/conf/x.m3u8?aws.streamId=ID',
    '[PT]: a vanity URL is redirected');
is_redirect(head_of('/live/x.m3u8?a=%2F&aws.streamId=9', %rewrite),
    '/v1/master/account/conf/x.m3u8?a=%2F&aws.streamId=ID', '[PT]: a vanity URL with a query is redirected');
is_redirect(get('/live/x.m3u8?aws.sessionId=S', %rewrite), '/v1/master/account/conf/x.m3u8?aws.sessionId=S',
    '[PT]: a vanity URL with a session is redirected');
is_redirect(get('/live/a%20b/%C3%A9.m3u8', %rewrite), '/v1/master/account/conf/a%20b/%c3%a9.m3u8?aws.streamId=ID',
    '[PT]: the path of a vanity URL is escaped again');
is(options('/start/x.m3u8', %rewrite)->status, 204, '[PT]: a preflight is answered');
nothing_sent('[PT]');
is_answer(post('/start/x.m3u8?ads.a=1', '{}', %rewrite), 200, '[PT]: a session succeeds');
my $request = received;
is($request->target, '/v1/session/account/conf/x.m3u8', '[PT]: the session URL');
is(sent_body($request), '{"adsParams":{"a":"1"}}', '[PT]: the body');
is_redirect(get('/session-initializer/v1/master/account/old/x.m3u8?a=%2F', %rewrite),
    '/v1/master/account/new/x.m3u8?a=%2F&aws.streamId=ID',
    '[PT]: a rewrite from below PATH to below PATH is redirected');
is_answer(post('/session-initializer/v1/session/account/old/x.m3u8', '{}', %rewrite), 200,
    '[PT]: a session rewritten from below PATH to below PATH succeeds');
is(received->target, '/v1/session/account/new/x.m3u8', '[PT]: a session goes to the rewritten path');
is_own_error(get('/away/x', %rewrite), 404, 'not-found', '[PT]: an unknown path below PATH gets 404');
for my $evil ('/live/%5Cx', '/away/%5C%5Cevil.example/v1/master/a/c/x', '/live/x%0D%0ASet-Cookie:%20a=b',
    '/live/%2e%2e/%2e%2e/x', '/away//evil.example/v1/master/a/c/x') {
    my $answer = get($evil, %rewrite);
    my $location = $answer->header('Location') // '/v1/';
    like($location, qr{^/v1/}, "[PT]: $evil leads nowhere else");
    unlike($location, qr{\\|%5c|%0[ad]|/\.\.?(?:/|$)}i, "[PT]: $evil passes no escape");
    is($answer->header('Set-Cookie'), undef, "[PT]: $evil sets nothing");
}

is_redirect(get($PATH . $HLS, %rewrite), "$HLS?aws.streamId=ID", 'mod_rewrite: a URL without a rule');
stand_in->forget;
is(get("$PATH/v1/master/account/direct/x", %rewrite)->header('Location'), undef, '[P]: the module does not redirect');
is(received->target, '/v1/segment/account/direct/s/x', '[P]: mod_rewrite proxies the request');
is(get("$PATH/v1/master/account/gone/x", %rewrite)->status, 410, '[G]: mod_rewrite answers 410');
is(get("$PATH/v1/master/account/moved/x", %rewrite)->header('Location'), 'https://moved.example/x',
    '[R]: mod_rewrite redirects');
nothing_sent('[G] and [R]');

# The module handles only requests from outside: no subrequest, no ErrorDocument.
my $answer = get('/include.shtml', vhost => 'ssi');
is_answer($answer, 200, 'SSI: status');
like($answer->body, qr{<p>before</p>.*an error occurred.*<p>after</p>}s,
    "SSI: an include of the module's URL includes nothing");
is_redirect(get($PATH . $HLS, vhost => 'ssi'), "$HLS?aws.streamId=ID",
    'SSI: the module answers a request from outside');
$answer = get('/missing', vhost => 'error-document-here');
is($answer->status, 404, 'ErrorDocument below PATH: status');
is_deeply([map { $answer->header($_) } qw(Location Access-Control-Allow-Origin)], [],
    'ErrorDocument below PATH: the module does not answer');
is(post('/missing', '{}', vhost => 'error-document-here')->status, 404, 'ErrorDocument below PATH: POST');

# SetHandler for everything does not change the module's answers.
is_redirect(get($PATH . $HLS, vhost => 'set-handler'), "$HLS?aws.streamId=ID", 'SetHandler: a redirect');
is_own_error(get("$PATH/x", vhost => 'set-handler'), 404, 'not-found', 'SetHandler: a 404');
is_answer(post($PATH . $SESSION, '{}', vhost => 'set-handler'), 200, 'SetHandler: a session');
like(get('/', vhost => 'set-handler')->body, qr/Server Status/i, 'SetHandler: serves the rest');

# <Location> controls access; there is no file, so <Directory> does not apply.
is(get($PATH . $HLS, vhost => 'require')->status, 403, 'Require all denied');
is(options($PATH . $HLS, vhost => 'require')->status, 403, 'Require all denied, OPTIONS');
is_redirect(get($PATH . $SESSION, vhost => 'require'), "$SESSION?aws.streamId=ID", 'Require ip');
stand_in->forget;
is(post($PATH . $HLS, '{}', vhost => 'require')->status, 403, 'Require all denied, POST');
nothing_sent('Require all denied');
is_redirect(get($PATH . $HLS, vhost => 'directory-denied'), "$HLS?aws.streamId=ID",
    'a denied <Directory />: a redirect');
is_answer(post($PATH . $SESSION, '{}', vhost => 'directory-denied'), 200, 'a denied <Directory />: a session');

# Alias would take the path; mod_headers adds to every answer.
for my $case ([302, get($PATH . $HLS, vhost => 'alias')], [200, post($PATH . $SESSION, '{}', vhost => 'alias')],
    [204, options($PATH . $HLS, vhost => 'alias')],
    [404, get("$PATH/x", vhost => 'alias')], [503, post($PATH . fault('status-503'), '{}', vhost => 'alias')]) {
    is($case->[1]->status, $case->[0], "Alias: the module answers $case->[0]");
    is_deeply([$case->[1]->header('X-Edge')], ['here'], "Header always set: $case->[0] has the header");
}
my $log = log_mark('error_log');
get($PATH . $HLS);
post($PATH . $SESSION, '{}');
get("$PATH/x");
unlike(logged('error_log', $log, qr/\z/), qr/AH0002\d|AH00030|Module bug/, 'httpd logs no fault of the module');
stand_in->forget;

done_testing;
