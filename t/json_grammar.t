# RFC 8259 at the server: the texts of t/unit/json_texts.h as bodies, and as values within one. JSON goes upstream,
# anything else gets 400.
use strict;
use warnings;

use Apache::Test qw(-withtestmore);
use SessionInitializer::Json qw(json_text json_without parse_json);
use SessionInitializer::Suite;

my $URL = "$PATH/v1/session/$ACCOUNT/fault-status-200/a.m3u8";    # the stand-in accepts any body
my %CHARACTER = (n => "\n", r => "\r", t => "\t", f => "\f", v => "\x0b", a => "\a", b => "\b");
my $LITERAL = qr/"(?:[^"\\]|\\.)*"/;

# Returns the [name, text] pairs of a table in the header.
sub texts {
    my $table = shift;
    open my $file, '<:raw', vars->{sources} . '/t/unit/json_texts.h' or die "json_texts.h: $!\n";
    my $header = do { local $/; <$file> };
    my ($rows) = $header =~ /\b$table\[\] = \{\n(.*?)\n\};/s or die "no $table in json_texts.h\n";
    my @texts;
    push @texts, [c_string($1), c_string($2)] while $rows =~ /\{\s*($LITERAL),\s*BYTES\(((?:\s*$LITERAL)+)\)\s*\}/g;
    return @texts;
}

# Joins adjacent string literals as C does.
sub c_string {
    my $text = '';
    for my $literal ($_[0] =~ /$LITERAL/g) {
        $text .= substr($literal, 1, -1) =~ s{\\(?:x([0-9A-Fa-f]+)|([0-7]{1,3})|(.))}
            {defined $1 ? chr hex $1 : defined $2 ? chr oct $2 : $CHARACTER{$3} // $3}ger;
    }
    return $text;
}

sub is_json { return defined eval { parse_json($_[0]) } }

sub is_judged {
    my ($name, $text) = @_;
    my $status = post($URL, $text)->status;
    my @received = new_requests;
    return is("$status, " . @received . ' sent', '400, 0 sent', "$name: refused") if !is_json($text);
    is($status, 200, "$name: accepted") or return;
    my ($got, $sent) = map { json_text(json_without(parse_json($_), 'streamId')) } $received[0]->body, $text;
    return is($got, $sent, "$name: kept");
}

stand_in->forget;
my @good = texts('good');
my @bad = grep { length $_->[1] } texts('bad');    # an empty body means {} here
cmp_ok(@good, '>', 40, 'texts that are JSON');
cmp_ok(@bad, '>', 150, 'texts that are none');
is(join(', ', map { $_->[0] } grep { !is_json($_->[1]) } @good), '', 'this reader takes the same for JSON');
is(join(', ', map { $_->[0] } grep { is_json($_->[1]) && parse_json($_->[1])->[0] eq 'object' } @bad), '',
    "the test's own reader refuses the same texts");

is_judged(@$_) for @good;
is(post($URL, $_->[1])->status, 400, "$_->[0]: refused") for @bad;
nothing_sent('texts that are not an object');
for my $text (@good, @bad) {
    is_judged("$text->[0], a member's value", qq({"v":$text->[1]}));
    is_judged("$text->[0], in a list", qq({"v":[0,$text->[1], {}],"w":1}));
}

done_testing;
