/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of ONNX models (github.com/onnx/onnx, onnx.proto as Debian's libonnx-dev ships it),
 * unpacked by protobuf-c in bounded memory, and the files beside them that hold the values of large
 * tensors. */
#pragma once

#include <glib.h>

#include "onnx.pb-c.h"

typedef struct {
  char *path, *folder;     /* path: for messages, in one line */
  Onnx__ModelProto *proto; /* with a graph */
  GHashTable *beside;      /* location -> GMappedFile: external data that is open */
  guint64 bytes;           /* of the file */
} Cs3OnnxFile;

/**
 * cs3_onnx_file_open: the model in @path, which is read once and not kept mapped. Fields that this
 * version of the schema does not know are skipped.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_NO_INPUT (it cannot be read),
 *   DATA (no ONNX model, a Git LFS pointer, truncated, nested too deeply, without a graph) or
 *   TOO_LARGE (2 GiB or more, which protobuf cannot hold; or small fields by so many that they take
 *   several times the file's size).
 */
Cs3OnnxFile *cs3_onnx_file_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_onnx_file_free(Cs3OnnxFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3OnnxFile, cs3_onnx_file_free)

/**
 * cs3_onnx_file_beside: (transfer none) (nullable): the file @location of external data, mapped.
 * Fails with CS3_WORKLOAD_ERROR_DATA where it leaves the model's folder, by its name or by a link;
 * NO_INPUT where there is none.
 */
GMappedFile *cs3_onnx_file_beside(Cs3OnnxFile *file, const char *location,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_file_fail: sets CS3_WORKLOAD_ERROR_DATA "path: text", in one line. Returns: FALSE. */
gboolean cs3_onnx_file_fail(const Cs3OnnxFile *file, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
