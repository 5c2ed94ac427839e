# A graceful restart loses no request, and a stop does not wait for ever.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use POSIX ();
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange);
use Time::HiRes qw(sleep time);

my $RESTARTS = 3;
my $CLIENTS = 4;

my $httpd = SessionInitializer::Httpd->start(name => 'graceful', config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
SessionInitializerTimeout 3s
CONFIG

# Clients that send one request after the other, each on a connection of its own, until they are told to end.
sub client {
    my ($writer, $number) = @_;
    my $running = 1;
    local $SIG{TERM} = sub { $running = 0 };
    my %count;
    while ($running) {
        my @request = $number % 2 ? (method => 'GET', target => $PATH . $HLS)
            : (method => 'POST', target => $PATH . fault('delay-50'), body => '{}');
        my $answer = eval { exchange(port => $httpd->port, host => 'x', @request) };
        my $result = $answer ? "$request[1] " . $answer->status : "$request[1] failed: $@" =~ s/\s+\z//r;
        $count{$result}++;
    }
    print $writer map { "$count{$_} $_\n" } sort keys %count;
    close $writer;
    POSIX::_exit(0);
}

my @clients;
for my $number (1 .. $CLIENTS) {
    pipe my $reader, my $writer or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    client($writer, $number) if $pid == 0;
    close $writer;
    push @clients, [$pid, $reader];
}

# A session that is under way when the restart comes is answered, by the child that ends.
for my $restart (1 .. $RESTARTS) {
    stand_in->forget;
    my $under_way = dial($httpd->port)->send(SessionInitializer::Wire::request_bytes(
        method => 'POST', target => $PATH . fault('delay-1000'), host => 'x', body => '{}'));
    eventually(sub { grep { $_->target =~ /delay-1000/ } stand_in->requests }) or diag('the session is not under way');
    $httpd->graceful;
    is_answer($under_way->answer, 200, "restart $restart: the session that was under way");
    is_answer(exchange(port => $httpd->port, host => 'x', method => 'POST', target => $PATH . $SESSION, body => '{}'),
        200, "restart $restart: a new session");
}

kill TERM => map { $_->[0] } @clients;
my %results;
for my $client (@clients) {
    my $reader = $client->[1];
    /^(\d+) (.*)$/ and $results{$2} += $1 while <$reader>;
    waitpid $client->[0], 0;
}
is_deeply([sort keys %results], ['GET 302', 'POST 200'], 'every request during the restarts is answered')
    or diag(join '', map { "$results{$_} $_\n" } sort keys %results);
cmp_ok($results{'GET 302'} // 0, '>', 20, 'there were redirects');
cmp_ok($results{'POST 200'} // 0, '>', 20, 'there were sessions');

# A stop, and a stop with calls under way.
ok(eventually(sub { $httpd->children <= (threaded ? 1 : 16) }), 'the old children are gone');
my $stalled = dial($httpd->port)->send(SessionInitializer::Wire::request_bytes(
    method => 'POST', target => $PATH . fault('stall'), host => 'x', body => '{}'));
eventually(sub { grep { $_->target =~ /stall/ } stand_in->requests });
my $pid = $httpd->pid;
my $started = time;
$httpd->stop;
ok(!kill(0, $pid), 'it stops with a call under way');
cmp_ok(time - $started, '<', 15, 'within bounds');
unlike($httpd->error_log, qr/exit signal|SIGKILL/, 'no child had to be killed');
stand_in->forget;

done_testing;
