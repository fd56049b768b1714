/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "pe": rates of one PE, and the load imbalance of random masks over PEs. */
#include "config.h"

#include <string.h>

#include "fabric/layer/costs.h"
#include "sim/config-error.h"
#include "sim/validate-measure.h"

/* Random masks that an imbalance is the mean of: the largest of n tiles varies from mask to mask.
 */
enum { MASKS = 16 };

/* Method "rate": `cs3sim run` options that name a machine; result "cache" or "sram": elements per
 * cycle of the multiply-add, by where the accumulator lies. */
static gboolean rate(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                     GError **error) {
  static const char *const no_keys[] = {NULL};
  g_auto(GStrv) words = NULL;
  gboolean cached = strcmp(row->result, "cache") == 0;
  if (!cached && strcmp(row->result, "sram") != 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "%s: result: '%s' is not one of cache, sram", row->where, row->result);
    return FALSE;
  }
  if (!cs3_validation_values(row, no_keys, NULL, &words, error))
    return FALSE;
  g_autoptr(Cs3Scenario) scenario =
      cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (scenario == NULL)
    return FALSE;
  *value = cs3_axpy_rate(&scenario->machine->hw, cached);
  return TRUE;
}

typedef struct {
  gint64 rows, cols, across, down; /* the matrix, and the PEs that it is cut over */
  double density, per_nonzero, per_column;
} Tiles;

/* Slowest PE over the mean PE when each works through its own tile's columns and non-zeros. */
static double slowest_over_mean(const Cs3Mask *mask, const Tiles *t) {
  g_autofree gint64 *starts = cs3_mapping_starts(t->cols, t->across);
  g_autofree guint16 *counts = g_new(guint16, t->across);
  g_autofree gint64 *tile = g_new(gint64, t->across);
  double slowest = 0, total = 0;
  for (gint64 d = 0; d < t->down; d++) {
    memset(tile, 0, t->across * sizeof *tile);
    for (gint64 i = d * t->rows / t->down; i < (d + 1) * t->rows / t->down; i++) {
      cs3_mask_line_counts(mask, i, starts, t->across, counts);
      for (gint64 a = 0; a < t->across; a++)
        tile[a] += counts[a];
    }
    for (gint64 a = 0; a < t->across; a++) {
      double cycles = tile[a] * t->per_nonzero + (starts[a + 1] - starts[a]) * t->per_column;
      slowest = MAX(slowest, cycles);
      total += cycles;
    }
  }
  return slowest * t->across * t->down / total;
}

/* Method "tiles": the mean imbalance of random masks whose tiles are spread over a grid of PEs; the
 * cost of a non-zero and of a column are the measured kernel's. */
static gboolean tiles(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error) {
  static const char *const keys[] = {"rows", "cols",        "density",    "across",
                                     "down", "per-nonzero", "per-column", NULL};
  double v[7];
  if (!cs3_validation_values(row, keys, v, NULL, error))
    return FALSE;
  Tiles t = {.rows = (gint64)v[0],
             .cols = (gint64)v[1],
             .density = v[2],
             .across = (gint64)v[3],
             .down = (gint64)v[4],
             .per_nonzero = v[5],
             .per_column = v[6]};
  if (t.across < 1 || t.across > t.cols || t.down < 1 || t.down > t.rows) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
                "%s: arguments: need 1 <= across <= cols and 1 <= down <= rows", row->where);
    return FALSE;
  }
  Cs3Pattern pattern;
  if (!cs3_pattern_parse(&pattern, "uniform", error))
    return FALSE;
  *value = 0;
  for (guint64 seed = 1; seed <= MASKS; seed++) {
    g_autoptr(Cs3Mask) mask =
        cs3_pattern_mask(&pattern, t.rows, t.cols, t.density, seed, cs3_pattern_stream(row->id),
                         cs3_validation_workers(session), error);
    if (mask == NULL) {
      g_prefix_error(error, "%s: ", row->where);
      return FALSE;
    }
    *value += slowest_over_mean(mask, &t) / MASKS;
  }
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {{"rate", rate}, {"tiles", tiles}, {NULL, NULL}};

const Cs3ValidationSuite cs3_suite_pe = {
    .name = "pe",
    .summary = "multiply-add rates of one PE, and load imbalance of random masks over PEs",
    .methods = methods,
};
