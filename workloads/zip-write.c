/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ZIP archives of stored members (PKWARE APPNOTE 6.3). */
#include "config.h"

#include "workloads/zip-file.h"

#include <string.h>

/* The version of the format that is needed; 1 January 1980: the same bytes every time. */
enum { NEEDED = 20, DAY_ONE = 1 << 5 | 1 };

static guint32 crc32(const guint8 *bytes, gsize n) {
  guint32 crc = G_MAXUINT32;
  for (gsize i = 0; i < n; i++) {
    crc ^= bytes[i];
    for (guint bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc;
}

static void put(GByteArray *out, guint64 value, guint bytes) {
  for (guint i = 0; i < bytes; i++, value >>= 8) {
    guint8 byte = (guint8)value;
    g_byte_array_append(out, &byte, 1);
  }
}

/* What an entry of the directory and the head of a member have in common. */
static void put_member(GByteArray *out, const Cs3ZipPart *part, guint32 crc) {
  put(out, NEEDED, 2);
  put(out, 0, 4); /* flags; stored */
  put(out, 0, 2); /* midnight */
  put(out, DAY_ONE, 2);
  put(out, crc, 4);
  put(out, part->bytes->len, 4);
  put(out, part->bytes->len, 4);
  put(out, strlen(part->name), 2);
  put(out, 0, 2); /* nothing beside the name */
}

void cs3_zip_write(const Cs3ZipPart *parts, guint n, Cs3Output *output) {
  g_autoptr(GByteArray) directory = g_byte_array_new(), head = g_byte_array_new();
  guint64 at = 0;
  for (guint i = 0; i < n; i++) {
    const Cs3ZipPart *part = &parts[i];
    guint32 crc = crc32(part->bytes->data, part->bytes->len);
    g_byte_array_set_size(head, 0);
    put(head, 0x04034b50, 4);
    put_member(head, part, crc);
    cs3_output_write(output, head->data, head->len);
    cs3_output_write(output, part->name, strlen(part->name));
    cs3_output_write(output, part->bytes->data, part->bytes->len);
    put(directory, 0x02014b50, 4);
    put(directory, NEEDED, 2);
    put_member(directory, part, crc);
    put(directory, 0, 10); /* no comment, first disk, attributes */
    put(directory, at, 4);
    g_byte_array_append(directory, (const guint8 *)part->name, (guint)strlen(part->name));
    at += head->len + strlen(part->name) + part->bytes->len;
  }
  guint size = directory->len;
  put(directory, 0x06054b50, 4);
  put(directory, 0, 4); /* one disk */
  put(directory, n, 2);
  put(directory, n, 2);
  put(directory, size, 4);
  put(directory, at, 4);
  put(directory, 0, 2);
  cs3_output_write(output, directory->data, directory->len);
}
