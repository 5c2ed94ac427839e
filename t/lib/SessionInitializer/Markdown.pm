# The parts of a Markdown file that a test can check.
package SessionInitializer::Markdown;
use strict;
use warnings;

use Encode ();

sub read {
    my ($class, $directory, $name) = @_;
    open my $file, '<:raw', "$directory/$name" or die "$name: $!\n";
    my @lines = <$file>;
    chomp @lines;
    my $self = bless { name => $name, blocks => [], tables => [], headings => [], links => [] }, $class;
    $self->parse(@lines);
    return $self;
}

sub name { return $_[0]{name} }
sub blocks { return @{$_[0]{blocks}} }        # { language, text, at }: the text between ``` and ```
sub headings { return @{$_[0]{headings}} }    # their texts
sub links { return @{$_[0]{links}} }          # the targets of links within these documents

# Returns the rows of the tables whose first row begins with these cells.
sub rows {
    my ($self, @head) = @_;
    my @found = grep { "@{$_->[0]}[0 .. $#head]" eq "@head" } grep { @{$_->[0]} >= @head } @{$self->{tables}};
    return map { @$_[1 .. $#$_] } @found;
}

sub parse {
    my ($self, @lines) = @_;
    my ($block, $table);
    for my $number (1 .. @lines) {
        my $line = $lines[$number - 1];
        if ($line =~ /^```(.*)/) {
            $block = $block ? undef : $self->begin_block($1, $number);
            undef $table;
        }
        elsif ($block) {
            $block->{text} .= "$line\n";
        }
        else {
            push @{$self->{headings}}, $1 if $line =~ /^#+ (.*)/;
            push @{$self->{links}}, $line =~ /\]\(([^()\s]+)\)/g;
            $table = $self->add_row($table, $line);
        }
    }
    die "$self->{name}: a block has no end\n" if $block;
}

sub add_row {
    my ($self, $table, $line) = @_;
    my ($row) = $line =~ /^\|(.*)\|$/ or return undef;
    push @{$self->{tables}}, $table = [] unless $table;
    push @$table, [map { s/^\s+|\s+$//gr } split /(?<!\\)\|/, $row, -1] unless $row =~ /^[|: -]+$/;
    return $table;
}

sub begin_block {
    my ($self, $language, $number) = @_;
    push @{$self->{blocks}}, { language => $language, text => '', at => "$self->{name}:$number" };
    return $self->{blocks}[-1];
}

# Returns the anchor that GitHub makes of a heading.
sub anchor {
    my $heading = Encode::decode('UTF-8', shift);
    return lc($heading =~ s/[^\w\s-]//gr) =~ tr/ /-/r;
}

1;
