/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers: a hash of where they stand, so that nothing needs to be stored or shared. */
#include "config.h"

#include "fabric/layer-event/machine.h"

#include <math.h>

#include "fabric/event/values.h"

void cs3_layer_seed_values(Cs3LayerEvent *m) {
  for (guint64 what = 0; what < CS3_LAYER_N_MATRICES; what++)
    m->key[what] = cs3_matrix_key(m->config.seed, what);
}

static guint64 hash(const Cs3LayerEvent *m, guint what, gint64 a, gint64 b) {
  return cs3_mix(cs3_mix(m->key[what] + (guint64)a) + (guint64)b);
}

static guint16 value(const Cs3LayerEvent *m, guint what, gint64 a, gint64 b) {
  guint64 z = hash(m, what, a, b);
  if (m->config.values == CS3_LAYER_VALUES_REAL)
    return cs3_uniform_half(z);
  static const float small[] = {-1, 1, 0, -1, 1, 0, 1, -1};
  return cs3_half_of_float(what == CS3_LAYER_WEIGHT ? (z & 1 ? 1.0F : -1.0F) : small[z & 7]);
}

guint16 cs3_layer_weight(const Cs3LayerEvent *m, gint64 row, gint64 feature) {
  gboolean transposed = m->shape.pass == CS3_PASS_DX;
  if (m->config.alive && !m->config.alive(m->config.mask, row, feature))
    return 0;
  guint16 bits = value(m, CS3_LAYER_WEIGHT, transposed ? feature : row, transposed ? row : feature);
  guint lost =
      m->costs.pass.wire == CS3_WIRE_DENSE ? (guint)MAX(16 - m->costs.pass.weight_bits, 0) : 0;
  return (guint16)(bits >> lost << lost);
}

/* What tap @entry of matrix @what reads of the map at @token; zeros around it. */
static guint16 map_value(const Cs3LayerEvent *m, guint what, gint64 entry, gint64 token) {
  const Cs3ConvShape *s = &m->shape.conv;
  gint64 taps = cs3_conv_taps(s), tap = entry % taps, grid = cs3_conv_tokens(s);
  gint64 row =
      token % grid / s->grid[1] * s->stride[0] - s->before[0] + tap / s->kernel[1] * s->dilation[0];
  gint64 column =
      token % s->grid[1] * s->stride[1] - s->before[1] + tap % s->kernel[1] * s->dilation[1];
  if (row < 0 || column < 0 || row >= s->map[0] || column >= s->map[1])
    return 0;
  return value(m, what, entry / taps, (token / grid * s->map[0] + row) * s->map[1] + column);
}

/* Whether matrix @what is the map that weights slide over: the input, transposed: the output. */
static gboolean is_map(const Cs3LayerEvent *m, guint what) {
  const Cs3ConvShape *s = &m->shape.conv;
  return cs3_conv_is_one(s) && what == (s->transposed ? CS3_LAYER_DY : CS3_LAYER_INPUT);
}

guint16 cs3_layer_input(const Cs3LayerEvent *m, gint64 feature, gint64 token) {
  guint what = m->shape.pass == CS3_PASS_DX ? CS3_LAYER_DY : CS3_LAYER_INPUT;
  if (is_map(m, what))
    return map_value(m, what, feature, token);
  return value(m, what, feature, token);
}

guint16 cs3_layer_dy(const Cs3LayerEvent *m, gint64 row, gint64 token) {
  if (is_map(m, CS3_LAYER_DY))
    return map_value(m, CS3_LAYER_DY, row, token);
  return value(m, CS3_LAYER_DY, row, token);
}

guint32 cs3_layer_input_word(gpointer user, guint x, guint y, guint word) {
  const Cs3LayerEvent *m = user;
  Cs3Seat at = cs3_layer_seat(m, x, y);
  gint64 first, feature = m->starts[at.line] + word / m->vector_words;
  guint tokens = cs3_layer_tokens(m, at.group, at.column, &first), t = 2 * (word % m->vector_words);
  guint32 low = 0, high = 0;
  if (feature >= m->starts[at.line + 1])
    return 0;
  if (t < tokens)
    low = cs3_layer_input(m, feature, first + t);
  if (t + 1 < tokens)
    high = cs3_layer_input(m, feature, first + t + 1);
  return low | high << 16;
}

void cs3_layer_check(const Cs3LayerEvent *m, gboolean single, double got, double want, double terms,
                     double size, Cs3LayerEventResult *result) {
  double unit = single ? 0x1p-24 : 0x1p-11;
  /* Every addition may be off by half a unit of what was summed so far. That adds up to
   * terms x size units at worst, which a few random terms reach; of many, roundings and signs of
   * the numbers cancel, and the deviation of the sum stays below a unit of its size: 8 of them are
   * allowed. The result is stored in FP16. */
  double allowed = m->config.values == CS3_LAYER_VALUES_EXACT
                       ? 0
                       : size * unit * MIN(terms + 1, 8) + fabs(want) * 0x1p-11 + 0x1p-24;
  double off = fabs(got - want);
  result->error = MAX(result->error, off);
  result->wrong += !(off <= allowed);
}
