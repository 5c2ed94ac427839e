# What all tests share: the shared httpd's vhosts by name, the stand-in, the kinds of answers.
package SessionInitializer::Suite;
use strict;
use warnings;

use Apache::Test ();
use Exporter 'import';
use Test::More ();

use SessionInitializer::Json qw(json_member json_members json_sorted json_text json_without parse_json);
use SessionInitializer::Process ();
use SessionInitializer::StandIn ();
use SessionInitializer::Wire ();

our @EXPORT = qw(
    $PATH $ACCOUNT $HLS $DASH $SESSION fault vars port threaded
    request get head_of post options connection send_raw stand_in received nothing_sent new_requests
    stream_id_of occurrences is_redirect is_own_error is_answer sent_body is_sent eventually in_time patience under_way log_mark logged
    failure_is_logged chi_square
);

# Diagnostics of a failure go to the same stream as its result, so that a log has them together.
Test::More->builder->failure_output(\*STDOUT);

our $PATH = '/session-initializer';
our $ACCOUNT = '0123456789abcdef0123456789abcdef01234567';
our $HLS = "/v1/master/$ACCOUNT/demo/live/index.m3u8";
our $DASH = "/v1/dash/$ACCOUNT/demo/live/index.mpd";
our $SESSION = "/v1/session/$ACCOUNT/demo/live/index.m3u8";

sub vars { return Apache::Test::basic_config()->{vars} }
sub port { return vars()->{port} }
sub threaded { return vars()->{si_mpm} ne 'prefork' }
sub eventually { return SessionInitializer::Process::eventually(@_) }
sub patience { return SessionInitializer::Process::patience() }

# Tests that a piece of code takes at most so many seconds, scaled to an idle machine; returns what it returns.
sub in_time {
    my ($seconds, $name, $code) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($result, $is_in_time) = SessionInitializer::Process::in_time($seconds, $code);
    Test::More::ok($is_in_time, $name);
    return $result;
}

# Returns the session URL of a playback configuration for which the stand-in simulates a fault.
sub fault { return "/v1/session/$ACCOUNT/fault-$_[0]/live/index.m3u8" }

# Sends requests to the shared httpd. A vhost NAME has the host NAME.test; a target is sent unchanged.
sub request {
    my ($method, $target, %options) = @_;
    my $vhost = delete $options{vhost} // 'plain';
    return SessionInitializer::Wire::exchange(
        port => port(), host => "$vhost.test", method => $method, target => $target, %options);
}

sub get { return request(GET => @_) }
sub head_of { return request(HEAD => @_) }
sub options { return request(OPTIONS => @_) }

sub post {
    my ($target, $body, %options) = @_;
    return request(POST => $target, body => $body, %options);
}

sub connection { return SessionInitializer::Wire::dial(port()) }
sub send_raw { return SessionInitializer::Wire::exchange_bytes(port(), @_) }

my $stand_in;

