#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The samples of doc/gallery.md are what the commands printed there draw. TAP on standard output.
# REGEN=1: draw them again. Pictures are not compared: they name the version of gnuplot. Nor are the
# data's comments and the keys of a sweep's points: they cover every parameter of the machine, also
# those that do not bear on the plot.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
gallery=$CS3SIM_SRCDIR/doc/gallery
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cp "$gallery"/*.jsonl "$work" && cd "$work" || exit 99

# same_data FILE FILE: whether they differ in comments only.
same_data() {
  diff <(grep -v '^#' "$1") <(grep -v '^#' "$2")
}

# sampled NAME COMMAND...
sampled() {
  check "$1: in doc/gallery.md and up to date (make gallery)" "${@:2}"
}

# without_keys FILE
without_keys() {
  sed 's/"key":"[0-9a-f]*"//' "$1"
}

# records FILE COMMAND: the records of a sample are what the sweep printed there writes.
records() {
  rm -f "$1" && eval "\"$CS3SIM\" $2 -q" && { [[ -z ${REGEN-} ]] || cp "$1" "$gallery"; } &&
    [[ -s $1 ]] && diff <(without_keys "$1") <(without_keys "$gallery/$1")
}

# sample STEM COMMAND
sample() {
  eval "\"$CS3SIM\" $2 >/dev/null" && { [[ -z ${REGEN-} ]] || cp "$1".{dat,gp,svg} "$gallery"; } &&
    same_data "$1.dat" "$gallery/$1.dat" && cmp "$1.gp" "$gallery/$1.gp" && [[ -s $1.svg ]]
}

while read -r command; do
  file=${command##* }
  case $file in
  *.jsonl) sampled "$file" records "$file" "$command" ;;
  *) sampled "${file%.svg}" sample "${file%.svg}" "$command" ;;
  esac
done < <(sed -n 's/^    cs3sim \(\(sweep\|plot\|fabric\|inspect\|optimize\|infer\) .*\)/\1/p' "$CS3SIM_SRCDIR/doc/gallery.md")
for plot in $("$CS3SIM" list plots --names); do
  check "$plot is in the gallery" grep -q "^    cs3sim plot $plot .*-O $plot.svg$" \
    "$CS3SIM_SRCDIR/doc/gallery.md"
done
finish
