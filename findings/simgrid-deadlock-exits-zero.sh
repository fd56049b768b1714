#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Package: libsimgrid-dev / libsimgrid3.32 3.32-2+b2 (Debian 12).
#
# A simulation in which every actor waits for ever is not an error: simgrid_run() says "Oops! Deadlock"
# in its log, ends the actors that are left, and returns; the program exits with status 0 and the clock
# stands where it stood. A program that prints the clock as its result prints a plausible number: here
# two ranks exchange messages, and the second waits for a third message that nobody sends.
# For users: let every actor set a flag as its last act and compare after the run.
#
# Output seen: "done 1 of 2 at 2.0000", status 0.
# Exits 1 when this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"
mkdir -p debs/partial
# The pinned packages, and of what they need whatever this machine lacks; nothing is installed.
packages=(libsimgrid-dev=3.32-2+b2 libsimgrid3.32=3.32-2+b2)
apt-get -qq -y -o Debug::NoLocking=1 install --download-only --no-install-recommends -o Dir::Cache::archives="$work/debs" \
  "${packages[@]}" >/dev/null
(cd debs && apt-get -qq download "${packages[@]}" 2>/dev/null)
for package in debs/*.deb; do dpkg -x "$package" root; done
cat >p.xml <<'X'
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1"><zone id="z" routing="Full">
<host id="a" speed="1Gf"/><host id="b" speed="1Gf"/>
<link id="l" bandwidth="1GBps" latency="0s"/>
<route src="a" dst="b"><link_ctn id="l"/></route></zone></platform>
X
cat >d.c <<'C'
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>
#include <stdio.h>
static int done;
static void sender(int argc, char *argv[]) {
  for (int i = 0; i < 2; i++)
    sg_mailbox_put(sg_mailbox_by_name("m"), "x", 1000000000);
  done++;
}
static void receiver(int argc, char *argv[]) {
  for (int i = 0; i < 3; i++)
    sg_mailbox_get(sg_mailbox_by_name("m"));
  done++;
}
int main(int argc, char *argv[]) {
  simgrid_init(&argc, argv);
  simgrid_load_platform("p.xml");
  sg_actor_create("s", sg_host_by_name("a"), sender, 0, NULL);
  sg_actor_create("r", sg_host_by_name("b"), receiver, 0, NULL);
  simgrid_run();
  printf("done %d of 2 at %.4f\n", done, simgrid_get_clock());
  return 0;
}
C
lib=root/usr/lib/x86_64-linux-gnu
[[ -e $lib/libsimgrid.so ]] || lib=$(dirname "$(find root -name 'libsimgrid.so' | head -n 1)")
gcc -Iroot/usr/include d.c -L"$lib" -lsimgrid -Wl,--allow-shlib-undefined -o d
status=0
LD_LIBRARY_PATH=$lib ./d --cfg=network/model:CM02 --cfg=network/crosstraffic:0 \
  --log=root.thres:critical 2>log | tee seen || status=$?
grep -q 'done 1 of 2 at 2.0000' seen && ((status == 0))
