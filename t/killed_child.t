# A child process that is killed takes its own calls with it and nothing else: the others serve on, and the one that
# takes its place begins with no call counted.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange request_bytes);

my %TWO_CHILDREN = threaded
    ? (StartServers => 2, ServerLimit => 2, ThreadsPerChild => 4, MaxRequestWorkers => 8, MinSpareThreads => 8)
    : (StartServers => 2, ServerLimit => 2, MaxRequestWorkers => 2, MinSpareServers => 1);
my $CALLS = threaded ? 4 : 2;    # at once, of both children

my $httpd = SessionInitializer::Httpd->start(name => 'killed', limits => \%TWO_CHILDREN, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
SessionInitializerTimeout 60s
SessionInitializerMaxConcurrent 2
CONFIG

sub ask { return exchange(port => $httpd->port, host => 'x', @_) }

# Sends a POST that is not answered yet; returns the connection and the child that has accepted it.
sub begin {
    my $connection = dial($httpd->port)->send(request_bytes(
        method => 'POST', target => $PATH . fault('hold'), host => 'x', body => '{}'));
    return [$connection, $httpd->child_of($connection)];
}

# As many calls as both children may have, two each where they are threaded; those refused are tried again.
sub fill {
    my $name = shift;
    stand_in->forget;
    my (@calls, %of_child);
    for (1 .. 60) {
        my $call = begin();
        if (++$of_child{$call->[1]} > $CALLS / 2) {
            is_own_error($call->[0]->answer, 503, 'busy', "$name: a child has no room for a third");
            next;
        }
        push @calls, $call;
        last if @calls == $CALLS;
    }
    ok(under_way(hold => $CALLS), "$name: $CALLS calls at once");
    return @calls;
}

ok(eventually(sub { $httpd->children == 2 }), 'two children');
my @calls = fill('at first');
my $victim = $calls[0][1];
$httpd->kill_child($victim);
stand_in->release;
for my $call (@calls) {
    my ($connection, $child) = @$call;
    my $answer = eval { $connection->answer };
    if ($child == $victim) {
        is($answer, undef, 'a call of the child that is killed goes with it');
        next;
    }
    is_answer($answer, 200, 'a call of the other child is answered');
    is_redirect(ask(target => $PATH . $HLS), "$HLS?aws.streamId=ID", 'a redirect');
}
ok(eventually(sub { $httpd->children == 2 }), 'another child takes its place');
@calls = fill('then');
stand_in->release;
is_answer($_->[0]->answer, 200, 'then: each is answered') for @calls;
is_answer(ask(method => 'POST', target => $PATH . $SESSION, body => '{}'), 200, 'a session');
$httpd->stop;
stand_in->forget;

done_testing;
