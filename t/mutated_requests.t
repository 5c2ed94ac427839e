# Requests whose bytes are changed at random: no child of httpd dies, no answer leads away from the player's host, and
# MediaTailor gets only whole requests with a stream id of the module. From the environment: SEED selects the requests,
# FUZZ_SECONDS is the time. With a module and an httpd under sanitizers (script/fuzz) their reports count too.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Httpd;
use SessionInitializer::Json qw(json_members json_text parse_json);
use SessionInitializer::RandomJson qw(below one_in pick random_body random_query);
use SessionInitializer::Suite;
use IO::Socket::INET;
use Time::HiRes qw(time);

my $SEED = $ENV{SEED} // int time;
my $SECONDS = $ENV{FUZZ_SECONDS} // 1;
my $BATCH = 200;
my $PATIENCE = 20 * patience;

srand $SEED;
note "SEED=$SEED FUZZ_SECONDS=$SECONDS";

my %FORWARDED = map { $_ => 1 } qw(host content-type content-length x-forwarded-for user-agent referer accept-language
    x-device-user-agent);
my $V1 = "$PATH/v1";
my @TOKENS = ("\r\n", "\n", "\r", "\0", ' ', "\t", ':', ';', ',', '&', '=', '?', '#', '%', '%00', '%0d%0a', '%2e%2e',
    '/', '//', '\\', '../', '{', '}', '"', '[', ']', '\u0000', "\xff", "\xc3\xa9", '@', 'http://evil.example',
    'HTTP/1.1', 'HTTP/0.9', 'GET ', 'POST ', 'HEAD ', 'OPTIONS ', 'PUT ', 'aws.streamId=9', 'aws%2estreamId',
    'aws.sessionId=S', '"streamId":"9"', '"stream\u0049d":9', 'Content-Length: 1', 'Content-Length: 999999999999',
    'Content-Length: -1', 'Transfer-Encoding: chunked', "Transfer-Encoding:\tchunked, identity",
    'Connection: close, Host', 'Host: a@b:1', 'Expect: 100-continue', 'X-Forwarded-For: 1.2.3.4, x',
    'Content-Encoding: gzip', 'Upgrade: h2c', 'Range: bytes=0-1', "0\r\n\r\n", 'ffffffffffffffff', '7fffffff', '/v1/',
    '/v1/session/', $PATH, 'a' x 300, '%' x 50);

sub seed_request {
    my ($query) = random_query();
    my $body = random_body();
    my $host = 'Host: plain.test';
    my $length = 'Content-Length: ' . length $body;
    my $from = 'X-Forwarded-For: 192.0.2.1';
    my $chunks = join '', map { sprintf "%x\r\n%s\r\n", length, $_ } (grep { length } unpack '(a100)*', $body), '';
    return pick(
        "GET $PATH$HLS?$query HTTP/1.1\r\n$host\r\nOrigin: https://a.example\r\n\r\n",
        "HEAD $PATH$DASH HTTP/1.1\r\n$host\r\n\r\n",
        "GET $V1/manifest/a/c/s/0.m3u8?$query HTTP/1.0\r\n\r\n",
        "GET http://plain.test$PATH$HLS?$query HTTP/1.1\r\n$host\r\n\r\n",
        "OPTIONS $PATH$SESSION HTTP/1.1\r\n$host\r\nAccess-Control-Request-Method: POST\r\n"
            . "Access-Control-Request-Headers: content-type\r\n\r\n",
        "POST $PATH$SESSION?$query HTTP/1.1\r\n$host\r\n$from\r\nUser-Agent: x\r\n$length\r\n\r\n$body",
        "POST $PATH$HLS HTTP/1.1\r\n$host\r\nTransfer-Encoding: chunked\r\n\r\n$chunks",
        "POST $PATH$SESSION HTTP/1.1\r\n$host\r\nExpect: 100-continue\r\nContent-Type: text/plain\r\n$length\r\n\r\n"
            . $body,
        "POST $PATH$DASH?$query HTTP/1.0\r\nConnection: keep-alive\r\n$length\r\n\r\n$body",
    );
}

sub mutated {
    my $bytes = join '', map { seed_request() } 0 .. one_in(4);
    for (1 .. below(5)) {
        my $at = below(length($bytes) + 1);
        my $count = below(pick(2, 10, 100));
        my $kind = below(6);
        substr $bytes, $at, 0, pick(@TOKENS) if $kind <= 1;
        substr $bytes, $at, $count, '' if $kind == 2;
        substr $bytes, $at, 1, chr below(256) if $kind == 3 && $at < length $bytes;
        substr $bytes, $at, 0, substr $bytes, below(length $bytes), $count if $kind == 4 && length $bytes;
        substr $bytes, $at, length pick(@TOKENS), pick(@TOKENS) if $kind == 5 && $at + 30 < length $bytes;
    }
    return one_in(20) ? substr $bytes, 0, below(1 + length $bytes) : $bytes;
}

