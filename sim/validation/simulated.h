/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What measured rows, and the prediction that is at stake, come to on machines at points of the
 * ranges of their uncertain constants. */
#pragma once

#include <glib.h>

#include "sim/machine/machine.h"
#include "sim/validation/population.h"

/* A constant that is not known: one unknown on all machines that give it the same range. */
typedef struct {
  char *name; /* "kernel.weight_overhead" */
  Cs3Uncertain uncertain;
  GString *machines; /* names, with commas */
} Cs3Unknown;

typedef struct Cs3Simulated Cs3Simulated;

/* The prediction at stake, as two more columns behind those of the rows: logarithms of the dense
 * and of the sparse step. */
#define CS3_HEADLINE "--model llama7b --hardware cs3-silicon --sparsity 0.7"
enum { CS3_HEADLINE_COLUMNS = 2 };

/**
 * cs3_simulated_new: the scenarios of @rows (element-type Cs3Measured, borrowed) and of
 * @prediction (borrowed), options of `cs3sim run`, each run once on its nominal machine:
 * evaluations are scaled to that. Errors: those of a run, with the row's place.
 */
Cs3Simulated *cs3_simulated_new(const GPtrArray *rows, const char *prediction, guint workers,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_simulated_free(Cs3Simulated *simulated);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Simulated, cs3_simulated_free)

/** cs3_simulated_unknowns: (transfer none) (element-type Cs3Unknown): the coordinates of points. */
const GPtrArray *cs3_simulated_unknowns(const Cs3Simulated *simulated);

/** cs3_simulated_columns: rows and CS3_HEADLINE_COLUMNS. */
guint cs3_simulated_columns(const Cs3Simulated *simulated);

/** cs3_simulated_nominal: log of the row's rate, or of a headline step, on the nominal machine. */
double cs3_simulated_nominal(const Cs3Simulated *simulated, guint column);

/** cs3_simulated_key: (transfer full): names the rows, the machines and the version. */
char *cs3_simulated_key(const Cs3Simulated *simulated);

/** cs3_simulated_run: @logs: (out): (@last - @first) x columns: points @first to @last - 1; NaN:
 * the machine cannot run it. No influence of the number of threads. */
void cs3_simulated_run(const Cs3Simulated *simulated, const Cs3Population *population, guint first,
                       guint last, double *logs);
