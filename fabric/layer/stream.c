/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edge of the wafer. Fixed point (2^-20 cycle) keeps the rate exact enough (1e-6 per wavelet) and
 * the result independent of the machine's floating point. */
#include "config.h"

#include "fabric/layer/stream.h"

#include <math.h>

#include "fabric/layer/recurrence.h"

enum { FRACTION_BITS = 20 };

struct Cs3Stream {
  const Cs3LayerShape *shape;
  const Cs3LayerCosts *costs;
  gint64 per_wavelet; /* fixed point; 0: no limit */
  gint64 clock;       /* fixed point: the last row was complete */
  gint64 total;
  gint64 dense_row;   /* wavelets of a dense row */
  gint64 depth;       /* D */
  gint64 *taken;      /* ring of D: cycle at which every line had taken the row */
};

Cs3Stream *cs3_stream_new(const Cs3LayerShape *shape, const Cs3LayerCosts *costs,
                          double cycles_per_wavelet) {
  Cs3Stream *s = g_new0(Cs3Stream, 1);
  s->shape = shape;
  s->costs = costs;
  s->per_wavelet = llround(ldexp(cycles_per_wavelet, FRACTION_BITS));
  s->dense_row = cs3_layer_row_wavelets(shape, costs, 0);
  s->depth = MIN(costs->edge_rows, shape->rows + costs->lines);
  s->taken = g_new0(gint64, s->depth);
  return s;
}

void cs3_stream_free(Cs3Stream *stream) {
  g_free(stream->taken);
  g_free(stream);
}

CS3_VECTOR_CLONES
static gint64 sum_weights(gint64 n, const guint16 *weights) {
  gint32 sum = 0; /* at most 1370 lines x 65535 */
  for (gint64 r = 0; r < n; r++)
    sum += weights[r];
  return sum;
}

/* Two 16-bit indices a wavelet, padded per line. */
CS3_VECTOR_CLONES
static gint64 sum_pairs(gint64 n, const guint16 *weights) {
  gint32 sum = 0;
  for (gint64 r = 0; r < n; r++)
    sum += (weights[r] + 1) >> 1;
  return sum;
}

static gint64 row_wavelets(const Cs3Stream *s, const guint16 *weights) {
  if (s->shape->dense)
    return s->dense_row;
  gint64 n = s->costs->lines;
  return n + (s->shape->pass == CS3_PASS_DW ? sum_pairs(n, weights) : sum_weights(n, weights));
}

gint64 cs3_stream_arrival(Cs3Stream *s, gint64 row, const guint16 *weights) {
  if (s->per_wavelet == 0)
    return G_MININT64;
  gint64 wavelets = row_wavelets(s, weights);
  gint64 room = s->taken[row % s->depth] << FRACTION_BITS; /* row - D, 0 at first */
  s->clock = MAX(s->clock, room) + wavelets * s->per_wavelet;
  s->total += wavelets;
  return (s->clock + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
}

void cs3_stream_consumed(Cs3Stream *s, gint64 row, gint64 cycle) {
  s->taken[row % s->depth] = cycle;
}

gint64 cs3_stream_total(const Cs3Stream *s) {
  return s->total;
}
