# HTTP in exact bytes: a request is sent as the test writes it, and an answer is kept as it came.
package SessionInitializer::Wire;
use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(dial exchange exchange_bytes request_bytes);

# port, host, method, target, headers (a list of names and values), body, chunked, version, keep_alive
sub request_bytes {
    my %request = (method => 'GET', version => 'HTTP/1.1', headers => [], @_);
    my @headers = @{$request{headers}};
    unshift @headers, Host => $request{host} if defined $request{host};
    push @headers, Connection => 'close' unless $request{keep_alive} || grep { lc eq 'connection' } @headers;

    my $body = $request{body} // '';
    if ($request{chunked}) {
        push @headers, 'Transfer-Encoding' => 'chunked';
        $body = join '', map { sprintf "%x\r\n%s\r\n", length, $_ } (grep { length } unpack '(a4093)*', $body), '';
    }
    elsif (defined $request{body}) {
        push @headers, 'Content-Length' => length $body;
    }

    my $head = "$request{method} $request{target} $request{version}\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n";
    }
    return "$head\r\n$body";
}

sub dial { return SessionInitializer::Wire::Connection->new(@_) }

# Sends one request on a connection of its own; returns its answer.
sub exchange {
    my %request = @_;
    return exchange_bytes($request{port}, request_bytes(%request), $request{method});
}

sub exchange_bytes {
    my ($port, $bytes, $method) = @_;
    my $connection = dial($port)->send($bytes);
    my $answer;
    do { $answer = $connection->answer($method) } while $answer->status < 200;
    return $answer;
}

package SessionInitializer::Wire::Connection;
use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use Time::HiRes ();

use SessionInitializer::Process ();

my $PATIENCE = 60 * SessionInitializer::Process::patience();    # seconds until the wait for an answer ends

sub new {
    my ($class, $port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => $PATIENCE)
        or die "cannot connect to port $port: $!\n";
    return bless { socket => $socket, bytes => '' }, $class;
}

# A server may answer and close in the middle of a body: the unsent rest is dropped.
sub send {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $bytes) {
        $sent += syswrite($self->{socket}, $bytes, 65536, $sent) // last;
    }
    return $self;
}

# Returns the next answer; the bytes after it are kept for the one after.
sub answer {
    my ($self, $method) = @_;
    $self->{deadline} = Time::HiRes::time() + $PATIENCE;
    my $head = $self->take_through("\r\n\r\n") // die 'no answer, only ' . length($self->{bytes}) . " bytes\n";
    my $answer = SessionInitializer::Wire::Answer->new($head);
    $answer->{body} = $self->take_body($answer) if ($method // 'GET') ne 'HEAD'
        && $answer->status !~ /^(?:1\d\d|204|304)$/;
    return $answer;
}

# Returns all that comes until the server closes.
sub rest {
    my $self = shift;
    $self->{deadline} = Time::HiRes::time() + $PATIENCE;
    1 while $self->fill;
    return delete $self->{bytes};
}

sub port { return $_[0]{socket}->sockport }    # the client's

sub close { close $_[0]{socket}; return }

sub take_body {
    my ($self, $answer) = @_;
    return $self->take_chunks if ($answer->header('Transfer-Encoding') // '') =~ /chunked/i;
    my $length = $answer->header('Content-Length');
    return defined $length ? $self->take($length) : $self->rest;
}

sub take_chunks {
    my $self = shift;
    my $body = '';
    while ((my $size = hex $self->take_through("\r\n") =~ s/[;\s].*//sr) > 0) {
        $body .= $self->take($size);
        $self->take(2);
    }
    1 while $self->take_through("\r\n") ne "\r\n";
    return $body;
}

sub take {
    my ($self, $length) = @_;
    while (length $self->{bytes} < $length) {
        $self->fill or die "the answer ends early\n";
    }
    return substr $self->{bytes}, 0, $length, '';
}

sub take_through {
    my ($self, $mark) = @_;
    my $at;
    while (($at = index $self->{bytes}, $mark) < 0) {
        $self->fill or return undef;
    }
    return substr $self->{bytes}, 0, $at + length $mark, '';
}

sub fill {
    my $self = shift;
    my $socket = IO::Select->new($self->{socket});
    until ($socket->can_read(1)) {    # a signal ends it early
        die "no answer within $PATIENCE s\n" if Time::HiRes::time() > $self->{deadline};
    }
    return sysread $self->{socket}, $self->{bytes}, 65536, length $self->{bytes};
}

package SessionInitializer::Wire::Answer;
use strict;
use warnings;

sub new {
    my ($class, $head) = @_;
    my ($line, @lines) = split /\r\n/, $head;
    my ($status, $reason) = $line =~ m{^HTTP/1\.[01] (\d{3}) ?(.*)$} or die "not a status line: $line\n";
    my @headers = map { /^([^:\s]+):[ \t]*(.*?)[ \t]*$/ ? [$1, $2] : die "not a header: $_\n" } @lines;
    return bless { head => $head, status => $status, reason => $reason, headers => \@headers, body => '' }, $class;
}

sub status { return $_[0]{status} }
sub reason { return $_[0]{reason} }
sub body { return $_[0]{body} }
sub head { return $_[0]{head} }    # its bytes

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
