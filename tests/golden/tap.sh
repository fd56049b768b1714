# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How scripts here report, in TAP; sourced by them. The plan comes last, from finish.

tests=0
failures=0

# verdict STATUS NAME: of what was just done.
verdict() {
  tests=$((tests + 1))
  if (($1 == 0)); then
    echo "ok $tests - $2"
  else
    failures=$((failures + 1))
    echo "not ok $tests - $2"
  fi
}

# check NAME COMMAND...: passes when the command succeeds, in this shell; else what it printed is shown. $work:
# the script's folder.
check() {
  local name=$1 status
  shift
  "$@" >"$work/tap" 2>&1
  status=$?
  ((status == 0)) || sed 's/^/# /' "$work/tap"
  verdict "$status" "$name"
}

# silent NAME COMMAND...: passes when the command prints nothing.
silent() {
  local name=$1 found
  shift
  found=$("$@" 2>&1)
  # shellcheck disable=SC2001 # every line
  [[ -z $found ]] || sed 's/^/# /' <<<"$found"
  verdict "${#found}" "$name"
}

# skip NAME REASON
skip() {
  tests=$((tests + 1))
  echo "ok $tests - $1 # SKIP $2"
}

# skip_all REASON: before the first test.
skip_all() {
  echo "1..0 # SKIP $1"
  exit 0
}

finish() {
  echo "1..$tests"
  exit $((tests == 0 || failures > 0))
}
