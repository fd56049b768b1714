/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep as a table: a row a point, with its place on the axes and the numbers that everyone
 * wants. */
#pragma once

#include "base/output.h"
#include "sim/study/sweep.h"

typedef struct Cs3SweepTable Cs3SweepTable;

/** cs3_sweep_table_new: an empty table for @sweep, which must outlive it. */
Cs3SweepTable *cs3_sweep_table_new(const Cs3Sweep *sweep);
void cs3_sweep_table_free(Cs3SweepTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3SweepTable, cs3_sweep_table_free)

/** cs3_sweep_table_take: a #Cs3SweepWrite: the row of a line. @table: a #Cs3SweepTable. */
gboolean cs3_sweep_table_take(gpointer table, const char *line, gsize n,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_sweep_table_write: CSV, or for JSON one document with an array a column: schema
 * cs3sim.columns/1, doc/result.md. */
void cs3_sweep_table_write(const Cs3SweepTable *table, Cs3Output *output, Cs3Format format);
