#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes doc/includes.md: which folder includes which, drawn, and the circles inside folders. Run from the
# top of the tree: perl tests/golden/include-graph.pl >doc/includes.md
use strict;
use warnings;
no warnings 'recursion';

# Why units include each other, by the unit that the others are of. No circle without a reason.
my %reasons = (
  'fabric/attention/attention' => 'the pass calls the recurrences; they read its shapes and costs',
  'fabric/event/event' => 'one engine: what moves schedules what moves next. Its headers are in an order: '
    . 'stream, event, pe and cell, pe-state, internal, calendar, inline',
  'fabric/layer/layer' => 'the pass calls the recurrences; they read its shapes and costs',
  'plots/plot' => 'an interface and the registry of what fulfils it',
  'results/record' => 'reading a record checks its numbers; the ranges are looked up in records',
  'sim/cli/cli' => 'the frame of the command line and its parts; the registry of exit statuses names domains',
  'sim/machine/machine' => 'an interface and its private header',
  'sim/map/plan' => 'an interface and its private header',
  'sim/validation/calibrate' => 'an interface and its private header',
  'sim/step/step' => 'a step is planned, then computed: types of the one, functions of the other',
  'sim/step/step-state' => 'one simulation: actors, their shared state, the trace that they write, its start',
  'sim/validation/validate' => 'what the suites share, called by the table of suites',
  'sim/wafer/layer-run' => 'a layer runs at one fidelity or at all',
  'workloads/checkpoint' => 'formats of checkpoints fill in what the interface gives away',
  'workloads/family' => 'a family builds a graph from a model; a model looks up its family',
  'workloads/tensor-dtype' => 'types of numbers and the counters of what is alive, one table',
);

my (%includes, %unit, %folder);
my @files = sort grep { /\.[ch]$/ } split /\n/, `find base results fabric workloads plots sim -name '*.[ch]'`;

sub stem { my $path = shift; $path =~ s/\.[ch]$//; return $path; }

# What lies straight in sim/ is on top; its headers, which everything may name, are nodes of their own.
sub node {
  my $path = shift;
  my @parts = split m{/}, $path;
  return "$parts[0]/$parts[1]" if @parts > 2;
  return $parts[0] eq 'sim' && $path =~ /\.h$/ ? $path : $parts[0];
}

for my $file (@files) {
  my ($from, $unit) = (node($file), stem($file));
  $unit{$unit} = 1;
  $folder{$from} //= {};
  open my $in, '<', $file or die "$file: $!";
  while (<$in>) {
    next unless m{^#include "([^"]*/[^"]*)"};
    $includes{$unit}{stem($1)} = 1 if $unit ne stem($1);
    $folder{$from}{node($1)} = 1 if $from ne node($1);
  }
}

# Strongly connected components (Tarjan 1972) of more than one unit.
my ($count, %index, %low, %open, @stack, @circles) = (0);
sub visit {
  my $u = shift;
  $index{$u} = $low{$u} = $count++;
  push @stack, $u;
  $open{$u} = 1;
  for my $v (grep { $unit{$_} } sort keys %{$includes{$u} // {}}) {
    visit($v) unless defined $index{$v};
    $low{$u} = $low{$v} if $open{$v} && $low{$v} < $low{$u};
  }
  return if $low{$u} != $index{$u};
  my @circle;
  do { push @circle, pop @stack; $open{$circle[-1]} = 0; } until $circle[-1] eq $u;
  push @circles, [sort @circle] if @circle > 1;
}
for my $u (sort keys %unit) { visit($u) unless defined $index{$u}; }

# Whether a way leads from $a to $b that is longer than the arrow between them.
sub reaches {
  my ($from, $to, $seen) = @_;
  for my $next (keys %{$folder{$from}}) {
    return 1 if $next eq $to;
    return 1 if !$seen->{$next}++ && reaches($next, $to, $seen);
  }
  return 0;
}
sub is_short_cut {
  my ($from, $to) = @_;
  return grep { $_ ne $to && reaches($_, $to, {}) } keys %{$folder{$from}};
}

print <<'END';
# Who includes whom

Written by `perl tests/golden/include-graph.pl >doc/includes.md`; `tests/golden/layering.sh` compares.
An arrow points from a folder to one that it includes; arrows that follow from others are left out. `sim` is
what lies straight in it: the program and its registries, whose headers stand by themselves.

```mermaid
graph TD
END
for my $from (sort keys %folder) {
  for my $to (sort keys %{$folder{$from}}) {
    print "  $from --> $to\n" unless is_short_cut($from, $to);
  }
}
print <<'END';
```

No circle leads through several folders, nor through headers alone. A file and its header are one unit here;
these units include each other:

| units | why |
| --- | --- |
END
my $unknown = 0;
for my $circle (sort { $a->[0] cmp $b->[0] } @circles) {
  my ($of) = grep { $reasons{$_} } @$circle;
  $unknown ||= !defined $of;
  printf "| %s | %s |\n", join(', ', map { "`$_`" } @$circle),
    $of ? $reasons{$of} : 'no reason: take it apart, or give one in tests/golden/include-graph.pl';
}
exit $unknown;
