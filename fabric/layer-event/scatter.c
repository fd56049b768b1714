/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backward: dX = W^T dY without partial sums on the fabric. The row's dy is in every PE for the
 * sake of dW, so each weight adds it to the sum of its own feature, which stays where x lies. */
#include "config.h"

#include "fabric/layer-event/dot.h"

#include <math.h>

#include "fabric/event/half.h"
#include "fabric/layer/lines.h"

void cs3_scatter_plan(Cs3LayerEvent *m) {
  gint64 bytes = m->costs.tokens * (cs3_layer_single(m) ? 4 : 2);
  m->sum_words = (guint)(bytes + 3) / 4;
  m->sums_at = m->memory_words;
  m->memory_words += (guint)m->costs.pass.features * m->sum_words;
}

void cs3_scatter_clear(const Cs3LayerEvent *m, guint32 *memory) {
  for (guint i = m->sums_at; i < m->memory_words; i++)
    memory[i] = 0;
}

void cs3_scatter_add(const Cs3LayerEvent *m, guint32 *memory, const Cs3Weight *weight,
                     const guint32 *dy) {
  guint32 *sum = memory + m->sums_at + weight->feature * m->sum_words;
  cs3_layer_axpy_run(m, m->sum_words, weight->value, dy, sum);
}

void cs3_scatter_finish(const Cs3LayerEvent *m, guint32 *memory) {
  for (guint k = 0; k < m->costs.pass.features; k++)
    cs3_layer_round(m, m->sum_words, memory + m->sums_at + k * m->sum_words,
                    memory + k * m->vector_words);
}

/* What the machine left of dX for @token of the PE at (@x, @y) and its feature @local. */
static double output(const Cs3LayerEvent *m, guint x, guint y, guint local, guint token) {
  guint32 word = cs3_fabric_word(m->fabric, x, y, local * m->vector_words + token / 2);
  return cs3_half_to_float((guint16)(word >> token % 2 * 16));
}

/* Plain sums in double precision over the live weights of a feature. */
CS3_VECTOR_CLONES static void plain_sums(const Cs3LayerEvent *m, gint64 feature, const float *dy,
                                         double *sum, double *size, guint *terms) {
  gint64 tokens = m->shape.tokens;
  *terms = 0;
  for (gint64 t = 0; t < tokens; t++)
    sum[t] = size[t] = 0;
  for (gint64 row = 0; row < m->shape.rows; row++) {
    double w = cs3_half_to_float(cs3_layer_weight(m, row, feature));
    if (w == 0)
      continue;
    ++*terms;
    for (gint64 t = 0; t < tokens; t++) {
      sum[t] += w * dy[row * tokens + t];
      size[t] += fabs(w * dy[row * tokens + t]);
    }
  }
}

/* Feature @k, the @local-th of line @line, in all PEs of the line. */
static void verify_feature(const Cs3LayerEvent *m, guint line, guint local, const double *sum,
                           const double *size, guint terms, Cs3LayerEventResult *result) {
  gint64 first;
  for (guint g = 0; g < m->groups; g++)
    for (guint c = 0; c < m->columns; c++) {
      guint n = cs3_layer_tokens(m, g, c, &first), y = g * (guint)m->lines + line;
      for (guint t = 0; t < n; t++)
        cs3_layer_check(m, cs3_layer_single(m), output(m, c + 1, y, local, t), sum[first + t],
                        terms, size[first + t], result);
    }
}

void cs3_scatter_verify(const Cs3LayerEvent *m, Cs3LayerEventResult *result) {
  gint64 tokens = m->shape.tokens;
  g_autofree float *dy = g_new(float, m->shape.rows *tokens);
  g_autofree double *sum = g_new(double, tokens), *size = g_new(double, tokens);
  for (gint64 row = 0; row < m->shape.rows; row++)
    for (gint64 t = 0; t < tokens; t++)
      dy[row * tokens + t] = cs3_half_to_float(cs3_layer_dy(m, row, t));
  for (guint line = 0; line < m->lines; line++)
    for (gint64 k = m->starts[line]; k < m->starts[line + 1]; k++) {
      guint terms;
      plain_sums(m, k, dy, sum, size, &terms);
      verify_feature(m, line, (guint)(k - m->starts[line]), sum, size, terms, result);
    }
}
