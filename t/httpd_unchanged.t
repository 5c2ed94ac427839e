# httpd's own behaviour is unchanged: two servers with the same stock configuration, one with the module loaded and
# switched on, give the same answers to requests that do not concern the module.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use File::Path qw(make_path remove_tree);
use SessionInitializer::Curl qw(curl);
use SessionInitializer::Httpd;
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange_bytes request_bytes);

my @MODULES = qw(actions allowmethods cache cache_disk dav dav_fs dav_lock deflate expires filter negotiation perl
    proxy_balancer lbmethod_byrequests slotmem_shm speling unique_id usertrack vhost_alias);

my $certs = vars->{certs};
my $root = vars->{t_logs} . '/stock-files';

sub write_files {
    remove_tree($root);
    make_path(map { "$root/$_" } qw(docs/listed docs/private docs/cgi));
    my %files = (
        'docs/index.html' => "<p>index</p>\n", 'docs/text.txt' => "line\n" x 500, 'docs/page.shtml' =>
            qq(<!--#echo var="REQUEST_METHOD" --> <!--#include virtual="/text.txt" -->\n),
        'docs/listed/one.txt' => "one\n", 'docs/listed/.htaccess' => "Options +Indexes\n",
        'docs/private/secret.txt' => "secret\n", 'docs/doc.html.en' => "<p>English</p>\n",
        'docs/doc.html.de' => "<p>Deutsch</p>\n", 'docs/error.html' => "<p>an error document</p>\n",
        'docs/cgi/echo.pl' => "#!$^X\n" . <<'SCRIPT', passwords => "user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n",
print "Content-Type: text/plain\nStatus: 203 Echo\n\n", "$ENV{REQUEST_METHOD} $ENV{QUERY_STRING} ", <STDIN>;
SCRIPT
    );
    for my $name (keys %files) {
        SessionInitializer::Httpd::write_file("$root/$name", $files{$name});
        utime 1_700_000_000, 1_700_000_000, "$root/$name";
    }
    chmod 0755, "$root/docs/cgi/echo.pl";
    utime 1_700_000_000, 1_700_000_000, "$root/docs";    # mod_negotiation's ETags are weak for a new file
}

sub start {
    my ($name, %options) = @_;
    my $directory = vars->{t_logs} . "/$name";
    remove_tree(map { "$directory/$_" } qw(dav cache));
    make_path(map { "$directory/$_" } qw(dav cache));
    my ($tls_port) = SessionInitializer::Process::free_ports(1);
    my $httpd = SessionInitializer::Httpd->start(name => $name, all_modules => 1, modules => \@MODULES, %options,
        config => <<"CONFIG");
<IfModule session_initializer_module>
    StreamIdCount 3
    SessionInitializerEndpoint http://127.0.0.1:@{[stand_in->port]}
</IfModule>
ServerTokens Prod
FileETag Size
TraceEnable On
DocumentRoot "$root/docs"
DavLockDB "$directory/dav-lock"
Listen 127.0.0.1:$tls_port
AddOutputFilter INCLUDES .shtml
AddType text/html .html .shtml
AddType text/plain .txt
AddLanguage en .en
AddLanguage de .de
AddOutputFilterByType DEFLATE text/plain
<Directory "$root/docs">
    AllowOverride All
    Options +Includes +FollowSymLinks +MultiViews
    Require all granted
</Directory>
<Directory "$root/docs/cgi">
    Options +ExecCGI
    SetHandler cgi-script
</Directory>
<Directory "$root/docs/private">
    AuthType Basic
    AuthName private
    AuthUserFile "$root/passwords"
    Require valid-user
</Directory>
Alias /dav "$directory/dav"
<Directory "$directory/dav">
    Dav On
    Require all granted
</Directory>
RewriteEngine On
RewriteRule ^/moved/(.*)\$ /text.txt?\$1 [R=301,L]
RewriteRule ^/pretty/(.*)\$ /text.txt [PT,QSA]
RewriteRule ^/forbidden - [F]
RewriteRule ^/proxied/(.*)\$ http://127.0.0.1:PORT/\$1 [P]
RewriteRule ^/session-initializer-not/ - [G]
Redirect 307 /redirected /text.txt
ProxyPass /mapped/ http://127.0.0.1:PORT/
ProxyPass /encoded/ http://127.0.0.1:PORT/ mapping=encoded
ProxyPass /balanced/ balancer://self/
<Proxy balancer://self>
    BalancerMember http://127.0.0.1:PORT
</Proxy>
ErrorDocument 404 /error.html
CacheRoot "$directory/cache"
CacheEnable disk /listed
CacheDefaultExpire 600
ExpiresActive On
ExpiresByType text/html A3600
Header always set X-Stock %{REQUEST_SCHEME}s
<IfModule mod_perl.c>
    <Perl>
        package Stock;
        sub handler { my \$r = shift; \$r->content_type('text/plain'); \$r->print('perl ', \$r->args // ''); 0 }
        \$INC{'Stock.pm'} = 1;
    </Perl>
    <Location "/perl">
        SetHandler modperl
        PerlResponseHandler Stock
    </Location>
</IfModule>
<Location "/limited">
    AllowMethods GET
</Location>
<Location "/status">
    SetHandler server-status
</Location>
<IfModule mod_http2.c>
    Protocols h2 h2c http/1.1
</IfModule>
<VirtualHost 127.0.0.1:$tls_port>
    ServerName localhost
    SSLEngine On
    SSLCertificateFile "$certs/good.pem"
    SSLCertificateKeyFile "$certs/good.key"
    RewriteEngine On
    RewriteRule ^/pretty/(.*)\$ /text.txt [PT]
</VirtualHost>
CONFIG
    return { httpd => $httpd, port => $httpd->port, tls_port => $tls_port, directory => $directory };
}

# Replaces what must differ between two servers and two moments.
sub canonical {
    my ($server, $target, $text) = @_;
    $text =~ s/\r//g;
    for ($text) {
        s/^Date: .*\n//mgi;
        s/^Allow: (.*)$/'Allow: ' . join ',', sort split \/,\/, $1/mgei;    # in the order of a hash
        s/^(?:Content-Length|Transfer-Encoding): .*\n//mgi if $target =~ m{cgi};    # depends on timing
        s/^Upgrade: .*\n|^Connection: Upgrade.*\n//mgi;
        s/\b(?:$server->{port}|$server->{tls_port})\b/PORT/g;
        s/\Q$server->{directory}\E/DIRECTORY/g;
        s/^(Last-Modified|Expires|Age|Set-Cookie): .*$/$1: .../mgi;
        s/(\bboundary=|^--)[0-9a-f]+\b/$1.../mg && s/^Content-Length: .*\n//mgi;    # the boundary's length varies
        s/((?: xmlns:\w+="[^"]*")+)/join ' ', sort split ' ', $1/ge;        # in the order of another hash
        s/opaquelocktoken:[0-9a-f-]+/opaquelocktoken:.../g;
        s/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT|\d{4}-\d\d-\d\d \d\d:\d\d/TIME/g;
    }
    return $text;
}

write_files();
my @servers = (start('stock-without', without_ours => 1), start('stock-with'));

my @plain = (
    (map { [GET => $_] } '/', '/text.txt', '/TEXT.txt', '/tex.txt', '/doc', '/doc.html', '/missing', '/listed/',
        '/listed/one.txt', '/listed/one.txt', '/listed', '/page.shtml', '/private/secret.txt', '/cgi/echo.pl?a=b',
        '/moved/x', '/pretty/x?y', '/forbidden', '/proxied/text.txt', '/proxied/missing', '/redirected/x',
        '/mapped/text.txt', '/mapped/doc', '/encoded/text%2Etxt', '/encoded/missing%20x', '/balanced/text.txt',
        '/perl?x=1', '/limited', '/session-initializer', '/session-initializerfoo', '/session-initializer-not/x',
        '/v1/master/a/c/x', '/a%2Fb', '/%', '/..%2f..%2fetc/passwd', '/../x', '/a/../text.txt', '//text.txt', '/index.html/'),
    (map { ['HEAD', $_] } '/', '/text.txt', '/missing', '/proxied/text.txt', '/cgi/echo.pl'),
    (map { [$_, '/text.txt'] } qw(OPTIONS TRACE PUT DELETE PATCH FOO)), ['OPTIONS', '*'], ['GET', '*'],
    [POST => '/cgi/echo.pl', body => 'hello'], [POST => '/cgi/echo.pl', body => 'chunks' x 2000, chunked => 1],
    [POST => '/text.txt', body => 'x'], [POST => '/mapped/cgi/echo.pl', body => 'proxied'], [POST => '/limited', body => ''],
    [GET => '/text.txt', headers => ['Accept-Encoding' => 'gzip']],
    [GET => '/text.txt', headers => [Range => 'bytes=3-9,20-']],
    [GET => '/text.txt', headers => ['If-None-Match' => '"9c4"']],
    [GET => '/text.txt', headers => ['If-Modified-Since' => 'Tue, 14 Nov 2023 22:13:20 GMT']],
    [GET => '/doc', headers => ['Accept-Language' => 'de']],
    [GET => '/private/secret.txt', headers => [Authorization => 'Basic dXNlcjp0ZXN0']],
    [GET => '/text.txt', headers => ['X-Forwarded-For' => '192.0.2.1', Expect => 'nonsense']],
    [GET => '/text.txt', headers => ['X-Long' => 'x' x 9000]],
    [GET => '/text.txt', version => 'HTTP/1.0'],
    [MKCOL => '/dav/folder'], [PUT => '/dav/folder/a.txt', body => 'a'], [GET => '/dav/folder/a.txt'],
    [PROPFIND => '/dav/folder/', headers => [Depth => '1']], [COPY => '/dav/folder/a.txt', headers => [Destination => '/dav/b.txt']],
    [LOCK => '/dav/b.txt', body => '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/>'
        . '</D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>'],
    [PUT => '/dav/b.txt', body => 'locked'], [DELETE => '/dav/folder'], [OPTIONS => '/dav/'],
);

my %seen;
for my $case (@plain) {
    my ($method, $target, %options) = @$case;
    my @answers = map {
        my $bytes = request_bytes(method => $method, target => $target, host => 'x', %options);
        my $answer = exchange_bytes($_->{port}, $bytes, $method);
        $seen{$answer->status}++;
        canonical($_, $target, $answer->head . $answer->body);
    } @servers;
    is($answers[1], $answers[0], "$method $target" . (%options ? " with @{[sort keys %options]}" : ''));
}
for my $status (200, 201, 203, 206, 301, 304, 307, 401, 403, 404, 405, 410, 417, 423) {
    ok($seen{$status}, "a $status is among the answers");
}

# Over TLS, and over HTTP/2 if the MPM supports it.
for my $way (['TLS', '--http1.1'], ['h2', '--http2']) {
    my ($name, @options) = @$way;
    for my $target ('/text.txt', '/pretty/x', '/missing', '/cgi/echo.pl?q', '/perl', '/mapped/text.txt') {
        # mod_http2 resets the stream of a body that nobody reads, sooner or later.
        for my $more ([], ['--compressed'], ['--head'], $target =~ /cgi/ ? ['-d', 'body'] : ()) {
            my @answers = map {
                my $answer = curl(@options, '--cacert', "$certs/ca.pem", @$more, "https://localhost:$_->{tls_port}$target");
                canonical($_, $target, join "\n", map { $_ // '' } @{$answer}{qw(version status head body)});
            } @servers;
            is($answers[1], $answers[0], "$name: @$more $target");
        }
    }
}

# The vhosts, hooks and modules are the same; only the module's own status differs.
unlike($servers[0]{httpd}->error_log, qr/session_initializer/,
    'the log of httpd without the module does not mention it');
unlike($servers[1]{httpd}->error_log, qr/session_initializer:|exit signal/,
    'the log of httpd with the module has no message of it');
$_->{httpd}->stop for @servers;

done_testing;
