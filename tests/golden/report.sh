#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The HTML report in a real browser: it loads without a complaint, its script has found the tables,
# the picture of it is not empty, on a wide and a narrow window. TAP on standard output. Skipped where
# no Chromium is installed.
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip_all "no chromium"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
export HOME=$work

"$CS3SIM" run -q -m gpt2-small -b 4 --seq 128 -s 0.7 -O run.json || exit 99
"$CS3SIM" sweep -q -m gpt2-small -b 4 --seq 128 --sweep sparsity=0:0.9:0.3 --sweep io.rate='1.2 Tb/s,2.4 Tb/s' -O sweep.jsonl || exit 99
"$CS3SIM" compare -q -m gpt2-small -b 4 --seq 128 -s 0.7 -O compare.json || exit 99
"$CS3SIM" validate -q flops -o json -O validation.json || exit 99
"$CS3SIM" report run.json validation.json -O run.html || exit 99
"$CS3SIM" report sweep.jsonl -O sweep.html || exit 99
"$CS3SIM" report compare.json -O compare.html || exit 99

# browse OPTION... URL: a browser that hangs or dies is started again, twice: it is not what is tested.
browse() {
  local tries status
  for tries in 1 2 3; do
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --no-first-run \
      --disable-background-networking --disable-component-update --disable-sync \
      --disable-dev-shm-usage --hide-scrollbars --enable-logging=stderr --v=0 \
      --user-data-dir="$work/profile-$tries" "$@" 2>log >page
    status=$?
    ((status)) || break
    echo "# try $tries of $browser ended with status $status: $(tail -n 1 log)" >&2
    rm -rf "$work/profile-$tries"
  done
  cat page
  return "$status"
}

# What a page complains of, refused resources and exceptions too, is logged as its console's.
quiet() { ! grep ':CONSOLE' log; }
# fits PAGE: the page itself, told to say so, is no wider than its window, and every picture that is
# says how to see the rest.
fits() {
  local script='const boxes = [...document.querySelectorAll("figure")].filter(b => b.scrollWidth > b.clientWidth);
    const hinted = boxes.every(b => b.querySelector(".hint").offsetHeight > 0);
    document.title = document.documentElement.scrollWidth <= innerWidth \&\& hinted ? "fits" : "wide";'
  sed "s#</body>#<script>${script//$'\n'/}</script>\&#" "$1" >measured.html
  browse --window-size=400,2000 --dump-dom "file://$work/measured.html" | grep -q '<title>fits</title>'
}
# A picture of one colour compresses to almost nothing.
drawn() { [[ -s $1 && $(stat -c %s "$1") -gt 20000 ]]; }

for page in run sweep compare; do
  browse --dump-dom "file://$work/$page.html" >$page.dom
  check "$page: no complaint" quiet
  tables=$(grep -o '<table class="sort">' $page.html | wc -l)
  check "$page: the script found all $tables tables" grep -q "data-tables=\"$tables\"" $page.dom
  check "$page: pictures inside" grep -q '<svg' $page.dom
  check "$page: no wider than a narrow window" fits $page.html
  for width in 1280 400; do
    browse --window-size=$width,2000 --screenshot="$page-$width.png" "file://$work/$page.html"
    check "$page: drawn $width pixels wide" drawn "$page-$width.png"
  done
done
finish
