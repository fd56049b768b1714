/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edge of the wafer. Fixed point (2^-20 cycle) keeps the rate exact enough (1e-6 per wavelet)
 * and the result independent of the machine's floating point. */
#include "config.h"

#include "fabric/layer/stream.h"

#include <math.h>
#include <string.h>

#include "fabric/layer/lines.h"

enum { FRACTION_BITS = 20 };

struct Cs3RowStream {
  const Cs3PassCosts *costs;
  const Cs3LayerCounts *counts; /* NULL: every weight is alive, all rows are alike */
  gint64 dense_row;             /* payload of such a row, -1: not known yet */
  gint64 per_wavelet;           /* fixed point; 0: no limit */
  gint64 clock;                 /* fixed point: the last row was complete */
  gint64 total;
  gint64 row;    /* wavelets of the last row */
  gint64 fixed;  /* wavelets of a line beside its weights */
  gint64 depth;  /* D */
  gint64 *taken; /* ring of D: cycle at which every line had taken the row */
};

/* Wavelets that a line gets for a row whatever its weights: the control wavelet and, padded to the
 * fullest line, the mask. */
static gint64 fixed_wavelets(const Cs3PassCosts *costs) {
  return 1 + (costs->wire == CS3_WIRE_BITMASK ? (costs->features + 31) / 32 : 0);
}

Cs3RowStream *cs3_stream_new(const Cs3PassCosts *costs, const Cs3LayerCounts *counts) {
  Cs3RowStream *s = g_new0(Cs3RowStream, 1);
  s->costs = costs;
  s->counts = counts;
  s->dense_row = -1;
  s->per_wavelet = llround(ldexp(costs->ingress_cycles, FRACTION_BITS));
  s->fixed = fixed_wavelets(costs);
  s->depth = MIN(costs->edge_rows, costs->rows + costs->lines);
  s->taken = g_new0(gint64, s->depth);
  return s;
}

gint64 cs3_stream_carried(gint64 from, gint64 wavelets, double cycles) {
  gint64 end = (from << FRACTION_BITS) + wavelets * llround(ldexp(cycles, FRACTION_BITS));
  return (end + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
}

double cs3_stream_rate(double cycles_per_wavelet) {
  return ldexp((double)llround(ldexp(cycles_per_wavelet, FRACTION_BITS)), -FRACTION_BITS);
}

void cs3_stream_free(Cs3RowStream *stream) {
  g_free(stream->taken);
  g_free(stream);
}

/* Sum over lines of ceil(weights * bits / 32): the values, or indices, of a row. 65,536
 * lines of 65,535 weights of 32 bits stay below 2^32. */
CS3_VECTOR_CLONES
static guint32 packed(gint64 n, const guint16 *weights, guint32 bits) {
  guint32 sum = 0;
  for (gint64 r = 0; r < n; r++)
    sum += (weights[r] * bits + 31) / 32;
  return sum;
}

/* Live weights of a row, and how many lines have an odd number of them. */
CS3_VECTOR_CLONES
static guint32 add_up(gint64 n, const guint16 *weights, guint32 *odd) {
  guint32 sum = 0, ones = 0;
  for (gint64 r = 0; r < n; r++) {
    sum += weights[r];
    ones += weights[r] & 1;
  }
  *odd = ones;
  return sum;
}

void cs3_layer_row_totals(const Cs3LayerCounts *counts, gint64 rows, gint64 lines,
                          guint32 *row_weights, guint32 *row_pairs) {
  for (gint64 i = 0; i < rows; i++) {
    guint32 odd;
    row_weights[i] = add_up(lines, counts->counts + i * counts->stride, &odd);
    row_pairs[i] = (row_weights[i] + odd) / 2;
  }
}

/* Known of whole rows of the matrix; %NULL: to be added up. */
static const guint32 *known_totals(const Cs3RowStream *s, guint32 bits) {
  if (s->counts == NULL)
    return NULL;
  return bits == 32 ? s->counts->row_weights : bits == 16 ? s->counts->row_pairs : NULL;
}

/* Wavelets of values and indices. */
static gint64 payload(Cs3RowStream *s, gint64 matrix_row, const guint16 *weights) {
  guint32 bits = (guint32)s->costs->weight_bits;
  if (bits == 0)
    return 0;
  const guint32 *totals = known_totals(s, bits);
  if (totals != NULL && matrix_row >= 0)
    return totals[matrix_row];
  if (s->counts != NULL || matrix_row < 0)
    return packed(s->costs->lines, weights, bits);
  if (s->dense_row < 0)
    s->dense_row = packed(s->costs->lines, weights, bits);
  return s->dense_row;
}

static gint64 row_wavelets(Cs3RowStream *s, gint64 matrix_row, const guint16 *weights,
                           const guint8 *has_row) {
  gint64 lines = s->costs->lines;
  for (gint64 r = 0; has_row && r < s->costs->lines; r++)
    lines -= !has_row[r];
  return lines * s->fixed + payload(s, matrix_row, weights);
}

gint64 cs3_stream_arrival(Cs3RowStream *s, gint64 row, gint64 matrix_row, const guint16 *weights,
                          const guint8 *has_row) {
  if (s->per_wavelet == 0)
    return G_MININT64;
  gint64 wavelets = row_wavelets(s, matrix_row, weights, has_row);
  gint64 room = s->taken[row % s->depth] << FRACTION_BITS; /* row - D, 0 at first */
  s->clock = MAX(s->clock, room) + wavelets * s->per_wavelet;
  s->total += wavelets;
  s->row = wavelets;
  return (s->clock + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
}

void cs3_stream_begin(Cs3RowStream *s, gint64 cycle) {
  s->clock = cycle << FRACTION_BITS;
}

void cs3_stream_consumed(Cs3RowStream *s, gint64 row, gint64 cycle) {
  s->taken[row % s->depth] = cycle;
}

/* Rows as the last one, taken @by cycles later than in the last turn. */
static void one_turn(Cs3RowStream *s, const Cs3Turns *last, gint64 row, gint64 by) {
  const gint64 takes = s->row * s->per_wavelet;
  gint64 at = row % s->depth;
  for (gint64 i = 0; i < last->rows; i++) {
    s->clock = MAX(s->clock, s->taken[at] << FRACTION_BITS) + takes;
    last->next[i] = (s->clock + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
    s->taken[at] = last->taken[i] + by;
    at = at + 1 < s->depth ? at + 1 : 0;
  }
  s->total += last->rows * s->row;
}

gint64 cs3_stream_repeat(Cs3RowStream *s, const Cs3Turns *last, gint64 row, gint64 turns) {
  if (s->per_wavelet == 0)
    return turns;
  gsize size = (gsize)s->depth * sizeof *s->taken;
  g_autofree gint64 *taken = g_malloc(size);
  for (gint64 turn = 0; turn < turns; turn++) {
    Cs3RowStream before = *s;
    memcpy(taken, s->taken, size);
    one_turn(s, last, row + turn * last->rows, (turn + 1) * last->by);
    if (!cs3_turns_waits(last, last->next, (turn + 1) * last->by))
      continue;
    *s = before;
    memcpy(s->taken, taken, size);
    return turn;
  }
  return turns;
}

gint64 cs3_stream_least(const Cs3RowStream *s, gint64 rows, gint64 weights) {
  gint64 wavelets = rows * s->fixed * s->costs->lines + weights * s->costs->weight_bits / 32;
  return (s->clock + wavelets * s->per_wavelet) >> FRACTION_BITS;
}

gint64 cs3_stream_total(const Cs3RowStream *s) {
  return s->total;
}
