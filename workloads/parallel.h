/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A parallel loop that leaves no thread behind (the program forks later). */
#pragma once

#include <glib.h>

/* Works on items [begin, end); @worker is in [0, workers), for scratch memory of one's own. */
typedef void (*Cs3ParallelFunc)(gint64 begin, gint64 end, guint worker, gpointer data);

/**
 * cs3_parallel_for: call @fn until it has covered items [0, @n_items), in chunks of @grain.
 * @workers: threads, the calling one included; 0: one per processor. Fewer run when the system
 *   refuses threads. Which worker gets which chunk varies: results must not depend on it.
 * Returns when all is done and every thread has ended.
 */
void cs3_parallel_for(gint64 n_items, gint64 grain, guint workers, Cs3ParallelFunc fn,
                      gpointer data);