# Returns the answer to these bytes until httpd closes, which it does after it has read the end of the input.
sub answers_to {
    my ($port, $bytes) = @_;
    local $SIG{ALRM} = sub { die "no end within $PATIENCE s\n" };
    local $SIG{PIPE} = 'IGNORE';
    alarm $PATIENCE;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "httpd is gone: $!\n";
    my ($sent, $answers) = (0, '');
    while ($sent < length $bytes) {
        $sent += syswrite($socket, $bytes, length($bytes) - $sent, $sent) // last;
    }
    shutdown $socket, 1;
    1 while sysread $socket, $answers, 65536, length $answers;
    alarm 0;
    return $answers;
}

# Returns what is wrong with the answer to the player; '' if nothing is.
sub fault_of_answers {
    my $answers = shift;
    return '' if $answers eq '';
    # A request line without a version gets no response head: HTTP/0.9.
    return 'no HTTP' if $answers !~ m{^(?:HTTP/1\.[01] \d{3} |<!DOCTYPE|\{"error")};
    return 'Location leads away' if $answers =~ m{^Location:(?! /v1/[^/\s])}mi;
    return 'a bare line feed in a head' if $answers =~ m{\AHTTP[^\r]*\n};
    return '';
}

# Returns what is wrong with a request that MediaTailor gets; '' if nothing is.
sub fault_of_request {
    my $request = shift;
    return 'not a session POST' if $request->method ne 'POST' || $request->version ne 'HTTP/1.1'
        || $request->target !~ m{^/v1/session/[^/?#]+/[^/?#]+/[^/?#][^?#]*(?:\?[^#]*)?$};
    return 'a control character or a space in the target' if $request->target =~ /[\x00-\x20\x7f]/;
    my %count;
    $count{$_}++ for $request->header_names;
    return "header $_" for grep { !$FORWARDED{$_} } keys %count;
    return "repeated $_" for grep { $count{$_} > 1 } keys %count;
    return 'not one host' if ($count{host} // 0) != 1;
    return 'Content-Length' if $request->header('Content-Length') != length $request->body;
    my $body = eval { parse_json($request->body) } // return "no JSON: $@";
    my @ids = json_members($body, 'streamId');
    return @ids == 1 && json_text($ids[0]) =~ /^"[1-3]"$/ ? '' : 'not one stream id';
}

my $httpd = SessionInitializer::Httpd->start(name => 'mutated', config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
Timeout 5
KeepAliveTimeout 1
MaxConnectionsPerChild 0
CONFIG
my @children = $httpd->children;

sub show { return map { s/([^\n\x20-\x7e])/sprintf '\\x%02X', ord $1/ger } @_ }

# Returns the faults found with that many requests, each with the bytes that caused it.
sub run_batch {
    my @found;
    stand_in->forget;
    for (1 .. $BATCH) {
        my $bytes = mutated();
        my $fault = eval { fault_of_answers(answers_to($httpd->port, $bytes)) } // $@;
        push @found, "$fault: $bytes" if $fault;
    }
    push @found, "a malformed request was sent upstream\n" if stand_in->summary->{malformed};
    my @received = stand_in->requests;
    for my $request (@received) {
        my $fault = fault_of_request($request);
        push @found, "$fault: " . $request->target . "\n" . $request->body if $fault;
    }
    my %alive = map { $_ => 1 } $httpd->children;
    push @found, map { "child $_ has died\n" } grep { !$alive{$_} } @children;
    push @found, map { "$_\n" } $httpd->error_log =~ /(.*(?:exit signal|AddressSanitizer|runtime error:).*)/g;
    return (scalar(@received), @found);
}

my ($sent, $arrived, @faults) = (0, 0);
for (my $end = time + $SECONDS; time < $end && !@faults; $sent += $BATCH) {
    my ($received, @found) = run_batch();
    $arrived += $received;
    push @faults, @found;
}
diag(show("SEED=$SEED, after $sent requests: $_")) for @faults[0 .. ($#faults < 4 ? $#faults : 4)];
is(scalar(@faults), 0, "$sent mutated requests, $arrived of which reached MediaTailor");
cmp_ok($arrived, '>', $sent / 100, 'some of them did');
my $answer = SessionInitializer::Wire::exchange(port => $httpd->port, host => 'plain.test', method => 'GET',
    target => $PATH . $HLS);
is($answer->status, 302, 'httpd answers as before');
$httpd->stop;
stand_in->forget;

done_testing;
