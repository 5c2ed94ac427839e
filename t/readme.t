# README.md and docs/ are correct: their examples are run here, and must give the output that the documents show.
#
#   apache    a configuration, which httpd -t takes
#   console   "$ command" and its output, against conf/demo.conf on 127.0.0.1:8080
#   http      a message. A request for us is sent, an answer is what came, any other request what went upstream
#   log       the line that the access log, or the error log, then has
#   sh        a script of the project, or commands to build and install
#   text      a picture, which only people check
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use File::Path qw(make_path remove_tree);

use SessionInitializer::Httpd ();
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Markdown ();
use SessionInitializer::Modules ();
use SessionInitializer::Process ();
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(exchange exchange_bytes);

my $sources = vars()->{sources};
my @documents = map { SessionInitializer::Markdown->read($sources, $_) } 'README.md', 'docs/mod_session_initializer.md', 'docs/performance.md',
    'docs/operating.md';
my @MODULES = qw(alias headers proxy proxy_http remoteip rewrite setenvif socache_shmcb ssl);

# ---- The httpd of the examples is that of script/server.

my ($port) = SessionInitializer::Process::free_ports(1);
my $run = vars()->{t_logs} . '/readme';
my $httpd = SessionInitializer::Httpd->start(name => 'readme', config => <<"CONFIG");
Define DEMO_PORT $port
Define DEMO_ENDPOINT http://127.0.0.1:@{[vars()->{standin_port}]}
Define DEMO_MODULES "@{[vars()->{modules_dir}]}"
Define DEMO_MODULE "@{[vars()->{si_module}]}"
Define DEMO_RUN "$run"
Include "$sources/conf/demo.conf"
ErrorLog "$run/error_log"
CONFIG

