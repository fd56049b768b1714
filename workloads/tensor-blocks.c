/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights in the blocks of GGUF files. A weight is scale x (q - c) with a constant c in the types
 * that are read, so that it is zero where q is c, or where its scale is zero: a weight that was
 * zero before is, and so is one that was rounded to zero. Types that add a minimum to each block
 * have no zero of their own, and the code books of IQ types none at all. */
#include "config.h"

#include "workloads/tensor-blocks.h"

#include <string.h>

#include "workloads/tensor-layout.h"

enum { SMALL = 32, LARGE = 256 };

/* --- scales ----------------------------------------------------------------------------------- */

typedef enum { SCALE_LIVE, SCALE_ZERO, SCALE_BROKEN } Scale;

static Scale half_scale(const guint8 *bytes) {
  guint magnitude = ((guint)bytes[0] | (guint)bytes[1] << 8) & 0x7fff;
  return magnitude == 0 ? SCALE_ZERO : magnitude >= 0x7c00 ? SCALE_BROKEN : SCALE_LIVE;
}

/* What a block's function returns when its scale is none to multiply with. */
static guint without_scale(Scale scale, guint n) {
  return scale == SCALE_BROKEN ? n : 0;
}

static void set_bit(guint64 *bits, guint at, gboolean alive) {
  bits[at / 64] |= (guint64)alive << (at % 64);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* q of @n bytes: low halves, then high halves. */
static guint half_byte(const guint8 *bytes, guint n, guint at) {
  return at < n ? bytes[at] & 15u : (guint)bytes[at - n] >> 4;
}

static guint live_q4_0(const guint8 *block, guint64 *bits) {
  Scale scale = half_scale(block);
  if (scale != SCALE_LIVE)
    return without_scale(scale, SMALL);
  for (guint i = 0; i < SMALL; i++)
    set_bit(bits, i, half_byte(block + 2, 16, i) != 8);
  return 0;
}

static guint live_q5_0(const guint8 *block, guint64 *bits) {
  Scale scale = half_scale(block);
  if (scale != SCALE_LIVE)
    return without_scale(scale, SMALL);
  for (guint i = 0; i < SMALL; i++) {
    guint high = block[2 + i / 8] >> (i % 8) & 1u;
    set_bit(bits, i, (half_byte(block + 6, 16, i) | high << 4) != 16);
  }
  return 0;
}

static guint live_q8_0(const guint8 *block, guint64 *bits) {
  Scale scale = half_scale(block);
  if (scale != SCALE_LIVE)
    return without_scale(scale, SMALL);
  for (guint i = 0; i < SMALL; i++)
    set_bit(bits, i, block[2 + i] != 0);
  return 0;
}

/* hmask[32], qs[64], scales[12] of 6 bits, d: q - 4 with q of 2 bits and one of hmask, scale - 32
 */
static guint live_q3_k(const guint8 *block, guint64 *bits) {
  const guint8 *qs = block + 32, *scales = block + 96;
  Scale scale = half_scale(block + 108);
  if (scale != SCALE_LIVE)
    return without_scale(scale, LARGE);
  for (guint i = 0; i < LARGE; i++) {
    guint s = i / 16, low = (s < 8 ? scales[s] : (guint)scales[s - 8] >> 4) & 15u;
    guint own = low | ((guint)scales[8 + s % 4] >> (2 * (s / 4)) & 3u) << 4;
    guint q = (guint)qs[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32)) & 3u;
    guint high = (guint)block[i % 32] >> (i / 32) & 1u;
    set_bit(bits, i, own != 32 && (q | high << 2) != 4);
  }
  return 0;
}

