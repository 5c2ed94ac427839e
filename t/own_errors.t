# The module's own errors: JSON for players, whatever ErrorDocument is configured.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;
stand_in->forget;

is_own_error(get("$PATH/v2/master/a/c/x"), 404, 'not-found', 'a path that is none');
is_own_error(post($url, '{'), 400, 'bad-json', 'no JSON');
is_own_error(post("$url?ads.a=%ff", '{}'), 400, 'bad-query', 'no UTF-8 in the query');
is_own_error(post("$url?ads.a=1", '{"adsParams":1}'), 400, 'bad-container', 'no object to add to');
is_own_error(post($url, '{}', headers => ['Content-Encoding' => 'gzip']), 415, 'unsupported-encoding',
    'a compressed body');
is_own_error(send_raw("POST $url HTTP/1.1\r\nHost: plain.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    400, 'bad-coding', 'a transfer coding that is not chunked alone');
is_own_error(post($url, 'x' x 1001, vhost => 'small'), 413, 'body-too-large', 'too large a body');
is_own_error(post($url, '{}', vhost => 'no-endpoint'), 503, 'no-endpoint', 'no endpoint');

# Methods.
for my $target ($HLS, $DASH, $SESSION) {
    for my $method (qw(PUT DELETE PATCH TRACE PROPFIND FOO get Post)) {
        my $answer = request($method => $PATH . $target);
        is_own_error($answer, 405, 'method-not-allowed', "$method $target");
        is(join(',', sort split /\s*,\s*/, $answer->header('Allow') // ''), 'GET,HEAD,OPTIONS,POST',
            "$method $target: Allow");
    }
}
my $put = request(PUT => $url, body => '{}');
is_own_error($put, 405, 'method-not-allowed', 'PUT with a body');
is_own_error(request(PUT => "$PATH/x", body => '{}'), 404, 'not-found', 'PUT to a path that is none');

# HEAD has the headers and no body.
my $head = head_of("$PATH/x");
is($head->status, 404, 'HEAD: status');
is($head->header('Content-Type'), 'application/json', 'HEAD: Content-Type');
my $bytes = connection->send("HEAD $PATH/x HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n")->rest;
like($bytes, qr/\A[^\0]*?\r\n\r\n\z/, 'HEAD: no body');
nothing_sent('own errors');

# ErrorDocument does not apply.
is_own_error(get("$PATH/x", vhost => 'error-document'), 404, 'not-found', 'ErrorDocument 404');
is_own_error(post($url, '{', vhost => 'error-document'), 400, 'bad-json', 'ErrorDocument 400');
is_own_error(request(PUT => $url, vhost => 'error-document'), 405, 'method-not-allowed', 'ErrorDocument 405');
is_own_error(post($url, '{}', vhost => 'error-document'), 502, 'upstream-unreachable', 'ErrorDocument 502');
is(get('/nothing', vhost => 'error-document')->body, 'an ErrorDocument', "ErrorDocument applies outside PATH");
for my $status (404, 503) {
    my $answer = post($PATH . fault("status-$status"), '{}', vhost => 'error-document-upstream');
    is_answer($answer, $status, "the upstream's $status: status");
    like($answer->body, qr/^\{"message":/, "the upstream's $status: body");
}

# A connection stays usable after an error, except after those for which httpd always closes it (400, 413, 503).
my $connection = connection;
for my $request (
    [404, "GET $PATH/x HTTP/1.1\r\nHost: plain.test\r\n\r\n"],
    [405, "PUT $url HTTP/1.1\r\nHost: plain.test\r\nContent-Length: 2\r\n\r\n{}"],
    [415, "POST $url HTTP/1.1\r\nHost: plain.test\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"],
    [302, "GET $PATH$HLS HTTP/1.1\r\nHost: plain.test\r\n\r\n"],
) {
    is($connection->send($request->[1])->answer->status, $request->[0], "on one connection: $request->[0]");
}

done_testing;
