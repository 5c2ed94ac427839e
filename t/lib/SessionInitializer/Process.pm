# Server processes of the tests: each has its pid in a file below t/logs, and is ended by that pid alone.
package SessionInitializer::Process;
use strict;
use warnings;

use IO::Socket::INET ();
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

# How many times slower this machine is than an idle one (script/test measures it): time limits are multiplied by it.
sub patience { return $ENV{SI_PATIENCE} || 1 }

# Returns what a piece of code returns, and whether that took at most so many seconds, scaled to an idle machine.
sub in_time {
    my ($seconds, $code) = @_;
    my $began = clock_gettime(CLOCK_MONOTONIC);
    my $result = $code->();
    return ($result, clock_gettime(CLOCK_MONOTONIC) - $began <= $seconds * patience());
}

sub free_ports {
    my $count = shift;
    my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. $count;
    grep { !$_ } @sockets and die "no free port: $!\n";
    return map { $_->sockport } @sockets;
}

sub read_pid {
    my $path = shift;
    open my $file, '<', $path or return;
    return (<$file> // '') =~ /^(\d+)$/ ? $1 : undef;
}

# Ends a process and waits for its end.
sub end {
    my ($pid, $signal) = @_;
    kill $signal || 'TERM', $pid or return;
    eventually(sub { waitpid($pid, 1); !kill 0, $pid }) or warn "process $pid does not end\n";
}

# At SIGTERM httpd closes the sockets of its workers, and crashes if one of them does that itself at the same moment
# (event and worker, 2.4.71, with or without this module); prefork's children end in the signal handler, even during a
# malloc. So a server finishes its work before it is stopped. It may have connections that no one closes: this waits for
# half a second at most.
sub let_connections_end {
    my %is_port = map { sprintf('%04X', $_) => 1 } @_;
    return awaits(0.5, sub {
        open my $table, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";
        # Sockets of a process (inode) that are not listeners (state 0A).
        return !grep { /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ (?!0A)(?:\S+ +){6}[1-9]/ && $is_port{$1} } <$table>;
    });
}

# Waits until every thread of the children sleeps, in several checks in a row.
sub let_rest {
    my $pid = shift // return;
    my $looks = 0;
    return awaits(5, sub { $looks = is_busy($pid) ? 0 : $looks + 1; return $looks >= 3 });
}

sub is_busy {
    my $pid = shift;
    return grep { /^\d+ \(.*\) [RD] / } map { first_line($_) } map { glob "/proc/$_/task/*/stat" } children($pid);
}

sub children {
    my $pid = shift;
    return map { first_line($_) =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $pid ? $1 : () } glob '/proc/[0-9]*/stat';
}

sub first_line {
    open my $file, '<', $_[0] or return '';
    return <$file> // '';
}

# Returns the reports of crashed processes in a log, except for httpd's own crashes, which occur without this module
# too: the stack (crash_report.c) of such a crash has no frame of the module.
sub crashes {
    my $log = shift;
    my %is_httpds = map { /^crash of (\d+)/ && !/session_initializer/ ? ($1 => 1) : () } $log =~ /^(crash of .*?^end of crash)/gms;
    return grep { !/ child pid (\d+) / || !$is_httpds{$1} } $log =~ /(.*exit signal.*)/g;
}

# Polls until a condition is true; returns its value, or false after a minute on an idle machine.
sub eventually { return awaits(60, @_) }

sub awaits {
    my ($seconds, $condition) = @_;
    my $deadline = clock_gettime(CLOCK_MONOTONIC) + $seconds * patience();
    while (clock_gettime(CLOCK_MONOTONIC) < $deadline) {
        my $result = $condition->();
        return $result if $result;
        sleep 0.02;
    }
    return 0;
}

# A pid from a file may be another process by now: the tests' processes have the build directory among their arguments.
sub end_left_behind {
    my $build = shift;
    for my $file (glob("$build/t/logs/*.pid $build/t/logs/*/*.pid")) {
        my $pid = read_pid($file);
        end($pid) if $pid && arguments($pid) =~ /\Q$build\E/;
        unlink $file;
    }
}

sub arguments {
    my $pid = shift;
    open my $file, '<', "/proc/$pid/cmdline" or return '';
    local $/;
    return <$file> // '';
}

1;
