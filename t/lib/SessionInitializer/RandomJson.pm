# Random JSON and random queries, with their meaning. srand makes them repeatable.
package SessionInitializer::RandomJson;
use strict;
use warnings;
no warnings qw(nonchar surrogate);

use Exporter 'import';

our @EXPORT_OK = qw(below one_in pick random_body random_query);

sub below { return int rand $_[0] }
sub one_in { return below($_[0]) == 0 }
sub pick { return $_[below(scalar @_)] }

my @TELLING = (0, 9, 10, 13, 0x1f, 0x20, 0x22, 0x2f, 0x5c, 0x7f, 0x80, 0x7ff, 0x800, 0x2028, 0xd7ff, 0xe000, 0xfeff,
    0xfffd, 0xffff, 0x10000, 0x10ffff);
my @CONTAINERS = qw(adsParams playerParams manifestParams availSuppression adSignaling);
my @NAMES = ('streamId', 'streamId', 'logMode', 'reportingMode', 'overlayAvails', 'preroll', 'mode', 'value',
    'fillPolicy', 'enabled', 'a', 'b', 'c', '', 'streamid', 'aws.streamId', "streamId\0", 'adsParams.a');
my %LETTER = ("\b" => 'b', "\f" => 'f', "\n" => 'n', "\r" => 'r', "\t" => 't', '"' => '"', '\\' => '\\', '/' => '/');

sub random_char {
    return chr(one_in(3) ? pick(@TELLING) : one_in(4) ? 0x10000 + below(0x100000) : one_in(3) ? below(0xd800)
        : 0x61 + below(26));
}

sub random_text { return join '', map { random_char() } 1 .. below(pick(1, 4, 20)) }

# Writes UTF-16 code units, each as \uXXXX.
sub escaped {
    my $code = ord shift;
    my @units = $code > 0xffff ? (0xd800 + ($code - 0x10000 >> 10), 0xdc00 + ($code - 0x10000 & 0x3ff)) : $code;
    return join '', map { sprintf pick('\u%04x', '\u%04X'), $_ } @units;
}