sub stand_in { return $stand_in //= SessionInitializer::StandIn->of_the_run(vars()) }

# Waits until the stand-in holds so many calls for a fault.
sub under_way {
    my ($fault, $count) = @_;
    my $target = fault($fault);
    return eventually(sub { $count == grep { $_->target eq $target } stand_in()->requests });
}

# Returns the requests that the stand-in got since the last query.
sub new_requests {
    my @requests = stand_in()->requests;
    stand_in()->forget;
    return @requests;
}

# Returns the one request that it got.
sub received {
    my @requests = new_requests();
    Test::More::diag('the stand-in got ' . @requests . ' requests') if @requests != 1;
    return $requests[0] // SessionInitializer::StandIn::Request->none;
}

sub nothing_sent {
    my $name = shift;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::is(scalar(new_requests()), 0, "$name: nothing is sent upstream");
}

sub occurrences {
    my ($text, $pattern) = @_;
    return scalar(() = $text =~ /$pattern/g);
}

# Returns a redirect's stream id, which must be at the end of Location.
sub stream_id_of {
    my $answer = shift;
    return ($answer->header('Location') // '') =~ /[?&]aws\.streamId=([^&]*)\z/ ? $1 : undef;
}

# Tests for a redirect of the module to a URL, in which ID is a placeholder for any id of the vhost.
sub is_redirect {
    my ($answer, $location, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($before, $after) = split /\bID\b/, $location, 2;
    my $pattern = defined $after ? qr/\A\Q$before\E[1-3]\Q$after\E\z/ : qr/\A\Q$before\E\z/;
    return Test::More::subtest($name => sub {
        Test::More::is($answer->status, 302, 'status');
        Test::More::is(scalar(my @locations = $answer->header('Location')), 1, 'one Location');
        Test::More::like($answer->header('Location'), $pattern, 'Location');
        Test::More::is($answer->body, '', 'no body');
        Test::More::is_deeply([$answer->header('Cache-Control')], ['no-store'], 'not to be stored');
        Test::More::is_deeply([$answer->header('Access-Control-Allow-Origin')], ['*'], 'CORS');
    });
}

# Tests for an error of the module's own.
sub is_own_error {
    my ($answer, $status, $slug, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::subtest($name => sub {
        Test::More::is($answer->status, $status, 'status');
        Test::More::is_deeply([$answer->header('Content-Type')], ['application/json'], 'type');
        Test::More::is_deeply([$answer->header('Cache-Control')], ['no-store'], 'not to be stored');
        Test::More::is_deeply([$answer->header('Access-Control-Allow-Origin')], ['*'], 'CORS');
        my $body = eval { parse_json($answer->body) } // [''];
        Test::More::is(join(' ', map { ref ? $_->[0] : $_ } @$body), 'object error message', 'its members') or return;
        Test::More::is(json_text(json_member($body, 'error')), qq("$slug"), 'error');
        Test::More::like(json_text(json_member($body, 'message')), qr/\A".+"\z/, 'message');
    });
}

# Tests for a response of the upstream.
sub is_answer {
    my ($answer, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is($answer->status, $status, $name)
        || Test::More::diag($answer->head . substr $answer->body, 0, 500);
}

# Returns the JSON that the stand-in got, without the stream id, which must occur once, as a string, from 1 to 3.
sub sent_body {
    my $request = shift;
    my $body = eval { parse_json($request->body) } // return "no JSON: $@";
    my @ids = map { $_->[0] eq 'string' && $_->[1] =~ /^[1-3]$/ ? 1 : 0 } json_members($body, 'streamId');
    return "streamId is wrong in " . json_sorted($body) unless "@ids" eq '1';
    return json_sorted(json_without($body, 'streamId'));
}

# Posts a body with a query: the stand-in then gets the body expected, in any order, and the query.
sub is_sent {
    my ($query, $body, $expected_body, $expected_query, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    stand_in()->forget;
    my $answer = post($PATH . $SESSION . (defined $query ? "?$query" : ''), $body);
    my $request = received();
    return Test::More::subtest($name => sub {
        Test::More::is($answer->status, 200, 'status') or Test::More::diag($answer->body);
        Test::More::is(sent_body($request), json_sorted(parse_json($expected_body)), 'body');
        Test::More::is($request->query, $expected_query, 'query');
    });
}

# The shared httpd's log files: where a log ends now, and what was added since, as soon as it matches.
sub log_mark { return -s log_file($_[0]) // 0 }

sub logged {
    my ($name, $mark, $pattern) = @_;
    my $text;
    return eventually(sub { $text = log_since($name, $mark); $text =~ $pattern }) ? $text : log_since($name, $mark);
}

# Tests that since the mark the module has reported one failure to the operator, in one line.
sub failure_is_logged {
    my ($mark, $vhost, $slug, $stage, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $log = logged('error_log', $mark, qr/\bsession_initializer:.*\n/) =~ s/^.* address-(?:out|back): .*\n//gmr;
    Test::More::is(occurrences($log, qr/\bsession_initializer:/), 1, "$name: one line in the log");
    Test::More::like($log, qr/ $slug: vhost=\Q$vhost.test\E endpoint=\S+ stage=$stage cause="(?:[^"\\]|\\.)+" ms=\d+$/m,
        "$name: with vhost, stage, cause and milliseconds");
}

# Returns how far the counts are from the expected counts of as many draws with these weights.
sub chi_square {
    my ($count, %weights) = @_;
    my ($draws, $total, $sum) = (0, 0, 0);
    $draws += $_ for values %$count;
    $total += $_ for values %weights;
    for my $id (keys %weights) {
        my $expected = $draws * $weights{$id} / $total;
        $sum += (($count->{$id} // 0) - $expected)**2 / $expected;
    }
    return $sum;
}

sub log_since {
    my ($name, $mark) = @_;
    open my $file, '<:raw', log_file($name) or die "$name: $!\n";
    seek $file, $mark, 0;
    local $/;
    return <$file> // '';
}

sub log_file { return vars()->{t_logs} . "/$_[0]" }

1;
