/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The matrices of a checkpoint, or of its statistics. */
#include "config.h"

#include "workloads/weight-set.h"

#include <string.h>

#include "workloads/mask-draw.h"
#include "workloads/workload-error.h"

static void entry_clear(gpointer data) {
  Cs3WeightEntry *entry = data;
  g_free(entry->name);
  cs3_weight_free(entry->weight);
  cs3_weight_counts_clear(&entry->counts);
}

void cs3_weight_set_free(Cs3WeightSet *set) {
  if (set == NULL)
    return;
  g_free(set->path);
  g_array_unref(set->entries);
  cs3_checkpoint_free(set->checkpoint);
  g_free(set);
}

static gboolean add_checkpoint(Cs3WeightSet *set, GError **error) {
  set->checkpoint = cs3_checkpoint_open(set->path, NULL, error);
  if (set->checkpoint == NULL)
    return FALSE;
  g_autoptr(GPtrArray) weights = cs3_weights_list(set->checkpoint);
  for (guint i = 0; i < weights->len; i++) {
    Cs3Weight *weight = weights->pdata[i];
    Cs3WeightEntry entry = {.name = g_strdup(weight->name), .weight = weight};
    g_array_append_val(set->entries, entry);
  }
  g_ptr_array_set_free_func(weights, NULL);
  return set->entries->len > 0 || cs3_checkpoint_fail(set->path, error, "holds no matrix");
}

gboolean cs3_weight_set_is_statistics(const char *path) {
  g_autofree char *lower = g_ascii_strdown(path, -1);
  return g_str_has_suffix(lower, ".json") && !g_str_has_suffix(lower, ".safetensors.index.json") &&
         !g_file_test(path, G_FILE_TEST_IS_DIR);
}

Cs3WeightSet *cs3_weight_set_open(const char *path, gboolean nan_masked, GError **error) {
  g_autoptr(Cs3WeightSet) set = g_new0(Cs3WeightSet, 1);
  gboolean statistics = cs3_weight_set_is_statistics(path);
  set->path = g_strdup(path);
  set->nan_masked = nan_masked;
  set->entries = g_array_new(FALSE, FALSE, sizeof(Cs3WeightEntry));
  g_array_set_clear_func(set->entries, entry_clear);
  if (statistics && nan_masked) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: --masked nan was decided when these statistics were made", path);
    return NULL;
  }
  if (!(statistics ? cs3_weight_statistics_read(set, error) : add_checkpoint(set, error)))
    return NULL;
  return g_steal_pointer(&set);
}

gboolean cs3_weight_set_shape(const Cs3WeightSet *set, guint index, gint64 *rows, gint64 *cols,
                              GError **error) {
  const Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  Cs3Weight *weight = entry->weight;
  if (weight != NULL && !cs3_weight_prepare(weight, error))
    return FALSE;
  gboolean turned = weight != NULL && weight->transposed;
  *rows = weight == NULL ? entry->counts.rows : turned ? weight->cols : weight->rows;
  *cols = weight == NULL ? entry->counts.cols : turned ? weight->rows : weight->cols;
  return TRUE;
}

gboolean cs3_weight_set_count(Cs3WeightSet *set, guint index, guint workers, GError **error) {
  Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  return entry->counts.by_row != NULL ||
         cs3_weight_count(entry->weight, set->nan_masked, workers, &entry->counts, error);
}

/* Rows @first to @first + @n - 1 of @whole, which may become the result. */
static Cs3Mask *cut(Cs3Mask **whole, gint64 first, gint64 n, GError **error) {
  if (*whole == NULL || n == (*whole)->rows)
    return g_steal_pointer(whole);
  Cs3Mask *part = cs3_mask_new(n, (*whole)->cols, error);
  if (part != NULL)
    memcpy(part->bits, cs3_mask_row(*whole, first), (gsize)(n * part->stride) * sizeof *part->bits);
  return part;
}

Cs3Mask *cs3_weight_set_rows(const Cs3WeightSet *set, guint index, gint64 first, gint64 n,
                             guint64 seed, guint64 stream, GError **error) {
  const Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  if (entry->weight != NULL && !entry->weight->transposed)
    return cs3_weight_rows_mask(entry->weight, first, n, set->nan_masked, error);
  const Cs3WeightCounts *c = &entry->counts;
  g_autoptr(Cs3Mask) whole =
      entry->weight != NULL
          ? cs3_weight_mask(entry->weight, set->nan_masked, error)
          : cs3_mask_draw_counts(c->rows, c->cols, c->by_row, c->by_col, seed, stream, error);
  return cut(&whole, first, n, error);
}
