# A child process that is killed takes only its own calls with it: the other children continue, and its replacement
# begins with no call counted.
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
my $CALLS = threaded ? 4 : 2;    # at once, in both children together

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

# Starts as many calls as both children may have, two each if they are threaded; refused ones are tried again.
sub fill {
    my $name = shift;
    stand_in->forget;
    my (@calls, %of_child);
    for (1 .. 60) {
        my $call = begin();
        if (++$of_child{$call->[1]} > $CALLS / 2) {
            is_own_error($call->[0]->answer, 503, 'busy', "$name: a third call of a child is refused");
            next;
        }
        push @calls, $call;
        last if @calls == $CALLS;
    }
    ok(under_way(hold => $CALLS), "$name: $CALLS calls at once");
    return @calls;
}

ok(eventually(sub { $httpd->children == 2 }), 'there are two children');
my @calls = fill('at first');
my $victim = $calls[0][1];
$httpd->kill_child($victim);
stand_in->release;
for my $call (@calls) {
    my ($connection, $child) = @$call;
    my $answer = eval { $connection->answer };
    if ($child == $victim) {
        is($answer, undef, 'a call of the killed child is not answered');
        next;
    }
    is_answer($answer, 200, 'a call of the other child is answered');
    is_redirect(ask(target => $PATH . $HLS), "$HLS?aws.streamId=ID",
        'redirects are answered while one child is killed');
}
ok(eventually(sub { $httpd->children == 2 }), 'a new child replaces the killed one');
@calls = fill('after the replacement');
stand_in->release;
is_answer($_->[0]->answer, 200, 'after the replacement: each call is answered') for @calls;
is_answer(ask(method => 'POST', target => $PATH . $SESSION, body => '{}'), 200,
    'after the replacement: a session succeeds');
$httpd->stop;
stand_in->forget;

done_testing;
