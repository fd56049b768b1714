#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The study of doc/layers.md: its records and tables are what the program says. TAP on standard
# output.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
doc=$CS3SIM_SRCDIR/doc
export CS3SIM
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

check 'doc/gallery/layers.jsonl is up to date (make study)' \
  cmp <("$doc"/layers.sh records) "$doc"/gallery/layers.jsonl
check 'the tables of doc/layers.md are those of the records (make study)' \
  diff <("$doc"/layers.sh table "$doc"/gallery/layers.jsonl) <("$doc"/layers.sh page "$doc")
check 'the table of a narrower layer is what the program says (make study)' \
  diff <("$doc"/layers.sh width) <("$doc"/layers.sh page "$doc" width)
check 'the table of weight gradients is what the program says (make study)' \
  diff <("$doc"/layers.sh gradients) <("$doc"/layers.sh page "$doc" gradients)
finish
