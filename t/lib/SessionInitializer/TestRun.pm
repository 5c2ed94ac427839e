# What t/TEST adds to Apache::Test: a build directory apart from the sources, httpd's own modules without the
# system's configuration, everything on loopback, and one MediaTailor stand-in for the whole run.
package SessionInitializer::TestRun;
use strict;
use warnings;

use base 'Apache::TestRun';

use Apache::TestTrace;
use Config;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use IO::Socket::INET ();

use SessionInitializer::Modules ();
use SessionInitializer::Process ();
use SessionInitializer::StandIn ();

my @MPMS = qw(event worker prefork);

# Sources may be read-only, so Apache::Test sees them through links in a directory of its own.
sub run_in_build_directory {
    my ($class, $sources, @arguments) = @_;
    my $top = dirname($sources);
    my $build = $ENV{SI_BUILD} || "$top/build/suite";
    make_path("$build/t/conf", "$build/t/logs");
    $build = abs_path($build);

    link_into("$build/t", glob("$sources/*.t"), "$sources/htdocs");
    link_into("$build/t/conf", glob("$sources/conf/*.in"));

    $ENV{PERL5LIB} = join ':', "$sources/lib", grep { length } $ENV{PERL5LIB} // '';
    $ENV{APACHE_TEST_STARTUP_TIMEOUT} = 60 * SessionInitializer::Process::patience();
    $ENV{APACHE_TEST_ULIMIT_SET} = 1;              # otherwise Apache::Test starts itself anew through a shell
    $ENV{RES_OPTIONS} = 'timeout:1 attempts:1';    # lookups at a name server that does not exist end soon
    delete @ENV{grep { /_proxy$/i } keys %ENV};

    chdir $build or die "$build: $!\n";             # Apache::Test's top directory,
    $0 = "$build/t/TEST";                           # which it also derives from the program's path
    $class->new(sources => $top, build => $build)->run(@arguments);
}

sub link_into {
    my ($directory, @files) = @_;
    unlink grep { -l && !-e } glob("$directory/*");
    for my $file (@files) {
        my $link = "$directory/" . basename($file);
        next if -l $link && readlink($link) eq $file;
        unlink $link;
        symlink $file, $link or die "$link: $!\n";
    }
}

# Each run has a configuration of its own; servers that an earlier run has left are ended first.
sub pre_configure {
    my $self = shift;
    SessionInitializer::Process::end_left_behind($self->{build});
    return if $self->{opts}{'stop-httpd'};

    $self->{variables} = { $self->variables };
    open my $file, '>', $self->{variables}{httpd_conf} or die "$self->{variables}{httpd_conf}: $!\n";
    print $file SessionInitializer::Modules::load_all($self->{variables});
    close $file or die "$self->{variables}{httpd_conf}: $!\n";

    my $options = $self->{conf_opts};
    delete $options->{thaw};
    %$options = (%$options, %{$self->{variables}}, save => 1);
}

sub variables {
    my $self = shift;
    my $mpm = $ENV{SI_MPM} || 'event';
    grep { $_ eq $mpm } @MPMS or die "SI_MPM is '$mpm', not one of @MPMS\n";

    my $module = $ENV{SI_MODULE} || "$self->{sources}/.libs/mod_session_initializer.so";
    -e $module or die "no module $module: build it, or set SI_MODULE\n";

    my ($apxs) = $ENV{APXS} || grep { -x } map { ("$_/apxs", "$_/apxs2") } split /:/, $ENV{PATH};
    $apxs or die "no apxs in PATH: set APXS\n";
    chomp(my ($modules_dir, $sbindir, $name) = map { scalar `$apxs -q $_` } qw(LIBEXECDIR SBINDIR PROGNAME));

    my ($port, $tls_port) = SessionInitializer::Process::free_ports(2);
    return (
        apxs => $apxs, httpd => $ENV{HTTPD} || "$sbindir/$name", modules_dir => $modules_dir,
        # Apache::Test treats these modules as the system's; otherwise it would read the system's configuration.
        httpd_conf => "$self->{build}/t/conf/modules.conf",
        servername => '127.0.0.1', port => $port, tls_port => $tls_port,
        # As a child httpd is reaped here; an httpd that is to stay must not depend on this process.
        defines => $self->{opts}{'start-httpd'} ? '' : 'NO_DETACH',
        si_module => abs_path($module), si_mpm => $mpm,
        (map { ("patient_$_" => $_ * SessionInitializer::Process::patience()) } 5, 300, 400, 1000),
        crash_report => "$self->{build}/crash_report.so",
        sources => $self->{sources}, certs => "$self->{build}/certs", media => "$self->{build}/media",
    );
}

sub new_test_config {
    my $self = shift;
    return SessionInitializer::TestConfig->new($self->{conf_opts});
}

# The stand-in is started first, because httpd's configuration contains its ports. It ends with this process.
my $stand_in;

sub configure {
    my $self = shift;
    my $vars = $self->{test_config}{vars};
    system($Config{cc}, qw(-shared -fPIC -O1 -o), $vars->{crash_report}, "$vars->{sources}/t/lib/crash_report.c") == 0
        or die "$Config{cc} has failed\n";
    for my $what (qw(certs media)) {
        system("$vars->{sources}/script/make-$what", $vars->{$what}) == 0 or die "script/make-$what has failed\n";
    }
    $stand_in = SessionInitializer::StandIn->start($vars, 'stand-in');
    my $ports = $stand_in->ports;
    $vars->{"standin_$_"} = $ports->{$_} for keys %$ports;
    return $self->SUPER::configure(@_);
}

sub start {
    my $self = shift;
    local $ENV{LD_PRELOAD} = join ' ', grep { defined } $ENV{LD_PRELOAD}, $self->{test_config}{vars}{crash_report};
    return $self->SUPER::start(@_);
}

sub stop {
    my $self = shift;
    if (!$self->{opts}{'stop-httpd'}) {
        $stand_in->leave if $stand_in;    # -start-httpd: both stay, until the next run
        return;
    }
    my $vars = $self->{test_config}{vars};
    SessionInitializer::Process::let_connections_end(@$vars{qw(port tls_port)});
    SessionInitializer::Process::let_rest(SessionInitializer::Process::read_pid($vars->{t_pid_file}));
    $self->SUPER::stop(@_);

    my $log = $self->{test_config}->error_log;
    open my $file, '<', $log or die "$log: $!\n";
    my @crashes = SessionInitializer::Process::crashes(do { local $/; <$file> // '' });
    error join "\n", 'httpd has crashed:', @crashes if @crashes;
    Apache::TestRun::exit_perl(!@crashes);
}

END { undef $stand_in }

package SessionInitializer::TestConfig;
use strict;
use warnings;

use base 'Apache::TestConfig';

# Apache::Test would give each <VirtualHost> a port of its own, open to all hosts. These vhosts are told apart by name.
sub parse_vhost { return undef }

1;
