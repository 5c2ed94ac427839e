# operating.md on a site-wide Redirect and on long request lines: which requests httpd answers itself.
use strict;
use warnings;

use Test::More;
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange);

my $httpd = SessionInitializer::Httpd->start(name => 'front-limits', config => "StreamIdCount 3\n"
    . SessionInitializer::Httpd::vhosts(
        plain => 'Redirect permanent / https://secure.example/',
        location => "<Location \"/\">\nRedirect permanent / https://secure.example/\n</Location>",
        off => "StreamIdCount Off\nRedirect permanent / https://secure.example/"), modules => ['alias']);

sub ask {
    my ($host, $target) = @_;
    return exchange(port => $httpd->port, host => "$host.test", method => 'GET', target => $target);
}

# The whole site is redirected to https.
is(ask(plain => '/other')->header('Location'), 'https://secure.example/other', 'Redirect /: another URL goes to https');
is_redirect(ask(plain => $PATH . $HLS), "$HLS?aws.streamId=ID", "Redirect /: the module's URL does not");
for my $vhost (qw(location off)) {
    my $answer = ask($vhost => $PATH . $HLS);
    is($answer->status, 301, "Redirect, $vhost: the module's URL is redirected permanently");
    is($answer->header('Location'), "https://secure.example$PATH$HLS", "Redirect, $vhost: to https, path and all");
}

# A request line that is too long is refused by httpd before any module sees it.
my $query = '?ads.a=' . 'x' x 9000;
my $refused = ask(plain => $PATH . $HLS . $query);
is($refused->status, 414, "a request line above LimitRequestLine is httpd's own 414");
is($refused->header('Access-Control-Allow-Origin'), undef, "httpd's own 414 has no CORS headers");
$httpd->stop;

$httpd = SessionInitializer::Httpd->start(name => 'front-limits', config => "StreamIdCount 3\nLimitRequestLine 16384\n");
is_redirect(ask(any => $PATH . $HLS . $query), "$HLS$query&aws.streamId=ID",
    'LimitRequestLine 16384: a query of 9,000 bytes passes');
$httpd->stop;

done_testing;
