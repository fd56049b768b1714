#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The samples of doc/gallery.md are what the commands printed there draw. TAP on standard output.
# REGEN=1: draw them again. Pictures are not compared: they name the version of gnuplot. Nor are the
# data's comments: they list every parameter of the machine, also those that do not bear on the plot.
set -u

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
gallery=$CS3SIM_SRCDIR/doc/gallery
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cp "$gallery"/*.jsonl "$work" && cd "$work" || exit 99

# same_data FILE FILE: whether they differ in comments only.
same_data() {
  diff <(grep -v '^#' "$1") <(grep -v '^#' "$2")
}

tests=0
failures=0
for plot in $("$CS3SIM" list plots --names); do
  tests=$((tests + 1))
  command=$(sed -n "s/^    cs3sim \(plot $plot .*\)/\1/p" "$CS3SIM_SRCDIR/doc/gallery.md")
  # shellcheck disable=SC2086 # several words
  if [[ -n $command ]] && "$CS3SIM" $command &&
    { [[ -z ${REGEN-} ]] || cp "$plot".{dat,gp,svg} "$gallery"; } &&
    same_data "$plot.dat" "$gallery/$plot.dat" && cmp "$plot.gp" "$gallery/$plot.gp" &&
    [[ -s $plot.svg ]]; then
    echo "ok $tests - $plot"
  else
    failures=$((failures + 1))
    echo "not ok $tests - $plot: missing in doc/gallery.md or out of date (make gallery)"
  fi
done
echo "1..$tests"
((tests > 0 && failures == 0))
