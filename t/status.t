# The counters are exact over child processes, graceful restarts and a child that was killed, in each output format.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange request_bytes);

my %limits = threaded ? (StartServers => 3, ServerLimit => 8, ThreadsPerChild => 4, MaxRequestWorkers => 32,
    MinSpareThreads => 12, MaxSpareThreads => 32) : ();

my $httpd = SessionInitializer::Httpd->start(name => 'status', limits => \%limits, all_modules => 1,
    config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
SessionInitializerTimeout 60s
ExtendedStatus Off
<Location /session-initializer-status>
    SetHandler session-initializer-status
</Location>
<Location /server-status>
    SetHandler server-status
</Location>
<VirtualHost 127.0.0.1:PORT>
    ServerName a.test
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName b.test
    StreamIdCount 2
    SessionInitializerEndpoint none
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName off.test
    StreamIdCount Off
</VirtualHost>
CONFIG

sub ask {
    my ($method, $target, %options) = @_;
    return exchange(port => $httpd->port, host => 'a.test', method => $method, target => $target, %options);
}

sub initialize { return ask(POST => $_[0] // $PATH . $SESSION, body => '{}') }

sub status { return to_perl(parse_json(ask(GET => '/session-initializer-status?json')->body)) }

sub server {
    my ($name) = @_;
    my ($server) = grep { $_->{name} eq "$name:" . $httpd->port } @{status()->{servers}};
    return $server;
}

# ---- A response has a length.

for my $form ('', '?json', '?metrics') {
    my $answer = ask(GET => "/session-initializer-status$form");
    is($answer->header('Content-Length'), length $answer->body, "status$form: Content-Length");
}

# ---- Every error in the manual has a counter of its own.

open my $manual, '<', vars()->{sources} . "/docs/mod_session_initializer.md" or die "the manual: $!\n";
my @errors = map { /^\| \d+ \| `([a-z-]+)` \|/ ? $1 : () } <$manual>;
cmp_ok(scalar @errors, '>', 15, 'the manual names its errors');
is_deeply([sort keys %{server('a.test')->{errors}}], [sort @errors],
    'each error of the manual is counted, and no other');

sub sum { my $sum = 0; $sum += $_ for @_; return $sum }
sub happened { my $counts = shift; return { map { $_ => $counts->{$_} } grep { $counts->{$_} > 0 } keys %$counts } }
sub in_flight_is {
    my ($count, $name) = @_;
    # A child that is killed may have taken this request too.
    ok(eventually(sub { eval { server('a.test')->{upstream}{in_flight} == $count } }), $name);
}

# ---- Exact over children: the counters match the answers.

my (%redirects, %sessions, $kept);
sub some_requests {
    stand_in->forget;
    my %connections;
    for (1 .. 40) {
        $redirects{stream_id_of(ask(GET => $PATH . $HLS))}++;
        is(initialize()->status, 200, 'a session');
        my $request = received;
        $sessions{$1}++ if $request->body =~ /"streamId":"(\d)"/;
    }
}

sub is_counted {
    my $name = shift;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $server = server('a.test');
    is_deeply({ map { $_->{id} => $_->{redirects} } @{$server->{streams}} }, \%redirects, "$name: redirects by id");
    is_deeply({ map { $_->{id} => $_->{sessions} } @{$server->{streams}} }, \%sessions, "$name: sessions by id");
}

my $shared = server('a.test');
is_deeply([map { $_->{id} } @{$shared->{streams}}], [1, 2, 3], 'the ids');
is(sprintf('%.3f', $_->{expected_share}), '0.333', 'the expected share of each id') for @{$shared->{streams}};
is_deeply([sort map { $_->{name} } @{status->{servers}}], [sort '127.0.0.1', map { "$_.test:" . $httpd->port } qw(a b)],
    'the servers that have stream ids');

some_requests;
is_counted('several children');

ask(HEAD => $PATH . $DASH . '?aws.sessionId=S');
ask(GET => "$PATH/v1/tracking/a/c/s");
ask(OPTIONS => $PATH . $SESSION);
ask(GET => "$PATH/x") for 1 .. 2;
ask(PUT => $PATH . $SESSION);
ask(POST => $PATH . $SESSION, body => '{');
initialize($PATH . fault('garbage'));
initialize($PATH . fault("status-$_")) for 400, 503, 503, 418;
initialize($PATH . fault('odd-799'));
initialize($PATH . fault('delay-300'));
my $server = server('a.test');
is($server->{redirects_without_id}, 2, 'redirects without an id');
is($server->{preflights}, 1, 'preflights');
is_deeply(happened($server->{errors}), { 'not-found' => 2, 'method-not-allowed' => 1, 'bad-json' => 1,
    'upstream-protocol' => 1 }, 'own errors');
is_deeply(happened($server->{upstream}{answers}), { '2xx' => 41, '4xx' => 2, '5xx' => 2, other => 1 },
    'answers by class');
is_deeply(happened($server->{upstream}{error_types}), { BadRequestException => 1, ThrottlingException => 2, other => 1 },
    'answers by x-amzn-ErrorType');
my $time = $server->{upstream}{time};
is($time->{count}, 47, 'the number of calls');
my ($above) = grep { $_->{le_seconds} == 0.25 } @{$time->{buckets}};
cmp_ok($above->{count}, '<=', 46, 'one took longer than 250 ms');
cmp_ok($time->{sum_seconds}, '>=', 0.3, 'the sum of the times has the delayed call');
cmp_ok($server->{upstream}{kept_connections}, '<', 47, 'not all connections were kept');
$sessions{$_->{id}} = $_->{sessions} for @{$server->{streams}};    # the delayed session's id
is(sum(values %sessions), 41, 'the number of sessions is that of 2xx answers');
stand_in->forget;

# ---- Virtual hosts are counted separately.

is(stream_id_of(ask(GET => $PATH . $HLS, host => 'b.test')) // '', server('b.test')->{streams}[0]{redirects} ? 1 : 2,
    "another vhost's redirect");
ask(POST => $PATH . $SESSION, host => 'b.test', body => '{}');
is_deeply(happened(server('b.test')->{errors}), { 'no-endpoint' => 1 }, "another vhost's error");
is_counted("another vhost's requests are not counted here");

# ---- Graceful restarts.

my $since = status->{since};
for my $restart (1 .. 2) {
    my $under_way = dial($httpd->port)->send(request_bytes(method => 'POST', target => $PATH . fault('hold'),
        host => 'a.test', body => '{}'));
    ok(under_way(hold => 1), "restart $restart: a call is under way");
    in_flight_is(1, "restart $restart: the call is counted");
    $httpd->graceful;
    is_counted("restart $restart");
    is(server('a.test')->{upstream}{in_flight}, 1, "restart $restart: the old child's call is still under way");
    some_requests;
    stand_in->release;
    is($under_way->answer->status, 200, "restart $restart: the call is answered");
    in_flight_is(0, "restart $restart: no call is under way");
    $server = server('a.test');
    is(sum(map { $_->{sessions} } @{$server->{streams}}), sum(values %sessions) + 1,
        "restart $restart: the old child's session is counted");
    $sessions{$_->{id}} = $_->{sessions} for @{$server->{streams}};
    is_counted("restart $restart, after more requests");
}
is(status->{since}, $since, 'graceful restarts: the counters are not reset');

# A restart that is not graceful.
my $generations = $httpd->generations;
kill HUP => $httpd->pid;
ok(eventually(sub { $httpd->generations > $generations }), 'a hard restart');
ok(eventually(sub { eval { is_counted('a hard restart'); 1 } }), 'a hard restart: httpd serves again');

# ---- A child that is killed.

my @calls = map { dial($httpd->port)->send(request_bytes(method => 'POST', target => $PATH . fault('hold'),
    host => 'a.test', body => '{}')) } 1 .. 2;
in_flight_is(2, 'two calls are under way');
my %before = map { $_ => 1 } $httpd->children;
kill KILL => keys %before;
in_flight_is(0, 'killed children: no call is under way');
is_counted('killed children');
some_requests;
is_counted('killed children, after more requests');
$_->close for @calls;
stand_in->release;
stand_in->forget;

# ---- The output formats.

my $answer = ask(GET => '/session-initializer-status');
is($answer->status, 200, 'the page');
is($answer->header('Content-Type'), 'text/html; charset=utf-8', 'the page: type');
like($answer->body, qr{<h2>a\.test:\d+</h2>}, 'the page: a vhost');
unlike($answer->body, qr/<script|off\.test/, 'the page: no script, no vhost without ids');
for my $query ('', '?json', '?metrics', '?other') {
    my $get = ask(GET => "/session-initializer-status$query");
    is_deeply([$get->header('Cache-Control')], ['no-store'], "'$query': not to be stored");
    my $head = ask(HEAD => "/session-initializer-status$query");
    is($head->status, 200, "'$query': HEAD");
    is($head->body, '', "'$query': HEAD has no body");
    for my $method (qw(POST PUT DELETE)) {
        my $refused = ask($method => "/session-initializer-status$query", body => '');
        is($refused->status, 405, "'$query': $method");
        like($refused->header('Allow'), qr/\bGET\b/, "'$query': $method: Allow");
    }
}
is(ask(GET => '/session-initializer-status?json')->header('Content-Type'), 'application/json', 'JSON: type');
is(ask(GET => '/session-initializer-status?metrics')->header('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8',
    'metrics: type');

my $page = ask(GET => '/server-status')->body;
like($page, qr{<h1>Session Initializer</h1>.*a\.test}s, 'mod_status: a section');
my $auto = ask(GET => '/server-status?auto')->body;
my ($index) = $auto =~ /^SessionInitializer\[(\d)\]Name: a\.test:\d+$/m;
ok(defined $index, 'mod_status: ?auto');
my ($auto_redirects) = $auto =~ /^SessionInitializer\[$index\]Stream\[0\]Redirects: (\d+)$/m;
is($auto_redirects, $redirects{1}, 'mod_status: ?auto has the same numbers');

# Prometheus' own checker reads it.
SKIP: {
    my $promtool = (grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH})[0];
    skip 'no promtool', 2 unless $promtool;
    my $file = $httpd->directory . '/metrics';
    SessionInitializer::Httpd::write_file($file, ask(GET => '/session-initializer-status?metrics')->body);
    my $said = `'$promtool' check metrics <'$file' 2>&1`;
    is($?, 0, 'promtool accepts the metrics');
    is($said, '', 'promtool prints no warning');
}
$httpd->stop;

done_testing;
