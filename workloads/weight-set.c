/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The matrices of a checkpoint, or of its statistics. */
#include "config.h"

#include "workloads/weight-set.h"

#include <string.h>

#include "workloads/mask-draw.h"
#include "workloads/mask-file.h"
#include "workloads/workload-error.h"

static void entry_clear(gpointer data) {
  Cs3WeightEntry *entry = data;
  g_free(entry->name);
  g_free(entry->file);
  cs3_mask_free(entry->mask);
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
  gboolean index = g_str_has_suffix(lower, ".safetensors.index.json");
  if (g_file_test(path, G_FILE_TEST_IS_DIR) || index)
    return FALSE;
  /* JSON without a name, as from standard input, cannot be an index: that names files beside it. */
  return g_str_has_suffix(lower, ".json") ||
         cs3_mask_format_of(path) == &cs3_mask_safetensors_index;
}

/* --- mask files ------------------------------------------------------------------------------- */

/* Length of @name without the ending of a format of one matrix a file; 0: it has none. */
static gsize mask_stem(const char *name) {
  g_autofree char *lower = g_ascii_strdown(name, -1);
  for (const Cs3MaskFormat *const *f = cs3_mask_formats(); *f != NULL; f++)
    if (!(*f)->tensors && g_str_has_suffix(lower, (*f)->suffix))
      return strlen(name) - strlen((*f)->suffix);
  return 0;
}

static int by_text(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* (transfer full): names of the mask files in folder @path; empty where it is none. */
static GPtrArray *mask_files(const char *path) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;)
    if (mask_stem(name) > 0)
      g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, by_text);
  return names;
}

static void add_mask_file(Cs3WeightSet *set, const char *name, char *path) {
  Cs3WeightEntry entry = {.name = g_strndup(name, mask_stem(name)), .file = path};
  g_array_append_val(set->entries, entry);
}

/* Returns: whether @set->path is a mask file or has such files and no checkpoint. */
static gboolean add_mask_files(Cs3WeightSet *set) {
  g_autofree char *name = g_path_get_basename(set->path);
  gboolean folder = g_file_test(set->path, G_FILE_TEST_IS_DIR);
  if (!folder && mask_stem(name) > 0)
    add_mask_file(set, name, g_strdup(set->path));
  g_autoptr(GPtrArray) names = mask_files(set->path);
  for (guint i = 0; i < names->len; i++)
    add_mask_file(set, names->pdata[i], g_build_filename(set->path, names->pdata[i], NULL));
  return set->entries->len > 0;
}

static Cs3Mask *read_mask_file(const Cs3WeightEntry *entry, GError **error) {
  const Cs3MaskChoice choice = {0};
  return cs3_mask_read(entry->file, &choice, error);
}

/* A file is small: it is read whole to be counted, and again when its weights are needed. */
static gboolean count_mask_file(Cs3WeightEntry *entry, GError **error) {
  g_autoptr(Cs3Mask) mask = read_mask_file(entry, error);
  return mask != NULL && cs3_mask_counts(mask, &entry->counts, error);
}

/* --- sets ------------------------------------------------------------------------------------- */

static gboolean fill(Cs3WeightSet *set, GError **error) {
  set->statistics = cs3_weight_set_is_statistics(set->path);
  if (!set->statistics && !cs3_checkpoint_is_folder(set->path))
    add_mask_files(set);
  if (set->nan_masked && (set->statistics || set->entries->len > 0)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                set->statistics ? "%s: --masked nan was decided when these statistics were made"
                                : "%s: has no NaN that could stand for a masked weight",
                set->path);
    return FALSE;
  }
  if (set->statistics)
    return cs3_weight_statistics_read(set, error);
  return set->entries->len > 0 || add_checkpoint(set, error);
}

Cs3WeightSet *cs3_weight_set_new(const char *path) {
  Cs3WeightSet *set = g_new0(Cs3WeightSet, 1);
  set->path = g_strdup(path);
  set->entries = g_array_new(FALSE, FALSE, sizeof(Cs3WeightEntry));
  g_array_set_clear_func(set->entries, entry_clear);
  return set;
}

void cs3_weight_set_add(Cs3WeightSet *set, const char *name, Cs3Mask *mask) {
  Cs3WeightEntry entry = {.name = g_strdup(name), .mask = mask};
  g_array_append_val(set->entries, entry);
}

Cs3WeightSet *cs3_weight_set_open(const char *path, gboolean nan_masked, GError **error) {
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_new(path);
  set->nan_masked = nan_masked;
  return fill(set, error) ? g_steal_pointer(&set) : NULL;
}

gboolean cs3_weight_set_shape(Cs3WeightSet *set, guint index, gint64 *rows, gint64 *cols,
                              GError **error) {
  Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  Cs3Weight *weight = entry->weight;
  if (weight != NULL ? !cs3_weight_prepare(weight, error)
                     : !cs3_weight_set_count(set, index, 1, error))
    return FALSE;
  gboolean turned = weight != NULL && weight->transposed;
  *rows = weight == NULL ? entry->counts.rows : turned ? weight->cols : weight->rows;
  *cols = weight == NULL ? entry->counts.cols : turned ? weight->rows : weight->cols;
  return TRUE;
}

const char *cs3_weight_set_layout(const Cs3WeightSet *set, guint index) {
  const Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  return entry->weight != NULL ? entry->weight->layout->name
         : entry->file != NULL ? "mask"
         : entry->mask != NULL ? "onnx"
                               : "statistics";
}

gboolean cs3_weight_set_count(Cs3WeightSet *set, guint index, guint workers, GError **error) {
  Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  if (entry->counts.by_row != NULL)
    return TRUE;
  if (entry->file != NULL)
    return count_mask_file(entry, error);
  if (entry->mask != NULL)
    return cs3_mask_counts(entry->mask, &entry->counts, error);
  return cs3_weight_count(entry->weight, set->nan_masked, workers, &entry->counts, error);
}

/* Rows @first to @first + @n - 1 of @whole. */
static Cs3Mask *copy_rows(const Cs3Mask *whole, gint64 first, gint64 n, GError **error) {
  Cs3Mask *part = cs3_mask_new(n, whole->cols, error);
  if (part != NULL)
    memcpy(part->bits, cs3_mask_row(whole, first), (gsize)(n * part->stride) * sizeof *part->bits);
  return part;
}

/* The same; @whole may become the result. */
static Cs3Mask *cut(Cs3Mask **whole, gint64 first, gint64 n, GError **error) {
  if (*whole == NULL || n == (*whole)->rows)
    return g_steal_pointer(whole);
  return copy_rows(*whole, first, n, error);
}

Cs3Mask *cs3_weight_set_rows(const Cs3WeightSet *set, guint index, gint64 first, gint64 n,
                             guint64 seed, guint64 stream, GError **error) {
  const Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  if (entry->weight != NULL && !entry->weight->transposed)
    return cs3_weight_rows_mask(entry->weight, first, n, set->nan_masked, error);
  if (entry->mask != NULL)
    return copy_rows(entry->mask, first, n, error);
  const Cs3WeightCounts *c = &entry->counts;
  g_autoptr(Cs3Mask) whole =
      entry->file != NULL ? read_mask_file(entry, error)
      : entry->weight != NULL
          ? cs3_weight_mask(entry->weight, set->nan_masked, error)
          : cs3_mask_draw_counts(c->rows, c->cols, c->by_row, c->by_col, seed, stream, error);
  return cut(&whole, first, n, error);
}
