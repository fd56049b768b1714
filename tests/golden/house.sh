#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What HACKING.md promises of the source, beside its layers: format, lengths, documented headers,
# results of what may fail that are not dropped, and includes without circles. TAP.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM_SRCDIR:?the source tree}"
cd "$CS3SIM_SRCDIR" || exit 99

# The version that the tree is formatted with: others differ in details.
clang_format=14
longest_file=800
longest_header=300

sources=$(find base results fabric workloads plots sim tests -name '*.[ch]' | sort)
headers=$(find base results fabric workloads plots sim -name '*.h' | sort)

# lengths MAX FILE...
lengths() {
  local max=$1
  shift
  wc -l "$@" | awk -v max="$max" '$2 != "total" && $1 > max { print $2 ": " $1 " lines, at most " max }'
}

# Functions of headers that no doc comment names. Destructors say what they do by their names.
undocumented() {
  perl -0777 -ne '
    my %named;
    while (m{/\*\*(.*?)\*/}gs) { my $doc = $1; $named{$_} = 1 for $doc =~ /\b(cs3\w+)/g; }
    s{/\*.*?\*/}{}gs;
    while (/^(?!#|typedef|struct|enum|union|extern|G_DEFINE|G_STATIC|\}|CS3_)[A-Za-z][\w \*]*?[ \*](cs3\w*)\(/gm) {
      next if $named{$1} || $1 =~ /_(free|clear|unref|quark)$/;
      print "$ARGV: $1() has no doc comment\n";
    }' "$@"
}

# Functions with a GError that let their result be dropped. _fail() and _invalid() only set it.
droppable() {
  perl -0777 -ne '
    s{/\*.*?\*/}{}gs;
    while (/^(?!typedef|static inline|void )[A-Za-z][\w \*]*?[ \*](cs3\w*)\(([^;{}]*?)\)([^;{}()]*);/gm) {
      my ($name, $arguments, $attributes) = ($1, $2, $3);
      next if $arguments !~ /GError \*\*/ || $attributes =~ /WARN_UNUSED/ || $name =~ /_(fail|invalid)$/;
      print "$ARGV: $name() may fail and is not G_GNUC_WARN_UNUSED_RESULT\n";
    }' "$@"
}

# Texts of users that a precision cuts, which counts bytes: CS3_CUT() cuts between letters.
cut_in_bytes() {
  grep -nE '%\.[1-9][0-9]*s' "$@" | sed 's/$/: use CS3_CUT()/'
}

# A format that does not go with its values: json_pack() leaves the member out.
packed_in_silence() {
  grep -nE '(^|[^_])json_pack\(' "$@" | grep -v '/\*\|\* ' | sed 's/$/: use cs3_json_pack()/'
}

# Pairs "includer included" of folders. What lies straight in sim/ is on top; its headers, which
# everything may name, are nodes of their own.
folder_pairs() {
  # shellcheck disable=SC2086 # a list
  grep -Ho '^#include "[^"]*/[^"]*"' $(grep -v '^tests/' <<<"$sources") |
    sed 's/:#include "/ /; s/"$//' |
    awk 'function folder(p, n, a) {
           n = split(p, a, "/");
           if ((a[1] == "sim" || a[1] == "fabric" || a[1] == "workloads") && n > 2) return a[1] "/" a[2];
           return a[1] == "sim" && p ~ /\.h$/ ? p : a[1];
         }
         folder($1) != folder($2) { print folder($1), folder($2) }' | sort -u
}

header_pairs() {
  # shellcheck disable=SC2086 # a list
  grep -Ho '^#include "[^"]*/[^"]*"' $headers | sed 's/:#include "/ /; s/"$//'
}

circles() {
  "$1" | tsort 2>&1 >/dev/null
}

if [[ $(clang-format --version 2>/dev/null) =~ version\ $clang_format\. ]]; then
  # shellcheck disable=SC2086 # a list
  silent "format" clang-format --dry-run $sources
else
  skip "format" "clang-format $clang_format is not installed"
fi
# shellcheck disable=SC2086 # lists
{
  silent "length of files" lengths "$longest_file" $sources
  silent "length of headers" lengths "$longest_header" $headers
  silent "headers are documented" undocumented $headers
  silent "no failure is dropped" droppable $headers
  silent "texts are cut between letters" cut_in_bytes $sources
  silent "no member is missing in silence" packed_in_silence $(grep -v '^tests/' <<<"$sources")
}
silent "no circle between folders" circles folder_pairs
silent "no circle between headers" circles header_pairs
finish
