/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "sparse": limits that any sparse speed-up must keep, and the load imbalance of random masks
 * against an independent Monte Carlo. */
#include "config.h"

#include <math.h>

#include "fabric/layer/passes.h"
#include "base/config-error.h"
#include "sim/map/mapper.h"
#include "sim/validation/validate-measure.h"

enum {
  WEIGHT_CYCLES = 1000, /* large: the edge's rounding to whole cycles disappears beside it */
  MANY_SLOTS = 1024,    /* never binding: lines diverge by fewer rows */
};

/* Live weights per (row, line) of a square matrix, drawn once for all rows of the data file. */
static const guint16 *line_counts(Cs3ValidationSession *session, const Cs3LayerShape *shape,
                                  gint64 lines, double density, GError **error) {
  g_autofree char *key = g_strdup_printf("counts %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.17g",
                                         shape->features, lines, density);
  gpointer *kept = cs3_validation_keep(session, key, g_free);
  if (*kept != NULL)
    return *kept;
  Cs3Pattern pattern;
  if (!cs3_pattern_parse(&pattern, "uniform", error))
    return NULL;
  g_autoptr(Cs3Mask) mask =
      cs3_pattern_mask(&pattern, shape->rows, shape->features, density, 1, cs3_pattern_stream(key),
                       cs3_validation_workers(session), error);
  if (mask == NULL)
    return NULL;
  g_autofree gint64 *starts = cs3_mapping_starts(shape->features, lines);
  guint16 *counts = g_new(guint16, shape->rows * lines);
  cs3_mask_line_counts(mask, 0, shape->rows, starts, lines, counts);
  return *kept = counts;
}

/* Time until every line is done. @ahead: rows that a line may be ahead of the slowest (0: any
 * number);
 * @chain: it is ahead of the lines before it in the chain, instead of all. */
static gint64 finish(const Cs3LayerShape *shape, gint64 lines, const Cs3LayerCounts *counts,
                     gint64 ahead, gboolean chain) {
  gboolean edge = ahead > 0 && !chain;
  Cs3PassCosts costs = {
      .rows = shape->rows,
      .row_features = shape->features,
      .lines = lines,
      .features = (shape->features + lines - 1) / lines,
      .service = WEIGHT_CYCLES,
      .slots = ahead > 0 && chain ? ahead : MANY_SLOTS,
      .edge_rows = ahead > 0 ? ahead : 1,
      .wire = CS3_WIRE_INDEX16,
      .overlap = TRUE,
      .travels = edge,
      .ingress_cycles = edge ? ldexp(1, -20) : 0, /* the smallest limit there is: rows in order */
  };
  return cs3_axpy_pass(&costs, counts, G_MAXINT64).threads;
}

/* Speed-up over the dense run of the same mapping, whose lines are never apart. */
static gboolean run_ahead(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                          gboolean chain, double *value, GError **error) {
  static const char *const keys[] = {"features", "density", "lines", "ahead", NULL};
  double v[4];
  if (!cs3_validation_values(row, keys, v, NULL, error))
    return FALSE;
  gint64 features = (gint64)v[0], lines = (gint64)v[2], ahead = (gint64)v[3];
  if (features < 1 || features > 65536 || lines < 1 || lines > features || ahead < 0 ||
      ahead > MANY_SLOTS || !(v[1] > 0 && v[1] <= 1)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
                "%s: arguments: need 1 <= lines <= features <= 65536, 0 < density <= 1, 0 <= ahead "
                "<= %d",
                row->where, MANY_SLOTS);
    return FALSE;
  }
  Cs3LayerShape shape = {.rows = features, .features = features, .tokens = lines};
  const guint16 *drawn = line_counts(session, &shape, lines, v[1], error);
  if (drawn == NULL)
    return FALSE;
  Cs3LayerCounts counts = {drawn, lines};
  gint64 dense = features * ((features + lines - 1) / lines) * WEIGHT_CYCLES;
  *value = (double)dense / finish(&shape, lines, &counts, ahead, chain);
  return TRUE;
}

/* Method "run-ahead": every line waits for the slowest of all. */
static gboolean wait_for_all(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                             double *value, GError **error) {
  return run_ahead(session, row, FALSE, value, error);
}

/* Method "slots": a line waits for those before it in the chain, as accumulator slots make it. */
static gboolean wait_in_chain(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                              double *value, GError **error) {
  return run_ahead(session, row, TRUE, value, error);
}

static const Cs3ValidationMethod methods[] = {
    {"layer", cs3_validation_layer},
    {"run", cs3_validation_run},
    {"run-ahead", wait_for_all},
    {"slots", wait_in_chain},
    {NULL, NULL},
};

const Cs3ValidationSuite cs3_suite_sparse = {
    .name = "sparse",
    .summary = "what is claimed of sparse speed-up, as limits, and load imbalance of random masks",
    .methods = methods,
};