/* ql[128], qh[64], scales[16], d: q - 32 with 4 bits of ql and 2 of qh */
static guint live_q6_k(const guint8 *block, guint64 *bits) {
  const guint8 *qh = block + 128, *scales = block + 192;
  Scale scale = half_scale(block + 208);
  if (scale != SCALE_LIVE)
    return without_scale(scale, LARGE);
  for (guint i = 0; i < LARGE; i++) {
    guint half = i / 128, part = i % 128 / 32, lane = i % 32;
    guint low = (guint)block[half * 64 + part % 2 * 32 + lane] >> (4 * (part / 2)) & 15u;
    guint high = (guint)qh[half * 32 + lane] >> (2 * part) & 3u;
    set_bit(bits, i, scales[i / 16] != 0 && (low | high << 4) != 32);
  }
  return 0;
}

/* qs[64], d: q - 1 with q of 2 bits */
static guint live_tq2_0(const guint8 *block, guint64 *bits) {
  Scale scale = half_scale(block + 64);
  if (scale != SCALE_LIVE)
    return without_scale(scale, LARGE);
  for (guint i = 0; i < LARGE; i++)
    set_bit(bits, i, (block[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32)) & 3) != 1);
  return 0;
}

/* qs[48], qh[4], d: a byte holds five digits of base 3, or four, as a fraction of 256; digit - 1 */
static guint live_tq1_0(const guint8 *block, guint64 *bits) {
  static const guint power[] = {1, 3, 9, 27, 81};
  Scale scale = half_scale(block + 52);
  if (scale != SCALE_LIVE)
    return without_scale(scale, LARGE);
  for (guint i = 0; i < LARGE; i++) {
    guint digit = i < 160 ? i / 32 : i < 240 ? (i - 160) / 16 : (i - 240) / 4;
    guint byte = i < 160 ? i % 32 : i < 240 ? 32 + (i - 160) % 16 : 48 + (i - 240) % 4;
    guint rest = block[byte] * power[digit] & 0xff;
    set_bit(bits, i, rest * 3 >> 8 != 1);
  }
  return 0;
}

/* e, qs[16]: E2M1 times a power of two, of which 255 is NaN (OCP microscaling formats 1.0) */
static guint live_mxfp4(const guint8 *block, guint64 *bits) {
  if (block[0] == 255)
    return SMALL;
  for (guint i = 0; i < SMALL; i++)
    set_bit(bits, i, (half_byte(block + 1, 16, i) & 7) != 0);
  return 0;
}

/* --- types ------------------------------------------------------------------------------------ */

#define MINIMUM "blocks with a minimum each, in which no number stands for zero"
#define CODES "indices into a code book, none of which is zero"
#define ACTIVATIONS "blocks for activations, not for weights"

static const Cs3BlockType blocks[] = {
    {{"Q4_0", 4, 0, 0, FALSE}, 2, 32, 18, live_q4_0, NULL},
    {{"Q4_1", 5, 0, 0, FALSE}, 3, 32, 20, NULL, MINIMUM},
    {{"Q5_0", 6, 0, 0, FALSE}, 6, 32, 22, live_q5_0, NULL},
    {{"Q5_1", 6, 0, 0, FALSE}, 7, 32, 24, NULL, MINIMUM},
    {{"Q8_0", 8, 0, 0, FALSE}, 8, 32, 34, live_q8_0, NULL},
    {{"Q8_1", 9, 0, 0, FALSE}, 9, 32, 36, NULL, ACTIVATIONS},
    {{"Q2_K", 3, 0, 0, FALSE}, 10, 256, 84, NULL, MINIMUM},
    {{"Q3_K", 3, 0, 0, FALSE}, 11, 256, 110, live_q3_k, NULL},
    {{"Q4_K", 4, 0, 0, FALSE}, 12, 256, 144, NULL, MINIMUM},
    {{"Q5_K", 5, 0, 0, FALSE}, 13, 256, 176, NULL, MINIMUM},
    {{"Q6_K", 6, 0, 0, FALSE}, 14, 256, 210, live_q6_k, NULL},
    {{"Q8_K", 9, 0, 0, FALSE}, 15, 256, 292, NULL, ACTIVATIONS},
    {{"IQ2_XXS", 2, 0, 0, FALSE}, 16, 256, 66, NULL, CODES},
    {{"IQ2_XS", 2, 0, 0, FALSE}, 17, 256, 74, NULL, CODES},
    {{"IQ3_XXS", 3, 0, 0, FALSE}, 18, 256, 98, NULL, CODES},
    {{"IQ1_S", 2, 0, 0, FALSE}, 19, 256, 50, NULL, CODES},
    {{"IQ4_NL", 4, 0, 0, FALSE}, 20, 32, 18, NULL, CODES},
    {{"IQ3_S", 3, 0, 0, FALSE}, 21, 256, 110, NULL, CODES},
    {{"IQ2_S", 3, 0, 0, FALSE}, 22, 256, 82, NULL, CODES},
    {{"IQ4_XS", 4, 0, 0, FALSE}, 23, 256, 136, NULL, CODES},
    {{"IQ1_M", 2, 0, 0, FALSE}, 29, 256, 56, NULL, CODES},
    {{"TQ1_0", 2, 0, 0, FALSE}, 34, 256, 54, live_tq1_0, NULL},
    {{"TQ2_0", 2, 0, 0, FALSE}, 35, 256, 66, live_tq2_0, NULL},
    {{"MXFP4", 4, 0, 0, FALSE}, 39, 32, 17, live_mxfp4, NULL},
};

