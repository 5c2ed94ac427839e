# mod_rewrite can rewrite to PATH from <Directory>, <Location> and .htaccess too; no other internal redirect can.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use File::Path qw(make_path);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;

my $name = 'per-directory';
my $root = vars->{t_logs} . "/$name";
make_path("$root/cgi", "$root/events/2026");
unlink "$root/sessions.log";
SessionInitializer::Httpd::write_file("$root/events/.htaccess", <<"HTACCESS");
RewriteEngine On
RewriteRule "^2026/(.*)\$" "$PATH/v1/master/account/conf/\$1" [PT]
RewriteRule "^start/(.*)\$" "$PATH/v1/session/account/conf/\$1" [PT]
HTACCESS
SessionInitializer::Httpd::write_file("$root/include.shtml", '<!--#include virtual="/live/x.m3u8" -->' . "after\n");
SessionInitializer::Httpd::write_file("$root/cgi/local", "#!/bin/sh\necho 'Location: $PATH$HLS'\necho\n");
chmod 0755, "$root/cgi/local";

# A rule in a <Location> sees the file's path.
my $rules = <<"RULES";
RewriteEngine On
RewriteRule "live/(.*)\$" "$PATH/v1/master/account/conf/\$1" [PT]
RewriteRule "start/(.*)\$" "$PATH/v1/session/account/conf/\$1" [PT]
RewriteRule "twice/(.*)\$" "/live/\$1" [PT]
RewriteRule "bare/(.*)\$" "$PATH/v1/master/account/conf/\$1"
RewriteRule "none/(.*)\$" "$PATH/\$1" [PT]
RewriteRule "refused/" "-" [F]
RULES
my $httpd = SessionInitializer::Httpd->start(name => $name, all_modules => 1, config => <<"CONFIG");
StreamIdCount 3
SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
LogFormat "%U stream=%{SESSION_INITIALIZER_STREAM_ID}e %{SESSION_INITIALIZER_ACTION}e" sessions
CustomLog "$root/sessions.log" sessions
<Directory "$root">
    Require all granted
    AllowOverride FileInfo
    Options +FollowSymLinks +Includes +ExecCGI
    AddOutputFilter INCLUDES .shtml
</Directory>
<Directory "$root/cgi">
    SetHandler cgi-script
</Directory>
<IfModule mod_cgid.c>
    ScriptSock "$root/cgid"
</IfModule>
@{[SessionInitializer::Httpd::vhosts(map { $_->[0] => "AllowEncodedSlashes NoDecode\n$_->[1]" }
    [directory => qq(<Directory "$root">\n$rules</Directory>)],
    [location => qq(<LocationMatch "^/(?!session-initializer)">\n$rules</LocationMatch>)],
    [everywhere => qq(<Location "/">\n$rules</Location>)],
    [htaccess => ''],
    [require => qq(<Directory "$root">\n$rules</Directory>\n)
        . qq(<Location "$PATH/v1/master">\nRequire all denied\n</Location>)],
    [errors => qq(<Directory "$root">\n$rules</Directory>\nErrorDocument 403 $PATH$HLS\n)
        . qq(ErrorDocument 404 /live/x.m3u8)],
    ['errors-post' => qq(<Directory "$root">\n$rules</Directory>\n)
        . qq(<Location "$PATH">\nRequire all denied\n</Location>\n)
        . qq(ErrorDocument 403 $PATH$SESSION\nErrorDocument 404 /start/x.m3u8)],
)]}
CONFIG

my $port = $httpd->port;
sub ask {
    my ($method, $vhost, $target, %options) = @_;
    return SessionInitializer::Wire::exchange(
        port => $port, host => "$vhost.test", method => $method, target => $target, %options);
}

