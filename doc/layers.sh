#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The study of doc/layers.md: a 12288 x 12288 layer over machines, tokens and sparsities.
#   doc/layers.sh records        JSON Lines, which `cs3sim plot layer-speedup` draws
#   doc/layers.sh table RECORDS  the tables of the page, from those records
#   doc/layers.sh page FOLDER    the tables as they stand in FOLDER/layers.md
#   doc/layers.sh write FOLDER   both into FOLDER
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
          --hardware "$hardware" -o jsonl
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

page() {
  sed -n '/^<!-- tables -->$/,/^<!-- end of tables -->$/{//!p}' "$1"/layers.md
}

write() {
  local folder=$1 text
  records >"$folder"/gallery/layers.jsonl.new
  mv "$folder"/gallery/layers.jsonl.new "$folder"/gallery/layers.jsonl
  text=$(sed '/^<!-- tables -->$/q' "$folder"/layers.md
    table "$folder"/gallery/layers.jsonl
    sed -n '/^<!-- end of tables -->$/,$p' "$folder"/layers.md)
  printf '%s\n' "$text" >"$folder"/layers.md
}

case $#${1-} in
  1records) records ;;
  2table) table "$2" ;;
  2page) page "$2" ;;
  2write) write "$2" ;;
  *)
    sed -n '3,8s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
