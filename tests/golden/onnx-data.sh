#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The ONNX files of tests/data/onnx are what make.py makes: by the schema's own library, not by us. TAP.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM_SRCDIR:?the source tree}"
data=$CS3SIM_SRCDIR/tests/data/onnx

# Debian's python3, which has Debian's python3-onnx: another version need not write the same bytes.
if ! /usr/bin/python3 -c 'import onnx; raise SystemExit(onnx.__version__ != "1.12.0")' 2>/dev/null; then
  skip_all "no python3-onnx 1.12"
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

made() {
  mkdir "$work/made" && /usr/bin/python3 "$data/make.py" "$work/made" && diff -rq --exclude=make.py "$data" "$work/made"
}

check "make.py makes the same files" made
finish
