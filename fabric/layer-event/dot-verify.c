/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dW beside plain dot products. */
#include "config.h"

#include "fabric/layer-event/dot.h"

#include <math.h>

#include "fabric/event/half.h"
#include "fabric/layer/lines.h"

/* The plain dot product over all tokens, in as many parts as the processor adds at once. */
CS3_VECTOR_CLONES static void verify_one(const Cs3LayerEvent *m, const float *dy, const float *x,
                                         float got, Cs3LayerEventResult *result) {
  enum { PARTS = 16 };
  double sums[PARTS] = {0}, sizes[PARTS] = {0}, sum = 0, size = 0;
  gint64 whole = m->shape.tokens / PARTS * PARTS;
  for (gint64 t = 0; t < whole; t += PARTS)
    for (gint64 i = 0; i < PARTS; i++) {
      double product = (double)dy[t + i] * x[t + i];
      sums[i] += product;
      sizes[i] += fabs(product);
    }
  for (gint64 t = whole; t < m->shape.tokens; t++) {
    sum += (double)dy[t] * x[t];
    size += fabs((double)dy[t] * x[t]);
  }
  for (gint64 i = 0; i < PARTS; i++) {
    sum += sums[i];
    size += sizes[i];
  }
  cs3_layer_check(m, !cs3_layer_in_blocks(m) || cs3_layer_single(m), got, sum,
                  (double)m->shape.tokens, size, result);
}

void cs3_dot_verify(const Cs3LayerEvent *m, Cs3LayerEventResult *result) {
  gint64 tokens = m->shape.tokens, n = m->lines;
  g_autofree float *x = g_new(float, m->shape.features *tokens), *dy = g_new(float, tokens);
  for (gint64 k = 0; k < m->shape.features; k++)
    for (gint64 t = 0; t < tokens; t++)
      x[k * tokens + t] = cs3_half_to_float(cs3_layer_input(m, k, t));
  for (gint64 row = 0; row < m->shape.rows; row++) {
    for (gint64 t = 0; t < tokens; t++)
      dy[t] = cs3_half_to_float(cs3_layer_dy(m, row, t));
    for (gint64 line = 0; line < n; line++)
      for (guint i = m->offset[row * n + line]; i < m->offset[row * n + line + 1]; i++)
        verify_one(m, dy, x + (m->starts[line] + m->index[i]) * tokens, m->gradient[i], result);
  }
  if (m->shape.pass == CS3_PASS_BACKWARD)
    cs3_scatter_verify(m, result);
}
