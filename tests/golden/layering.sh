#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Includes follow HACKING.md: each folder knows only those that its row names. The headers straight
# in sim/ are registries (commands, exit status), which everything above the frame may name. TAP.
set -u

: "${CS3SIM_SRCDIR:?the source tree}"
cd "$CS3SIM_SRCDIR" || exit 99

below_run="base results fabric workloads sim/machine sim/map sim/step"
below_studies="$below_run plots sim sim/cli sim/run sim/wafer"
declare -A knows=(
  [base]=""
  [results]="base"
  [fabric]="base"
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
  local rest=${1#sim/}
  if [[ $rest == "$1" ]]; then
    echo "${1%%/*}"
  elif [[ $rest == */* ]]; then
    echo "sim/${rest%%/*}"
  else
    echo sim
  fi
}

tests=0
failures=0
for from in "${!knows[@]}"; do
  allowed=" ${knows[$from]} $from "
  found=$(grep -rHo --include='*.[ch]' '^#include "[^"]*/[^"]*"' "$from" | tr -d '"' |
    while IFS=: read -r file include; do
      [[ $allowed == *" $(folder "${include#\#include }") "* ]] ||
        echo "$file includes ${include#\#include }"
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
