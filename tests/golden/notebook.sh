#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The notebook of python/examples/ in a Jupyter without a screen, against the library of the build: every cell
# runs, and what notebooks show is there. `make check-notebook`: starting Jupyter takes longer than all it runs. TAP.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
build=${CS3SIM%/*}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-/usr/bin/python3}

"$python" -c 'import nbconvert, ipykernel' 2>/dev/null ||
  skip_all "no nbconvert and ipykernel (packages python3-nbconvert, python3-ipykernel)"
[[ -e $build/.libs/libcs3sim.so.0 ]] || skip_all "built without a shared library"
export CS3SIM_LIBRARY=$build/.libs/libcs3sim.so.0 CS3SIM_WORKER=$build/cs3sim-worker \
  PYTHONPATH=$CS3SIM_SRCDIR/python PYTHONDONTWRITEBYTECODE=1 HOME=$work

# holds PATTERN: what Jupyter wrote.
holds() {
  grep -q -- "$1" "$work/out.ipynb" || { tail -n 20 "$work/log" && return 1; }
}

"$python" -m nbconvert --to notebook --execute --output-dir "$work" --output out \
  "$CS3SIM_SRCDIR/python/examples/sparsity.ipynb" >"$work/log" 2>&1 || : >"$work/out.ipynb"
check "a run is a table" holds '<h4>gpt2-small on cs3-silicon, sparsity 0.7</h4><table>'
check "its numbers" holds '^ *"[0-9.]* of [0-9.]*, bottleneck [a-z_]*'
check "a sweep is a table" holds '<td>point</td><td>sparsity</td><td>status</td>'
check "a picture is drawn" holds 'image/svg+xml'
check "an error is one line" holds '64 sparsity --sparsity: .70. is out of range'
finish
