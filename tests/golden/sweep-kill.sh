#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A sweep that is killed at random moments and resumed each time ends with the same bytes as one that
# runs through, and never loses a line. TAP on standard output. CS3SIM_TEST_SEED repeats the moments.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
RANDOM=${CS3SIM_TEST_SEED:-$$}
echo "# seed ${CS3SIM_TEST_SEED:-$$}"
kills=20

sweep() {
  exec "$CS3SIM" sweep -q -m gpt2-small -b 4 --seq 128 --sweep sparsity=0.1:0.9:0.1 \
    --sweep io.rate='0.6:2.4:0.6 Tb/s' --sweep hardware=cs2,cs3 -j 2 "$@"
}

start=$(date +%s%N)
(sweep -O whole.jsonl) || exit 99
took=$(((($(date +%s%N) - start) / 1000000)))
lost=0
killed=0
before=0
while ((killed < kills)); do
  # Between 0 and a fifth of the whole time: early ones hit the start, later ones the middle.
  ms=$((RANDOM % (took / 5 + 1)))
  (sweep -O killed.jsonl --resume) &
  pid=$!
  sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
  if ! kill -KILL $pid 2>/dev/null; then
    # It ended first: begin again, so that every kill meets a running sweep.
    wait $pid || lost=$((lost + 1))
    rm -f killed.jsonl
    before=0
    continue
  fi
  wait $pid 2>/dev/null
  killed=$((killed + 1))
  lines=$(wc -l <killed.jsonl 2>/dev/null || echo 0)
  ((lines >= before)) || lost=$((lost + 1))
  cmp -s -n "$(stat -c %s killed.jsonl 2>/dev/null || echo 0)" killed.jsonl whole.jsonl ||
    [[ ! -e killed.jsonl ]] || lost=$((lost + 1))
  before=$lines
done
verdict $lost "no line is lost in $kills kills, and none keeps the file from the next sweep"
(sweep -O killed.jsonl --resume)
check "the resumed sweep is byte-identical" cmp killed.jsonl whole.jsonl
# No worker outlives its parent for longer than it needs to notice.
none_left() {
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    pgrep -f "^$CS3SIM sweep -q -m gpt2-small -b 4 --seq 128 --sweep sparsity=0.1:0.9:0.1.* -O killed" || return 0
    sleep 0.2
  done
  return 1
}
check "no worker outlives the sweep" none_left
finish