static const struct {
  guint id;
  const char *name;
} plain[] = {{0, "F32"},  {1, "F16"},  {24, "I8"},  {25, "I16"},
             {26, "I32"}, {27, "I64"}, {28, "F64"}, {30, "BF16"}};

const Cs3Dtype *cs3_ggml_type(guint id, const Cs3BlockType **block) {
  *block = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(plain); i++)
    if (plain[i].id == id)
      return cs3_dtype_find(plain[i].name);
  for (guint i = 0; i < G_N_ELEMENTS(blocks); i++)
    if (blocks[i].id == id) {
      *block = &blocks[i];
      return &blocks[i].dtype;
    }
  return NULL;
}

/* --- layout ----------------------------------------------------------------------------------- */

static gboolean match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                      Cs3Weight *weight) {
  if (tensor->block == NULL || !cs3_weight_matrix(checkpoint, tensor, weight))
    return FALSE;
  if (weight->refusal == NULL)
    weight->refusal = tensor->block->refusal;
  return TRUE;
}

static gboolean prepare(Cs3Weight *weight, GError **error) {
  return weight->cols % weight->values->block->n == 0 ||
         cs3_checkpoint_fail(weight->checkpoint->path, error, "%s: a row ends within a block",
                             weight->name);
}

static gboolean rows(const Cs3Weight *weight, gint64 first, gint64 n, Cs3WeightRows *out,
                     GError **error) {
  const Cs3BlockType *type = weight->values->block;
  gint64 in_row = weight->cols / type->n, stride = (weight->cols + 63) / 64;
  gsize row_bytes = (gsize)in_row * type->bytes;
  g_byte_array_set_size(out->bytes, (guint)((gsize)n * row_bytes));
  if (!cs3_checkpoint_read(weight->checkpoint, weight->values,
                           weight->base + (guint64)first * row_bytes, (gsize)n * row_bytes,
                           out->bytes->data, error))
    return FALSE;
  memset(out->bits, 0, (gsize)(n * stride) * sizeof *out->bits);
  const guint8 *at = out->bytes->data;
  for (gint64 row = 0; row < n; row++)
    for (gint64 k = 0; k < in_row; k++, at += type->bytes) {
      guint64 live[LARGE / 64] = {0};
      guint64 *to = out->bits + row * stride + k * type->n / 64;
      out->beyond += type->live(at, live);
      to[0] |= live[0] << (k * type->n % 64);
      for (guint w = 1; w < type->n / 64; w++)
        to[w] |= live[w];
    }
  return TRUE;
}

const Cs3WeightLayout cs3_weight_blocks = {
    .name = "blocks",
    .summary = "blocks of small integers of GGUF files, those in which zero is a number",
    .match = match,
    .prepare = prepare,
    .rows = rows,
};
