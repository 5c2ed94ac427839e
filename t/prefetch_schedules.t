# A player that comes too late for a group's prefetch window gets another group, by the schedules in a file.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use File::Path qw(make_path);
use POSIX qw(strftime);
use SessionInitializer::Httpd;
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange);

my $directory = vars->{t_logs} . '/prefetch-schedules';
make_path($directory);
unlink glob "$directory/*.json";

# ---- Writing the file.

sub at { return strftime '"%Y-%m-%dT%H:%M:%SZ"', gmtime(time + $_[0]) }    # so many seconds from now

sub single {
    my ($configuration, $id, $retrieval_end, $break_at) = @_;
    return sprintf '{"Name":"%s","PlaybackConfigurationName":"%s","StreamId":"%s","ScheduleType":"SINGLE",'
        . '"Retrieval":{"StartTime":%s,"EndTime":%s},"Consumption":{"StartTime":%s,"EndTime":%s}}',
        "s-$id", $configuration, $id, at(-3600), at($retrieval_end), at($break_at), at($break_at + 60);
}

sub recurring {
    my ($configuration, $id, $end) = @_;
    return sprintf '{"Name":"r-%s","PlaybackConfigurationName":"%s","StreamId":"%s","ScheduleType":"RECURRING",'
        . '"RecurringPrefetchConfiguration":{"StartTime":%s,"EndTime":%s,"RecurringConsumption":{},'
        . '"RecurringRetrieval":{"DelayAfterAvailEndSeconds":5}}}', $id, $configuration, $id, at(-3600), at($end);
}

sub write_text {
    my ($name, $text) = @_;
    SessionInitializer::Httpd::write_file("$directory/new", $text);
    rename "$directory/new", "$directory/$name" or die "rename: $!\n";
}
sub write_schedules { my ($name, @items) = @_; write_text($name, '{"Items":[' . join(',', @items) . "]}\n") }

write_schedules('first.json', single('demo', 'a', 3600, 7200), single('demo', 'b', -10, 7200),
    single('demo', 'c', 3600, 7200));

# The number of children is constant.
my $httpd = SessionInitializer::Httpd->start(name => 'prefetch-schedules',
    limits => threaded ? {} : { MinSpareServers => 1 }, config => <<"CONFIG");
LogLevel session_initializer:info
StreamIds a b=5 c
StreamIdSchedule first.json
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
<Location /session-initializer-status>
    SetHandler session-initializer-status
</Location>
<VirtualHost 127.0.0.1:PORT>
    ServerName inherits.test
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName keyed.test
    StreamIdKey "%{HTTP:X-Device-Id}"
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName counts.test
    StreamIdCount 3
    StreamIdSchedule "$directory/first.json"
    StreamIdSchedule first.json
    StreamIdSchedule second.json
</VirtualHost>
CONFIG

sub log_lines { return scalar(() = $httpd->error_log =~ /$_[0]/g) }
sub read_by_children { my $file = shift; return log_lines(qr/ schedule: StreamIdSchedule \Q$directory\E\/$file: /) }

my $children = () = $httpd->children;
ok(eventually(sub { read_by_children('first.json') == $children }), 'each child reads the file as it starts');

# Waits until every child reports it.
sub put_in_force {
    my ($name, @items) = @_;
    my $before = read_by_children($name);
    write_schedules($name, @items);
    ok(eventually(sub { read_by_children($name) == $before + $children }), "$name: each child reports it in force");
}

