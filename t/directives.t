# configtest: which values each directive accepts, and the message for any other value. Then what a vhost inherits.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;

my $ca = vars->{certs} . '/ca.pem';

sub accepts {
    my ($config, $name) = @_;
    my ($ok, $output) = SessionInitializer::Httpd::configtest($config);
    ok($ok, 'accepted: ' . ($name // $config)) or diag($output);
}

sub in_vhost { return join "\n", 'Listen 127.0.0.1:2', '<VirtualHost 127.0.0.1:2>', @_, "</VirtualHost>\n" }

# Escapes a value as httpd does in its logs.
sub escaped { return $_[0] =~ s/\\/\\\\/gr =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ger }

# The message names the directive, the value (one of several) and what is allowed.
sub refuses {
    my ($directive, $values, $allowed, $also) = @_;
    my @values = ref $values ? @$values : $values;
    my $config = join ' ', $directive, map { qq("$_") } @values;
    my ($ok, $output) = SessionInitializer::Httpd::configtest("$config\n" . ($also // ''));
    my $message = $output =~ s/.*line \d+ of [^\n]*\n//sr;
    ok(!$ok && $message =~ /$directive/, "refused: $config, and the message names the directive")
        or return diag($output);
    return if $values[0] eq '';    # httpd itself treats this as a missing value
    like($message, qr/${\join '|', map { quotemeta } @values, map { escaped($_) } @values}/,
        "$config: the message names the value");
    like($message, $allowed, "$config: the message says what is allowed");
}

accepts("StreamIdCount $_") for qw(1 2 3 9 10 Off off);
refuses(StreamIdCount => $_, qr/\b1\b.*\b10\b/) for '', qw(0 11 -1 3.5 x 3x 0x3 99999999999999999999 On);

accepts("StreamIds $_") for 'a', 'a b c', 'East=3 west=1', 'x=10000', join ' ', map { "g$_=$_" } 1 .. 25;
refuses(StreamIds => $_, qr/1 to 64 .*1 to 10000/) for '', qw(=1 a= a=0 a=10001 a=1.5 a/b a&b a%62), 'a b', "\xc3\xa9",
    ['a', 'b=x'], 'x' x 65;
refuses(StreamIds => ['a', 'b', 'a=2'], qr/already listed/);
refuses(StreamIds => ['a', map { "g$_" } 1 .. 25], qr/at most 25/);
accepts("StreamIds a b\nStreamIds c", 'StreamIds on several lines');
for my $both ("StreamIds a\nStreamIdCount 3", "StreamIdCount 3\nStreamIds a", "StreamIds a\nStreamIdCount Off") {
    my ($ok, $output) = SessionInitializer::Httpd::configtest("$both\n");
    ok(!$ok, 'refused: both in one server: ' . $both =~ s/\n/ /r);
    my ($second) = $both =~ /\n(\w+)/;
    my ($first) = $both =~ /^(\w+)/;
    like($output, qr/$second and $first are both set in this server: use one of them/,
        'both in one server: the message says which, and what to do');
}
accepts("StreamIdCount 3\n" . in_vhost('StreamIds a b'), 'StreamIds in a vhost of a server with StreamIdCount');

accepts("StreamIdKey $_") for '"%{HTTP:X-Device-Id}"', '%{REMOTE_ADDR}', '"%{REMOTE_ADDR} %{HTTP:User-Agent}"', 'constant',
    '"%{tolower:%{HTTP:X-Device-Id}}"';
refuses(StreamIdKey => $_, qr/not an expression: .*; give one as/) for '%{HTTP:X-Device-Id', '%{nothing:x}', '%{NO_SUCH_NAME}';

# The file may be created later.
accepts("StreamIdSchedule $_") for '/nowhere/schedules.json', 'relative.json', "a.json\nStreamIdSchedule b.json";

accepts("SessionInitializerEndpoint $_") for qw(
    https://mt.example https://mt.example/ http://127.0.0.1:8080 https://mt.example:65535/ https://[::1]:8443 none
);
no warnings 'qw';
refuses(SessionInitializerEndpoint => $_, qr{https?://}) for '', 'https://mt example', 'https://mt.example ',
    'https://mt.example\\x', qw(
    mt.example //mt.example /v1 https:/mt.example ftp://mt.example file:///etc/passwd https:// https://mt.example/v1
    https://mt.example/?x https://mt.example?x
    https://mt.example/#f https://mt.example#f https://user@mt.example https://user:secret@mt.example
    https://mt.example:0 https://mt.example:65536
    https://mt.example:x https://:443 https://[::1
);

accepts("SessionInitializerPath $_") for qw(/session-initializer /a /a/b /A-z.0_9~ /v1x /v2 /x/v1 /.a /...);
refuses(SessionInitializerPath => $_, qr{/}) for '', '/a b', '/a\\b', "/\xc3\xa9", qw(
    / a a/b /a/ /a/b/ /a/../b /.. /a/. /./a /a%20b /%61 /a?b /a#b /a;b /a:b /a@b /v1 /v1/x /v1/session-initializer
);

accepts("SessionInitializerPlaybackBase $_")
    for qw(https://play.example http://play.example:8080 https://[2001:db8::1] none);
refuses(SessionInitializerPlaybackBase => $_, qr{://}) for '', 'https://play example', qw(
    play.example //play.example /x https:// https://play.example/x https://play.example?x https://play.example#x
    https://u@play.example
    https://play.example:0 https://play.example:99999 javascript:alert(1)
);

for my $directive ('SessionInitializerConnectTimeout', 'SessionInitializerTimeout') {
    my $long = $directive eq 'SessionInitializerTimeout' ? '' : "\nSessionInitializerTimeout 60s";
    accepts("$directive $_$long", "$directive $_") for qw(1ms 500ms 2s 2 60s 60 60000ms 1min);
    refuses($directive => $_, qr/\b1ms\b.*\b60s\b/, $long) for '',
        qw(0 0s 0ms 61s 61 60001ms 2min 1h -1 -1s x 2x ms s 99999999999999999999);
}
accepts("SessionInitializerOutgoingProxy $_") for qw(http://proxy.example:3128 http://me:secret@proxy.example none);
for my $value ('http://me:Secret@proxy.example/x', 'https://me:Secret@proxy.example', 'http://me:Sec ret@proxy.example') {
    my ($ok, $output) = SessionInitializer::Httpd::configtest(qq(SessionInitializerOutgoingProxy "$value"\n));
    ok(!$ok && $output =~ /SessionInitializerOutgoingProxy .*give http:/s, "refused: SessionInitializerOutgoingProxy $value");
    unlike($output, qr/Secret|Sec ret/, "SessionInitializerOutgoingProxy $value: the message does not have the password");
}
accepts("SessionInitializerConnectionMaxAge $_") for qw(1s 300s 1h 60 5min);
refuses(SessionInitializerConnectionMaxAge => $_, qr/\b1s\b.*\b1h\b/) for '', qw(0 999ms 3601s 2h -1 x);
accepts("SessionInitializerConnectTimeout 4s\nSessionInitializerTimeout 4s",
    'SessionInitializerConnectTimeout equal to SessionInitializerTimeout');
accepts('SessionInitializerTimeout 1s',
    'SessionInitializerTimeout shorter than the default of SessionInitializerConnectTimeout');
accepts("SessionInitializerTimeout 1s\nSessionInitializerConnectTimeout 1s",
    'SessionInitializerTimeout before SessionInitializerConnectTimeout');
for my $config (
    "SessionInitializerConnectTimeout 5s\n", "SessionInitializerTimeout 1s\nSessionInitializerConnectTimeout 1001ms\n",
    "SessionInitializerConnectTimeout 1001ms\nSessionInitializerTimeout 1s\n",
    "SessionInitializerConnectTimeout 3s\n" . in_vhost('SessionInitializerTimeout 2s'),
) {
    my ($ok, $output) = SessionInitializer::Httpd::configtest($config);
    ok(!$ok, 'refused: SessionInitializerConnectTimeout above SessionInitializerTimeout: ' . $config =~ s/\n/ /gr);
    like($output, qr/SessionInitializerConnectTimeout/,
        'refused: the message names SessionInitializerConnectTimeout as too long');
}

accepts("SessionInitializerMaxBody $_") for qw(1 1000 1048576 8388608);
refuses(SessionInitializerMaxBody => $_, qr/bytes|number|from/i) for '', qw(-1 x 1k 1.5 99999999999999999999999);

accepts("SessionInitializerMaxConcurrent $_") for qw(1 6 1000);
refuses(SessionInitializerMaxConcurrent => $_, qr/\b1\b/) for '', qw(0 -1 x 1.5 99999999999999999999);

accepts("SessionInitializerPreserveHost $_") for qw(On Off on off);
for my $value ('', qw(maybe 1)) {    # httpd's own words for a flag
    my ($ok, $output) = SessionInitializer::Httpd::configtest(qq(SessionInitializerPreserveHost "$value"\n));
    ok(!$ok && $output =~ /SessionInitializerPreserveHost must be On or Off/, "SessionInitializerPreserveHost '$value': refused");
}

accepts("SessionInitializerCACertificateFile $ca");
refuses(SessionInitializerCACertificateFile => $_, qr/file|read/i) for vars->{certs} . '/nothing.pem', vars->{certs},
    '/dev/null';

accepts("SessionInitializerForwardHeader $_") for 'X-A', 'CloudFront-Viewer-Country X-B X-C', 'x!#$%&\'*+-.^_`|~9';
refuses(SessionInitializerForwardHeader => $_, qr/header/i) for '', 'X A', ['X-A', 'Cookie'], qw(
    Cookie cookie Authorization AUTHORIZATION Connection Keep-Alive Proxy-Authenticate Proxy-Authorization
    Proxy-Connection TE Trailer Transfer-Encoding
    Upgrade Content-Length Host Expect X-Forwarded-For x-forwarded-for X-A: X/A
);

accepts("SessionInitializerAllowOrigin $_") for '*', 'none', 'https://a.example',
    'https://a.example http://b.example:8080', 'https://[::1]:8443', 'file:// capacitor://localhost null';
refuses(SessionInitializerAllowOrigin => ['none', 'null'], qr/none sets no CORS headers, null is the origin/);
refuses(SessionInitializerAllowOrigin => $_, qr/file:\/\/.*null/) for qw(file: file:/// file:///android_asset nil);
refuses(SessionInitializerAllowOrigin => $_, qr/\*.*none|none.*\*/)
    for qw(a.example https:// https://a.example/ https://a.example/x https://a.example?x https://u@a.example), '',
    ['*', 'https://a.example'], ['none', 'https://a.example'], ['https://a.example', '*'],
    ['https://a.example', 'none'];

# The contexts in which each directive is allowed.
my @everywhere = (
    'StreamIdCount 3', 'StreamIdKey "%{REMOTE_ADDR}"', 'StreamIdSchedule a.json', 'SessionInitializerEndpoint https://mt.example', 'SessionInitializerPath /a',
    'SessionInitializerPlaybackBase https://play.example',
    'SessionInitializerConnectTimeout 1s', 'SessionInitializerTimeout 3s', 'SessionInitializerConnectionMaxAge 60s', 'SessionInitializerOutgoingProxy http://proxy.example', 'SessionInitializerMaxBody 10',
    'SessionInitializerPreserveHost Off',
    "SessionInitializerCACertificateFile $ca", 'SessionInitializerForwardHeader X-A', 'SessionInitializerAllowOrigin *',
);
accepts(join("\n", @everywhere, 'SessionInitializerMaxConcurrent 3'), 'all directives in the server');
accepts(in_vhost(@everywhere), 'all directives but SessionInitializerMaxConcurrent in a vhost');
for my $directive (@everywhere, 'StreamIds a b', 'SessionInitializerMaxConcurrent 3') {
    for my $place ('Location "/"', 'Directory "/"') {
        my ($section) = split / /, $place;
        my ($ok, $output) = SessionInitializer::Httpd::configtest("<$place>\n$directive\n</$section>\n");
        my ($name) = split / /, $directive;
        ok(!$ok && $output =~ /$name/, "refused: $name in <$place>");
    }
}
my ($ok, $output) = SessionInitializer::Httpd::configtest(in_vhost('SessionInitializerMaxConcurrent 3'));
ok(!$ok && $output =~ /SessionInitializerMaxConcurrent/, 'refused: SessionInitializerMaxConcurrent in a vhost');

# A path may be relative to ServerRoot.
my $directory = vars->{t_logs} . '/configtest';
SessionInitializer::Httpd::write_file("$directory/relative.pem", do { local (@ARGV, $/) = $ca; <> });
accepts('SessionInitializerCACertificateFile relative.pem', 'a CA file relative to ServerRoot');

# A vhost inherits from the server what it does not set; what it sets is its own.
my $standin_port = stand_in->port;
sub vhosts_on {
    my ($server, %vhosts) = @_;
    my $own = join '', map { "<VirtualHost 127.0.0.1:PORT>\nServerName $_.test\n$vhosts{$_}</VirtualHost>\n" }
        sort keys %vhosts;
    return SessionInitializer::Httpd->start(name => 'directives', config => "$server\n$own");
}
sub ask {
    my ($httpd, $vhost, $method, $target, @options) = @_;
    return SessionInitializer::Wire::exchange(port => $httpd->port, host => "$vhost.test", method => $method,
        target => $target, @options);
}

my $httpd = vhosts_on(<<"SERVER",
StreamIdCount 1
SessionInitializerEndpoint http://127.0.0.1:$standin_port
SessionInitializerPath /here
SessionInitializerPlaybackBase https://play.example
SessionInitializerMaxBody 100
SessionInitializerPreserveHost Off
SessionInitializerForwardHeader X-A
SessionInitializerAllowOrigin https://a.example
SERVER
    inherits => '',
    off => "StreamIdCount Off\n",
    ten => "StreamIdCount 10\n",
    endpoint => "SessionInitializerEndpoint none\n",
    path => "SessionInitializerPath /there\n",
    base => "SessionInitializerPlaybackBase none\n",
    body => "SessionInitializerMaxBody 200\n",
    host => "SessionInitializerPreserveHost On\n",
    header => "SessionInitializerForwardHeader X-B\n",
    origin => "SessionInitializerAllowOrigin *\n",
);
sub header_upstream {
    my ($vhost, $header) = @_;
    stand_in->forget;
    ask($httpd, $vhost, POST => "/here$SESSION", body => '{}', headers => ['X-A' => 'a', 'X-B' => 'b']);
    return received->header($header);
}
my %of = (
    Location => sub { ask($httpd, $_[0], GET => "/here$HLS")->header('Location') },
    allowed => sub { ask($httpd, $_[0], GET => "/here$HLS",
        headers => [Origin => 'https://a.example'])->header('Access-Control-Allow-Origin') },
    '101 bytes' => sub { ask($httpd, $_[0], POST => "/here$SESSION", body => '{"a":"' . 'x' x 93 . '"}')->status },
    session => sub { ask($httpd, $_[0], POST => "/here$SESSION", body => '{}')->status },
    map { my $header = $_; $header => sub { header_upstream($_[0], $header) } } qw(Host X-A X-B),
);
for my $case (
    ['inherits', Location => "https://play.example$HLS?aws.streamId=1"], ['off', Location => undef],
    ['path', Location => undef],
    ['base', Location => "$HLS?aws.streamId=1"], ['endpoint', Location => "https://play.example$HLS?aws.streamId=1"],
    ['inherits', session => 200], ['endpoint', session => 503], ['off', session => 404],
    ['inherits', '101 bytes' => 413], ['body', '101 bytes' => 200],
    ['inherits', Host => "127.0.0.1:$standin_port"], ['host', Host => 'host.test'],
    ['inherits', 'X-A' => 'a'], ['inherits', 'X-B' => undef], ['header', 'X-B' => 'b'],
    ['inherits', allowed => 'https://a.example'], ['origin', allowed => '*'], ['ten', allowed => 'https://a.example'],
) {
    my ($vhost, $what, $expected) = @$case;
    is(scalar $of{$what}->($vhost), $expected, "vhost $vhost: $what");
}
is(ask($httpd, 'path', GET => "/there$HLS")->header('Location'), "https://play.example$HLS?aws.streamId=1",
    'vhost path: its own path');
ok((grep { (stream_id_of(ask($httpd, 'ten', GET => "/here$HLS")) // 0) > 1 } 1 .. 50), 'vhost ten: its own count');
$httpd->stop;

# The vhost switches the module on although the server has it off; no other vhost is affected.
$httpd = vhosts_on('', silent => '', speaks => "StreamIdCount 2\n");
is(ask($httpd, 'silent', GET => $PATH . $HLS)->status, 404, 'without StreamIdCount the module answers no GET');
is(ask($httpd, 'silent', POST => $PATH . $SESSION, body => '{}')->status, 404,
    'without StreamIdCount the module answers no POST');
is_deeply([grep { /^access-control/ } ask($httpd, 'silent', GET => $PATH . $HLS)->header_names], [],
    'without StreamIdCount the module adds no header');
is(ask($httpd, 'speaks', GET => $PATH . $HLS)->status, 302, 'a vhost with StreamIdCount redirects');
is(ask($httpd, 'speaks', POST => $PATH . $SESSION, body => '{}')->status, 503,
    'a vhost with only StreamIdCount has no endpoint');
$httpd->stop;

done_testing;
