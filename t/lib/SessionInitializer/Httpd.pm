# An httpd of a test's own, for what the shared one cannot show: other limits, signals, configtest.
package SessionInitializer::Httpd;
use strict;
use warnings;

use Apache::Test ();
use File::Path qw(make_path);
use POSIX ();

use SessionInitializer::Modules ();
use SessionInitializer::Process ();

my %THREADED = (StartServers => 1, ServerLimit => 8, ThreadsPerChild => 8, MaxRequestWorkers => 8,
    MinSpareThreads => 1, MaxSpareThreads => 8);
my %PREFORK = (StartServers => 4, ServerLimit => 16, MaxRequestWorkers => 16, MinSpareServers => 4,
    MaxSpareServers => 16);

sub vars { return Apache::Test::basic_config()->{vars} }

# Options: name of its directory below t/logs; config, in which PORT becomes its port; limits of the MPM, in place of
# those above; one_child: prefork has one child, as the other MPMs do; all_modules; modules: further ones; without_ours:
# the module is not loaded; environment: variables added to its own.
sub start {
    my ($class, %options) = @_;
    my $directory = vars()->{t_logs} . "/$options{name}";
    make_path($directory);
    my ($port) = SessionInitializer::Process::free_ports(1);
    my $self = bless { directory => $directory, port => $port, owner => $$ }, $class;
    $self->write_config(%options);

    unlink "$directory/error_log";
    $self->{pid} = fork // die "fork: $!\n";
    if ($self->{pid} == 0) {
        setpgrp;
        open STDOUT, '>', "$directory/output";
        open STDERR, '>&', \*STDOUT;
        local %ENV = (%ENV, %{$options{environment} // {}});
        $ENV{LD_PRELOAD} = join ' ', grep { defined } $ENV{LD_PRELOAD}, vars()->{crash_report};
        exec vars()->{httpd}, '-D', 'FOREGROUND', '-d', $directory, '-f', "$directory/httpd.conf" or POSIX::_exit(127);
    }
    my $ended = 0;
    SessionInitializer::Process::eventually(sub { $self->generations || ($ended = waitpid $self->{pid}, 1) });
    $self->generations && !$ended or die "httpd did not start, see $directory/output and $directory/error_log\n";
    return $self;
}

sub write_config {
    my ($self, %options) = @_;
    my %usual = vars()->{si_mpm} ne 'prefork' ? %THREADED : $options{one_child} ? map { $_ => 1 } keys %PREFORK : %PREFORK;
    my %limits = (%usual, %{$options{limits} // {}});
    my $load = $options{all_modules} ? \&SessionInitializer::Modules::load_all
        : \&SessionInitializer::Modules::load_basic;
    my %vars = (%{vars()}, $options{without_ours} ? (si_module => undef) : ());
    my $config = join '', (map { "$_ $limits{$_}\n" } sort keys %limits),
        $options{config} =~ s/\bPORT\b/$self->{port}/gr;
    write_file("$self->{directory}/httpd.conf", <<"CONFIG");
@{[$load->(\%vars, @{$options{modules} // []})]}
ServerName 127.0.0.1
Listen 127.0.0.1:$self->{port}
DefaultRuntimeDir "$self->{directory}"
PidFile "$self->{directory}/httpd.pid"
ErrorLog "$self->{directory}/error_log"
DocumentRoot "$self->{directory}"
MaxKeepAliveRequests 0
KeepAliveTimeout @{[5 * SessionInitializer::Process::patience()]}
<IfModule session_initializer_module>
    SessionInitializerConnectTimeout 60s
    SessionInitializerTimeout 60s
</IfModule>
<IfModule mod_mime.c>
    TypesConfig /dev/null
</IfModule>
$config
CONFIG
}

# Returns vhosts for its config, by name and directives: NAME has the host NAME.test, and the first gets all other hosts
# too.
sub vhosts {
    my @vhosts = @_;
    my $text = '';
    while (my ($name, $directives) = splice @vhosts, 0, 2) {
        $text .= "<VirtualHost 127.0.0.1:PORT>\nServerName $name.test\n$directives\n</VirtualHost>\n";
    }
    return $text;
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!\n";
    print $file $text;
    close $file or die "$path: $!\n";
}

# Returns whether it succeeded, and its output.
sub run_httpd {
    my @arguments = @_;
    my $pid = open(my $output, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec vars()->{httpd}, @arguments or POSIX::_exit(127);
    }
    local $/;
    my $text = <$output> // '';
    return close($output), $text;
}

# Runs configtest on a configuration; returns whether it succeeded, and the output of httpd.
sub configtest {
    my ($config, @modules) = @_;
    my $directory = vars()->{t_logs} . '/configtest';
    make_path($directory);
    write_file("$directory/httpd.conf", join '', SessionInitializer::Modules::load_basic(vars(), @modules), <<"CONFIG");
ServerName 127.0.0.1
Listen 127.0.0.1:1
DefaultRuntimeDir "$directory"
ErrorLog "$directory/error_log"
$config
CONFIG
    return run_httpd('-t', '-d', $directory, '-f', "$directory/httpd.conf");
}

sub port { return $_[0]{port} }
sub pid { return $_[0]{pid} }
sub directory { return $_[0]{directory} }

# Returns how often it has read its configuration and begun to serve.
sub generations {
    my $self = shift;
    return scalar(() = $self->error_log =~ /resuming normal operations/g);
}

sub children { return SessionInitializer::Process::children($_[0]->pid) }

# Returns the child that has accepted a client's connection: it holds the socket that /proc/net/tcp shows.
sub child_of {
    my ($self, $connection) = @_;
    my $ends = sprintf ':%04X [0-9A-F]+:%04X', $self->port, $connection->port;
    return SessionInitializer::Process::eventually(sub {
        open my $table, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";
        my ($inode) = map { /^ *\d+: [0-9A-F]+$ends (?:\S+ +){6}(\d+)/ ? $1 : () } <$table>;
        my ($child) = grep { $inode && holds_socket($_, $inode) } $self->children;
        return $child;
    });
}

sub holds_socket {
    my ($pid, $inode) = @_;
    return grep { (readlink // '') eq "socket:[$inode]" } glob "/proc/$pid/fd/*";
}

# Kills a child as the kernel does when memory is short.
sub kill_child {
    my ($self, $pid) = @_;
    kill KILL => $pid or die "child $pid is gone\n";
    SessionInitializer::Process::eventually(sub { !grep { $_ == $pid } $self->children })
        or die "child $pid does not end\n";
}

# Returns how many threads its children have, once the number is stable: workers are started one by one.
sub threads {
    my $self = shift;
    my ($last, $looks) = (0, 0);
    SessionInitializer::Process::eventually(sub {
        my $count = map { glob "/proc/$_/task/*" } $self->children;
        $looks = $count == $last ? $looks + 1 : 0;
        $last = $count;
        return $count && $looks >= 20;
    });
    return $last;
}

sub error_log {
    my $self = shift;
    open my $file, '<', "$self->{directory}/error_log" or return '';
    local $/;
    return <$file> // '';
}

# Restarts gracefully, and waits until that is done.
sub graceful {
    my $self = shift;
    my $before = $self->generations;
    kill USR1 => $self->pid or die "httpd is gone\n";
    SessionInitializer::Process::eventually(sub { $self->generations > $before })
        or die "no graceful restart\n";
}

sub stop {
    my $self = shift;
    my $pid = delete $self->{pid} or return;
    SessionInitializer::Process::let_connections_end($self->port);
    SessionInitializer::Process::let_rest($pid);
    SessionInitializer::Process::end($pid);
    my ($crash) = SessionInitializer::Process::crashes($self->error_log);
    die "httpd has crashed: $crash\n" if $crash;
}

sub DESTROY {
    my $self = shift;
    local ($?, $@, $!);
    $self->stop if $self->{owner} == $$;
}

1;
