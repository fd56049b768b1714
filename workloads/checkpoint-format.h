/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kinds of files that hold the tensors of a checkpoint. One file per kind (checkpoint-*.c) behind
 * Cs3CheckpointFormat; checkpoint.c holds the registry. */
#pragma once

#include <glib.h>

#include "workloads/checkpoint.h"

struct Cs3CheckpointFormat {
  const char *name;
  const char *const *suffixes; /* of files that are looked for in a folder; ends with %NULL */
  /* Whether a file that starts with these bytes is one. %NULL: it has no mark of its own. */
  gboolean (*is)(const guint8 *start, gsize size);
  /* Add the tensors of file @file, which is open, with cs3_checkpoint_add(). */
  gboolean (*header)(Cs3Checkpoint *checkpoint, guint file, GError **error);
  /* (nullable): read from a `packed` tensor, as cs3_checkpoint_read(); from several threads. */
  gboolean (*read)(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor, guint64 offset,
                   gsize size, void *buffer, GError **error);
  void (*close)(gpointer state); /* (nullable): of the file */
};

extern const Cs3CheckpointFormat cs3_checkpoint_gguf;
extern const Cs3CheckpointFormat cs3_checkpoint_hdf5;
extern const Cs3CheckpointFormat cs3_checkpoint_safetensors;

/** cs3_checkpoint_formats: (transfer none): NULL-terminated, in the order in which a folder is
 * searched; the first takes what no other does. */
const Cs3CheckpointFormat *const *cs3_checkpoint_formats(void);

/** cs3_checkpoint_add: append a copy of @tensor, names included. Fails with
 * CS3_WORKLOAD_ERROR_DATA when there is one of that name. */
gboolean cs3_checkpoint_add(Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_checkpoint_bytes: bytes of @n_dims x @bits, or G_MAXUINT64 when that overflows or ends
 * within a byte. */
guint64 cs3_checkpoint_bytes(const gint64 *dims, gsize n_dims, guint bits);

/** cs3_checkpoint_check_overlap: whether no two tensors, from number @first on, share a byte of the
 * file @path. Fails with CS3_WORKLOAD_ERROR_DATA. */
gboolean cs3_checkpoint_check_overlap(const Cs3Checkpoint *checkpoint, guint first,
                                      const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
