#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Includes follow HACKING.md: each folder knows only those that its row names; who knows fabric from
# outside knows its folders. The headers straight in sim/ are registries (commands, exit status),
# which everything above the frame may name. TAP.
set -u

: "${CS3SIM_SRCDIR:?the source tree}"
cd "$CS3SIM_SRCDIR" || exit 99

below_run="base results fabric workloads sim/machine sim/map sim/step"
below_studies="$below_run plots sim sim/cli sim/run sim/wafer"
declare -A knows=(
  [base]=""
  [results]="base"
  [fabric]="base"
  [fabric/event]="base fabric"
  [fabric/programs]="base fabric fabric/event"
  [fabric/layer]="base fabric"
  [fabric/layer-event]="base fabric fabric/event fabric/layer"
  [workloads]="base"
  [plots]="base results"
  [sim/machine]="base fabric sim"
  [sim/map]="base fabric workloads sim/machine"
  [sim/step]="base fabric sim/machine"
  [sim/cli]="base results plots sim"
  [sim/run]="$below_run sim sim/cli"
  [sim/wafer]="$below_run plots sim sim/cli sim/run"
  [sim/study]="$below_studies"
  [sim/training]="$below_studies"
  [sim/validation]="$below_studies"
  [sim/picture]="$below_studies sim/study sim/validation"
)

# folder PATH: the folder that a row stands for.
folder() {
  case $1 in
  fabric/*/* | sim/*/*) cut -d/ -f1,2 <<<"$1" ;;
  *) echo "${1%%/*}" ;;
  esac
}

# may FROM PATH: whether the row of FROM names PATH's folder.
may() {
  local allowed=" ${knows[$1]} $1 " to
  to=$(folder "$2")
  [[ $allowed == *" $to "* || ($1 != fabric* && $to == fabric/* && $allowed == *" fabric "*) ]]
}

tests=0
failures=0
for from in "${!knows[@]}"; do
  found=$(grep -Ho '^#include "[^"]*/[^"]*"' "$from"/*.[ch] | tr -d '"' |
    while IFS=: read -r file include; do
      may "$from" "${include#\#include }" || echo "$file includes ${include#\#include }"
    done)
  tests=$((tests + 1))
  if [[ -z $found ]]; then
    echo "ok $tests - $from"
  else
    failures=$((failures + 1))
    # shellcheck disable=SC2001 # every line
    sed 's/^/# /' <<<"$found"
    echo "not ok $tests - $from"
  fi
done
echo "1..$tests"
((failures == 0))
