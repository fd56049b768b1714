#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# libcs3sim as it is installed: the example compiles with pkg-config's flags alone and runs, nothing but what
# the map names is exported, the binary interface is the recorded one (abidiff), and all doors (library,
# Python, command line) lead to the same bytes. REGEN=1 records the interface anew. TAP.
# shellcheck disable=SC2317 # check() calls
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
build=${CS3SIM%/*}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# value NAME: a variable of the build's Makefile.
value() {
  sed -n "s/^$1 = //p" "$build/Makefile" | head -n 1
}

# expand NAME: the same with the variables in it replaced.
expand() {
  local text name
  text=$(value "$1")
  while [[ $text =~ \$[{(]([a-z_A-Z]+)[})] ]]; do
    name=${BASH_REMATCH[1]}
    text=${text/"${BASH_REMATCH[0]}"/$(value "$name")}
  done
  printf '%s' "$text"
}

install() {
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$build" -s install DESTDIR="$work/root"
}

compile() {
  local flags
  flags=$(pkg-config --cflags --libs cs3sim) || return
  # shellcheck disable=SC2086 # words
  ${CC:-gcc} -Wall -Werror "$CS3SIM_SRCDIR/doc/example.c" $flags -o "$work/example"
}

speaks() {
  [[ $("$work/example") == "cs3sim $("$CS3SIM" --version | awk 'NR == 1 { print $2 }')"* ]]
}

# Every name of the map is defined, and none beside.
exported() {
  diff <(sed -n 's/^    \(cs3sim_[a-z_]*\);$/\1/p' "$CS3SIM_SRCDIR/sim/library/libcs3sim.map" | sort) \
    <(nm -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort)
}

interface() {
  local recorded=$CS3SIM_SRCDIR/tests/golden/libcs3sim.abi
  readelf -S "$library" | grep -q debug_info || return
  if [[ -n ${REGEN:-} ]]; then
    abidw --headers-dir "$work/root$includes/cs3sim" --drop-private-types --no-corpus-path \
      --no-comp-dir-path --no-show-locs --exported-interfaces-only "$library" >"$recorded"
  fi
  abidiff --headers-dir2 "$work/root$includes/cs3sim" --drop-private-types "$recorded" "$library"
}

libraries=$(expand libdir)
includes=$(expand includedir)
worker=$(expand libexecdir)/cs3sim/cs3sim-worker
python=$(value PYTHON)
if ! grep -q '^build_libtool_libs=yes' "$build/libtool"; then
  skip "the installed library" "built without a shared library"
  finish
fi
check "install" install
library=$work/root$libraries/libcs3sim.so.0
# Here alone: what a machine needs beside it would not be found.
export PKG_CONFIG_LIBDIR=$work/root$libraries/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root \
  CS3SIM_WORKER=$work/root$worker LD_LIBRARY_PATH=$work/root$libraries CS3SIM_LIBRARY=$library
check "the example compiles" compile
check "the example speaks" speaks
check "exported names" exported
if [[ $(value SANITIZE_CFLAGS) == *[![:space:]]* ]]; then
  skip "binary interface" "built with sanitizers"
elif command -v abidiff >/dev/null; then
  check "binary interface" interface
else
  skip "binary interface" "abidiff is not installed (package abigail-tools)"
fi
if [[ -x $python ]]; then
  modules=$work/root$(expand pythondir)
  export PYTHONPATH=$modules PYTHONDONTWRITEBYTECODE=1 EXAMPLE=$work/example
  while IFS= read -r line; do
    case $line in
    'ok - '*) verdict 0 "${line#*ok - }" ;;
    'not ok - '*) verdict 1 "${line#*ok - }" ;;
    *) echo "$line" ;;
    esac
  done < <("$python" "$CS3SIM_SRCDIR/tests/golden/doors.py" || echo "not ok - doors.py ends well")
else
  skip "all doors" "no python3"
fi
finish
