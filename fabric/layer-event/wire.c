/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of weights as wavelets: packed at the edge, unpacked by the PEs. */
#include "config.h"

#include "fabric/layer-event/machine.h"

enum { NO_INDEX = 0xffff };

/* Bits of a weight on the wire. */
static guint field_bits(const Cs3PassCosts *c) {
  switch (c->wire) {
  case CS3_WIRE_DENSE:
    return (guint)c->weight_bits;
  case CS3_WIRE_INDEX16:
    return 32;
  case CS3_WIRE_DELTA8:
    return 24;
  default:
    return 16;
  }
}

static guint mask_words(const Cs3PassCosts *c) {
  return c->wire == CS3_WIRE_BITMASK ? (guint)(c->features + 31) / 32 : 0;
}

guint cs3_wire_length(const Cs3LayerEvent *m, gint64 row, gint64 line) {
  const Cs3PassCosts *c = &m->costs.pass;
  guint weights = c->wire == CS3_WIRE_COMMAND ? 0 : cs3_layer_weights(m, row, line);
  return 1 + mask_words(c) + (weights * field_bits(c) + 31) / 32;
}

static guint32 mask_word(const Cs3LayerEvent *m, const guint16 *index, guint n, guint word) {
  guint32 bits = 0;
  for (guint i = 0; i < n; i++)
    if (index[i] / 32 == word)
      bits |= 1u << index[i] % 32;
  return bits;
}

/* What travels of weight @i of a line's row. */
static guint32 field(const Cs3LayerEvent *m, gint64 row, gint64 line, guint i) {
  const guint16 *index = m->index + m->offset[row * m->lines + line];
  if (m->costs.pass.wire == CS3_WIRE_INDICES)
    return index[i];
  guint16 value = cs3_layer_weight(m, row, m->starts[line] + index[i]);
  switch (m->costs.pass.wire) {
  case CS3_WIRE_DENSE:
    return m->costs.pass.weight_bits < 16 ? value >> (16 - m->costs.pass.weight_bits) : value;
  case CS3_WIRE_INDEX16:
    return (guint32)index[i] << 16 | value;
  case CS3_WIRE_DELTA8: /* a distance of 0 is padding */
    return (guint32)(index[i] - (i > 0 ? index[i - 1] : -1)) << 16 | value;
  default:
    return value;
  }
}

guint32 cs3_wire_word(const Cs3LayerEvent *m, gint64 row, gint64 line, guint element,
                      gboolean *control) {
  guint n = cs3_layer_weights(m, row, line), width = field_bits(&m->costs.pass);
  *control = element + 1 == cs3_wire_length(m, row, line);
  if (*control)
    return 0;
  if (element < mask_words(&m->costs.pass))
    return mask_word(m, m->index + m->offset[row * m->lines + line], n, element);
  element -= mask_words(&m->costs.pass);
  gboolean pads = m->costs.pass.wire == CS3_WIRE_INDICES;
  guint64 first = element * 32 / width, word = 0;
  for (guint64 i = first; i * width < element * 32u + 32u; i++) {
    guint64 bits = i < n ? field(m, row, line, (guint)i) : pads ? NO_INDEX : 0;
    gint shift = (gint)(i * width) - (gint)(element * 32);
    word |= shift >= 0 ? bits << shift : bits >> -shift;
  }
  return (guint32)word;
}

void cs3_wire_begin(Cs3Decoder *d) {
  d->bits = 0;
  d->n_bits = d->words = d->seen = 0;
  d->last = -1;
}

/* The feature of the next weight of a mask. */
static guint16 next_in_mask(Cs3Decoder *d) {
  do
    d->last++;
  while (!(d->mask[d->last / 32] >> d->last % 32 & 1));
  return (guint16)d->last;
}

static gboolean decode(const Cs3LayerEvent *m, gint64 line, Cs3Decoder *d, guint32 bits,
                       Cs3Weight *w) {
  guint16 low = (guint16)bits, high = (guint16)(bits >> 16);
  switch (m->costs.pass.wire) {
  case CS3_WIRE_DENSE:
    if (d->seen >= m->starts[line + 1] - m->starts[line])
      return FALSE;
    *w = (Cs3Weight){
        (guint16)d->seen,
        (guint16)(m->costs.pass.weight_bits < 16 ? low << (16 - m->costs.pass.weight_bits) : low)};
    return TRUE;
  case CS3_WIRE_DELTA8:
    d->last += high;
    *w = (Cs3Weight){(guint16)d->last, low};
    return high != 0;
  case CS3_WIRE_INDICES:
    *w = (Cs3Weight){low, 0};
    return low != NO_INDEX;
  default: { /* how many there are, the mask says */
    guint live = 0;
    for (guint i = 0; i < mask_words(&m->costs.pass); i++)
      live += (guint)__builtin_popcount(d->mask[i]);
    if (d->seen >= live)
      return FALSE;
    *w = (Cs3Weight){next_in_mask(d), low};
    return TRUE;
  }
  }
}

guint cs3_wire_take(const Cs3LayerEvent *m, gint64 line, Cs3Decoder *d, guint32 wavelet,
                    Cs3Weight *weights) {
  guint width = field_bits(&m->costs.pass), n = 0;
  if (m->costs.pass.wire == CS3_WIRE_INDEX16) {
    weights[0] = (Cs3Weight){(guint16)(wavelet >> 16), (guint16)wavelet};
    return 1;
  }
  if (d->words < mask_words(&m->costs.pass)) {
    d->mask[d->words++] = wavelet;
    return 0;
  }
  d->bits |= (guint64)wavelet << d->n_bits;
  d->n_bits += 32;
  while (d->n_bits >= width) {
    guint32 bits = (guint32)(d->bits & (G_MAXUINT64 >> (64 - width)));
    d->bits >>= width;
    d->n_bits -= width;
    if (!decode(m, line, d, bits, &weights[n]))
      continue;
    d->seen++;
    n++;
  }
  return n;
}
