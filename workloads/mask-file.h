/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Masks of real pruned weights, read from files. One file per format (mask-*.c) behind
 * Cs3MaskFormat; mask-file.c holds the registry. Rows of a file are output features, columns input
 * features, as in the weight of a torch.nn.Linear. */
#pragma once

#include <glib.h>

#include "base/output.h"
#include "workloads/mask.h"

/* Most rows or columns of a matrix in a file. */
#define CS3_MASK_EXTENT ((gint64)1 << 24)

/* What is asked of a file. */
typedef struct {
  const char *tensor;  /* (nullable): which one of a file with several */
  gboolean nan_masked; /* NaN is a masked weight, else it is an error */
} Cs3MaskChoice;

typedef struct {
  const char *name;
  const char *suffix; /* by which a file is recognised, lower case */
  const char *summary;
  gboolean tensors; /* the file holds several tensors by name */
  /* Whether a file may begin with these bytes, its first few. */
  gboolean (*begins)(const char *bytes, gsize n);
  /* @choice: a tensor and NaN only for formats with tensors. */
  Cs3Mask *(*read)(const char *path, const Cs3MaskChoice *choice, GError **error);
  /* (nullable): writes @mask, which cs3_mask_write() has checked, as @read takes it; a failure to
   * write is kept in @output. @tensor: its name, for formats with tensors. Fails with TOO_LARGE. */
  gboolean (*write)(const Cs3Mask *mask, const char *tensor, Cs3Output *output, GError **error);
} Cs3MaskFormat;

extern const Cs3MaskFormat cs3_mask_mtx;
extern const Cs3MaskFormat cs3_mask_npz;
extern const Cs3MaskFormat cs3_mask_safetensors;
extern const Cs3MaskFormat cs3_mask_safetensors_index;
extern const Cs3MaskFormat cs3_mask_smtx;

/** cs3_mask_formats: (transfer none): NULL-terminated array of all formats. */
const Cs3MaskFormat *const *cs3_mask_formats(void);

/**
 * cs3_mask_format_of: (nullable): the format of the file @path, by its name's ending, or by its
 * first bytes when the name has none.
 */
const Cs3MaskFormat *cs3_mask_format_of(const char *path);

/**
 * cs3_mask_read: the live weights of the matrix in @path; the name's ending tells the format (of a
 * name without one the first bytes do), and a folder is a checkpoint. No tensor need be named when
 * there is only one matrix. Returns: (transfer full) (nullable): %NULL with
 * CS3_WORKLOAD_ERROR_NO_INPUT, DATA ("file:line: reason"; also when every weight is zero), INVALID
 * (unknown format, or a tensor or NaN asked of a file that has none) or TOO_LARGE.
 */
Cs3Mask *cs3_mask_read(const char *path, const Cs3MaskChoice *choice,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_mask_write: @mask to @output in the format that the name @path ends in; read back it is the
 * same. @tensor: what it is called in formats with tensors. Fails with CS3_WORKLOAD_ERROR_INVALID
 * (no format that is written, a name that JSON cannot hold), TOO_LARGE (for .npz).
 */
gboolean cs3_mask_write(const Cs3Mask *mask, const char *path, const char *tensor,
                        Cs3Output *output, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Shared by the formats. */

/** cs3_mask_set: makes weight (@row, @col) alive. Returns: FALSE if it was already. */
gboolean cs3_mask_set(Cs3Mask *mask, gint64 row, gint64 col);
