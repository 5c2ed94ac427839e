# An upstream that cannot be reached, does not speak HTTP, breaks off or takes too long.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;
use Time::HiRes qw(time);

my $url = $PATH . $SESSION;

sub fails {
    my ($vhost, $target, $status, $slug, $name) = @_;
    my $mark = log_mark('error_log');
    my $started = time;
    my $answer = post($target, '{}', vhost => $vhost);
    cmp_ok(time - $started, '<', 9, "$name: in bounded time");
    is_own_error($answer, $status, $slug, "$name: the answer");

    # The viewer reads nothing of the configuration, the operator everything.
    my $message = eval { to_perl(parse_json($answer->body))->{message} } // '';
    unlike($message, qr/127\.0\.0\.1|localhost|invalid|\d{4}|\.test/,
        "$name: the message tells nothing of the endpoint");
    my $log = logged('error_log', $mark, qr/\bsession_initializer:/);
    like($log, qr/session_initializer:\w+\].*\Q$vhost.test\E/, "$name: the log names the vhost");
    like($log, qr/session_initializer:\w+\].*(?:\bms=\d+|\d ?ms\b)/, "$name: the log tells the milliseconds");
}

fails('refused', $url, 502, 'upstream-unreachable', 'refused');
fails('unresolved', $url, 502, 'upstream-unresolved', 'a name that does not resolve');
fails('blackhole', $url, 504, 'upstream-timeout', 'no connection within SessionInitializerConnectTimeout');
fails('not-http', $url, 502, 'upstream-protocol', 'TLS where HTTP is expected');
fails('impatient', $PATH . fault('stall'), 504, 'upstream-timeout', 'no answer within SessionInitializerTimeout');
fails('impatient', $PATH . fault('stall-amid'), 504, 'upstream-timeout',
    'no whole answer within SessionInitializerTimeout');
fails('impatient', $PATH . fault('delay-3000'), 504, 'upstream-timeout', 'a late answer');
fails('plain', $PATH . fault('reset-before'), 502, 'upstream-protocol', 'a reset in place of an answer');
fails('plain', $PATH . fault('reset-amid'), 502, 'upstream-protocol', 'a reset amid the answer');
fails('plain', $PATH . fault('truncated'), 502, 'upstream-protocol', 'less than Content-Length');
fails('plain', $PATH . fault('chunk-truncated'), 502, 'upstream-protocol', 'no last chunk');
fails('plain', $PATH . fault('garbage'), 502, 'upstream-protocol', 'not HTTP');
fails('plain', $PATH . fault('http2'), 502, 'upstream-protocol', 'HTTP/2 unasked');
fails('plain', $PATH . fault('big-1048577'), 502, 'upstream-too-large', 'more than 1 MiB');
fails('plain', $PATH . fault('big-8000000'), 502, 'upstream-too-large', 'much more than 1 MiB');

my $answer = post($url, '{}', vhost => 'no-endpoint');
is_own_error($answer, 503, 'no-endpoint', 'no endpoint');
is_redirect(get($PATH . $HLS, vhost => 'no-endpoint'), "$HLS?aws.streamId=ID", 'redirects need no endpoint');

# Heads beyond reason do no harm, whether they pass or not.
for my $fault ('flood-headers', 'long-header') {
    my $status = post($PATH . fault($fault), '{}')->status;
    ok($status == 200 || $status == 502, "$fault is answered");
}

# The upstream closes a kept connection, saying so or not: no viewer notices.
for my $fault ('close', 'close-silent', 'stale') {
    my @statuses = map { post($PATH . fault($fault), '{}')->status } 1 .. 10;
    is("@statuses", '200 ' x 9 . '200', "$fault, ten times");
}

is_answer(post($url, '{}'), 200, 'all is well after all that');
stand_in->forget;

done_testing;
