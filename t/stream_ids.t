# Named stream ids: drawn by their weights, or the same id for the same key.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange);

my $LONGEST = 'x' x 64;
my $CALLS = 6000;
my $BATCH = 200;

my $config = <<"CONFIG";
StreamIds east=3 west=2 Studio-1.b_c=1
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
<Location /session-initializer-status>
    SetHandler session-initializer-status
</Location>
<VirtualHost 127.0.0.1:PORT>
    ServerName plain.test
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName counted.test
    StreamIdCount 1
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName longest.test
    StreamIds $LONGEST=10000
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName keyed.test
    StreamIdKey "%{HTTP:X-Device-Id}"
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName two-headers.test
    StreamIdKey "%{REMOTE_ADDR} %{HTTP:User-Agent}"
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName fewer.test
    StreamIds east=3 west=2
    StreamIdKey "%{HTTP:X-Device-Id}"
</VirtualHost>
CONFIG

my $httpd = SessionInitializer::Httpd->start(name => 'stream-ids', config => $config);

sub ask {
    my ($vhost, $method, $target, @headers) = @_;
    return exchange(port => $httpd->port, host => "$vhost.test", method => $method, target => $target,
        $method eq 'POST' ? (body => '{}') : (), headers => \@headers);
}

# Returns a redirect's id, and a session's, which is the one that the stand-in got.
sub redirected { return stream_id_of(ask($_[0], GET => $PATH . $HLS, @_[1 .. $#_])) }
sub initialized {
    stand_in->forget;
    ask($_[0], POST => $PATH . $SESSION, @_[1 .. $#_])->status == 200 or return undef;
    return received->body =~ /\A\{"streamId":"([^"]*)"\}\z/ ? $1 : undef;
}

# Requests several ids at once; headers_of(number) gives the headers of each request.
sub many {
    my ($vhost, $calls, $headers_of) = @_;
    my $connection = dial($httpd->port);
    my @ids;
    while (@ids < $calls) {
        my $batch = $BATCH < $calls - @ids ? $BATCH : $calls - @ids;
        $connection->send(join '', map {
            "HEAD $PATH$HLS HTTP/1.1\r\nHost: $vhost.test\r\n" . $headers_of->(@ids + $_) . "\r\n" } 0 .. $batch - 1);
        push @ids, map { stream_id_of($connection->answer('HEAD')) // 'none' } 1 .. $batch;
    }
    return @ids;
}

# Chi-square with 2 degrees of freedom is above 41.5 once in 10^9 runs.
sub is_by_weight {
    my ($name, $ids, %weights) = @_;
    my %count;
    $count{$_}++ for @$ids;
    is_deeply([sort keys %count], [sort keys %weights], "$name: each id occurs, and no other");
    cmp_ok(chi_square(\%count, %weights), '<', 41.5,
        "$name: the ids are distributed by weight") or diag(join ' ', %count);
}

# ---- Names and weights.

is_by_weight('drawn', [many('plain', $CALLS, sub { '' })], east => 3, west => 2, 'Studio-1.b_c' => 1);
is(redirected('counted'), 1, 'a vhost may use StreamIdCount if the server uses StreamIds');
is(redirected('longest'), $LONGEST, 'the longest name: redirect');
is(initialized('longest'), $LONGEST, 'the longest name: session');
my %sessions;
$sessions{initialized('plain') // 'none'}++ for 1 .. 60;
is_deeply([sort keys %sessions], [sort qw(east west Studio-1.b_c)], 'sessions get the ids of StreamIds');

# ---- The same key, the same id.

my @of_keys = many('keyed', $CALLS, sub { "X-Device-Id: device-$_[0]\r\n" });
is_by_weight('by keys', \@of_keys, east => 3, west => 2, 'Studio-1.b_c' => 1);
is_deeply([many('keyed', 300, sub { "X-Device-Id: device-$_[0]\r\n" })], [@of_keys[0 .. 299]],
    'by keys: the same ids again');
my @fewer = many('fewer', $CALLS, sub { "X-Device-Id: device-$_[0]\r\n" });
is(scalar(grep { $of_keys[$_] ne 'Studio-1.b_c' && $of_keys[$_] ne $fewer[$_] } 0 .. $CALLS - 1), 0,
    'without one of the names: keys of other ids keep theirs');

# Redirects and sessions, every child and each of its workers agree.
for my $key (map { "device-$_" } 0 .. 4) {
    my ($id) = $of_keys[substr $key, -1];
    is(initialized('keyed', 'X-Device-Id' => $key), $id, "$key: a session gets the id of the redirect");
    my %by_child;
    for (1 .. 12) {
        my $connection = dial($httpd->port);
        $connection->send("HEAD $PATH$DASH HTTP/1.1\r\nHost: keyed.test\r\nX-Device-Id: $key\r\n\r\n");
        $by_child{stream_id_of($connection->answer('HEAD'))}++;
    }
    is_deeply([keys %by_child], [$id], "$key: every child gives the same id");
}
is(redirected('two-headers', 'User-Agent' => 'a'), redirected('two-headers', 'User-Agent' => 'a'),
    'a key of two headers: the same id for the same headers');
my %by_agent = map { redirected('two-headers', 'User-Agent' => "a$_") => 1 } 1 .. 40;
is(scalar(keys %by_agent), 3, 'a key of two headers: the second header counts');

# Without a key there is no stickiness.
for my $headers ('', "X-Device-Id:\r\n") {
    my %ids = map { $_ => 1 } many('keyed', 200, sub { $headers });
    is(scalar(keys %ids), 3, 'without a value the id is drawn');
}

# A key may have any bytes, and may be long.
is(redirected('keyed', 'X-Device-Id' => $_), redirected('keyed', 'X-Device-Id' => $_),
    'an unusual key: the same id again')
    for "\xc3\xa9\xff", '"%{x}\\', 'k' x 4000;

# ---- Restarts.

$httpd->graceful;
is_deeply([many('keyed', 300, sub { "X-Device-Id: device-$_[0]\r\n" })], [@of_keys[0 .. 299]],
    'a graceful restart: the same ids');

# If another name takes a position, it does not get the counters of the name before.
sub counted {
    my $text = exchange(port => $httpd->port, host => 'plain.test', target => '/session-initializer-status?json')->body;
    my ($server) = grep { $_->{name} =~ /^plain/ } @{to_perl(parse_json($text))->{servers}};
    return { map { $_->{id} => $_->{redirects} } @{$server->{streams}} };
}
my $before = counted;
cmp_ok($before->{$_}, '>', $CALLS / 10, "$_ is counted") for qw(east west Studio-1.b_c);
$httpd->write_config(config => $config =~ s/west=2 Studio/north=2 Studio/r);
$httpd->graceful;
is_deeply(counted, { %$before{qw(east Studio-1.b_c)}, north => 0 },
    'a restart with another name: its counter begins at 0, the others continue');
$httpd->stop;
$httpd = SessionInitializer::Httpd->start(name => 'stream-ids', config => $config);
is_deeply([many('keyed', 300, sub { "X-Device-Id: device-$_[0]\r\n" })], [@of_keys[0 .. 299]],
    'another httpd: the same ids');
$httpd->stop;

done_testing;
