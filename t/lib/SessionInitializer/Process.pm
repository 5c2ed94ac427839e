# Server processes of the tests: each has its pid in a file below t/logs, and is ended by that pid alone.
package SessionInitializer::Process;
use strict;
use warnings;

use IO::Socket::INET ();
use Time::HiRes qw(sleep time);

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

# Ends a process and waits for that, a minute at most.
sub end {
    my ($pid, $signal) = @_;
    kill $signal || 'TERM', $pid or return;
    eventually(sub { waitpid($pid, 1); !kill 0, $pid }) or warn "process $pid does not end\n";
}

# At SIGTERM httpd closes the sockets of its workers, and crashes where one of them is just doing that itself
# (event and worker, 2.4.71, with or without this module); prefork's children end in the signal handler, amid a malloc
# too. So connections that the tests have closed come first, on a slow machine as well.
sub let_connections_end { sleep 0.5 }

# Polls until a condition holds; what it then is, or false after a minute.
sub eventually {
    my $condition = shift;
    my $deadline = time + 60;
    while (time < $deadline) {
        my $result = $condition->();
        return $result if $result;
        sleep 0.02;
    }
    return 0;
}

# A number from a file may be another process by now: ours have the build directory among their arguments.
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
