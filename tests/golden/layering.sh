#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Includes follow HACKING.md: each folder knows only those that its row names; who knows fabric from
# outside knows its folders. The headers straight in sim/ are registries (commands, exit status),
# which everything above the frame may name. With CS3SIM_TEST_SLOW the compiler is asked, too, for what
# a file gets by way of others. doc/includes.md is as tests/golden/include-graph.pl writes it; with REGEN it
# is written. TAP.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM_SRCDIR:?the source tree}"
cd "$CS3SIM_SRCDIR" || exit 99

below_run="base results fabric workloads workloads/onnx sim/machine sim/map sim/step"
below_studies="$below_run sim/gpu plots sim sim/cli sim/run sim/wafer"
declare -A knows=(
  [base]=""
  [results]="base"
  [fabric]="base"
  [fabric/event]="base fabric"
  [fabric/programs]="base fabric fabric/event"
  [fabric/conv]="base fabric"
  [fabric/conv-event]="base fabric fabric/event fabric/conv"
  [fabric/layer]="base fabric fabric/conv"
  [fabric/attention]="base fabric fabric/layer"
  [fabric/attention-event]="base fabric fabric/event fabric/layer fabric/attention"
  [fabric/layer-event]="base fabric fabric/event fabric/layer"
  [workloads]="base results"
  [workloads/onnx]="base workloads"
  [plots]="base results"
  [sim/machine]="base fabric sim"
  [sim/gpu]="base workloads sim/machine"
  [sim/map]="base fabric workloads sim/machine"
  [sim/step]="base fabric sim/machine"
  [sim/cli]="base results plots sim"
  [sim/library]="base results sim sim/cli"
  [sim/run]="$below_run sim sim/cli"
  [sim/wafer]="$below_run plots sim sim/cli sim/run"
  [sim/inference]="$below_run sim/gpu sim sim/cli sim/run"
  [sim/law]="$below_run sim sim/cli sim/run"
  [sim/study]="$below_studies sim/law"
  [sim/training]="$below_studies"
  [sim/validation]="$below_studies sim/inference"
  [sim/picture]="$below_studies sim/law sim/study sim/validation"
)

# folder PATH: the folder that a row stands for.
folder() {
  case $1 in
  fabric/*/* | sim/*/* | workloads/*/*) cut -d/ -f1,2 <<<"$1" ;;
  *) echo "${1%%/*}" ;;
  esac
}

# may FROM PATH: whether the row of FROM names PATH's folder.
may() {
  local allowed=" ${knows[$1]} $1 " to
  to=$(folder "$2")
  [[ $allowed == *" $to "* || ($1 != fabric* && $to == fabric/* && $allowed == *" fabric "*) ]]
}

# reach FOLDER: what it knows, and what that knows.
declare -A reached
reach() {
  local next
  for next in ${knows[$1]:-}; do
    [[ -n ${reached[$next]:-} ]] || { reached[$next]=1 && reach "$next"; }
  done
}

# What the compiler sees, once a kind: folder of the source (and whether it is a command), folder of the
# header, both files. Headers of libraries need not be there (-MG).
seen() {
  find "${!knows[@]}" -maxdepth 1 -name '*.c' -exec "${CC:-gcc}" -MM -MG -I. {} + |
    awk 'function folder(p, a, n) { n = split(p, a, "/"); return n > 2 ? a[1] "/" a[2] : a[1] }
         /^[^ ]*:/ { source = $2 ~ /\.c$/ ? $2 : "" }
         { for (i = 1; i <= NF; i++) if (source != "" && $i ~ /\.h$/ && $i ~ /\//) {
             kind = folder(source) (source ~ /\/cmd-/ ? " command " : " - ") folder($i)
             if (!known[kind]++) print kind, source, $i } }'
}

# beyond: what a file gets that no row on its way allows. Commands stand on the frame.
beyond() {
  local from command to source header
  while read -r from command to source header; do
    reached=([sim]=1 [$from]=1)
    reach "$from"
    [[ $command == - ]] || { reached[sim/cli]=1 && reach sim/cli; }
    [[ -n ${reached[$to]:-} || (-n ${reached[fabric]:-} && $from == sim/* && $to == fabric/*) ]] ||
      echo "$source gets $header"
  done < <(seen)
}

# diagram: how doc/includes.md differs from the tree; circles without a reason.
diagram() {
  local drawn
  drawn=$(perl tests/golden/include-graph.pl) || grep 'no reason:' <<<"$drawn"
  [[ -z ${REGEN:-} ]] || printf '%s\n' "$drawn" >doc/includes.md
  diff doc/includes.md - <<<"$drawn"
}

# strangers FOLDER: what it includes and does not know.
strangers() {
  grep -Ho '^#include "[^"]*/[^"]*"' "$1"/*.[ch] | tr -d '"' |
    while IFS=: read -r file include; do
      may "$1" "${include#\#include }" || echo "$file includes ${include#\#include }"
    done
}

for from in "${!knows[@]}"; do
  silent "$from" strangers "$from"
done
silent "doc/includes.md" diagram
[[ -z ${CS3SIM_TEST_SLOW:-} ]] || silent "by way of others" beyond
finish