my $MASTER = '/v1/master/account/conf';
stand_in->forget;
for my $case (
    [directory => '/live', '/start'], [location => '/live', '/start'], [everywhere => '/live', '/start'],
    [htaccess => '/events/2026', '/events/start'], [directory => '/twice'], [directory => '/bare'],
) {
    my ($vhost, $live, $start) = @$case;
    my $in = "a rule in $vhost";
    is_redirect(ask(GET => $vhost, "$live/x.m3u8"), "$MASTER/x.m3u8?aws.streamId=ID", "$in: GET $live");
    is_redirect(ask(HEAD => $vhost, "$live/x.m3u8"), "$MASTER/x.m3u8?aws.streamId=ID", "$in: HEAD $live");
    is_redirect(ask(GET => $vhost, "$live/x.m3u8?a=%2F+b&aws.streamId=9"),
        "$MASTER/x.m3u8?a=%2F+b&aws.streamId=ID", "$in: GET $live with a query");
    is_redirect(ask(GET => $vhost, "$live/x.m3u8?aws.sessionId=S"), "$MASTER/x.m3u8?aws.sessionId=S",
        "$in: GET $live with a session");
    is_redirect(ask(GET => $vhost, "$live/x%2Fy.m3u8"), "$MASTER/x%2Fy.m3u8?aws.streamId=ID",
        "$in: GET $live with an escaped slash");
    is_own_error(ask(GET => $vhost, "$live/x%252Fy.m3u8"), 404, 'not-found',
        "$in: GET $live with what could be an escaped slash");
    is_redirect(ask(GET => $vhost, "$live/a%20b/%C3%A9.m3u8"), "$MASTER/a%20b/%c3%a9.m3u8?aws.streamId=ID",
        "$in: GET $live with escapes");
    is(ask(OPTIONS => $vhost, "$live/x.m3u8")->status, 204, "$in: OPTIONS $live");
    is_own_error(ask(PUT => $vhost, "$live/x.m3u8", body => '{}'), 405, 'method-not-allowed', "$in: PUT $live");
    for my $evil ("$live/x%2F..%2Fy", "$live/x%5Cy", "$live/x%2F%0AEvil:y", "$live/%2F%2F..") {
        my $answer = ask(GET => $vhost, $evil);
        is($answer->header('Location'), undef, "$in: GET $evil: no Location");
        is($answer->header('Evil'), undef, "$in: GET $evil: no other header");
    }
    nothing_sent("$in: redirects");

    next if !$start;
    for my $options ([], [chunked => 1], [headers => ['Content-Type' => 'application/json', 'Content-Length' => 0]]) {
        my @body = @$options && $options->[0] eq 'headers' ? () : (body => '{"adsParams":{"b":"2"}}');
        my $name = "$in: POST $start" . (@body ? @$options ? ', chunked' : '' : ' without a body');
        is_answer(ask(POST => $vhost, "$start/x%2Fy.m3u8?ads.a=1", @body, @$options), 200, "$name: a session");
        my $request = received;
        is($request->target, '/v1/session/account/conf/x%2Fy.m3u8', "$name: MediaTailor's URL");
        is(sent_body($request), '{"adsParams":{"a":"1"' . (@body ? ',"b":"2"' : '') . '}}', "$name: its body");
    }
    is_own_error(ask(POST => $vhost, "$start/x.m3u8", body => '{'), 400, 'bad-json', "$in: POST $start without JSON");
    is_own_error(ask(POST => $vhost, "$start/x.m3u8", body => '0' x 1_048_577), 413, 'body-too-large',
        "$in: POST $start with too large a body");
    nothing_sent("$in: refused bodies");
}
# httpd decodes the path of an internal redirect again: a path that this would change is refused, by httpd or the
# module.
for my $vhost (qw(directory htaccess)) {
    for my $asset ('100%25.m3u8', 'a%2520b', 'a%23b', 'a%2523b', 'a%3Fb', 'a%253Fb', 'a%25252Fb') {
        my $answer = ask(GET => $vhost, ($vhost eq 'directory' ? '/twice/' : '/events/2026/') . $asset);
        like($answer->status, qr/^4/, "a rule in $vhost: $asset is refused");
        is($answer->header('Location'), undef, "a rule in $vhost: $asset leads nowhere");
    }
}
is_own_error(ask(GET => 'directory', '/none/x'), 404, 'not-found', 'a rule in directory: a path that is none');
is(ask(GET => 'require', '/live/x.m3u8')->status, 403, 'a rule in directory: <Location> of PATH denies');
is_answer(ask(POST => 'require', '/start/x.m3u8', body => '{}'), 200, 'a rule in directory: <Location> of PATH allows');
stand_in->forget;

# httpd answers an error, whatever its document is, and wherever rules lead that document.
for my $case (
    [errors => '/refused/x', 403], [errors => '/missing', 404], ['errors-post' => '/refused/x', 403],
    ['errors-post' => '/missing', 404], ['errors-post' => '/live/x.m3u8', 403],
) {
    my ($vhost, $target, $status) = @$case;
    for my $method (qw(GET HEAD POST OPTIONS)) {
        next if $method eq 'OPTIONS' && $target eq '/missing';    # httpd answers this one itself
        my $answer = ask($method => $vhost, $target, $method eq 'POST' ? (body => '{}') : ());
        is($answer->status, $status, "ErrorDocument of $vhost: $method $target is $status");
        is_deeply([map { $answer->header($_) } qw(Location Access-Control-Allow-Origin)], [],
            "ErrorDocument of $vhost: $method $target is not the module's");
    }
}
nothing_sent('ErrorDocument');

# The module handles no other internal redirect, and none of a subrequest.
my $answer = ask(GET => 'directory', '/include.shtml');
is_answer($answer, 200, 'SSI of a rewritten URL: status');
unlike($answer->head . $answer->body, qr/Location|Access-Control|aws\.streamId/,
    'SSI of a rewritten URL includes nothing');
for my $method (qw(GET POST)) {
    $answer = ask($method => 'directory', '/cgi/local', $method eq 'POST' ? (body => '{}') : ());
    is($answer->status, 404, "Location of a CGI script, $method: 404");
    is($answer->header('Location'), undef, "Location of a CGI script, $method: no redirect");
}
nothing_sent('subrequests and other internal redirects');

my $connection = SessionInitializer::Wire::dial($port);
for (1 .. 3) {
    my $answer = $connection->send("POST /start/x.m3u8 HTTP/1.1\r\nHost: directory.test\r\nContent-Length: 2\r\n\r\n{}")
        ->answer;
    is_answer($answer, 200, "a rule in directory: POST $_ on one connection");
}
is(scalar(new_requests), 3, 'a rule in directory: a session each');
eventually(sub { -s "$root/sessions.log" });
$httpd->stop;
open my $log, '<', "$root/sessions.log" or die "sessions.log: $!\n";
my @lines = <$log>;
like($lines[0], qr{^/live/x\.m3u8 stream=[1-3] redirect$}, 'a rule in directory: the access log has what was done');
$httpd = undef;

done_testing;
