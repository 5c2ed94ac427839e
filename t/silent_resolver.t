# A resolver that never answers: the worker is free again at the time limit, everything else continues, and a stop does
# not wait.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use Config;
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange request_bytes);

# Replaces getaddrinfo in httpd.
my $library = vars->{t_logs} . '/silent_resolver';
SessionInitializer::Httpd::write_file("$library.c", <<'C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **)
        = dlsym(RTLD_NEXT, "getaddrinfo");

    while (name && strcmp(name, "silent.test") == 0) {
        pause();
    }
    return real(name, service, hints, found);
}
C
system($Config{cc}, qw(-shared -fPIC -o), "$library.so", "$library.c") == 0 or die "$Config{cc} has failed\n";

my $httpd = SessionInitializer::Httpd->start(name => 'silent', environment => { LD_PRELOAD => "$library.so" },
    config => <<"CONFIG");
StreamIdCount 3
<VirtualHost 127.0.0.1:PORT>
    ServerName silent.test
    SessionInitializerEndpoint http://silent.test:@{[stand_in->port]}
    SessionInitializerConnectTimeout 500ms
    SessionInitializerTimeout 60s
</VirtualHost>
<VirtualHost 127.0.0.1:PORT>
    ServerName address.test
    SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
</VirtualHost>
CONFIG

sub parts { return (method => $_[0], target => $_[1], host => $_[2], body => $_[0] eq 'POST' ? '{}' : undef) }
sub ask { return exchange(port => $httpd->port, parts(@_)) }

my $session = $PATH . $SESSION;
for my $round (1 .. 2) {
    my @calls = map { dial($httpd->port)->send(request_bytes(parts(POST => $session, 'silent.test'))) } 1 .. 3;
    is_redirect(ask(GET => $PATH . $HLS, 'silent.test'), "$HLS?aws.streamId=ID",
        "round $round: redirects are still answered");
    is_answer(ask(POST => $session, 'address.test'), 200,
        "round $round: a session with an address as endpoint succeeds");
    my $answers = in_time(30,
        "round $round: the calls end by SessionInitializerConnectTimeout", sub { [map { $_->answer } @calls] });
    is_own_error($_, 504, 'upstream-timeout', "round $round: a call gets 504") for @$answers;
}
like($httpd->error_log, qr/ upstream-timeout: vhost=silent\.test endpoint=\S+ stage=resolve cause=".+" ms=\d+$/m,
    'the log names the stage');

$httpd->stop;
unlike($httpd->error_log, qr/exit signal|SIGKILL/, 'a stop does not wait for the resolver');
stand_in->forget;

done_testing;
