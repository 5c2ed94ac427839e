# An upstream that cannot be reached, does not speak HTTP, breaks off or takes too long.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;

# A failure: the answer to the player, and the one log line for the operator.
sub fails {
    my ($vhost, $target, $status, $slug, $stage, $name) = @_;
    my $mark = log_mark('error_log');
    my $answer = in_time(9, "$name: in bounded time", sub { post($target, '{}', vhost => $vhost) });
    stand_in->release;
    is_own_error($answer, $status, $slug, "$name: the answer");

    # The answer does not reveal the configuration, the log line has all details.
    my $message = eval { to_perl(parse_json($answer->body))->{message} } // '';
    unlike($message, qr/127\.0\.0\.1|localhost|invalid|\d{4}|\.test/,
        "$name: the message does not name the endpoint");
    failure_is_logged($mark, $vhost, $slug, $stage, $name);
    return if $target eq $url;
    is_answer(post($url, '{}', vhost => $vhost), 200, "$name: the next session succeeds");
}

fails('refused', $url, 502, 'upstream-unreachable', 'connect', 'refused');
fails('unresolved', $url, 502, 'upstream-unresolved', 'resolve', 'a name that does not resolve');
fails('blackhole', $url, 504, 'upstream-timeout', 'connect', 'no connection within SessionInitializerConnectTimeout');
fails('not-http', $url, 502, 'upstream-protocol', 'answer', 'TLS where HTTP is expected');
fails('impatient', $PATH . fault($_->[0]), 504, 'upstream-timeout', 'answer', $_->[1]) for (
    ['stall', 'no answer within SessionInitializerTimeout'],
    ['stall-during', 'no complete answer within SessionInitializerTimeout'],
    ['hold', 'a late answer'],
);
fails('plain', $PATH . fault($_->[0]), 502, 'upstream-protocol', 'answer', $_->[1]) for (
    ['reset-before', 'a reset in place of an answer'],
    ['reset-during', 'a reset during the answer'],
    ['truncated', 'less than Content-Length'],
    ['chunk-truncated', 'no last chunk'],
    ['garbage', 'not HTTP'],
    ['http2', 'HTTP/2 without being asked'],
    ['switching', '101 without being asked'],
    ['two-lengths', 'two lines of Content-Length that differ'],
    (map { ["length-$_", "a Content-Length that is not a number, $_"] } 0 .. 6),
);
fails('plain', $PATH . fault($_->[0]), 502, 'upstream-too-large', 'answer', $_->[1]) for (
    ['big-1048577', 'more than 1 MiB'],
    ['big-8000000', 'much more than 1 MiB'],
    ['big-chunked-1048577', 'more than 1 MiB, without a Content-Length'],
);

my $answer = post($url, '{}', vhost => 'no-endpoint');
is_own_error($answer, 503, 'no-endpoint', 'no endpoint');
is_redirect(get($PATH . $HLS, vhost => 'no-endpoint'), "$HLS?aws.streamId=ID", 'redirects need no endpoint');

# Unreasonably large heads do no harm, whether they pass or not.
for my $fault ('flood-headers', 'long-header') {
    my $status = post($PATH . fault($fault), '{}')->status;
    ok($status == 200 || $status == 502, "$fault is answered");
}

# The upstream closes a kept connection, with or without saying so: no player notices.
for my $fault ('close', 'close-silent', 'stale', 'stale-reset') {
    my @statuses = map { post($PATH . fault($fault), '{}')->status } 1 .. 10;
    is("@statuses", join(' ', (200) x 10), "$fault on a kept connection: ten sessions succeed");
}

is_answer(post($url, '{}'), 200, 'a session succeeds after all faults');
stand_in->forget;

done_testing;
