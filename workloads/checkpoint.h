/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checkpoints: a file (checkpoint-format.h), the shards that an index names, or a folder with
 * either. Only headers are kept; values are read when asked for and never mapped, so that a file
 * that shrinks meanwhile is an error and not a signal. */
#pragma once

#include <glib.h>

#include "workloads/tensor-blocks.h"

typedef struct Cs3CheckpointFormat Cs3CheckpointFormat;

typedef struct {
  const char *name;          /* of the checkpoint */
  const Cs3Dtype *dtype;     /* %NULL: not a known one */
  const char *dtype_name;    /* of the checkpoint */
  const Cs3BlockType *block; /* (nullable): not number by number but in blocks */
  const char *unread;        /* (nullable): why its values cannot be read */
  guint file;                /* index into the checkpoint's files */
  guint n_dims;
  gint64 dims[3];        /* the first three */
  guint64 offset, bytes; /* within its file */
  gboolean packed;       /* the file's format reads it; `offset` is its own */
} Cs3StoredTensor;

typedef struct {
  char *path;
  int fd;
  guint64 size;
  const Cs3CheckpointFormat *format;
  gpointer state; /* of the format */
} Cs3CheckpointFile;

typedef struct {
  char *path;
  GArray *files;       /* of Cs3CheckpointFile */
  GArray *tensors;     /* of Cs3StoredTensor, by name */
  GHashTable *by_name; /* name -> index + 1 */
  GStringChunk *names;
} Cs3Checkpoint;

/**
 * cs3_checkpoint_open: the tensors of @path: a file, a .safetensors.index.json, or a folder.
 * Shapes, sizes and places are checked against each other and the file.
 * @near: (nullable): of an index only the files that hold this tensor and those beside it in its
 *   module are opened.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_NO_INPUT (a file is missing),
 *   DATA or INVALID (no kind of checkpoint).
 */
Cs3Checkpoint *cs3_checkpoint_open(const char *path, const char *near,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_checkpoint_free(Cs3Checkpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Checkpoint, cs3_checkpoint_free)

/** cs3_checkpoint_is_folder: whether @path is a folder with files of a checkpoint. */
gboolean cs3_checkpoint_is_folder(const char *path);

/** cs3_checkpoint_find: (transfer none) (nullable): the tensor called @name. */
const Cs3StoredTensor *cs3_checkpoint_find(const Cs3Checkpoint *checkpoint, const char *name);

/** cs3_checkpoint_beside: (transfer none) (nullable): the tensor called @stem (@length bytes of it)
 * with @suffix. */
const Cs3StoredTensor *cs3_checkpoint_beside(const Cs3Checkpoint *checkpoint, const char *stem,
                                             gsize length, const char *suffix);

/**
 * cs3_checkpoint_read: @size bytes of @tensor from its byte @offset on. Fails with
 * CS3_WORKLOAD_ERROR_NO_INPUT, or DATA: packed values that are damaged. Threads may call it.
 */
gboolean cs3_checkpoint_read(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                             guint64 offset, gsize size, void *buffer,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_checkpoint_fail: sets CS3_WORKLOAD_ERROR_DATA "@path: text", in one line. Returns: FALSE. */
gboolean cs3_checkpoint_fail(const char *path, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
