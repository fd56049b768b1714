#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The study of doc/layers.md: its records and tables are what the program says. TAP on standard
# output.
set -u

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
doc=$CS3SIM_SRCDIR/doc
export CS3SIM
failures=0

# verdict NUMBER NAME: of the command before.
verdict() {
  local status=$?
  if ((status == 0)); then
    echo "ok $1 - $2"
  else
    echo "not ok $1 - $2 (make study)"
    failures=$((failures + 1))
  fi
}

echo 1..4
cmp <("$doc"/layers.sh records) "$doc"/gallery/layers.jsonl
verdict 1 'doc/gallery/layers.jsonl is up to date'
diff <("$doc"/layers.sh table "$doc"/gallery/layers.jsonl) <("$doc"/layers.sh page "$doc")
verdict 2 'the tables of doc/layers.md are those of the records'
diff <("$doc"/layers.sh width) <("$doc"/layers.sh page "$doc" width)
verdict 3 'the table of a narrower layer is what the program says'
diff <("$doc"/layers.sh gradients) <("$doc"/layers.sh page "$doc" gradients)
verdict 4 'the table of weight gradients is what the program says'
((failures == 0))
