/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "pe": vector operations of one PE, and the load imbalance of random masks over PEs. */
#include "config.h"

#include <string.h>

#include "fabric/layer/costs.h"
#include "base/config-error.h"
#include "sim/validation/validate-measure.h"
#include "sim/validation/validate-vector.h"

/* Random masks that an imbalance is the mean of: the largest of n tiles varies from mask to mask.
 */
enum { MASKS = 16 };

/* Method "rate": `cs3sim run` options that name a machine; the result says which of the rates
 * [elements/cycle] that layers are built from: of the multiply-add, by where the accumulator lies
 * ("cache", "sram"), or of a move of 16-bit or 32-bit elements ("copy16", "copy32"). */
static gboolean rate(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                     GError **error) {
  static const char *const no_keys[] = {NULL};
  g_auto(GStrv) words = NULL;
  static const char *const names[] = {"cache", "sram", "copy16", "copy32", NULL};
  if (!g_strv_contains(names, row->result)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "%s: result: '%s' is not one of cache, sram, copy16, copy32", row->where,
                row->result);
    return FALSE;
  }
  if (!cs3_validation_values(row, no_keys, NULL, &words, error))
    return FALSE;
  g_autoptr(Cs3Scenario) scenario =
      cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (scenario == NULL)
    return FALSE;
  const Cs3Hardware *hw = &scenario->machine->hw;
  if (g_str_has_prefix(row->result, "copy"))
    *value = hw->pe.copy_rate / (strcmp(row->result, "copy32") == 0 ? 2 : 1);
  else
    *value = cs3_axpy_rate(hw, strcmp(row->result, "cache") == 0);
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
      cs3_mask_line_counts(mask, i, 1, starts, t->across, counts);
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
  g_autofree char *key = g_strconcat("tiles ", row->arguments, NULL);
  gpointer *kept = cs3_validation_keep(session, key, g_free);
  if (*kept != NULL) {
    *value = *(double *)*kept;
    return TRUE;
  }
  *value = 0;
  for (guint64 seed = 1; seed <= MASKS; seed++) {
    g_autoptr(Cs3Mask) mask =
        cs3_pattern_mask(&pattern, t.rows, t.cols, t.density, seed, cs3_pattern_stream(key),
                         cs3_validation_workers(session), error);
    if (mask == NULL) {
      g_prefix_error(error, "%s: ", row->where);
      return FALSE;
    }
    *value += slowest_over_mean(mask, &t) / MASKS;
  }
  *kept = g_memdup2(value, sizeof *value);
  return TRUE;
}

/* Method "tiles-mean": arguments of "tiles" with " : " between them; the mean of the imbalances. */
static gboolean tiles_mean(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                           double *value, GError **error) {
  g_auto(GStrv) parts = g_strsplit(row->arguments, " : ", -1);
  guint n = g_strv_length(parts);
  *value = 0;
  for (guint i = 0; i < n; i++) {
    Cs3ValidationRow one = *row;
    double imbalance;
    one.arguments = parts[i];
    if (!tiles(session, &one, &imbalance, error))
      return FALSE;
    *value += imbalance / n;
  }
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {
    {"rate", rate}, {"tiles", tiles}, {"tiles-mean", tiles_mean}, {"vector", cs3_validation_vector},
    {NULL, NULL},
};

const Cs3ValidationSuite cs3_suite_pe = {
    .name = "pe",
    .summary =
        "vector operations of one PE, sparse products, and load imbalance of random masks over PEs",
    .methods = methods,
};
