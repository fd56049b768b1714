#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs transcripts: command lines with what they must print. TAP on standard output.
#
#   tests/golden/transcript.sh FILE...          FILE.test, or Markdown with `$ cs3sim ...` in fenced blocks
#   REGEN=1 tests/golden/transcript.sh FILE...  rewrite what differs; the difference is shown
#
# In a .test file a line begins with: "$ " a command (run by bash in an empty folder; folder and files
# last to the end of FILE), "> " its standard output, "! " its standard error, "= " its exit status
# (not written: 0). Other lines are comments. In Markdown the lines behind a command are its output,
# standard error included. A line "..." of output stands for any number of lines.
#
# Every command runs twice, which must not differ: one worker in the locale C.UTF-8, two workers in
# de_DE.UTF-8. With CS3SIM_TEST_ONCE set, as under the sanitizers, in Markdown, which shows what .test
# files hold to both, and in a file with a line "@ once" (long ones that compare workers themselves), the first
# is left out, in the latter two unless REGEN is set.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}"
locale_dir=${CS3SIM_LOCALE_DIR:-}
languages=(C.UTF-8 de_DE.UTF-8)
[[ -z ${CS3SIM_TEST_ONCE:-} ]] || languages=(de_DE.UTF-8)

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# A German locale that does not work would make half of the tests vacuous without a word.
if [[ $(env LOCPATH="$locale_dir" LC_ALL=de_DE.UTF-8 locale decimal_point 2>/dev/null) != , ]]; then
  locale_dir=
fi

# run_command COMMAND FOLDER LANGUAGE WORKERS: sets out, err, status.
run_command() {
  local command=$1 folder=$2 language=$3 workers=$4 home=$work/home
  mkdir -p "$folder" "$home"
  # env(1): bash itself would look for the locale before it knows LOCPATH.
  (
    cd "$folder" || exit 99
    exec env -u NO_COLOR -u XDG_CONFIG_HOME -u TERM -u LANGUAGE HOME="$home" PATH="$work/bin:$PATH" \
      ${locale_dir:+LOCPATH="$locale_dir"} LC_ALL="$language" CS3SIM_JOBS="$workers" \
      bash -c "$command"
  ) >"$work/out" 2>"$work/err" </dev/null
  status=$?
  # The dot keeps line ends at the end, which $( ) would drop.
  out=$(cat "$work/out" && echo .) && out=${out%.}
  err=$(cat "$work/err" && echo .) && err=${err%.}
}

