#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The study of doc/layers.md: a 12288 x 12288 layer over machines, tokens and sparsities, with sums of
# 16 bits, which are the harder case for the stream of weights.
#   doc/layers.sh records        JSON Lines, which `cs3sim plot layer-speedup` draws
#   doc/layers.sh table RECORDS  the tables of the page, from those records
#   doc/layers.sh width          the table of a narrower layer on a CS-3, accumulators here or there
#   doc/layers.sh gradients      the table of weight gradients, computed in one way or the other
#   doc/layers.sh page FOLDER    the tables as they stand in FOLDER/layers.md
#   doc/layers.sh write FOLDER   records and all tables into FOLDER
# The program is $CS3SIM (default: cs3sim).
set -euo pipefail
export LC_ALL=C
machines=(cs2 cs3)
tokens=(32768 65536 131072 262144)
sparsities=(0.1 0.3 0.5 0.6 0.7 0.8 0.9 0.95 0.99)

records() {
  local hardware count sparsity
  for hardware in "${machines[@]}"; do
    for count in "${tokens[@]}"; do
      for sparsity in "${sparsities[@]}"; do
        "${CS3SIM:-cs3sim}" layer --shape 12288x12288 --tokens "$count" --sparsity "$sparsity" \
          --hardware "$hardware" --set kernel.acc_precision=fp16 -o jsonl
      done
    done
  done
}

# field NAME LINE: a number or text of the record's top level, or the first one called so.
field() {
  local value=${2#*\""$1"\":}
  value=${value%%[,\}]*}
  value=${value//\"/}
  printf '%s' "${value# }"
}

# The cause with the largest number in the object speedup.gap_cycles.
departure() {
  local gap=${1#*\"gap_cycles\":\{}
  gap=${gap%%\}*}
  tr ',' '\n' <<<"$gap" | tr -d '" ' | sort -t: -k2,2gr | head -n 1 | cut -d: -f1
}

# A table for each machine: a row per sparsity, a column per number of tokens.
table() {
  local line hardware='' sparsity theory count
  local -A cell=() theories=()
  while IFS= read -r line; do
    hardware=$(field hardware "$line")
    sparsity=$(field sparsity "$line")
    theory=$(field theoretical "$line")
    theories[$sparsity]=$(printf '%.2f' "$theory")
    cell[$hardware $sparsity]+=$(printf ' %.2f %s, %s |' "$(field simulated "$line")" \
      "$(departure "$line")" "$(format "$line")")
  done <"$1"
  for hardware in "${machines[@]}"; do
    printf '\n%s\n\n| sparsity | theory |' "$hardware"
    for count in "${tokens[@]}"; do
      printf ' %d k tokens |' $((count / 1024))
    done
    printf '\n| --- | --- | --- | --- | --- | --- |\n'
    for sparsity in "${sparsities[@]}"; do
      printf '| %s | %s |%s\n' "$sparsity" "${theories[$sparsity]}" "${cell[$hardware $sparsity]}"
    done
  done
}

# Whether the sparse matrix travels as "sparse" or, zeros included, as "dense".
format() {
  local text=${1#*\"weights\":\"}
  printf '%s' "${text%%\"*}"
}

# layer OPTION...: cycles and speed-up of a run, as "CYCLES SPEED-UP".
layer() {
  local line
  line=$("${CS3SIM:-cs3sim}" layer --hardware cs3 --set kernel.acc_precision=fp16 "$@" -o jsonl)
  printf '%s %.2f' "$(field cycles "$line")" "$(field simulated "$line")"
}

# 4096 features at 70 %: with the cache (8 lanes) and without it (4).
width() {
  local count auto sram
  printf '\n| tokens | accumulators in the cache | in SRAM |\n| --- | --- | --- |\n'
  for count in 65536 98304 131072; do
    auto=$(layer --shape 4096x4096 -s 0.7 --tokens "$count")
    sram=$(layer --shape 4096x4096 -s 0.7 --tokens "$count" --map placement=sram)
    printf '| %d k | %s | %s |\n' $((count / 1024)) "${auto#* }" "${sram#* }"
  done
}

# dW of an MLP matrix of a 7B model: cycles either way, and what the faster one gains over the
# faster dense one.
gradients() {
  local count sparsity dot block best run=(--shape 11008x4096 --pass dw)
  printf '\n| tokens | sparsity | dot products [cycles] | local block [cycles] | speed-up, dot products | '
  printf 'speed-up, each its best |\n| --- | --- | --- | --- | --- | --- |\n'
  for count in 16384 77824; do
    for sparsity in 0 0.5 0.7 0.9; do
      dot=$(layer "${run[@]}" --tokens "$count" -s "$sparsity")
      block=$(layer "${run[@]}" --tokens "$count" -s "$sparsity" --map dw=local-block)
      best=$(layer "${run[@]}" --tokens "$count" -s "$sparsity" --set kernel.dw_algorithm=auto)
      printf '| %d | %s | %s | %s | %s | %s |\n' "$count" "$sparsity" "${dot% *}" "${block% *}" \
        "${dot#* }" "${best#* }"
    done
  done
}

# page FOLDER [NAME]: what stands between the markers of a table.
page() {
  sed -n "/^<!-- ${2-tables} -->\$/,/^<!-- end of ${2-tables} -->\$/{//!p}" "$1"/layers.md
}

# put FOLDER NAME: standard input between the markers of a table.
put() {
  local text
  text=$(sed "/^<!-- $2 -->\$/q" "$1"/layers.md
    cat
    sed -n "/^<!-- end of $2 -->\$/,\$p" "$1"/layers.md)
  printf '%s\n' "$text" >"$1"/layers.md
}

write() {
  local folder=$1
  records >"$folder"/gallery/layers.jsonl.new
  mv "$folder"/gallery/layers.jsonl.new "$folder"/gallery/layers.jsonl
  table "$folder"/gallery/layers.jsonl | put "$folder" tables
  width | put "$folder" width
  gradients | put "$folder" gradients
}

case $#${1-} in
  1records | 1width | 1gradients) "$1" ;;
  2table) table "$2" ;;
  2page) page "$2" ;;
  3page) page "$2" "$3" ;;
  2write) write "$2" ;;
  *)
    sed -n '3,10s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
