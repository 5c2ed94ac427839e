# The forwarding engine: how many calls run at once, which connections they use, and what happens if the upstream hangs.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::StandIn;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange request_bytes);

my $standin_port = stand_in->port;
my $url = $PATH . $SESSION;

sub start_httpd {
    my ($config, %options) = @_;
    return SessionInitializer::Httpd->start(name => 'engine', %options, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:$standin_port
SessionInitializerTimeout 60s
$config
CONFIG
}

sub ask {
    my ($httpd, $method, $target, @options) = @_;
    return exchange(port => $httpd->port, host => 'x', method => $method, target => $target, @options);
}

sub initialize { return ask($_[0], POST => $_[1] // $url, body => '{}') }

# Sends a POST and does not wait for its answer.
sub begin {
    my ($httpd, $target, $host) = @_;
    return dial($httpd->port)->send(request_bytes(method => 'POST', target => $target, host => $host // 'x',
        body => '{}'));
}

# Checks SessionInitializerMaxConcurrent and its default, over all vhosts. A worker of prefork makes one call at a time.
sub is_capped_at {
    my ($httpd, $cap, $name) = @_;
    stand_in->forget;
    my @calls = map { begin($httpd, $PATH . fault('hold'), $_ % 2 ? 'a.test' : 'b.test') } 1 .. $cap;
    ok(under_way(hold => $cap), "$name: $cap calls at once");

    my $answer = initialize($httpd);
    is_own_error($answer, 503, 'busy', "$name: one more call gets 503");
    is_deeply([$answer->header('Retry-After')], ['1'], "$name: one more call gets Retry-After");
    is_redirect(ask($httpd, GET => $PATH . $HLS), "$HLS?aws.streamId=ID", "$name: redirects are still answered");
    is(ask($httpd, OPTIONS => $url)->status, 204, "$name: preflights are still answered");

    stand_in->release;
    is_answer($_->answer, 200, "$name: a call that was under way is answered") for @calls;
    is(scalar(new_requests), $cap, "$name: the refused call did not go upstream");
    is_answer(initialize($httpd), 200, "$name: a slot is free again");
}

if (threaded) {
    my $vhosts = SessionInitializer::Httpd::vhosts(a => '', b => '');
    my $httpd = start_httpd("SessionInitializerMaxConcurrent 2\n$vhosts");
    is_capped_at($httpd, 2, 'SessionInitializerMaxConcurrent 2');
    $httpd->graceful;
    is_capped_at($httpd, 2, 'SessionInitializerMaxConcurrent 2 after a restart');
    $httpd->stop;

    $httpd = start_httpd($vhosts);    # of 8 threads
    is_capped_at($httpd, 6, 'three quarters of ThreadsPerChild');
    $httpd->stop;

    my %one_thread = (ThreadsPerChild => 1, MaxRequestWorkers => 1, MaxSpareThreads => 1);
    $httpd = start_httpd('', limits => \%one_thread);
    is_answer(initialize($httpd), 200, 'one thread: one call at once');
    $httpd->stop;
}

# Connections are kept: sequential calls need one, and a second burst needs no more than the first.
my $httpd = start_httpd('', one_child => 1);
stand_in->forget;
is_answer(initialize($httpd), 200, "call $_") for 1 .. 20;
my %connections = map { $_->connection => 1 } new_requests;
is(scalar(keys %connections), 1, '20 calls, one connection');

if (threaded) {
    for my $round (1 .. 2) {
        my @calls = map { begin($httpd, $PATH . fault('hold')) } 1 .. 6;
        ok(under_way(hold => 6), "burst $round: 6 calls at once");
        stand_in->release;
        is($_->answer->status, 200, "burst $round: a session succeeds") for @calls;
        $connections{$_->connection} = 1 for new_requests;
    }
    cmp_ok(scalar(keys %connections), '<=', 6, 'two bursts of 6 calls, 6 connections');
    is_answer(initialize($httpd), 200, 'a session after the bursts');
    ok(exists $connections{received->connection}, 'a session after the bursts uses one of their connections');
}

# A dead kept connection is replaced without the player noticing; nothing else is sent a second time.
for my $fault (qw(stale close-silent close)) {
    stand_in->forget;
    my @statuses = map { initialize($httpd, $PATH . fault($fault))->status } 1 .. 6;
    is("@statuses", '200 200 200 200 200 200', "$fault on a kept connection: every session succeeds");
}
initialize($httpd, $PATH . fault('close'));    # leaves no kept connection
$httpd->stop;
$httpd = start_httpd('', one_child => 1);
for my $fault ('reset-before', 'reset-during', 'truncated', 'garbage', 'status-503', 'status-500') {
    stand_in->forget;
    initialize($httpd, $PATH . fault($fault));
    is(scalar(new_requests), 1, "$fault on a new connection: sent once");
    initialize($httpd, $PATH . fault('close'));
}
$httpd->stop;

# The upstream is stopped, with connections kept to it: calls end at the time limit, and their workers are free again.
my $own = SessionInitializer::StandIn->start(vars, 'engine-stand-in');
$httpd = start_httpd("SessionInitializerEndpoint http://127.0.0.1:@{[$own->port]}\n" . SessionInitializer::Httpd::vhosts(
    patient => '', impatient => "SessionInitializerConnectTimeout 500ms\nSessionInitializerTimeout 700ms"));
is_answer(initialize($httpd), 200, 'a session before the upstream is stopped');
$own->signal('STOP');
for my $round (1 .. 2) {
    my @calls = map { begin($httpd, $url, 'impatient.test') } 1 .. 4;
    is_redirect(ask($httpd, GET => $PATH . $HLS), "$HLS?aws.streamId=ID",
        "upstream stopped, round $round: redirects are still answered");
    my $answers = in_time(30,
        "upstream stopped, round $round: the calls end by their time limit", sub { [map { $_->answer } @calls] });
    is_own_error($_, 504, 'upstream-timeout', "upstream stopped, round $round: a call gets 504") for @$answers;
}
$own->signal('CONT');
is_answer(initialize($httpd), 200, 'upstream continued: a session succeeds');

# The upstream restarts: the connections kept to it are dead.
my $port = $own->port;
$own->stop;
$own = SessionInitializer::StandIn->start(vars, 'engine-stand-in', $port);
is_answer(initialize($httpd), 200, "upstream restarted: session $_ succeeds") for 1 .. 5;

# The upstream is gone, and comes back.
$own->stop;
is_own_error(initialize($httpd), 502, 'upstream-unreachable', 'upstream gone: a session gets 502');
is_own_error(initialize($httpd), 502, 'upstream-unreachable', 'upstream still gone: a session gets 502');
$own = SessionInitializer::StandIn->start(vars, 'engine-stand-in', $port);
is_answer(initialize($httpd), 200, 'upstream back: a session succeeds');
$own->stop;
$httpd->stop;

# A player disconnects while it waits: its call ends with the response or at the time limit, and its slot is free again.
my $limit = 2 * patience;
$httpd = start_httpd("SessionInitializerMaxConcurrent 1\n"
    . SessionInitializer::Httpd::vhosts(patient => '', impatient => "SessionInitializerConnectTimeout ${limit}s\nSessionInitializerTimeout ${limit}s"), one_child => 1);
for my $case (['hold', 'patient.test'], ['stall', 'impatient.test']) {
    my ($fault, $host) = @$case;
    stand_in->forget;
    my $call = begin($httpd, $PATH . fault($fault), $host);
    ok(under_way($fault => 1), "$fault: a call is under way");
    is_own_error(initialize($httpd), 503, 'busy', "$fault: the one slot is taken") if threaded;
    $call->close;
    stand_in->release;
    ok(eventually(sub { initialize($httpd)->status == 200 }),
        "$fault: the slot is free again after the player disconnects");
}
unlike($httpd->error_log, qr/exit signal/, 'no child has crashed');
$httpd->stop;

# Programs that httpd starts inherit no more from a child that calls than from one that never does, and do not disturb
# its engine. The engine is a thread that exists before the first call, and only if there is an endpoint.
my %threads;
sub inherited_after {
    my ($endpoint, $calls) = @_;
    my $httpd = start_httpd(<<"CONFIG", all_modules => 1, one_child => 1);
SessionInitializerEndpoint $endpoint
Options ExecCGI FollowSymLinks
AddHandler cgi-script .pl
CONFIG
    my $script = $httpd->directory . '/descriptors.pl';
    SessionInitializer::Httpd::write_file($script, "#!$^X\n" . <<'SCRIPT');
print "Content-Type: text/plain\n\n";
for (glob '/proc/self/fd/*') {
    print "$1 " if (readlink() // '') =~ /(socket|eventfd|eventpoll)/;
}
SCRIPT
    chmod 0755, $script;
    $threads{$calls} = $httpd->threads;
    is_answer(initialize($httpd), 200, 'a session that opens a connection to keep') for 1 .. $calls;
    my $inherited = ask($httpd, GET => '/descriptors.pl');
    is_answer($inherited, 200, 'a CGI program runs');
    is_answer(initialize($httpd), 200, 'a session after a CGI program succeeds') if $calls;
    is($httpd->threads, $threads{$calls}, 'a CGI program leaves the number of threads unchanged');
    $httpd->stop;
    return $inherited->body;
}
is(inherited_after("http://127.0.0.1:$standin_port", 2), inherited_after('none', 0),
    "a CGI program inherits no descriptor of the module");
is($threads{2}, $threads{0} + (threaded ? 1 : 0), 'one engine thread; none without an endpoint, nor under prefork');
stand_in->forget;

done_testing;
