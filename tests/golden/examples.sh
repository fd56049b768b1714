#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs every example that a command's --help shows. TAP on standard output.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/folder"
ln -s "$CS3SIM" "$work/bin/cs3sim"
PATH=$work/bin:$PATH
cd "$work/folder" || exit 99

for command in $(cs3sim list commands --names); do
  mapfile -t examples < <(cs3sim help "$command" | sed -n '/^Examples:$/,/^$/s/^  \(cs3sim .*\)/\1/p')
  for example in "${examples[@]}"; do
    bash -c "$example" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    # The status of a validation is its answer: 1, a claim is missed.
    [[ $command != validate || $status != 1 ]] || status=0
    ((status != 0)) || [[ -s $work/out || $example == *-O* ]] || status=1
    ((status == 0)) || sed 's/^/# /' "$work/err"
    verdict "$status" "$example"
  done
done
finish
