# JSON as it is written: a number keeps its digits, an object its order and its repeated names.
package SessionInitializer::Json;
use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(parse_json json_text json_sorted json_members json_member json_without to_perl);

# Encode refuses U+FFFE and other characters that JSON allows.
my $UTF8 = qr/\A(?:
    [\x00-\x7f]++ | [\xc2-\xdf][\x80-\xbf]
    | \xe0[\xa0-\xbf][\x80-\xbf] | [\xe1-\xec\xee\xef][\x80-\xbf]{2} | \xed[\x80-\x9f][\x80-\xbf]
    | \xf0[\x90-\xbf][\x80-\xbf]{2} | [\xf1-\xf3][\x80-\xbf]{3} | \xf4[\x80-\x8f][\x80-\xbf]{2}
)*+\z/x;
my $SPACE = qr/[ \t\n\r]*+/;
my $NUMBER = qr/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/;
my $STRING = qr/"((?:[^"\\\x00-\x1f]++|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*+)"/;
my %ESCAPE = (b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");

# A value is [object => [name, value]...], [array => value...], [string => characters] or [literal => text].
sub parse_json {
    my $text = shift;
    $text =~ $UTF8 or die "not UTF-8\n";
    utf8::decode($text);
    my $value = value(\$text);
    $text =~ /\G$SPACE\z/gc or die 'something follows the JSON at ' . pos($text) . "\n";
    return $value;
}

sub value {
    my $text = shift;
    $$text =~ /\G$SPACE/gc;
    return [string => unescape($1)] if $$text =~ /\G$STRING/gc;
    return [literal => $1] if $$text =~ /\G($NUMBER|true|false|null)/gc;
    return [object => items($text, '}', \&member)] if $$text =~ /\G\{/gc;
    return [array => items($text, ']', \&value)] if $$text =~ /\G\[/gc;
    die 'not JSON at ' . pos($$text) . "\n";
}

sub items {
    my ($text, $end, $item) = @_;
    return if $$text =~ /\G$SPACE\Q$end\E/gc;
    my @items;
    do { push @items, $item->($text) } while $$text =~ /\G$SPACE,/gc;
    $$text =~ /\G$SPACE\Q$end\E/gc or die "no '$end' at " . pos($$text) . "\n";
    return @items;
}

sub member {
    my $text = shift;
    $$text =~ /\G$SPACE$STRING$SPACE:/gc or die 'no member at ' . pos($$text) . "\n";
    my $name = unescape($1);
    return [$name, value($text)];
}

sub unescape {
    no warnings 'surrogate';
    my $string = shift;
    $string =~ s{\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u(.{4})|\\(.)}
                {defined $1 ? chr(0x10000 + ((hex($1) & 0x3ff) << 10) + (hex($2) & 0x3ff))
                    : defined $3 ? chr hex $3 : $ESCAPE{$4} // $4}ge;
    return $string;
}

# Each returns one text per value, to compare: json_sorted ignores the order of members, json_text does not.
sub json_text { return text($_[0], sub { @_ }) }
sub json_sorted { return text($_[0], sub { sort @_ }) }

sub text {
    my ($value, $ordered) = @_;
    my ($kind, @rest) = @$value;
    return $rest[0] if $kind eq 'literal';
    return quoted($rest[0]) if $kind eq 'string';
    return '[' . join(',', map { text($_, $ordered) } @rest) . ']' if $kind eq 'array';
    return '{' . join(',', $ordered->(map { quoted($_->[0]) . ':' . text($_->[1], $ordered) } @rest)) . '}';
}

sub quoted {
    my $string = shift;
    $string =~ s/([^\x20-\x7e]|["\\])/sprintf '\\x{%x}', ord $1/ge;
    return qq("$string");
}

# Returns the values of all members with that name, in order.
sub json_members {
    my ($object, $name) = @_;
    $object->[0] eq 'object' or die "no object\n";
    return map { $_->[1] } grep { $_->[0] eq $name } @$object[1 .. $#$object];
}

# Returns the value that a reader takes, which is the last one.
sub json_member { return (json_members(@_))[-1] }

sub json_without {
    my ($object, $name) = @_;
    return [object => grep { $_->[0] ne $name } @$object[1 .. $#$object]];
}

my %LITERAL = (true => 1, false => 0, null => undef);

sub to_perl {
    my ($kind, @rest) = @{$_[0]};
    return $rest[0] if $kind eq 'string';
    return exists $LITERAL{$rest[0]} ? $LITERAL{$rest[0]} : $rest[0] if $kind eq 'literal';
    return [map { to_perl($_) } @rest] if $kind eq 'array';
    return { map { $_->[0] => to_perl($_->[1]) } @rest };
}

1;
