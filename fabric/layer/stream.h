/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edge of the wafer: rows of weights arriving in order at a limited rate. A row is handed to
 * its lines when its last wavelet is in; the edge holds D rows per line, so row i may start to
 * arrive only when every line has taken row i - D. Internal to fabric/layer/. */
#pragma once

#include "fabric/layer/turns.h"

typedef struct Cs3RowStream Cs3RowStream;

/**
 * cs3_stream_new: (transfer full): where costs->ingress_cycles is 0, there is no limit.
 * @counts: (nullable): as the pass has them; borrowed.
 */
Cs3RowStream *cs3_stream_new(const Cs3PassCosts *costs, const Cs3LayerCounts *counts);
void cs3_stream_free(Cs3RowStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3RowStream, cs3_stream_free)

/**
 * cs3_stream_arrival: cycle at which row @row is complete at the edge.
 * @weights: live weights per line; @has_row: (nullable): lines that take part, %NULL: all. Each
 * gets a control wavelet. Rows must be asked for in order.
 * @matrix_row: whose weights they are, so that known totals need not be added up; -1: of several.
 */
gint64 cs3_stream_arrival(Cs3RowStream *stream, gint64 row, gint64 matrix_row,
                          const guint16 *weights, const guint8 *has_row);

/** cs3_stream_rate: @cycles_per_wavelet as fixed point counts it. */
double cs3_stream_rate(double cycles_per_wavelet);

/** cs3_stream_carried: cycle at which a link, free from cycle @from on, has carried @wavelets,
 * @cycles each, as streams count. */
gint64 cs3_stream_carried(gint64 from, gint64 wavelets, double cycles);

/** cs3_stream_begin: the first wavelet comes in from @cycle on. */
void cs3_stream_begin(Cs3RowStream *stream, gint64 cycle);

/** cs3_stream_consumed: every line has taken row @row by @cycle. */
void cs3_stream_consumed(Cs3RowStream *stream, gint64 row, gint64 cycle);

/**
 * cs3_stream_repeat: rows from @row on, the next in order, come in and are taken as in the last
 * turn, @turns times at most, and not the turn in which one of them would be waited for.
 * Returns: turns in which none was.
 */
gint64 cs3_stream_repeat(Cs3RowStream *stream, const Cs3Turns *last, gint64 row, gint64 turns);

/** cs3_stream_least: cycle before which @rows more rows with @weights live weights in all cannot
 * have come in. */
gint64 cs3_stream_least(const Cs3RowStream *stream, gint64 rows, gint64 weights);

/** cs3_stream_total: wavelets that have come in. */
gint64 cs3_stream_total(const Cs3RowStream *stream);
