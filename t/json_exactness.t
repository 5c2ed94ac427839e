# Random bodies and queries through httpd: MediaTailor gets the body digit for digit, with one stream id and the
# additions of the query. From the environment: SEED selects the cases, JSON_CASES their number.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Json qw(json_members json_text parse_json);
use SessionInitializer::RandomJson qw(one_in random_body random_query);
use SessionInitializer::Suite;
use SessionInitializer::Wire qw(dial exchange_bytes request_bytes);

my $SEED = $ENV{SEED} // time;
my $CASES = $ENV{JSON_CASES} // (vars->{si_mpm} eq 'event' ? 2000 : 200);
my $BATCH = 50;
my $SHOWN = 5;

srand $SEED;
note "SEED=$SEED JSON_CASES=$CASES";

# Returns how after differs from before with the changes laid over it; '' if it does not.
sub difference {
    my ($before, $after, $changes) = @_;
    return 'what nobody changes' if untouched($before, $changes) ne untouched($after, $changes);
    for my $name (sort keys %$changes) {
        my $change = $changes->{$name};
        my @old = json_members($before, $name);
        my @new = json_members($after, $name);
        if (ref $change eq 'ARRAY') {
            return "$name" if join(' ', map { json_text($_) } @new) ne json_text($change);
            next;
        }
        # If an object is repeated the last one counts, and is changed.
        my ($was, $is) = (pop @old // ['object'], pop @new // ['missing']);
        return "$name, repeated" if join(' ', map { json_text($_) } @old) ne join(' ', map { json_text($_) } @new);
        return "$name, no object" if $is->[0] ne 'object';
        my $found = difference($was, $is, $change);
        return "$name: $found" if $found;
    }
    return '';
}

sub untouched {
    my ($object, $changes) = @_;
    return json_text([object => grep { !exists $changes->{$_->[0]} } @$object[1 .. $#$object]]);
}

sub is_refused {
    my $case = shift;
    return grep { ref $case->{changes}{$_} eq 'HASH' && grep { $_->[0] ne 'object' } json_members($case->{before}, $_) }
        keys %{$case->{changes}};
}

sub random_case {
    my $number = shift;
    my ($query, $kept, $changes) = random_query();
    my $body = random_body();
    # The stand-in accepts any request for that playback configuration.
    my $path = "/v1/session/$ACCOUNT/fault-status-200/$number.m3u8";
    return {
        body => $body, query => $query, changes => $changes,
        before => parse_json(length $body ? $body : '{}'),
        target => defined $kept ? "$path?$kept" : $path,
        request => request_bytes(method => 'POST', host => 'plain.test', keep_alive => 1, body => $body,
            chunked => one_in(8), target => "$PATH$path" . (length $query || one_in(2) ? "?$query" : '')),
    };
}

# Returns what is wrong with the request that the stand-in got for the case; '' if nothing is.
sub fault_of {
    my ($case, $received) = @_;
    return 'nothing came' if !$received;
    my $after = eval { parse_json($received->body) } // return "no JSON: $@";
    my @ids = json_members($after, 'streamId');
    return 'not one stream id' if @ids != 1 || json_text($ids[0]) !~ /^"[1-3]"$/;
    return 'the query' if $received->target ne $case->{target};
    return difference($case->{before}, $after, { %{$case->{changes}}, streamId => $ids[0] });
}

# Good cases share one connection; httpd would close it after a 400.
sub run_batch {
    my @cases = @_;
    stand_in->forget;
    my @good = grep { !is_refused($_) } @cases;
    my $connection = dial(port);
    $connection->send($_->{request}) for @good;
    $_->{status} = eval { $connection->answer('POST')->status } // 'none' for @good;
    $_->{status} //= exchange_bytes(port, $_->{request}, 'POST')->status for @cases;

    my %received = map { $_->path => $_ } stand_in->requests;
    my @found;
    for my $case (@cases) {
        my $received = $received{$case->{target} =~ s/\?.*//sr};
        my $expected = is_refused($case) ? 400 : 200;
        my $fault = $case->{status} ne $expected ? "status: $case->{status}, not $expected"
            : $expected == 200 ? fault_of($case, $received)
            : $received ? 'it was sent upstream' : '';
        push @found, [$fault, $case, $received] if $fault;
    }
    return @found;
}

sub show {
    my ($fault, $case, $received) = @_;
    my $got = $received ? $received->target . "\n" . $received->body : '(nothing)';
    diag(map { s/([^\n\x20-\x7e])/sprintf '\\x%02X', ord $1/ger } "$fault (SEED=$SEED JSON_CASES=$CASES)\n",
        "sent $case->{query}\n$case->{body}\n", "got  $got\n");
}

my ($refused, @faults) = 0;
for (my $done = 0; $done < $CASES; $done += $BATCH) {
    my @cases = map { random_case($done + $_) } 1 .. $BATCH;
    $refused += grep { is_refused($_) } @cases;
    push @faults, run_batch(@cases);
}
show(@$_) for @faults[0 .. ($#faults < $SHOWN ? $#faults : $SHOWN - 1)];
is(scalar(@faults), 0, "$CASES random sessions arrive exactly");
cmp_ok($refused, '<', $CASES / 2, "most of them are good ones: $refused are refused");
stand_in->forget;

done_testing;
