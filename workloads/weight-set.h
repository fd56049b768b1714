/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The matrices of a checkpoint with what is known of their live weights, or of a file of statistics
 * (schema cs3sim.masks/1) that was made from one. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "workloads/tensor-count.h"

typedef struct {
  char *name;
  Cs3Weight *weight;      /* (nullable): in the set's checkpoint */
  char *file;             /* (nullable): in a mask file of its own */
  Cs3Mask *mask;          /* (nullable): at hand (ONNX); none of these: statistics, which are the
                             counts below */
  Cs3WeightCounts counts; /* by_row is %NULL until they have been counted */
} Cs3WeightEntry;

typedef struct {
  char *path;
  gboolean nan_masked;
  Cs3Checkpoint *checkpoint; /* (nullable): %NULL: mask files or statistics */
  gboolean statistics;
  GArray *entries; /* of Cs3WeightEntry, by name */
} Cs3WeightSet;

/**
 * cs3_weight_set_open: the matrices in @path: a checkpoint (cs3_checkpoint_open()); a mask file
 * (cs3_mask_formats()) or a folder of them, as DLMC is, each a matrix called as its file; or
 * statistics, a file whose name ends in .json but not in .safetensors.index.json. Nothing is
 * counted yet.
 * @nan_masked: whether NaN stand for masked weights.
 * Returns: (transfer full) (nullable): %NULL with the errors of cs3_checkpoint_open(), or
 *   CS3_WORKLOAD_ERROR_DATA: statistics that contradict themselves, with the matrix; INVALID: NaN
 *   asked of statistics or mask files, which have none.
 */
Cs3WeightSet *cs3_weight_set_open(const char *path, gboolean nan_masked,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_set_new: (transfer full): an empty set, @path in messages.
 * cs3_weight_set_add: the matrix @mask (transfer full), called @name. */
Cs3WeightSet *cs3_weight_set_new(const char *path);
void cs3_weight_set_add(Cs3WeightSet *set, const char *name, Cs3Mask *mask);
void cs3_weight_set_free(Cs3WeightSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3WeightSet, cs3_weight_set_free)

/** cs3_weight_set_is_statistics: whether @path is taken for statistics. */
gboolean cs3_weight_set_is_statistics(const char *path);

/** cs3_weight_set_entry: (transfer none): matrix @index. */
static inline Cs3WeightEntry *cs3_weight_set_entry(const Cs3WeightSet *set, guint index) {
  return &g_array_index(set->entries, Cs3WeightEntry, index);
}

/** cs3_weight_set_shape: output and input features of matrix @index. Fails on what cannot be read,
 * as cs3_weight_prepare(). */
gboolean cs3_weight_set_shape(Cs3WeightSet *set, guint index, gint64 *rows, gint64 *cols,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_set_layout: (transfer none): the name of how matrix @index is stored. */
const char *cs3_weight_set_layout(const Cs3WeightSet *set, guint index);

/** cs3_weight_set_count: have the counts of matrix @index: read once. Errors: cs3_weight_count().
 */
gboolean cs3_weight_set_count(Cs3WeightSet *set, guint index, guint workers,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_weight_set_rows: (transfer full) (nullable): live weights of output rows @first to
 * @first + @n - 1 of matrix @index. Of a checkpoint, its own; of statistics, drawn from
 * (@seed, @stream) so that every row and column has as many as it says (cs3_mask_draw_counts()).
 */
Cs3Mask *cs3_weight_set_rows(const Cs3WeightSet *set, guint index, gint64 first, gint64 n,
                             guint64 seed, guint64 stream,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_statistics_json: (transfer full): a matrix of cs3sim.masks/1. */
json_t *cs3_weight_statistics_json(const char *name, const char *layout,
                                   const Cs3WeightCounts *counts);

/* Between weight-set.c and weight-statistics.c. */

/** cs3_weight_statistics_read: add the matrices of the file set->path. */
gboolean cs3_weight_statistics_read(Cs3WeightSet *set, GError **error) G_GNUC_WARN_UNUSED_RESULT;