# matches ACTUAL EXPECTED: "..." lines of EXPECTED match any lines.
matches() {
  local rest=$1 expected=$'\n'$2 chunk first=1
  local elision=$'\n...\n'
  [[ $expected == *"$elision"* ]] || { [[ $1 == "$2" ]]; return; }
  rest=$'\n'$rest
  while [[ $expected == *"$elision"* ]]; do
    chunk=${expected%%"$elision"*}$'\n'
    if ((first)); then
      [[ $rest == "$chunk"* ]] || return 1
    else
      [[ $rest == *"$chunk"* ]] || return 1
    fi
    first=0
    # The line end stays: it begins the next chunk.
    rest=$'\n'${rest#*"$chunk"}
    expected=$'\n'${expected#*"$elision"}
  done
  [[ $rest == *"$expected" ]]
}

# keep_elision ACTUAL EXPECTED: ACTUAL with as many lines before and behind "..." as EXPECTED has.
keep_elision() {
  local head tail
  if [[ $'\n'$2 != *$'\n...\n'* ]]; then
    printf '%s' "$1"
    return
  fi
  head=$(printf '%s' "$2" | awk '$0 == "..." { exit } { n++ } END { print n + 0 }')
  tail=$(printf '%s' "$2" | awk '{ n++ } $0 == "..." { n = 0 } END { print n + 0 }')
  printf '%s' "$1" | head -n "$head"
  printf '...\n'
  printf '%s' "$1" | tail -n "$tail"
}

diagnose() {
  diff -u --label expected --label "$1" <(printf '%s' "$2") <(printf '%s' "$3") | sed 's/^/# /'
}

# transcript KIND OUT ERR STATUS: what a command printed, in the form of the file.
transcript() {
  if [[ $1 == markdown ]]; then
    printf '%s' "$2"
    return
  fi
  printf '%s' "$2" | sed 's/^/> /; s/^> $/>/'
  printf '%s' "$3" | sed 's/^/! /; s/^! $/!/'
  (($4 == 0)) || printf '= %d\n' "$4"
}

# check_command KIND FILE COMMAND EXPECTED: appends to $new what the file should say.
check_command() {
  local kind=$1 file=$2 command=$3 expected=$4 actual verdict language workers
  [[ $kind != markdown ]] || command="$command 2>&1"
  for language in "${languages[@]}"; do
    [[ $language == C.UTF-8 ]] && workers=1 || workers=2
    if [[ $language == de_DE.UTF-8 && -z $locale_dir ]]; then
      skip "$file: $3 ($language)" "no German locale (package locales)"
      continue
    fi
    run_command "$command" "$work/$language" "$language" "$workers"
    actual=$(transcript "$kind" "$out" "$err" "$status" && echo .) && actual=${actual%.}
    matches "$actual" "$expected"
    verdict=$?
    ((verdict == 0)) || diagnose "$language" "$expected" "$actual"
    # The first locale's output is what is recorded; the second must then agree with it.
    if ((verdict)) && [[ -n ${REGEN:-} && $language == C.UTF-8 ]]; then
      expected=$(keep_elision "$actual" "$expected" && echo .) && expected=${expected%.}
      verdict=0
    fi
    verdict "$verdict" "$file: $3 ($language)"
  done
  new+=$expected
}

# run_test FILE: a .test file.
run_test() {
  local file=$1 line command='' expected=''
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ -n $command && $line == [\>!=]* ]]; then
      expected+=$line$'\n'
      continue
    fi
    [[ -z $command ]] || check_command test "${file##*/}" "$command" "$expected"
    command='' expected=''
    new+=$line$'\n'
    [[ $line != '$ '* ]] || command=${line#'$ '}
  done <"$file"
  [[ -z $command ]] || check_command test "${file##*/}" "$command" "$expected"
}

# run_markdown FILE: the fenced blocks of a Markdown file.
run_markdown() {
  local file=$1 line command='' expected='' fenced=0
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == '```'* || ($fenced -eq 1 && $line == '$ '*) ]]; then
      [[ -z $command ]] || check_command markdown "${file##*/}" "$command" "$expected"
      command='' expected=''
      [[ $line != '```'* ]] || fenced=$((1 - fenced))
      new+=$line$'\n'
      [[ $fenced -eq 0 || ! $line =~ ^'$ '(\./)?cs3sim( |$) ]] || command=${line#'$ '}
    elif [[ -n $command ]]; then
      expected+=$line$'\n'
    else
      new+=$line$'\n'
    fi
  done <"$file"
}

mkdir -p "$work/bin"
ln -s "$CS3SIM" "$work/bin/cs3sim"

both=("${languages[@]}")
for file in "$@"; do
  new=
  languages=("${both[@]}")
  if [[ -z ${REGEN:-} ]] && { [[ $file == *.md ]] || grep -q '^@ once$' "$file"; }; then
    languages=(de_DE.UTF-8)
  fi
  # Every file begins in an empty folder, but for `./cs3sim`, as after a build.
  for language in "${languages[@]}"; do
    rm -rf "${work:?}/$language" && mkdir "$work/$language" && ln -s "$CS3SIM" "$work/$language/cs3sim"
  done
  case $file in
  *.md) run_markdown "$file" ;;
  *) run_test "$file" ;;
  esac
  if [[ -n ${REGEN:-} && $new. != "$(cat "$file" && echo .)" ]]; then
    printf '%s' "$new" >"$file.new" && mv "$file.new" "$file"
    echo "# rewrote $file"
  fi
done
finish
