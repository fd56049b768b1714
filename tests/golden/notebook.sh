#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The notebook of python/examples/ in a Jupyter without a screen, against the library of the build: every cell
# runs, and what notebooks show is there. `make check-notebook`: starting Jupyter takes longer than all it runs. TAP.
set -u

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
build=${CS3SIM%/*}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-/usr/bin/python3}

skip_all() {
  echo "1..0 # SKIP $1"
  exit 0
}

"$python" -c 'import nbconvert, ipykernel' 2>/dev/null ||
  skip_all "no nbconvert and ipykernel (packages python3-nbconvert, python3-ipykernel)"
[[ -e $build/.libs/libcs3sim.so.0 ]] || skip_all "built without a shared library"
export CS3SIM_LIBRARY=$build/.libs/libcs3sim.so.0 CS3SIM_WORKER=$build/cs3sim-worker \
  PYTHONPATH=$CS3SIM_SRCDIR/python PYTHONDONTWRITEBYTECODE=1 HOME=$work

tests=0
failures=0
# check NAME PATTERN: of what Jupyter wrote.
check() {
  tests=$((tests + 1))
  if grep -q -- "$2" "$work/out.ipynb"; then
    echo "ok $tests - $1"
  else
    failures=$((failures + 1))
    sed 's/^/# /' "$work/log" | tail -n 20
    echo "not ok $tests - $1"
  fi
}

"$python" -m nbconvert --to notebook --execute --output-dir "$work" --output out \
  "$CS3SIM_SRCDIR/python/examples/sparsity.ipynb" >"$work/log" 2>&1 || : >"$work/out.ipynb"
check "a run is a table" '<h4>gpt2-small on cs3-silicon, sparsity 0.7</h4><table>'
check "its numbers" '^ *"[0-9.]* of [0-9.]*, bottleneck [a-z_]*'
check "a sweep is a table" '<td>point</td><td>sparsity</td><td>status</td>'
check "a picture is drawn" 'image/svg+xml'
check "an error is one line" '64 sparsity --sparsity: .70. is out of range'
echo "1..$tests"
((failures == 0))
