# Stream ids: 1 to N, with equal probability, and not the same sequence in another process.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial);

my $CALLS = 10_000;
my $BATCH = 200;

# Chi-square with N - 1 degrees of freedom is above these once in a million runs.
my %HIGHEST = (1 => 0, 3 => 27.64, 10 => 44.82);

# Returns the ids of that many redirects, requested in batches on one connection.
sub ids {
    my ($port, $vhost, $calls) = @_;
    my $connection = dial($port);
    my $request = "HEAD $PATH$HLS HTTP/1.1\r\nHost: $vhost.test\r\n\r\n";
    my @ids;
    while (@ids < $calls) {
        $connection->send($request x $BATCH);
        push @ids, map { stream_id_of($connection->answer('HEAD')) // 'none' } 1 .. $BATCH;
    }
    return @ids;
}

for my $case (['one', 1], ['plain', 3], ['ten', 10]) {
    my ($vhost, $n) = @$case;
    my %count;
    $count{$_}++ for ids(port, $vhost, $CALLS);
    is_deeply([sort { $a <=> $b } keys %count], [1 .. $n], "N = $n: the ids are 1 to $n, and each occurs");

    cmp_ok(chi_square(\%count, map { $_ => 1 } 1 .. $n), '<=', $HIGHEST{$n}, "N = $n: uniform over $CALLS calls")
        or diag(join ' ', map { "$_:$count{$_}" } sort { $a <=> $b } keys %count);
}

# A session's id is drawn in the same way.
stand_in->forget;
is_answer(post($PATH . $SESSION, '{}'), 200, 'a session') for 1 .. 60;
my $sessions = stand_in->summary->{sessions};
is_deeply([sort keys %$sessions], [1 .. 3], 'the ids of sessions are 1 to 3, and each occurs');
stand_in->forget;

# Children are forked at the same moment, before and after graceful restarts: no two draw the same ids, not even some
# time apart. A connection belongs to one child. The chance that any 12 of 10 ids repeat in the same order in all this
# is one in a hundred thousand.
my @many = threaded ? (StartServers => 4, ThreadsPerChild => 1, ServerLimit => 24, MaxRequestWorkers => 12,
    MinSpareThreads => 4, MaxSpareThreads => 12) : ();
unlink vars->{t_logs} . '/random/pids_log';
my $httpd = SessionInitializer::Httpd->start(name => 'random', limits => {@many}, config => <<'CONFIG');
StreamIdCount 10
LogFormat "%P" child
CustomLog "pids_log" child
CONFIG
my $request = "HEAD $PATH$HLS HTTP/1.1\r\nHost: x\r\n\r\n";
my (%seen, @again);
for my $generation (1 .. 3) {
    my @connections = map { dial($httpd->port)->send($request x $BATCH) } 1 .. 8;
    for my $connection (@connections) {
        my $series = join '', map { (stream_id_of($connection->answer('HEAD')) // 'none') % 10 } 1 .. $BATCH;
        $seen{substr $series, $_, 12}++ and push @again, substr $series, $_, 12 for 0 .. $BATCH - 12;
        $connection->close;
    }
    $httpd->graceful if $generation < 3;
}
$httpd->stop;
open my $log, '<', $httpd->directory . '/pids_log' or die "pids_log: $!\n";
my %children = map { $_ => 1 } <$log>;
cmp_ok(scalar(keys %children), '>=', 3 * 2, 'there were several children, three times');
is("@again", '', 'no child draws what another has drawn');

done_testing;
