# A name with several addresses, some of which refuse: no player notices, the log and the status say which are left out.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use Config;
use IO::Socket::INET;
use SessionInitializer::Httpd;
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange);

# Replaces getaddrinfo in httpd: three.test has the addresses 127.0.0.1 to 127.0.0.3.
my $library = vars->{t_logs} . '/three_addresses';
SessionInitializer::Httpd::write_file("$library.c", <<'C');
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    static const char *const addresses[] = { "127.0.0.3", "127.0.0.2", "127.0.0.1" };
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **)
        = dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo *first = NULL;
    int i;

    if (!name || strcmp(name, "three.test") != 0) {
        return real(name, service, hints, found);
    }
    for (i = 0; i < 3; i++) {
        struct addrinfo *info;
        if (real(addresses[i], service, hints, &info) != 0) {
            return EAI_FAIL;
        }
        info->ai_next = first;
        first = info;
    }
    *found = first;
    return 0;
}
C
system($Config{cc}, qw(-shared -fPIC -o), "$library.so", "$library.c") == 0 or die "$Config{cc} has failed\n";

my $httpd = SessionInitializer::Httpd->start(name => 'addresses', environment => { LD_PRELOAD => "$library.so" },
    one_child => 1, config => <<"CONFIG");
LogLevel session_initializer:notice
StreamIdCount 3
SessionInitializerEndpoint http://three.test:@{[stand_in->port]}
<Location /session-initializer-status>
    SetHandler session-initializer-status
</Location>
CONFIG

sub ask { return exchange(port => $httpd->port, host => 'x', method => $_[0], target => $_[1], body => $_[2]) }
sub logged_of { my ($tag, $address) = @_; return scalar(() = $httpd->error_log =~ / $tag: \S+ address=\Q$address\E: /g) }
sub addresses {
    my $status = to_perl(parse_json(ask(GET => '/session-initializer-status?json')->body));
    return { map { $_->{address} => $_ } @{$status->{servers}[0]{upstream}{addresses}} };
}

# Each of these makes a new connection.
my @statuses = map { ask(POST => $PATH . fault('close'), '{}')->status } 1 .. 30;
is("@statuses", join(' ', (200) x 30), 'two of three addresses refuse: every session is answered');
is(logged_of('address-out', $_), 1, "$_ refuses: one line in the log says that it is left out") for '127.0.0.2', '127.0.0.3';
is(logged_of('address-out', '127.0.0.1'), 0, '127.0.0.1 answers: the log says nothing of it');
my $known = addresses();
is_deeply({ map { $_ => "$known->{$_}{in_use}" } keys %$known }, { '127.0.0.1' => 1, '127.0.0.2' => 0, '127.0.0.3' => 0 },
    'the status says which addresses are in use');
cmp_ok($known->{'127.0.0.2'}{failures}, '>=', 1, 'the status counts failed connections');
is($known->{'127.0.0.1'}{failures}, 0, 'the status counts none of the address that answers');

# From here on a kept connection has all sessions, and only the probe connects to what listens there.
is_answer(ask(POST => $PATH . $SESSION, '{}'), 200, 'a session on a connection that is kept');
my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.2', LocalPort => stand_in->port, ReuseAddr => 1)
    or die "127.0.0.2: $!\n";
ok(eventually(sub {
    ask(POST => $PATH . $SESSION, '{}')->status == 200 or die "a session has failed\n";
    return logged_of('address-back', '127.0.0.2');
}), '127.0.0.2 listens again: a probe finds it, and the log says so');
is(logged_of('address-back', '127.0.0.3'), 0, '127.0.0.3 still refuses: it stays left out');
ok(addresses()->{'127.0.0.2'}{in_use}, 'the status says that 127.0.0.2 is in use again');
$httpd->stop;
stand_in->forget;

done_testing;
