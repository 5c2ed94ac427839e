# The configuration alone decides where a session is initialized: no client can redirect the module.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::StandIn;
use SessionInitializer::Suite;

my $url = $PATH . $SESSION;
my $elsewhere = SessionInitializer::StandIn->start(vars, 'security-elsewhere');
my $there = '127.0.0.1:' . $elsewhere->port;

sub send_to {
    my ($target, $headers, $body) = @_;
    return send_raw("POST $target HTTP/1.1\r\n$headers\r\nConnection: close\r\nContent-Length: " . length($body)
        . "\r\n\r\n$body", 'POST');
}

# The request always goes to the endpoint, with the path that was asked for.
for my $case (
    [$url, "Host: $there", 'Host'],
    [$url, "Host: plain.test\@$there", 'user info in Host'],
    ["http://$there$url", "Host: plain.test", 'the absolute form'],
    ["http://$there$url", "Host: $there", 'the absolute form and Host'],
    ["http://plain.test\@$there$url", "Host: plain.test", 'the absolute form with user info'],
    [$url, "Host: plain.test\r\nX-Forwarded-Host: $there\r\nX-Host: $there\r\nX-Forwarded-Server: $there",
        'X-Forwarded-Host'],
    [$url, "Host: plain.test\r\nForwarded: host=$there;for=$there", 'Forwarded'],
    [$url, "Host: plain.test\r\nX-Original-URL: http://$there/\r\nX-Rewrite-URL: http://$there/", 'X-Original-URL'],
    [$url, "Host: plain.test\r\nProxy: http://$there\r\nHTTP_PROXY: http://$there", 'Proxy'],
    [$url, "Host: plain.test\r\nX-Forwarded-For: $there\r\nVia: 1.1 $there", 'X-Forwarded-For'],
    [$url, "Host: plain.test\r\nReferer: http://$there/\r\nOrigin: http://$there", 'Referer and Origin'],
    ["$url?url=http://$there/&endpoint=$there&host=$there", 'Host: plain.test', 'the query'],
    ["$url?aws.endpoint=http://$there&ads.host=$there", 'Host: plain.test', "the module's names in the query"],
    ["$url?http://$there/", 'Host: plain.test', 'a query that is a URL'],
    ["$PATH/v1/session/\@$there/c/a.m3u8", 'Host: plain.test', 'an account that begins with @'],
    ["$PATH/v1/session/a/c/http://$there/a.m3u8", 'Host: plain.test', 'an asset that is a URL'],
    ["$PATH/v1/session/a/c/a;\@$there.m3u8", 'Host: plain.test', 'an asset with @'],
    ["$PATH/v1/session/a/c/a%23\@$there.m3u8", 'Host: plain.test', 'an asset with an escaped #'],
) {
    my ($target, $headers, $name) = @$case;
    stand_in->forget;
    my $status = send_to($target, $headers, qq({"url":"http://$there/","manifestUrl":"http://$there/"}))->status;
    my @requests = new_requests;
    is(scalar @requests, $status =~ /^40[04]$/ ? 0 : 1,
        "$name: the endpoint gets the request, unless it is refused ($status)");
    like($_->target, qr{\A/v1/session/}, "$name: the path upstream is that of a session") for @requests;
}
for my $target ("//$there$url", "$PATH//$there$SESSION", "/\\$there$url", "$PATH\@$there$SESSION", "\@$there$url",
    "$PATH/\@$there$SESSION", "$PATH:$there$SESSION", "$PATH/http://$there$SESSION", "$url#\@$there", "$there",
    "$PATH/..//$there$url") {
    my $answer = eval { send_to($target, 'Host: plain.test', '{}') };
    ok($answer, "$target is answered");
    like($_->target, qr{\A/v1/session/\Q$ACCOUNT\E/},
        "$target: the path upstream is that of a session") for new_requests;
}
is(scalar(my @led = $elsewhere->requests), 0, 'no request has gone to another server');

# The upstream's response cannot redirect the module either: the player follows a redirect.
is(post($PATH . fault("redirect-$_"), '{}')->status, $_, "a redirect upstream, $_, is passed back") for 302, 307, 308;
is(scalar(@led = $elsewhere->requests), 0, 'redirects upstream: no request has gone to another server');

# The control: the other server would have seen such a request.
SessionInitializer::Wire::exchange(port => $elsewhere->port, host => 'x', method => 'POST', target => $SESSION,
    body => '{}');
is(scalar(@led = $elsewhere->requests), 1, 'the control: a request to the other server is recorded');
$elsewhere->stop;
stand_in->forget;

done_testing;
