# curl as a client: for HTTP/2, TLS and following redirects.
package SessionInitializer::Curl;
use strict;
use warnings;

use Exporter 'import';
use POSIX ();

use SessionInitializer::Process ();

our @EXPORT_OK = qw(curl run $PATIENCE);

# curl's own limit, in seconds.
our $PATIENCE = 90 * SessionInitializer::Process::patience();

# Returns the exit status and the output of a program, which is ended after some minutes.
sub run {
    my @command = @_;
    my $pid = open(my $output, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', '/dev/null';
        alarm $PATIENCE + 30;
        exec @command or POSIX::_exit(127);
    }
    local $/;
    my $text = <$output> // '';
    close $output;
    return $?, $text;
}

# Makes one call; returns its last answer, with the HTTP version of that answer.
sub curl {
    my @arguments = @_;
    my ($status, $text) = run(qw(curl -sS -q -i --max-time), $PATIENCE, qw(--noproxy * -w \n%{http_version}\n%{url_effective}),
        @arguments);
    my $url = $text =~ s/\n([^\n]*)\z// ? $1 : '';
    my $version = $text =~ s/\n([^\n]*)\z// ? $1 : '';
    my ($code, $head, $body) = (0, '', $text);
    while ($body =~ m{\AHTTP/[\d.]+ (\d+)}) {
        $code = $1;
        ($head, $body) = split /\r?\n\r?\n/, $body, 2;
        $body //= '';
    }
    return { exit => $status, status => $code, head => $head, body => $body, version => $version, url => $url };
}

1;
