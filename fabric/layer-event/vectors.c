/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a datapath does to vectors of tokens, in the precision of the sums. */
#include "config.h"

#include "fabric/layer-event/vectors.h"

#include "fabric/event/half.h"

void cs3_layer_axpy_run(const Cs3LayerEvent *m, guint words, guint16 value, const guint32 *x,
                        guint32 *sum) {
  float factor = cs3_half_to_float(value);
  if (cs3_layer_single(m))
    m->half->axpy_single(words, factor, x, sum);
  else
    m->half->axpy(words, factor, x, sum);
}

void cs3_layer_round(const Cs3LayerEvent *m, guint words, const guint32 *sum, guint32 *to) {
  for (guint i = 0; i < m->vector_words; i++) {
    if (!cs3_layer_single(m)) {
      to[i] = sum[i];
      continue;
    }
    guint16 low = cs3_half_of_float(cs3_float_of_bits(sum[2 * i]));
    gboolean whole = 2 * i + 1 < words;
    guint16 high = whole ? cs3_half_of_float(cs3_float_of_bits(sum[2 * i + 1])) : 0;
    to[i] = low | (guint32)high << 16;
  }
}
