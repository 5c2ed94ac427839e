# The SESSION_INITIALIZER_* variables for LogFormat, and what the error log contains.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;

# Returns the trace of the one request that a piece of code sends.
sub trace_of {
    my $send = shift;
    my $mark = log_mark('traces_log');
    my $answer = $send->();
    my ($id, $action, $ms) = logged('traces_log', $mark, qr/\n\z/) =~ /id=(\S+) action=(\S+) ms=(\S+)$/;
    return ($answer, $id, $action, $ms);
}

sub is_trace {
    my ($send, $expected, $name) = @_;
    my ($answer, $id, $action, $ms) = trace_of($send);
    my $seen = join ' ', map { $_ // 'nothing' } $id, $action, $ms;
    like($seen, $expected, $name);
    return ($answer, $id);
}

my ($answer, $id) = is_trace(sub { get($PATH . $HLS) }, qr/^[1-3] redirect -$/, 'a redirect');
is($id, stream_id_of($answer), 'a redirect: the id is that of Location');
is_trace(sub { head_of($PATH . $DASH) }, qr/^[1-3] redirect -$/, 'HEAD');
is_trace(sub { get("$PATH$HLS?aws.sessionId=S") }, qr/^- redirect -$/, 'a session that exists: no id was drawn');
is_trace(sub { get("$PATH/v1/tracking/a/c/s") }, qr/^- redirect -$/, "a child's redirect: no id was drawn");
is_trace(sub { options($url) }, qr/^- preflight -$/, 'a preflight');

stand_in->forget;
($answer, $id) = is_trace(sub { post($url, '{}') }, qr/^[1-3] session \d+$/, 'a session');
is(received->body, qq({"streamId":"$id"}), 'a session: the id is that of the body');
is_trace(sub { post($PATH . fault("status-$_"), '{}') }, qr/^[1-3] session \d+$/, "the upstream's $_")
    for 400, 404, 503;
is_trace(sub { post($PATH . fault('odd-799'), '{}') }, qr/^[1-3] session \d+$/, "the upstream's 799");

my (undef, undef, undef, $ms) = trace_of(sub { post($PATH . fault('delay-300'), '{}') });
cmp_ok($ms, '>=', 300, 'the trace has the milliseconds of the call');

is_trace(sub { post($url, '{}', vhost => 'refused') }, qr/^[1-3] error \d+$/, 'an upstream that refuses');
is_trace(sub { post($PATH . fault('stall'), '{}', vhost => 'impatient') },
    qr/^[1-3] error (?:999|\d{4,})$/, 'an upstream that stalls');
is_trace(sub { post($url, '{}', vhost => 'no-endpoint') }, qr/^(?:-|[1-3]) error -$/, 'no endpoint: no call');
is_trace(sub { post($url, '{') }, qr/^(?:-|[1-3]) error -$/, 'no JSON');
is_trace(sub { request(PUT => $url) }, qr/^- error -$/, 'a 405');
is_trace(sub { get("$PATH/x") }, qr/^- error -$/, 'a 404');
is_trace(sub { get('/index.html') }, qr/^- - -$/, 'a request that the module does not handle has no variables');

# The log shows MediaTailor's status, or the module's own error.
for my $case (
    ['a redirect', '- -', sub { get($PATH . $HLS) }], ['a session', '200 -', sub { post($url, '{}') }],
    ["the upstream's 503", '503 -', sub { post($PATH . fault('status-503'), '{}') }],
    ["the upstream's 799", '799 -', sub { post($PATH . fault('odd-799'), '{}') }],
    ['an upstream that refuses', '- upstream-unreachable', sub { post($url, '{}', vhost => 'refused') }],
    ['no JSON', '- bad-json', sub { post($url, '{') }], ['a 404', '- not-found', sub { get("$PATH/x") }],
    ['a request that the module does not handle', '- -', sub { get('/index.html') }],
) {
    my ($name, $expected, $send) = @$case;
    my $mark = log_mark('traces_log');
    $send->();
    my ($status, $error) = logged('traces_log', $mark, qr/\n\z/) =~ /upstream=(\S+) error=(\S+) /;
    is("$status $error", $expected, "$name: the upstream's status and the error");
}

# Secrets of viewers stay out of the error log, whatever happens to their requests.
my $mark = log_mark('error_log');
for my $vhost (qw(plain refused impatient no-endpoint tls-wrong-name)) {
    post("$url?ads.token=SECRET1&tok=SECRET2&aws.unknown=SECRET3", '{"adsParams":{"a":"SECRET4"}}',
        vhost => $vhost, headers => [Cookie => 'SECRET5', Authorization => 'Bearer SECRET6']);
    post("$url?ads.token=SECRET1", '{"adsParams":{"a":"SECRET4"', vhost => $vhost);
    post("$url?ads.token=SECRET1%ff", '{}', vhost => $vhost);
    post("$url?ads.token=SECRET1", '{"adsParams":"SECRET4"}', vhost => $vhost);
    post($PATH . fault('stall') . '?ads.token=SECRET1', '{"a":"SECRET4"}', vhost => $vhost) if $vhost eq 'impatient';
    get("$PATH$HLS?ads.token=SECRET1", vhost => $vhost);
    get("$PATH/x?ads.token=SECRET1", vhost => $vhost);
}
post($url, '{}', vhost => 'refused');
my $log = logged('error_log', $mark, qr/refused\.test.*refused\.test.*/s);
like($log, qr/session_initializer:/, 'the error log reports failures');
unlike($log, qr/SECRET/, 'the error log has no query values, bodies or credentials');

# LogLevel session_initializer:debug logs each decision.
for my $case (
    ['a redirect', sub { get($PATH . $HLS, vhost => 'debug') }],
    ['a session', sub { post($url, '{}', vhost => 'debug') }],
    ['a preflight', sub { options($url, vhost => 'debug') }], ['a 404', sub { get("$PATH/x", vhost => 'debug') }],
) {
    my ($name, $send) = @$case;
    $mark = log_mark('error_log');
    $send->();
    like(logged('error_log', $mark, qr/session_initializer:debug/), qr/session_initializer:debug/,
        "LogLevel debug logs $name");
}
$mark = log_mark('error_log');
get($PATH . $HLS);
is(occurrences(logged('error_log', $mark, qr/\z/), qr/session_initializer:/), 0,
    'a redirect is not logged without LogLevel debug');
stand_in->forget;

done_testing;
