# A stop under load ends every child by itself: none crashes, none hangs, none has to be killed; a single child that
# ends leaves no call counted.
# Depends on the MPM.
# SI_STOPS says how many stops; SI_STOPS_WITHOUT=1 is for comparing: httpd alone, without the module.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use File::Path qw(make_path);
use POSIX ();
use SessionInitializer::Httpd;
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Process;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange);
use Time::HiRes qw(sleep);

my $STOPS = $ENV{SI_STOPS} // 20;
my $CLIENTS = 4;
my $is_without = $ENV{SI_STOPS_WITHOUT};

my $directory = vars->{t_logs} . '/stops';
make_path($directory);
SessionInitializer::Httpd::write_file("$directory/schedules.json", '{"Items":[]}');
SessionInitializer::Httpd::write_file("$directory/index.html", 'x' x 1000);
my $config = $is_without ? '' : <<"CONFIG";
StreamIdCount 3
StreamIdSchedule schedules.json
SessionInitializerEndpoint http://localhost:@{[stand_in->port]}
<Location /session-initializer-status>
    SetHandler session-initializer-status
</Location>
CONFIG

my @kinds = $is_without ? ([GET => '/index.html'], [GET => '/missing']) : (
    [GET => $PATH . $HLS], [POST => $PATH . $SESSION, '{"adsParams":{"a":"\u00e9"}}'], [POST => $PATH . $SESSION, '{'],
    [POST => $PATH . fault('close'), '{}'],
);

sub start_httpd {
    return SessionInitializer::Httpd->start(name => 'stops', config => $config,
        ($is_without ? (without_ours => 1) : ()));
}

# Sends one request after the other, whatever the answers are, until the client is ended.
sub start_client {
    my ($port, $number) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    while (1) {
        my ($method, $target, $body) = @{$kinds[$number++ % @kinds]};
        eval { exchange(port => $port, host => 'x', method => $method, target => $target, body => $body) }
            or sleep 0.01;
    }
}

sub end_clients {
    my @clients = @_;
    kill KILL => @clients;
    waitpid $_, 0 for @clients;
}

# Returns the log lines about children that did not end by themselves.
sub faults {
    my $httpd = shift;
    return (SessionInitializer::Process::crashes($httpd->error_log), $httpd->error_log =~ /(.* sending a SIGKILL.*)/g);
}

srand($ENV{SEED} // time);
my (@faults, $crashes);
for my $stop (1 .. $STOPS) {
    my $httpd = start_httpd;
    my @clients = map { start_client($httpd->port, $_) } 1 .. $CLIENTS;
    sleep rand 0.3;
    SessionInitializer::Process::end(delete $httpd->{pid});
    end_clients(@clients);
    push @faults, map { "stop $stop: $_" } faults($httpd);
    $crashes += () = $httpd->error_log =~ /exit signal/g;
}
is_deeply(\@faults, [], "$STOPS stops under load: each child ends by itself");
note "httpd's own crashes: $crashes";

# Only under prefork does a signal end a child.
if (!$is_without && !threaded) {
    my $httpd = start_httpd;
    my @clients = map { start_client($httpd->port, $_) } 1 .. $CLIENTS;
    my %ended;
    for my $round (1 .. 4) {
        sleep 0.1;
        my ($child) = grep { !$ended{$_} } $httpd->children;
        kill TERM => $child if $child;
        $ended{$child // 0} = 1;
        ok(eventually(sub { !grep { $ended{$_} } $httpd->children }), "child $round ends by SIGTERM");
    }
    end_clients(@clients);
    ok(eventually(sub {
        my $answer = eval { exchange(port => $httpd->port, host => 'x', target => '/session-initializer-status?json') };
        return $answer && to_perl(parse_json($answer->body))->{servers}[0]{upstream}{in_flight} == 0;
    }), 'children ended by SIGTERM: no call stays counted');
    is_deeply([faults($httpd)], [], 'children ended by SIGTERM: each ends by itself');
    $httpd->stop;
}
stand_in->forget;

done_testing;
