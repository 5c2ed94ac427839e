# A refused client learns nothing of the configuration, and the error log has no body and no query value, at any level.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange);

my $url = $PATH . $SESSION;
my %endpoint = (
    answered => 'http://127.0.0.1:' . stand_in->port,
    impatient => 'http://127.0.0.1:' . stand_in->port,
    refused => 'http://127.0.0.1:' . vars->{standin_refuse},
    blackhole => 'http://127.0.0.1:' . vars->{standin_blackhole},
    nowhere => 'http://secret-name.invalid',
    'not-http' => 'http://127.0.0.1:' . vars->{standin_tls_good},
    untrusted => 'https://localhost:' . vars->{standin_tls_self_signed},
    unset => 'none',
);
my %limit = (
    blackhole => 'SessionInitializerConnectTimeout 300ms', impatient => "SessionInitializerConnectTimeout 500ms\nSessionInitializerTimeout 500ms",
);
my $ca = vars->{certs} . '/ca.pem';
my $vhosts = SessionInitializer::Httpd::vhosts(
    map { $_ => join "\n", "SessionInitializerEndpoint $endpoint{$_}", $limit{$_} // () } sort keys %endpoint);
my $httpd = SessionInitializer::Httpd->start(name => 'leaks', config => <<"CONFIG");
LogLevel debug session_initializer:trace8
StreamIdCount 3
SessionInitializerCACertificateFile "$ca"
SessionInitializerMaxBody 5000
$vhosts
CONFIG

# Bodies, query and headers of every request contain the mark; no log line and no answer does.
my $MARK = 'Xq7Secret';
my $CONFIGURED = join '|', map { quotemeta } $ca, $httpd->directory, 'secret-name.invalid', '127.0.0.1', 'localhost',
    (map { /:(\d+)$/ ? ":$1" : () } values %endpoint);

sub is_tight {
    my ($vhost, $method, $target, $name, %options) = @_;
    my $answer = exchange(port => $httpd->port, host => "$vhost.test", method => $method, target => $target, %options,
        headers => ['User-Agent' => $MARK, Cookie => "a=$MARK", 'X-Forwarded-For' => $MARK,
            @{$options{headers} // []}]);
    my $own = $answer->head . $answer->body;
    cmp_ok($answer->status, '>=', 400, "$name: refused");
    unlike($own, qr/$MARK/, "$name: the answer repeats nothing");
    unlike($own, qr/$CONFIGURED/, "$name: the answer does not reveal the configuration");
    return;
}

my $query = "?$MARK=$MARK&ads.$MARK=$MARK&aws.preroll=$MARK";
my $body = qq({"$MARK":"$MARK","adsParams":{"$MARK":["$MARK"]}});
is_tight($_, POST => "$url$query", "endpoint $_", body => $body)
    for qw(refused blackhole nowhere not-http untrusted unset);
is_tight('answered', POST => $PATH . fault($_) . $query, "fault $_", body => $body)
    for qw(garbage truncated reset-before reset-during);
is_tight('impatient', POST => $PATH . fault('stall') . $query, 'fault stall', body => $body);

for my $bad (substr($body, 0, -1), "$body$MARK", qq({"$MARK":$MARK}), "{'$MARK':1}", qq({"$MARK":"\x01"}),
    qq({"a":"$MARK\xff"}), qq(["$MARK"]), qq("$MARK"), $MARK) {
    is_tight('answered', POST => "$url$query", 'not a JSON object', body => $bad);
}
is_tight('answered', POST => "$url$query", 'no container', body => qq({"adsParams":"$MARK"}));
is_tight('answered', POST => "$url$query", 'too large', body => $MARK x 1000);
is_tight('answered', POST => "$url$query&ads.a=$MARK%ff", 'a query that is not UTF-8', body => $body);
is_tight('answered', POST => "$url$query&aws.adSignalingEnabled=$MARK", 'an invalid flag', body => $body);
is_tight('answered', POST => "$url$query", 'a coding', body => $body, headers => ['Content-Encoding' => $MARK]);
is_tight('answered', PUT => "$url$query", 'a method', body => $body);
is_tight('answered', GET => "$PATH/v2/other/a/c/x$query", 'a path');

# Successful requests do not put the mark into the log either.
for my $method (qw(GET POST OPTIONS)) {
    my $answer = exchange(port => $httpd->port, host => 'answered.test', method => $method, target => "$url$query",
        $method eq 'POST' ? (body => $body =~ s/,"adsParams".*/}/r) : ());
    cmp_ok($answer->status, '<', 400, "$method is answered") or diag($answer->body);
}
$httpd->stop;
my $log = $httpd->error_log;
like($log, qr/session_initializer:debug.*redirect: stream id/, 'the log has debug messages');
like($log, qr/upstream-unreachable.*endpoint=\Q$endpoint{refused}\E/, 'the log names the endpoint that failed');
my @leaks = grep { /$MARK/ } split /\n/, $log;
is(scalar @leaks, 0, 'the log has no part of bodies, queries and headers') or diag(join "\n", @leaks[0 .. 2]);
stand_in->forget;

done_testing;
