#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Package: libhdf5-dev / libhdf5-103-1 1.10.8+repack1-1 (Debian 12).
#
# H5Dread of a float dataset into native int32 returns success for every value. Numbers too large for
# int32 are clamped to INT_MAX, as the manual's "overflow" suggests, but exactly 2^31, the first value
# that does not fit, becomes INT_MIN: the sign flips at one point in the middle of a clamped range. NaN
# becomes INT_MIN too, while infinity is clamped. No error, no warning. Stranger: with a conversion
# callback that handles nothing (H5Pset_type_conv_cb, returns H5T_CONV_UNHANDLED) the same read of the
# same file gives INT_MAX for 2^31: being watched changes the value.
# For readers of checkpoints: compare the type class first, convert yourself.
#
# Output seen:
#   2147483520 -> 2147483520, watched 2147483520
#   2147483648 -> -2147483648, watched 2147483647
#   2147483904 -> 2147483647, watched 2147483647
#   inf -> 2147483647, watched 2147483647
#   nan -> -2147483648, watched -2147483648
# Exits 1 when this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"
mkdir -p debs/partial
# The pinned packages, and of what they need whatever this machine lacks; nothing is installed.
packages=(libhdf5-dev=1.10.8+repack1-1 libhdf5-103-1=1.10.8+repack1-1)
apt-get -qq -y -o Debug::NoLocking=1 install --download-only --no-install-recommends -o Dir::Cache::archives="$work/debs" \
  "${packages[@]}" >/dev/null
(cd debs && apt-get -qq download "${packages[@]}" 2>/dev/null)
for package in debs/*.deb; do dpkg -x "$package" root; done
cat >read.c <<'C'
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
static H5T_conv_ret_t told(H5T_conv_except_t what, hid_t from, hid_t to, void *in, void *out,
                           void *data) {
  return H5T_CONV_UNHANDLED;
}
int main(void) {
  const float given[] = {2147483520.0f, 2147483648.0f, 2147483904.0f, INFINITY, NAN};
  hsize_t n = 5;
  int got[5] = {0}, watched[5] = {0};
  hid_t file = H5Fcreate("t.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  hid_t space = H5Screate_simple(1, &n, NULL);
  hid_t set = H5Dcreate2(file, "w", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, given);
  if (H5Dread(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) < 0)
    return 2;
  hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
  H5Pset_type_conv_cb(transfer, told, NULL);
  if (H5Dread(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, transfer, watched) < 0)
    return 2;
  for (int i = 0; i < 5; i++)
    printf("%.0f -> %d, watched %d\n", given[i], got[i], watched[i]);
  return 0;
}
C
lib=root/usr/lib/x86_64-linux-gnu
gcc -Iroot/usr/include/hdf5/serial read.c -L"$lib" -L"$lib/hdf5/serial" -lhdf5_serial \
  -Wl,-rpath-link,"$lib" -o read -lm
LD_LIBRARY_PATH=$lib ./read | tee seen
diff seen - <<'T'
2147483520 -> 2147483520, watched 2147483520
2147483648 -> -2147483648, watched 2147483647
2147483904 -> 2147483647, watched 2147483647
inf -> 2147483647, watched 2147483647
nan -> -2147483648, watched -2147483648
T
