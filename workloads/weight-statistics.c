/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics of weights as a file (schema cs3sim.masks/1): live weights of every row and column. */
#include "config.h"

#include <string.h>

#include "base/json.h"
#include "results/schema.h"
#include "workloads/config-reader.h"
#include "workloads/mask-file.h"
#include "workloads/weight-set.h"

/* Of 140 GB of weights about 100 MB. */
#define MAX_BYTES ((gsize)1 << 30)

static json_t *counts_json(const guint32 *counts, gint64 n) {
  json_t *array = json_array();
  for (gint64 i = 0; i < n; i++)
    json_array_append_new(array, json_integer(counts[i]));
  return array;
}

json_t *cs3_weight_statistics_json(const char *name, const char *layout, const Cs3WeightCounts *c) {
  g_autofree char *digest = g_strdup_printf("%016" G_GINT64_MODIFIER "x", c->digest);
  return cs3_json_pack(
      "{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:o, s:o}", "name", name, "layout", layout,
      "out_features", (json_int_t)c->rows, "in_features", (json_int_t)c->cols, "nonzeros",
      (json_int_t)c->live, "masked_nan", (json_int_t)c->masked, "digest", digest, "row_counts",
      counts_json(c->by_row, c->rows), "column_counts", counts_json(c->by_col, c->cols));
}

static gint64 number(json_t *object, const char *key) {
  json_t *value = json_object_get(object, key);
  return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* @n counts of at most @most that add up to @live; %NULL when they are something else. */
static guint32 *read_counts(json_t *array, gint64 n, gint64 most, gint64 live) {
  if ((gint64)json_array_size(array) != n)
    return NULL;
  g_autofree guint32 *counts = g_new(guint32, n);
  gint64 sum = 0;
  for (gint64 i = 0; i < n; i++) {
    json_t *value = json_array_get(array, (gsize)i);
    gint64 count = json_is_integer(value) ? json_integer_value(value) : -1;
    if (count < 0 || count > most)
      return NULL;
    counts[i] = (guint32)count;
    sum += count;
  }
  return sum == live ? g_steal_pointer(&counts) : NULL;
}

static gboolean read_matrix(Cs3WeightSet *set, json_t *object, GError **error) {
  const char *name = json_string_value(json_object_get(object, "name"));
  const char *digest = json_string_value(json_object_get(object, "digest"));
  if (name == NULL)
    return cs3_checkpoint_fail(set->path, error, "weights: an entry without a name");
  Cs3WeightCounts c = {.rows = number(object, "out_features"),
                       .cols = number(object, "in_features"),
                       .live = number(object, "nonzeros"),
                       .masked = number(object, "masked_nan")};
  if (c.rows < 1 || c.cols < 1 || c.rows > CS3_MASK_EXTENT || c.cols > CS3_MASK_EXTENT ||
      c.live < 0 || c.masked < 0 || digest == NULL ||
      !g_ascii_string_to_unsigned(digest, 16, 0, G_MAXUINT64, &c.digest, NULL))
    return cs3_checkpoint_fail(set->path, error,
                               "%s: expected out_features, in_features (1 to %" G_GINT64_FORMAT
                               "), nonzeros, masked_nan and a digest",
                               name, CS3_MASK_EXTENT);
  c.by_row = read_counts(json_object_get(object, "row_counts"), c.rows, c.cols, c.live);
  c.by_col = read_counts(json_object_get(object, "column_counts"), c.cols, c.rows, c.live);
  if (c.by_row == NULL || c.by_col == NULL) {
    cs3_weight_counts_clear(&c);
    return cs3_checkpoint_fail(set->path, error,
                               "%s: row_counts and column_counts do not fit its shape and its "
                               "%" G_GINT64_FORMAT " live weights",
                               name, c.live);
  }
  Cs3WeightEntry entry = {.name = g_strdup(name), .counts = c};
  g_array_append_val(set->entries, entry);
  return TRUE;
}

static int by_name(gconstpointer a, gconstpointer b) {
  return strcmp(((const Cs3WeightEntry *)a)->name, ((const Cs3WeightEntry *)b)->name);
}

static gboolean read_matrices(Cs3WeightSet *set, json_t *file, GError **error) {
  const char *schema = json_string_value(json_object_get(file, "schema"));
  json_t *weights = json_object_get(file, "weights");
  if (schema == NULL || strcmp(schema, CS3_MASKS_SCHEMA) != 0 || json_array_size(weights) == 0)
    return cs3_checkpoint_fail(set->path, error,
                               "neither a checkpoint nor statistics (schema " CS3_MASKS_SCHEMA
                               ", as 'cs3sim inspect --weights PATH -o json' writes them)");
  for (gsize i = 0; i < json_array_size(weights); i++)
    if (!read_matrix(set, json_array_get(weights, i), error))
      return FALSE;
  g_array_sort(set->entries, by_name);
  for (guint i = 1; i < set->entries->len; i++)
    if (strcmp(cs3_weight_set_entry(set, i - 1)->name, cs3_weight_set_entry(set, i)->name) == 0)
      return cs3_checkpoint_fail(set->path, error, "%s: is there twice",
                                 cs3_weight_set_entry(set, i)->name);
  return TRUE;
}

gboolean cs3_weight_statistics_read(Cs3WeightSet *set, GError **error) {
  json_auto_t *object = cs3_config_read_file(set->path, MAX_BYTES, error);
  gboolean ok = object != NULL && read_matrices(set, object, error);
  return ok;
}
