#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Packages: libprotobuf-c-dev, libprotobuf-c1, protobuf-c-compiler 1.4.1-1+b1, libonnx-dev 1.12.0-2+b4,
# python3-onnx 1.12.0-2+b4 with python3-protobuf 3.21.12-3+deb12u1 (Debian 12).
#
# An attribute of an ONNX file whose `type` is an enumerator that the reader's schema does not have yet
# (a file of a later version): two readers of one schema disagree whether the field is there. protobuf-c
# keeps the number, has_type = 1, although no enumerator has it; Python's protobuf says that the field is
# not set, and reading it gives the default UNDEFINED, so a switch over enumerators that handles "unset"
# works there and falls through here. The name lookup in C returns NULL.
# For readers in C: look the value up in the enum's descriptor, treat a miss as an unknown kind.
#
# Output seen:
#   c: has_type 1, type 31, known 0
#   python: has_type False, type 0
# Exits 1 when this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"
mkdir -p debs/partial
# The pinned packages, and of what they need whatever this machine lacks; nothing is installed.
packages=(libprotobuf-c-dev=1.4.1-1+b1 libprotobuf-c1=1.4.1-1+b1 protobuf-c-compiler=1.4.1-1+b1
  libonnx-dev=1.12.0-2+b4 python3-onnx=1.12.0-2+b4 python3-protobuf=3.21.12-3+deb12u1)
apt-get -qq -y -o Debug::NoLocking=1 install --download-only --no-install-recommends -o Dir::Cache::archives="$work/debs" \
  "${packages[@]}" >/dev/null
(cd debs && apt-get -qq download "${packages[@]}" 2>/dev/null)
for package in debs/*.deb; do dpkg -x "$package" root; done
root=$work/root
lib=$root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH=$lib
proto=$(find "$root" -name 'onnx*.proto' | grep -E '/onnx(-ml)?\.proto$' | sort | tail -n 1)
protoc=$(command -v "$root/usr/bin/protoc-c" || command -v "$root/usr/bin/protoc")
cp "$proto" onnx.proto
"$protoc" --c_out=. onnx.proto
# AttributeProto: name (1) "k", type (20) 31, one more than this schema counts to.
printf '\x0a\x01k\xa0\x01\x1f' >attribute
prefix=$(sed -n 's/^void \+\(.*\)__attribute_proto__init$/\1/p;t' onnx.pb-c.h | head -n 1)
cat >read.c <<'C'
#include "onnx.pb-c.h"
#include <stdio.h>
int main(void) {
  unsigned char bytes[64];
  size_t n = fread(bytes, 1, sizeof bytes, stdin);
  Onnx__AttributeProto *a = onnx__attribute_proto__unpack(NULL, n, bytes);
  if (a == NULL)
    return 2;
  const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
      &onnx__attribute_proto__attribute_type__descriptor, (int)a->type);
  printf("c: has_type %d, type %d, known %d\n", a->has_type, (int)a->type, value != NULL);
  return 0;
}
C
gcc -I. -I"$root/usr/include" read.c onnx.pb-c.c -L"$lib" -lprotobuf-c -o read
{
  ./read <attribute
  PYTHONPATH=$root/usr/lib/python3/dist-packages /usr/bin/python3 -c '
import onnx
a = onnx.AttributeProto.FromString(open("attribute", "rb").read())
print("python: has_type %s, type %d" % (a.HasField("type"), a.type))'
} | tee seen
diff seen - <<'T'
c: has_type 1, type 31, known 0
python: has_type False, type 0
T
