/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Number formats of stored weights, and their live bits on any processor. Formats: the safetensors
 * specification (huggingface.co/docs/safetensors); IEEE 754; bfloat16; OCP 8-bit floating point
 * specification 1.0 (E4M3 has one NaN and no infinity, E5M2 both); OCP microscaling formats 1.0
 * (E2M1, two in a byte, low half first). */
#include "config.h"

#include "workloads/tensor-live.h"

#include <string.h>

static const Cs3Dtype dtypes[] = {
    {"F64", 64, (guint64)1 << 63, G_GUINT64_CONSTANT(0x7ff0000000000000), FALSE},
    {"F32", 32, 0x80000000, 0x7f800000, FALSE},
    {"F16", 16, 0x8000, 0x7c00, FALSE},
    {"BF16", 16, 0x8000, 0x7f80, FALSE},
    {"F8_E4M3", 8, 0x80, 0x7e, FALSE},
    {"F8_E5M2", 8, 0x80, 0x7c, FALSE},
    {"F4", 4, 8, 7, FALSE},
    {"I8", 8, 0, 0xff, FALSE},
    {"BOOL", 8, 0, 0xff, FALSE},
    {"U8", 8, 0, 1, TRUE},
    {"I16", 16, 0, 1, TRUE},
    {"U16", 16, 0, 1, TRUE},
    {"I32", 32, 0, 1, TRUE},
    {"U32", 32, 0, 1, TRUE},
    {"I64", 64, 0, 1, TRUE},
    {"U64", 64, 0, 1, TRUE},
};

const Cs3Dtype *cs3_dtype_find(const char *name) {
  for (guint i = 0; i < G_N_ELEMENTS(dtypes); i++)
    if (strcmp(dtypes[i].name, name) == 0)
      return &dtypes[i];
  return NULL;
}

char *cs3_dtype_names(void) {
  GString *names = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(dtypes); i++)
    g_string_append_printf(names, "%s%s", i ? ", " : "", dtypes[i].name);
  return g_string_free(names, FALSE);
}

static inline __attribute__((always_inline)) guint64 load(const guint8 *value, guint bytes) {
  guint64 bits = 0;
  for (guint i = 0; i < bytes; i++)
    bits |= (guint64)value[i] << (8 * i);
  return bits;
}

/* Up to 64 values. */
static inline __attribute__((always_inline)) guint64
live_word(const Cs3LiveRange *range, const guint8 *values, guint n, guint bytes, gint64 *beyond) {
  guint64 word = 0;
  guint count = 0;
  for (guint i = 0; i < n; i++) {
    guint64 magnitude = load(values + i * bytes, bytes) & range->magnitude;
    gboolean large = magnitude > range->largest;
    word |= (guint64)((magnitude != 0) & !large) << i;
    count += (guint)large;
  }
  *beyond += count;
  return word;
}

#define DEFINE_PLAIN(bytes)                                                                        \
  static gint64 plain_##bytes(const Cs3LiveRange *range, const guint8 *values, gint64 words,       \
                              guint64 *bits) {                                                     \
    gint64 beyond = 0;                                                                             \
    for (gint64 i = 0; i < words; i++, values += 64 * (bytes))                                     \
      bits[i] = live_word(range, values, 64, bytes, &beyond);                                      \
    return beyond;                                                                                 \
  }
DEFINE_PLAIN(1)
DEFINE_PLAIN(2)
DEFINE_PLAIN(4)
DEFINE_PLAIN(8)

const Cs3LiveWords cs3_live_portable[4] = {plain_1, plain_2, plain_4, plain_8};

/* Two values a byte; every pattern is a number. */
static void live_halves(const guint8 *values, gint64 n, guint64 *bits) {
  memset(bits, 0, (gsize)(n + 63) / 64 * sizeof *bits);
  for (gint64 i = 0; i < n; i++)
    if (values[i / 2] >> (i % 2 * 4) & 7)
      bits[i / 64] |= (guint64)1 << (i % 64);
}

gint64 cs3_dtype_live(const Cs3Dtype *dtype, Cs3LiveWay way, const guint8 *values, gint64 n,
                      guint64 *bits) {
  if (dtype->bits < 8) {
    live_halves(values, n, bits);
    return 0;
  }
  guint bytes = dtype->bits / 8, tail = (guint)(n % 64);
  Cs3LiveRange range = {~(guint64)0 >> (64 - dtype->bits) & ~dtype->sign, dtype->largest};
  gint64 beyond = cs3_live_words(way)[g_bit_storage(bytes) - 1](&range, values, n / 64, bits);
  if (tail > 0)
    bits[n / 64] = live_word(&range, values + (gsize)(n - tail) * bytes, tail, bytes, &beyond);
  return beyond;
}
