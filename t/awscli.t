# The schedule file as AWS's own client writes it: aws runs against an endpoint that responds as MediaTailor's API does.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use File::Path qw(make_path);
use IO::Socket::INET ();
use POSIX ();
use SessionInitializer::Httpd;
use SessionInitializer::Json qw(parse_json to_perl);
use SessionInitializer::Process ();
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial);

my ($aws) = grep { -x } map { "$_/aws" } split /:/, $ENV{PATH};
plan skip_all => 'no aws' unless $aws;

my $directory = vars->{t_logs} . '/awscli';
make_path($directory);
unlink glob "$directory/*.json*";

# ---- The API: ListPrefetchSchedules, in two pages. The wire format of a time is a number of seconds.

sub schedule {
    my ($id, $retrieval_end, $break_at) = @_;
    my $name = "break-1-$id";
    return sprintf '{"Arn":"arn:aws:mediatailor:eu-west-1:123456789012:prefetchSchedule/demo/%s","Name":"%s",'
        . '"PlaybackConfigurationName":"demo","StreamId":"%s","Retrieval":{"DynamicVariables":{"scte.event_id":"1"},'
        . '"StartTime":%d,"EndTime":%d.5},"Consumption":{"AvailMatchingCriteria":[{"DynamicVariable":"scte.event_id",'
        . '"Operator":"EQUALS"}],"StartTime":%d,"EndTime":%d}}',
        $name, $name, $id, time - 3600, time + $retrieval_end, time + $break_at, time + $break_at + 60;
}

my %page = (
    first => '{"Items":[' . schedule('a', -60, 7200) . ',' . schedule('b', 3600, 7200) . '],"NextToken":"more"}',
    more => '{"Items":[' . schedule('c', 3600, 7200) . ',' . schedule('d', -60, 7200) . ']}',
);

my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', LocalPort => 0) or die "listen: $!\n";
my $api = fork // die "fork: $!\n";
if ($api == 0) {
    alarm 120 * patience;
    while (my $client = $listener->accept) {
        serve($client);
    }
    POSIX::_exit(0);
}

sub serve {
    my $client = shift;
    my $head = '';
    while ($head !~ /\r\n\r\n/) { sysread $client, $head, 1, length $head or return }
    my ($length) = $head =~ /^Content-Length: *(\d+)/mi;
    my $body = '';
    while (length $body < ($length // 0)) { sysread $client, $body, $length - length $body, length $body or return }
    my $page = $body =~ /"NextToken": *"more"/ ? 'more' : 'first';
    my ($status, $answer) = $head =~ m{^POST /prefetchSchedule/demo HTTP/1\.1\r\n}
        ? ('200 OK', $page{$page}) : ('404 Not Found', '{"Message":"no such path"}');
    syswrite $client, "HTTP/1.1 $status\r\nContent-Type: application/json\r\nContent-Length: @{[length $answer]}\r\n"
        . "Connection: close\r\n\r\n$answer";
    close $client;
}

# ---- As in the manual: the output of aws replaces the file after it is complete.

my %environment = (AWS_ACCESS_KEY_ID => 'x', AWS_SECRET_ACCESS_KEY => 'x', AWS_DEFAULT_REGION => 'eu-west-1',
    AWS_EC2_METADATA_DISABLED => 'true', AWS_PAGER => '', HOME => $directory, TZ => 'Asia/Kolkata');
my $endpoint = 'http://127.0.0.1:' . $listener->sockport;
{
    local %ENV = (%ENV, %environment);
    my $status = system 'sh', '-c', "cd '$directory' && '$aws' --endpoint-url $endpoint --output json mediatailor"
        . ' list-prefetch-schedules --playback-configuration-name demo >demo.json.new 2>aws.errors'
        . ' && mv demo.json.new demo.json';
    is($status, 0, 'aws lists the schedules') or diag(`cat '$directory/aws.errors'`);
}
SessionInitializer::Process::end($api);

my $written = to_perl(parse_json(do { local (@ARGV, $/) = "$directory/demo.json"; <> }));
is(scalar @{$written->{Items}}, 4, 'aws writes the schedules of both pages');
like($written->{Items}[0]{Retrieval}{EndTime}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.5\d*\+05:30$/,
    'its times are of its time zone, with a fraction') or diag($written->{Items}[0]{Retrieval}{EndTime});

# ---- The module reads it.

my $httpd = SessionInitializer::Httpd->start(name => 'awscli', config => <<"CONFIG");
LogLevel session_initializer:info
StreamIds a b c d
StreamIdSchedule demo.json
CONFIG
my $in_force = qr{schedule: StreamIdSchedule \Q$directory\E/demo\.json: 4 prefetch schedules are in force};
ok(eventually(sub { $httpd->error_log =~ $in_force }), 'the module reads all of them');
my %ids;
my $connection = dial($httpd->port);
$connection->send("HEAD $PATH$HLS HTTP/1.1\r\nHost: x.test\r\n\r\n" x 200);
$ids{stream_id_of($connection->answer('HEAD'))}++ for 1 .. 200;
is(join(' ', sort keys %ids), 'b c', 'and gives the ids whose windows are open');
$httpd->stop;

done_testing;
