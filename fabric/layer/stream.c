/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edge of the wafer. Fixed point (2^-20 cycle) keeps the rate exact enough (1e-6 per wavelet) and
 * the result independent of the machine's floating point. */
#include "config.h"

#include "fabric/layer/stream.h"

#include <math.h>

#include "fabric/layer/recurrence.h"

enum { FRACTION_BITS = 20 };

struct Cs3Stream {
  const Cs3LayerCosts *costs;
  gint64 per_wavelet; /* fixed point; 0: no limit */
  gint64 clock;       /* fixed point: the last row was complete */
  gint64 total;
  gint64 bitmask;     /* wavelets of a row's bitmask over all lines */
  gint64 depth;       /* D */
  gint64 *taken;      /* ring of D: cycle at which every line had taken the row */
};

static gint64 bitmask_wavelets(const Cs3LayerShape *shape, gint64 lines) {
  gint64 sum = 0;
  for (gint64 r = 0; r < lines; r++)
    sum += ((r + 1) * shape->features / lines - r * shape->features / lines + 31) / 32;
  return sum;
}

Cs3Stream *cs3_stream_new(const Cs3LayerShape *shape, const Cs3LayerCosts *costs,
                          double cycles_per_wavelet) {
  Cs3Stream *s = g_new0(Cs3Stream, 1);
  s->costs = costs;
  s->per_wavelet = llround(ldexp(cycles_per_wavelet, FRACTION_BITS));
  s->bitmask = bitmask_wavelets(shape, costs->lines);
  s->depth = MIN(costs->edge_rows, shape->rows + costs->lines);
  s->taken = g_new0(gint64, s->depth);
  return s;
}

void cs3_stream_free(Cs3Stream *stream) {
  g_free(stream->taken);
  g_free(stream);
}

/* Sum over lines of ceil(weights * bits / 32): the values, or indices, of a row. 1370 lines of 65535
 * weights of 32 bits stay below 2^32. */
CS3_VECTOR_CLONES
static guint32 packed(gint64 n, const guint16 *weights, guint32 bits) {
  guint32 sum = 0;
  for (gint64 r = 0; r < n; r++)
    sum += (weights[r] * bits + 31) / 32;
  return sum;
}

static gint64 row_wavelets(const Cs3Stream *s, const guint16 *weights, gint64 active) {
  gint64 n = s->costs->lines;
  switch (s->costs->wire) {
  case CS3_WIRE_NOTHING:
    return 0;
  case CS3_WIRE_DENSE:
    return active + packed(n, weights, s->costs->weight_bits);
  case CS3_WIRE_INDEX16:
    return active + packed(n, weights, 32);
  case CS3_WIRE_DELTA8:
    return active + packed(n, weights, 24);
  case CS3_WIRE_BITMASK:
    return active + s->bitmask * active / n + packed(n, weights, 16);
  case CS3_WIRE_INDICES:
    return active + packed(n, weights, 16);
  }
  g_return_val_if_reached(0);
}

gint64 cs3_stream_arrival(Cs3Stream *s, gint64 row, const guint16 *weights, gint64 active) {
  if (s->per_wavelet == 0)
    return G_MININT64;
  gint64 wavelets = row_wavelets(s, weights, active);
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