# Returns a JSON string, each character in one of its spellings; a lone surrogate never precedes another one.
sub spelled {
    my ($text, $escape_one_in) = @_;
    my $json = join '', map {
        exists $LETTER{$_} && one_in(2) ? "\\$LETTER{$_}"
            : /[\x00-\x1f"\\]/ || one_in($escape_one_in) ? escaped($_) : encoded($_)
    } split //, $text;
    return qq("$json");
}

sub encoded {
    my $bytes = shift;
    utf8::encode($bytes);
    return $bytes;
}

sub space { return one_in(4) ? join '', map { pick(' ', "\t", "\n", "\r") } 0 .. below(3) : '' }
sub digits { return join '', map { below(10) } 0 .. below(pick(1, 3, 10, one_in(8) ? 300 : 20)) }

sub number {
    return (one_in(3) ? '-' : '') . (one_in(3) ? '0' : 1 + below(9) . digits()) . (one_in(2) ? '.' . digits() : '')
        . (one_in(3) ? pick('e', 'E', 'e+', 'E-') . digits() : '');
}

sub string {
    return one_in(20) ? '"' . pick('\ud800', '\uDFFF', 'x\udbffx', '\udc00\ud800') . '"' : spelled(random_text(), 6);
}

sub value {
    my $depth = shift;
    my $kind = $depth < 6 ? below(6) : below(4);
    return number() if $kind == 0;
    return pick(qw(true false null)) if $kind == 1;
    return string() if $kind < 4;
    return '[' . list(map { value($depth + 1) } 1 .. below(4)) . ']' if $kind == 4;
    return object($depth + 1);
}

sub list { return space() . join(space() . ',' . space(), @_) . space() }
sub member { return spelled($_[0], 10) . space() . ':' . space() . $_[1] }
sub name { return one_in(4) ? random_text() : pick(@NAMES) }

# Returns an object at that depth; further members are at its end.
sub object {
    my ($depth, @further) = @_;
    my $count = $depth > 1 ? below(4) : one_in(100) ? 500 : below(6);
    return '{' . list((map { member(name(), value($depth)) } 1 .. $count), @further) . '}';
}

# Returns 32 containers, one in the other.
sub deepest {
    my ($before, $after) = ('', '');
    for (1 .. 31) {
        my ($open, $close) = one_in(2) ? ('[', ']') : ('{"' . pick('a', 'streamId', '') . '":', '}');
        ($before, $after) = ($before . $open . space(), space() . $close . $after);
    }
    return $before . number() . $after;
}

sub random_body {
    return '' if one_in(30);
    my @further = map { member($_, one_in(25) ? value(2) : object(2)) } grep { one_in(3) } @CONTAINERS;
    push @further, $further[0] if @further && one_in(5);
    push @further, member('deep', deepest()) if one_in(10);
    return space() . object(1, @further) . space();
}

# [name in the query, container and member in the body]; if no member is given, the rest of the name is the member.
my @PLACES = (
    ['ads.', 'adsParams'], ['playerParams.', 'playerParams'], ['manifest.', 'manifestParams'],
    ['manifestParams.', 'manifestParams'], ['', 'playerParams'],
    ['aws.reportingMode', undef, 'reportingMode'], ['aws.logMode', undef, 'logMode'],
    ['aws.availSuppressionMode', 'availSuppression', 'mode'],
    ['aws.availSuppressionValue', 'availSuppression', 'value'],
    ['aws.availSuppressionFillPolicy', 'availSuppression', 'fillPolicy'], ['aws.overlayAvails', undef, 'overlayAvails'],
    ['aws.adSignalingEnabled', 'adSignaling', 'enabled'], ['aws.insertionMode', undef, 'insertionMode'],
    ['aws.startTime', undef, 'startTime'], ['aws.preroll', undef, 'preroll'],
    ['aws.guidedPrefetchMode', undef, 'guidedPrefetchMode'],
);
my @STAYING = qw(aws.sessionId aws.unknown aws.);

# Returns the query, the part of it that goes upstream unchanged (undef for none), and the changes to the body: name to
# value as parse_json gives it, or to a hash of those for an object.
sub random_query {
    my (@items, @kept, %changes);
    for (1 .. below(9)) {
        my ($item, $stays) = one_in(8) ? other_item() : changing_item(\%changes);
        push @items, $item;
        push @kept, $item if $stays;
    }
    push @items, '' if one_in(10);
    return (join('&', @items), @kept ? join('&', @kept) : undef, \%changes);
}

sub other_item {
    return '' if one_in(3);
    return (percent('aws.streamId') . '=' . percent(random_text(), '='), 0) if one_in(2);
    return (percent(pick(@STAYING)) . '=' . percent(random_text(), '='), 1);
}

sub changing_item {
    my $changes = shift;
    my ($prefix, $container, $member) = @{pick(@PLACES)};
    my $rest = defined $member ? '' : one_in(2) ? pick('a', 'b', 'c') : 'x' . random_text();
    my $word = $prefix eq 'aws.adSignalingEnabled' ? pick('true', 'false') : undef;
    my $value = $word // random_text();
    my $target = defined $container ? $changes->{$container} //= {} : $changes;
    $target->{$member // $rest} = defined $word ? [literal => $word] : [string => $value];
    my $equals = length $value || one_in(2) ? '=' : '';
    return (percent($prefix . $rest) . $equals . percent($value, '='), $prefix eq '');
}

# Percent-encodes what must be encoded, and sometimes what need not. A '+' is a plus.
sub percent {
    my ($text, $also_plain) = (@_, '');
    return join '', map {
        /[A-Za-z0-9._~+\/:;,!()*-]/ && !one_in(8) || length $also_plain && $_ eq $also_plain ? $_
            : sprintf pick('%%%02x', '%%%02X'), ord
    } split //, encoded($text);
}

1;
