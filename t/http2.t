# HTTP/2: h2c with prior knowledge and by upgrade, h2 over TLS. mod_http2 does not work under prefork: there
# the same clients get HTTP/1.1.
# Depends on the MPM.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Curl qw(curl run $PATIENCE);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;

my $plain = 'http://127.0.0.1:' . port;
my @to_plain = ('-H', 'Host: plain.test');
my $tls = 'https://localhost:' . vars->{tls_port};
my @to_tls = ('--cacert', vars->{certs} . '/ca.pem', '--http2');

my @ways = (
    ['h2c by upgrade', $plain, 'plain.test', '--http2', @to_plain],
    ['h2 over TLS', $tls, 'localhost:' . vars->{tls_port}, @to_tls],
    threaded ? ['h2c with prior knowledge', $plain, 'plain.test', '--http2-prior-knowledge', @to_plain] : (),
);
my $version = threaded ? 2 : 1.1;

my $body_file = vars->{t_logs} . '/http2-body.json';
my $body = '{"a":"' . 'x' x (1_048_576 - 8) . '"}';
SessionInitializer::Httpd::write_file($body_file, $body);

for my $way (@ways) {
    my ($name, $base, $host, @options) = @$way;
    stand_in->forget;

    my $answer = curl(@options, "$base$PATH$HLS?x=1&aws.streamId=9");
    is($answer->{version}, $version, "$name: the version");
    is($answer->{status}, 302, "$name: a redirect");
    like($answer->{head}, qr/^location: \Q$HLS\E\?x=1&aws\.streamId=[1-3]\r?$/mi, "$name: Location");
    like($answer->{head}, qr/^cache-control: no-store\r?$/mi, "$name: not to be stored");
    is(occurrences($answer->{head}, qr/^access-control-allow-origin: \*\r?$/mi), 1, "$name: CORS");
    is($answer->{body}, '', "$name: no body");
    is(curl(@options, '--head', "$base$PATH$HLS")->{status}, 302, "$name: HEAD");
    is(curl(@options, "$base$PATH/x")->{status}, 404, "$name: a 404");
    is(curl(@options, '-X', 'PUT', "$base$PATH$HLS")->{status}, 405, "$name: a 405");
    is(curl(@options, '-X', 'OPTIONS', "$base$PATH$HLS")->{status}, 204, "$name: a preflight");

    # curl does not upgrade a POST.
    next if $name eq 'h2c by upgrade';

    stand_in->forget;
    $answer = curl(@options, '-d', '{"n":1.10}', "$base$PATH$SESSION?ads.a=1");
    is($answer->{version}, $version, "$name: the version of a session");
    is($answer->{status}, 200, "$name: a session");
    like($answer->{body}, qr/^\{"manifestUrl":/, "$name: its JSON");
    my $request = received;
    is(sent_body($request), '{"adsParams":{"a":"1"},"n":1.10}', "$name: what was sent");
    is($request->header('Host'), $host, "$name: Host");
    is($request->header('X-Forwarded-For'), '127.0.0.1', "$name: X-Forwarded-For");

    $answer = curl(@options, '--data-binary', "\@$body_file", '-H', 'Expect:', "$base$PATH$SESSION");
    is($answer->{status}, 200, "$name: 1 MiB");
    ok(received->body =~ s/,"streamId":"[1-3]"|"streamId":"[1-3]",//r eq $body, "$name: 1 MiB arrives");
    is(curl(@options, '-d', 'x', "$base$PATH$SESSION")->{status}, 400, "$name: a 400");
    is(curl(@options, '-d', '{}', "$base$PATH" . fault('odd-799'))->{status}, 799,
        "$name: a status that httpd does not know");

    # Many streams run at once; curl 7.88 cannot begin them with prior knowledge.
    next if $name eq 'h2c with prior knowledge';
    my $many = 24;
    my $delayed = $base . $PATH . fault('delay-100');
    my @calls = map { ('-o', '/dev/null', '-w', '%{http_code}\n', "$delayed?n=$_") } 1 .. $many;
    stand_in->forget;
    my ($exit, $text) = run(qw(curl -sS -q --max-time), $PATIENCE, qw(--noproxy * -Z --parallel-max 8), @options, '-d', '{}',
        @calls);
    is(occurrences($text, qr/^200$/m), $many, "$name: $many sessions in parallel");
    is(scalar(new_requests), $many, "$name: each went upstream");
}

done_testing;
