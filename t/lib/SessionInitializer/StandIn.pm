# The MediaTailor stand-in as a process, and its record of requests.
package SessionInitializer::StandIn;
use strict;
use warnings;

use POSIX ();

use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Process ();
use SessionInitializer::Wire qw(exchange);

my @CERTIFICATES = qw(good wrong-name expired self-signed);
my @ODD_TLS = qw(tls1.1 h2 alpn-refused);

# Starts a stand-in. It has a plain port (which may be given), one for each certificate, one for each unusual kind of
# TLS, one that refuses and one that hangs.
sub start {
    my ($class, $vars, $name, $port) = @_;
    my @arguments = ('--port', $port // 0, '--refuse', 0, '--blackhole', 0, '--media', $vars->{media});
    for my $option ((map { [$_, ''] } @CERTIFICATES), map { ['good', ":$_"] } @ODD_TLS) {
        push @arguments, '--tls', "0:$vars->{certs}/$option->[0].pem:$vars->{certs}/$option->[0].key$option->[1]";
    }
    my $ready_file = "$vars->{t_logs}/$name.json";
    unlink $ready_file;

    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        setpgrp;    # t/TEST handles Ctrl-C, and then ends the stand-in
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$vars->{t_logs}/$name.log";
        open STDERR, '>&', \*STDOUT;
        exec "$vars->{sources}/script/mediatailor-standin", @arguments, '--ready-file', $ready_file
            or POSIX::_exit(127);
    }
    my $self = bless { pid => $pid, pid_file => "$vars->{t_logs}/$name.pid", owner => $$ }, $class;
    open my $file, '>', $self->{pid_file} or die "$self->{pid_file}: $!\n";
    print $file "$pid\n";
    close $file;

    my $started = SessionInitializer::Process::eventually(sub { -e $ready_file || waitpid($pid, 1) });
    -e $ready_file or die "the stand-in did not start, see $vars->{t_logs}/$name.log\n";
    $self->{ready} = to_perl(parse_json(read_whole($ready_file)));
    return $self;
}

sub read_whole {
    my $path = shift;
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;
    return <$file>;
}

# Returns the one that t/TEST has started.
sub of_the_run {
    my ($class, $vars) = @_;
    return bless { pid => $vars->{standin_pid}, ready => { http => $vars->{standin_port} } }, $class;
}

sub port { return $_[0]{ready}{http} }

sub ports {
    my $self = shift;
    my $ready = $self->{ready};
    my %ports = (pid => $self->{pid}, port => $ready->{http}, map { $_ => $ready->{$_} } qw(refuse blackhole));
    @ports{map { "tls_$_" =~ tr/-./__/r } @CERTIFICATES, @ODD_TLS} = @{$ready->{tls}};
    return \%ports;
}

sub signal {
    my ($self, $name) = @_;
    kill $name => $self->{pid} or die "the stand-in is gone\n";
}

sub stop {
    my $self = shift;
    $self->leave;
    kill CONT => $self->{pid};
    SessionInitializer::Process::end($self->{pid});
    unlink $self->{pid_file};
}

# Lets it run on; otherwise it ends with this object.
sub leave { delete $_[0]{owner}; return }

sub DESTROY {
    my $self = shift;
    local ($?, $@, $!);
    $self->stop if $self->{owner} && $self->{owner} == $$;
}

# Returns the requests that it got, without those for its private URLs.
sub requests {
    my $self = shift;
    return map { SessionInitializer::StandIn::Request->new($_) } @{$self->private(GET => '/_standin/requests')};
}

sub sessions { return @{$_[0]->private(GET => '/_standin/sessions')} }
sub summary { return $_[0]->private(GET => '/_standin/summary') }
sub forget { $_[0]->private(DELETE => '/_standin/requests'); return }
sub release { $_[0]->private(DELETE => '/_standin/held'); return }    # of the fault hold

# Writes bytes on each idle kept connection, or closes it; returns the number of connections.
sub write_on_idle { return $_[0]->private(POST => '/_standin/idle', $_[1]) }

sub private {
    my ($self, $method, $target, $body) = @_;
    my $answer = exchange(port => $self->port, host => 'stand-in', method => $method, target => $target,
        defined $body ? (body => $body) : ());
    $answer->status =~ /^20\d$/ or die "the stand-in's $target answered " . $answer->status . "\n";
    return length $answer->body ? to_perl(parse_json($answer->body)) : undef;
}

package SessionInitializer::StandIn::Request;
use strict;
use warnings;

use MIME::Base64 qw(decode_base64);

sub new {
    my ($class, $record) = @_;
    return bless $record, $class;
}

sub none { return $_[0]->new({ method => '', target => '', headers => [], body_base64 => '' }) }

sub method { return $_[0]{method} }
sub target { return $_[0]{target} }
sub version { return $_[0]{version} }
sub connection { return $_[0]{connection} }
sub sni { return $_[0]{sni} }
sub tls_version { return $_[0]{tls_version} }
sub tls_is_resumed { return $_[0]{tls_resumed} }
sub body { return decode_base64($_[0]{body_base64}) }

sub path { return $_[0]->target =~ s/\?.*//sr }
sub query { return $_[0]->target =~ /\?(.*)/s ? $1 : undef }

sub header_names {
    my $self = shift;
    return map { lc $_->[0] } @{$self->{headers}};
}

# Returns all values of a header in list context, the first one in scalar context.
sub header {
    my ($self, $name) = @_;
    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } @{$self->{headers}};
    return wantarray ? @values : $values[0];
}

1;