sub ids {
    my ($vhost, $calls, %options) = @_;
    my $url = "/v1/master/$ACCOUNT/@{[$options{configuration} // 'demo']}/live/index.m3u8";
    my %ids;
    while ($calls > 0) {    # several connections reach several children
        my $batch = $calls < 20 ? $calls : 20;
        my $connection = dial($httpd->port);
        $connection->send("HEAD $PATH$url HTTP/1.1\r\nHost: $vhost.test\r\n@{[$options{headers} // '']}\r\n" x $batch);
        $ids{stream_id_of($connection->answer('HEAD')) // 'none'}++ for 1 .. $batch;
        $calls -= $batch;
    }
    return join ' ', sort keys %ids;
}

# A window without the last one of these is missed once in more than 10^13 runs.
sub gives { my ($vhost, $expected, $name, %options) = @_; is(ids($vhost, 200, %options), $expected, $name) }
sub comes_to_give {
    my ($vhost, $expected, $name, %options) = @_;
    ok(eventually(sub { ids($vhost, 200, %options) eq $expected }), $name) or diag(ids($vhost, 200, %options));
}

# ---- Which ids are assigned.

gives(inherits => 'a c', 'a schedule that is too late: its id is not drawn');
stand_in->forget;
my %sessions;
for (1 .. 40) {
    exchange(port => $httpd->port, host => 'inherits.test', method => 'POST', target => $PATH . $SESSION, body => '{}');
    $sessions{$1}++ if received->body =~ /"streamId":"(\w)"/;
}
is(join(' ', sort keys %sessions), 'a c', 'a schedule that is too late: its id is not drawn for sessions');
gives(inherits => 'a b c', 'another configuration: all ids are drawn', configuration => 'other');
gives(counts => '1 2 3', 'ids without a schedule: all ids are drawn');

my %by_key = map { $_ => ids('keyed', 20, headers => "X-Device-Id: $_\r\n") } 'k1' .. 'k9';
is_deeply([sort { $a cmp $b } grep { !/^[ac]$/ } values %by_key], [], 'by keys: each key gets one of a and c');
is_deeply({ map { $_ => ids('keyed', 20, headers => "X-Device-Id: $_\r\n") } keys %by_key }, \%by_key,
    'by keys: each key gets the same id again');

# ---- The file is replaced.

my $began = time;
put_in_force('first.json', single('demo', 'a', -10, 7200), single('demo', 'b', -5, 7200), single('demo', 'c', 3600, 7200),
    recurring('other', 'b', 3600), recurring('other', 'c', -5));
gives(inherits => 'c', 'the file is replaced: its windows apply');
my $takes = time - $began;
gives(inherits => 'b', 'a recurring schedule makes its id eligible until it has ended', configuration => 'other');
is(ids('keyed', 20, headers => "X-Device-Id: $_\r\n"), 'c', "by keys: $_ gets the only eligible id") for keys %by_key;

# Windows close although nobody touches the file: 2 s are too few for the player's first requests.
put_in_force('first.json', single('demo', 'a', 8 + 3 * $takes, 7200), single('demo', 'b', 3600, 7200));
gives(inherits => 'a b', 'two windows are open: both ids are drawn');
comes_to_give(inherits => 'b', 'one window has closed: only the other id is drawn');
put_in_force('first.json', single('demo', 'a', -10, 7200));
gives(inherits => 'a b c', 'no window is open: all ids are drawn');

# Consumption starts early, or has no start: a's window for the next break has closed, b's is open, and both are ahead
# for the break after it.
sub two_breaks {
    my $start = shift;
    my @items;
    for my $break_at (7200, 14400) {
        my %end = (a => $break_at == 7200 ? -10 : $break_at - 1800, b => $break_at - 900);
        push @items, map { single('demo', $_, $end{$_}, $break_at) } sort keys %end;
        s/("Retrieval":\{"StartTime":)[^,]+/$1 . at($break_at == 7200 ? -3600 : 8000)/e for @items[-2, -1];
        s/("Consumption":\{)"StartTime":[^,]+,/$1$start/ for @items[-2, -1];
    }
    return @items;
}
for my $start ('', '"StartTime":null,', '"StartTime":' . at(-3600) . ',') {
    put_in_force('first.json', two_breaks($start));
    gives(inherits => 'b', 'two breaks ahead, consumption {' . ($start =~ s/"\d.*Z"/early/r) . '}: the open one for the next');
}

# ---- Several files.

put_in_force('first.json', single('demo', 1, 3600, 7200), single('demo', 2, -10, 7200));
gives(counts => '1', 'first.json: only its eligible id is drawn');
put_in_force('second.json', single('demo', 3, 3600, 7200), single('demo', 'c', 3600, 7200));
gives(counts => '1 3', 'first.json and second.json: the ids of both are drawn');
gives(inherits => 'a b c', 'a vhost without second.json: its schedules do not apply');

# ---- A file that is missing or wrong.

sub status {
    my $text = exchange(port => $httpd->port, host => 'counts.test', target => '/session-initializer-status?json')->body;
    my ($server) = grep { $_->{name} =~ /^counts\.test/ } @{to_perl(parse_json($text))->{servers}};
    return $server->{schedules};
}

is_deeply([map { [@$_{qw(file in_force problem)}] } @{status()}],
    [["$directory/first.json", 2, undef], ["$directory/second.json", 2, undef]],
    'status: each file is listed once, although one is configured twice');
cmp_ok(abs(time - status()->[1]{read}), '<', 60, 'status: when they were read');

my $second = qr/bad-schedule: StreamIdSchedule \Q$directory\E\/second\.json: /;
my $before = log_lines($second);
write_text('second.json', '{"Items":[{"PlaybackConfigurationName":"de');
ok(eventually(sub { log_lines($second) == $before + $children }), 'half-written file: each child logs it');
like($httpd->error_log, qr/$second\Qthe JSON is cut off after byte 42;\E/, 'half-written file: the message says where');
gives(counts => '1 3', 'half-written file: its previous schedules stay in force');
is(status()->[1]{problem}, 'the JSON is cut off after byte 42', 'half-written file: status shows the problem');
is(status()->[1]{in_force}, 2, 'half-written file: status counts the schedules in force');

$before = log_lines($second);
write_schedules('second.json', single('demo', 3, 3600, 7200), single('demo', 1, 3600, 7200) =~ s/"EndTime"/"End"/r);
ok(eventually(sub { log_lines($second) == $before + $children }), 'invalid file: each child logs it');
like($httpd->error_log, qr/${second}Items\[1\]\.Retrieval\.EndTime is missing;/,
    'invalid file: the message says where');
gives(counts => '1 3', 'invalid file: its previous schedules stay in force');
put_in_force('first.json', single('demo', $_, 3600, 7200)) for 2, 1;    # each child has read it again, twice
is(log_lines($second), $before + $children, 'invalid file: it is logged once');

my $page = exchange(port => $httpd->port, host => 'counts.test', target => '/session-initializer-status')->body;
like($page, qr{<th>\Q$directory\E/second\.json</th><td>2</td>.*Items\[1\]\.Retrieval\.EndTime is missing},
    'invalid file: the status page shows the problem');

unlink "$directory/second.json";
ok(eventually(sub { log_lines($second) == $before + 2 * $children }), 'missing file: each child logs it');
gives(counts => '1 3', 'missing file: its previous schedules stay in force');

# A new child has no state of the one before.
$httpd->graceful;
comes_to_give(counts => '1', 'a restart without second.json: the schedules of first.json apply');
write_schedules('second.json', single('demo', 3, 3600, 7200));
comes_to_give(counts => '1 3', 'second.json is there again: its schedules apply');
$httpd->stop;
stand_in->forget;

done_testing;
