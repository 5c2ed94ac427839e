# Stream ids: 1 to N, each as likely as the others, and not the same ones in another process.
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

# The ids of that many redirects, asked for in batches on one connection.
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

    my $expected = $CALLS / $n;
    my $chi_square = 0;
    $chi_square += ($count{$_} - $expected)**2 / $expected for 1 .. $n;
    cmp_ok($chi_square, '<=', $HIGHEST{$n}, "N = $n: uniform over $CALLS calls")
        or diag(join ' ', map { "$_:$count{$_}" } sort { $a <=> $b } keys %count);
}

# A session's id is drawn in the same way.
stand_in->forget;
is_answer(post($PATH . $SESSION, '{}'), 200, 'a session') for 1 .. 60;
my $sessions = stand_in->summary->{sessions};
is_deeply([sort keys %$sessions], [1 .. 3], 'the ids of sessions are 1 to 3, and each occurs');
stand_in->forget;

# Each process draws anew.
my %series;
for my $start (1 .. 3) {
    my $httpd = SessionInitializer::Httpd->start(name => 'random', config => "StreamIdCount 10\n");
    $series{join ' ', ids($httpd->port, 'x', $BATCH)} = 1;
    $httpd->stop;
}
is(scalar(keys %series), 3, 'no two processes draw the same series');

done_testing;
