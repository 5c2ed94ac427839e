# A thousand requests of every kind, failures included, leave a child with the memory and descriptors that it had.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial request_bytes);

my $ROUND = 98;
my $KILOBYTES = 128;    # allowed growth in a thousand requests

my $httpd = SessionInitializer::Httpd->start(name => 'growth', one_child => 1, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
SessionInitializerMaxBody 1000
CONFIG

my @kinds = (
    [GET => $HLS . '?aws.streamId=7&x=%41', 302], [OPTIONS => $SESSION, 204], [GET => '/v2/nothing', 404],
    [POST => $SESSION . '?ads.a=b&x=y', 200, '{"adsParams":{"n":1.10}}'], [POST => $SESSION, 200, ''],
    [POST => $SESSION, 400, '{"a":}'],
    [POST => fault('status-503'), 503, '{}'], [POST => fault('chunked'), 200, '{}'],
    [POST => fault('close'), 200, '{}'], [POST => fault('stale'), 200, '{}'],
    [POST => fault('reset-before'), 502, '{}'], [POST => fault('truncated'), 502, '{}'],
    [POST => fault('garbage'), 502, '{}'], [POST => fault('big-1048577'), 502, '{}'],
);

# Keeps connections as long as httpd does; returns the answers that are wrong.
sub play_round {
    my ($connection, %wrong);
    for my $n (0 .. $ROUND - 1) {
        my ($method, $target, $status, $body) = @{$kinds[$n % @kinds]};
        $connection //= dial($httpd->port);
        my $answer = $connection->send(request_bytes(method => $method, target => $PATH . $target, host => 'x',
            body => $body, keep_alive => 1))->answer($method);
        $wrong{"$method $target: " . $answer->status}++ if $answer->status != $status;
        undef $connection if ($answer->header('Connection') // '') eq 'close';
    }
    return \%wrong;
}

sub held {
    my ($child) = $httpd->children;
    open my $status, '<', "/proc/$child/status" or die "/proc/$child/status: $!\n";
    my ($rss) = map { /^VmRSS:\s+(\d+) kB/ ? $1 : () } <$status>;
    my @descriptors = glob "/proc/$child/fd/*";
    return ($rss, scalar @descriptors);
}

is_deeply(play_round(), {}, "warm-up round $_: each request gets the expected answer") for 1 .. 5;
my ($rss, $descriptors) = held;
is_deeply(play_round(), {}, "round $_: each request gets the expected answer") for 1 .. 10;
ok(eventually(sub { (held)[1] <= $descriptors }),
    'after 10 rounds: no more descriptors') or diag((held)[1] . " of $descriptors");
cmp_ok((held)[0], '<=', $rss + $KILOBYTES, 'after 10 rounds: no more memory');
$httpd->stop;
stand_in->forget;

done_testing;
