/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decompression of LZ4. */
#include "config.h"

#include "workloads/lz4.h"

#include <string.h>

enum { HEADER = 12, LEAST_MATCH = 4, LONG = 15 };

typedef struct {
  const guint8 *at, *end;
} Input;

static guint64 big_endian(const guint8 *bytes, gsize n) {
  guint64 value = 0;
  for (gsize i = 0; i < n; i++)
    value = value << 8 | bytes[i];
  return value;
}

/* A length of four bits, and of as many bytes more as it takes. G_MAXSIZE: cut off. */
static gsize read_length(Input *in, guint nibble) {
  gsize length = nibble;
  if (nibble < LONG)
    return length;
  guint8 more;
  do {
    if (in->at == in->end)
      return G_MAXSIZE;
    more = *in->at++;
    length += more;
  } while (more == 255);
  return length;
}

/* Sequences of literals and a match each; the last has no match. */
static gboolean read_block(Input in, guint8 *out, gsize size) {
  guint8 *to = out, *end = out + size;
  while (in.at < in.end) {
    guint token = *in.at++;
    gsize literals = read_length(&in, token >> 4);
    if (literals > (gsize)(in.end - in.at) || literals > (gsize)(end - to))
      return FALSE;
    memcpy(to, in.at, literals);
    in.at += literals;
    to += literals;
    if (in.at == in.end)
      break;
    if (in.end - in.at < 2)
      return FALSE;
    gsize offset = (gsize)in.at[0] | (gsize)in.at[1] << 8;
    in.at += 2;
    gsize match = read_length(&in, token & LONG);
    if (match == G_MAXSIZE || offset == 0 || offset > (gsize)(to - out) ||
        match + LEAST_MATCH > (gsize)(end - to))
      return FALSE;
    for (match += LEAST_MATCH; match > 0; match--, to++) /* it may overlap itself */
      *to = to[-(gssize)offset];
  }
  return to == end;
}

gsize cs3_lz4_chunk_size(const guint8 *bytes, gsize n) {
  guint64 size = n >= HEADER ? big_endian(bytes, 8) : 0;
  return size <= CS3_LZ4_MAX_CHUNK ? (gsize)size : 0;
}

gboolean cs3_lz4_chunk(const guint8 *bytes, gsize n, guint8 *out, gsize size) {
  if (n < HEADER)
    return FALSE;
  Input in = {bytes + HEADER, bytes + n};
  gsize block = MIN((gsize)big_endian(bytes + 8, 4), size);
  if (block == 0)
    return FALSE;
  for (gsize done = 0, whole; done < size; done += whole) {
    whole = MIN(block, size - done);
    gsize packed = in.end - in.at >= 4 ? (gsize)big_endian(in.at, 4) : G_MAXSIZE;
    if (packed > (gsize)(in.end - in.at) - 4)
      return FALSE;
    in.at += 4;
    if (packed == whole)
      memcpy(out + done, in.at, whole);
    else if (!read_block((Input){in.at, in.at + packed}, out + done, whole))
      return FALSE;
    in.at += packed;
  }
  return TRUE;
}
