#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Commands that are ended at random moments by SIGTERM or SIGINT leave nothing behind: no temporary
# beside their files, none in TMPDIR, no process. TAP on standard output. CS3SIM_TEST_SEED repeats the
# moments; with CS3SIM_TEST_SLOW each command is ended 15 times by each signal.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp" "$work/in" && cd "$work" || exit 99
export TMPDIR=$work/tmp HOME=$work
RANDOM=${CS3SIM_TEST_SEED:-$$}
echo "# seed ${CS3SIM_TEST_SEED:-$$}"
kills=${CS3SIM_TEST_SLOW:+15}
kills=${kills:-3}

work_of="-q -m gpt2-small -b 4 --seq 128"
"$CS3SIM" sweep $work_of --sweep sparsity=0:0.9:0.3 --sweep hardware=cs2,cs3 -O in/s.jsonl || exit 99
commands=(
  "run $work_of -s 0.7 --trace out/t.json -O out/r.json"
  "sweep $work_of --sweep sparsity=0:0.9:0.1 -O out/s.jsonl"
  "plot speedup in/s.jsonl -O out/p.svg"
  "plot heatmap in/s.jsonl -O out/p.png"
  "report in/s.jsonl -O out/r.html"
  "train -q -m gpt2-small --tokens 1e9 -b 64 --seq 256 --trace out/t.json -O out/r.json"
  "fabric broadcast-2d --pes 64x64 --words 64 --trace out/f.json --heatmap out/f.svg -O out/f.txt"
)

# left: what is there that no command was asked to write.
left() {
  find tmp -mindepth 1
  ls -A out | grep -vxE '[a-z]+\.(json|jsonl|svg|png|dat|gp|html|txt)'
}

# end COMMAND SIGNAL MS: whether nothing is left.
end() {
  local pid
  rm -rf out && mkdir out
  # A command in the background would ignore SIGINT.
  env --default-signal=INT "$CS3SIM" $1 >/dev/null 2>&1 &
  pid=$!
  sleep "$(printf '0.%03d' "$3")"
  kill -"$2" $pid 2>/dev/null
  wait $pid 2>/dev/null
  [[ -z $(left) ]]
}

for command in "${commands[@]}"; do
  mkdir -p out
  start=$(date +%s%N)
  "$CS3SIM" $command >/dev/null 2>&1
  took=$(((($(date +%s%N) - start) / 1000000)))
  for signal in TERM INT; do
    bad=0
    for ((n = 0; n < kills; n++)); do
      end "$command" $signal $((RANDOM % (took < 950 ? took + 1 : 950))) || bad=$((bad + 1))
    done
    ((bad == 0)) || echo "# left by $bad of them: $(left | tr '\n' ' ')"
    verdict $bad "${command%% *}: nothing is left by $kills SIG$signal in $took ms"
  done
done
finish