# Replaces all that may differ between two runs of the same example. A session that is named twice stays one.
sub canonical {
    my $text = shift;
    my (%uuids, $uuids);
    my $digits = qr/[0-9]+/;
    my $pids = qr/\[pid $digits(?::tid $digits)?\]/;
    for ($text) {
        s/\r//g;
        s/\n+\z//;
        s/\b127\.0\.0\.1:\Q$port\E\b/127.0.0.1:8080/g;
        s/\b127\.0\.0\.1:\Q@{[vars()->{standin_port}]}\E\b/127.0.0.1:8081/g;
        s/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/Date: DATE/m;
        s/^Server: Apache\/2\.4\.$digits(?: \(\w+\))?$/Server: SERVER/m;
        s/^User-Agent: curl\/[0-9.]+$/User-Agent: CURL/m;
        s/\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/$uuids{$1} \/\/= 'UUID ' . ++$uuids/ge;
        s/(\baws\.streamId=|"streamId":"|\bstream=|\bstream id )[1-3]\b/$1ID/g;
        s/^\[\w{3} \w{3} \d\d \d\d:\d\d:\d\d\.\d{6} \d{4}\] (\[\w+:\w+\]) $pids \[client 127\.0\.0\.1:$digits\]/[TIME] $1 [PID] [CLIENT]/;
        s/\b${digits}us\b/USEC/;
        s/(\bupstream_ms=|\bms=)$digits\b/$1MSEC/;
    }
    return $text;
}

sub is_as_shown {
    my ($got, $expected, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(canonical($got), canonical($expected), $name);
}

# The result of the last example.
my ($answer, %log_ends);

sub before_example {
    stand_in->forget;
    %log_ends = map { $_ => -s "$run/$_" // 0 } qw(access.log error_log);
}

sub check_console {
    my $block = shift;
    my ($before, @examples) = split /^\$ (.*)\n/m, $block->{text};
    is($before, '', "$block->{at}: begins with a command");
    while (my ($command, $output) = splice @examples, 0, 2) {
        before_example();
        $command =~ s/\b127\.0\.0\.1:8080\b/127.0.0.1:$port/g;
        is_as_shown(scalar `$command 2>/dev/null`, $output // '', "$block->{at}: $command");
    }
}

sub check_http {
    my $block = shift;
    my ($line) = $block->{text} =~ /^(.*)\n/;
    if ($line =~ m{^HTTP/}) {
        return is_as_shown($answer->head . $answer->body, $block->{text}, "$block->{at}: $line");
    }
    if ($line =~ m{^\S+ \Q$PATH\E/}) {
        before_example();
        $answer = exchange_bytes($port, wire_bytes($block->{text}), $line =~ /^(\S+)/);
        return pass("$block->{at}: $line");
    }
    my $request = received;
    my $headers = join '', map { "$_->[0]: $_->[1]\n" } @{$request->{headers}};
    is_as_shown(join(' ', $request->method, $request->target, $request->version) . "\n$headers\n" . $request->body, $block->{text}, "$block->{at}: $line");
}

sub wire_bytes {
    my ($head, $body) = split /\n\n/, "$_[0]\n", 2;
    return ($head =~ s/\n/\r\n/gr) . "\r\n\r\n" . ($body =~ s/\n*\z//r);
}

sub check_log {
    my $block = shift;
    my $name = $block->{text} =~ /^\[/ ? 'error_log' : 'access.log';
    my $path = "$run/$name";
    eventually(sub { (-s $path // 0) > $log_ends{$name} });
    open my $file, '<:raw', $path or die "$path: $!\n";
    seek $file, $log_ends{$name}, 0;
    is_as_shown(join('', <$file>), $block->{text}, "$block->{at}: $name");
}

# ---- Configurations.

sub is_taken {
    my ($config, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    make_path(vars()->{t_logs} . '/configtest/logs');
    my ($ok, $output) = SessionInitializer::Httpd::configtest($config, @MODULES);
    return ok($ok, $name) || diag($output);
}

sub check_apache {
    my $block = shift;
    is_taken($block->{text}, "$block->{at}: httpd -t");
}

# ---- Shell.

sub check_sh {
    my $block = shift;
    my @lines = grep { /\S/ && !/^#/ } split /\n/, $block->{text};
    my @scripts = grep { m{^(?:\w+=\S+ )*script/} } @lines;
    check_script($_, "$block->{at}: $_") for @scripts;
    # They build, which takes time and is the same under each MPM.
    check_build($block) if !@scripts && vars()->{si_mpm} eq 'event';
}

# The script exists, and knows each word that follows, and each variable before it.
sub check_script {
    my ($line, $name) = @_;
    my ($variables, $script, $words) = $line =~ m{^((?:\w+=\S+ )*)(script/\S+)(.*)$};
    my $path = "$sources/$script";
    my ($text) = do { local (@ARGV, $/) = $path; <> };
    my @check = $text =~ /^#!.*python3/ ? ('python3', '-c', 'compile(open(__import__("sys").argv[1]).read(), "", "exec")') : ('bash', '-n');
    is(system(@check, $path), 0, "$name: a script") && -x $path or return fail("$name: can be run");
    for my $word ($variables =~ /(\w+)=/g, grep { !/^[0-9]+$/ } split ' ', $words) {
        like($text, qr/(?<![\w-])\Q$word\E(?![\w-])/, "$name: knows $word");
    }
}

# The commands run unchanged, but with tools that install below one directory.
sub check_build {
    my $block = shift;
    my $root = vars()->{t_logs} . '/readme-build';
    remove_tree($root);
    make_path(map { "$root/$_" } qw(bin modules conf/mods-available dest logs));
    # A release's sources may be read-only.
    is(system("'$sources/script/copy-sources' '$root/src' && chmod -R u+w '$root/src'"), 0, "$block->{at}: the sources");
    write_tools($root);

    my $log = "$root/log";
    my $status = system('env', '-i', "PATH=$root/bin:$ENV{PATH}", "HOME=$root", "DESTDIR=$root/dest", 'LC_ALL=C', 'sh', '-c',
        "exec >'$log' 2>&1; cd '$root/src' && set -ex\n$block->{text}");
    is($status, 0, "$block->{at}: the commands succeed") or diag(`tail -n 20 '$log'`);

    my @modules = grep { /mod_session_initializer\.so$/ } split /\n/, `find '$root/dest' '$root/modules' -type f`;
    is(scalar @modules, 1, "$block->{at}: one module is installed") or return;
    is_loaded($modules[0], $root, "$block->{at}: httpd loads it");
    remove_tree($root);
}

sub write_tools {
    my $root = shift;
    my $apxs = vars()->{apxs};
    my %tools = (sudo => 'exec "$@"', a2enmod => 'exit 0', apxs => <<"SH");
[ "\$1" = -q ] && exec "$apxs" "\$@"
exec "$apxs" -S LIBEXECDIR="$root/modules" -S SYSCONFDIR="$root/conf" "\$@"
SH
    for my $tool (keys %tools) {
        SessionInitializer::Httpd::write_file("$root/bin/$tool", "#!/bin/sh\n$tools{$tool}\n");
        chmod 0755, "$root/bin/$tool";
    }
    # Debian's apxs -a writes into mods-available, any other edits this file.
    SessionInitializer::Httpd::write_file("$root/conf/httpd.conf", "LoadModule none_module none.so\n");
}

sub is_loaded {
    my ($module, $root, $name) = @_;
    my @load = SessionInitializer::Modules::load({ %{vars()}, si_module => $module }, qw(authz_core unixd));
    SessionInitializer::Httpd::write_file("$root/httpd.conf", join '', @load, <<"CONFIG");
ServerName 127.0.0.1
Listen 127.0.0.1:1
DefaultRuntimeDir "$root"
StreamIdCount 3
CONFIG
    my ($ok, $output) = SessionInitializer::Httpd::run_httpd('-t', '-d', $root, '-f', "$root/httpd.conf");
    ok($ok, $name) or diag($output);
}

# ---- The documents, from top to bottom.

my %CHECK = (
    apache => \&check_apache, console => \&check_console, http => \&check_http, log => \&check_log, sh => \&check_sh,
    text => sub { },
);
for my $block (map { $_->blocks } @documents) {
    my $check = $CHECK{$block->{language}};
    if (!$check) {
        fail("$block->{at}: '$block->{language}' is not a kind of example that is checked");
        next;
    }
    $check->($block);
}
# ---- Tables.

sub code { return $_[0] =~ /^`(.*)`$/ ? $1 =~ s/\\\|/|/gr : undef }

sub source_text {
    local (@ARGV, $/) = glob("$sources/mod_session_initializer.c $sources/src/*.c $sources/src/*/*.c");
    return join '', <>;
}

my ($readme, $manual, undef, $operating) = @documents;
my @directives = sort(source_text() =~ /AP_INIT_\w+\(\s*"(\w+)"/g);
cmp_ok(scalar @directives, '>', 10, 'the module has directives');
is_deeply([sort map { $_->[0] =~ /^\[?`(\w+)/ } $readme->rows('directive')], \@directives, 'README.md lists the directives');
is_deeply([sort grep { /^(?:StreamId|SessionInitializer)\w+$/ } map { s/ Directive$//r } grep { / Directive$/ } $manual->headings],
    \@directives, 'the manual describes the directives');

my %errors = reverse source_text() =~ /\[SI_ERROR_\w+\] = \{\s+(\d{3}), +"([a-z-]+)"/g;
is_deeply({ map { code($_->[1]) => $_->[0] } $manual->rows('status', 'error') }, \%errors, 'the manual lists the errors');

my @failures = map { lc tr/_/-/r } source_text() =~ /\[SI_FORWARD_\w+\] = SI_ERROR_(?!NONE)(\w+)/g;
my @tags = source_text() =~ /ap_log_r?error\([^"]*"([a-z]+(?:-[a-z]+)*): /g;
is_deeply([sort map { code($_->[0]) } $operating->rows('tag')], [sort @failures, @tags], 'the tags of the error log are listed');

# docs/internals.md names files by their folder in src/.
my @places = do { local (@ARGV, $/) = "$sources/docs/internals.md"; <> =~ /`(\w+\/(?:\w+\.[ch])?)`/g };
cmp_ok(scalar @places, '>', 20, 'docs/internals.md names files and folders');
is_deeply([grep { !-e "$sources/src/$_" } @places], [], 'docs/internals.md names only what is there');

# The names in the status output are documented.
my $shown = SessionInitializer::Httpd->start(name => 'readme-status', config => <<"CONFIG");
StreamIdCount 3
StreamIdSchedule schedules.json
SessionInitializerEndpoint http://localhost:@{[stand_in->port]}
<Location /session-initializer-status>
    SetHandler session-initializer-status
</Location>
CONFIG
exchange(port => $shown->port, host => 'x', method => 'POST', target => $PATH . $SESSION, body => '{}');
sub status_of { return exchange(port => $shown->port, host => 'x', method => 'GET', target => "/session-initializer-status?$_[0]")->body }
my $status = to_perl(parse_json(status_of('json')));
my ($server) = @{$status->{servers}};
my @members = map { code($_->[0]) } $operating->rows('member of a server');
for my $member (@members) {
    my ($name, @names) = reverse split /\./, $member;
    my $value = $server;
    $value = ref $value->{$_} eq 'ARRAY' ? $value->{$_}[0] : $value->{$_} for reverse @names;
    ok(exists $value->{$name}, "?json has $member");
}
is_deeply([sort keys %$server], [sort keys %{{ map { s/\..*//r => 1 } @members }}], '?json has no other members');
is_deeply([sort { $a cmp $b } status_of('metrics=') =~ /^# TYPE session_initializer_(\w+ \w+)$/mg],
    [sort map { code($_->[0]) . " $_->[1]" } $operating->rows('metric')], '?metrics has the metrics that are listed');
$shown->stop;

my @merges = $manual->rows('query', 'body', 'upstream query');
cmp_ok(scalar @merges, '>', 10, 'the manual shows how a query is merged');
for my $row (@merges) {
    my ($query, $body, $kept) = map { code($_) } @$row;
    is_sent($query, '{}', $body, $kept, "the manual: $query");
}

$httpd->stop;

# ---- Links, and the sample configuration that operators copy.

my %anchors = map { $_->name => { map { SessionInitializer::Markdown::anchor($_) => 1 } $_->headings } } @documents;
for my $document (@documents) {
    my ($directory) = $document->name =~ m{^(.*/)?};
    for my $link (grep { !/^https?:/ } $document->links) {
        my ($file, $anchor) = split /#/, $link, 2;
        $file = length $file ? ($directory // '') . $file : $document->name;
        1 while $file =~ s{[^/]+/\.\./}{};
        ok(-e "$sources/$file" && (!defined $anchor || $anchors{$file}{$anchor}), $document->name . ": the link $link");
    }
}

my ($sample) = do { local (@ARGV, $/) = "$sources/conf/session_initializer.conf"; <> };
is_taken($sample, 'conf/session_initializer.conf: httpd -t');
is_taken($sample =~ s/^(\s*)#(?! \S)/$1/mgr, 'conf/session_initializer.conf with all that it comments out: httpd -t');

done_testing;
