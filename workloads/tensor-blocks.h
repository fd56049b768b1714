/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of ggml (github.com/ggml-org/ggml, docs/gguf.md, src/ggml-common.h, src/ggml-quants.c):
 * plain ones, and blocks of small integers with a scale each. */
#pragma once

#include <glib.h>

#include "workloads/tensor-dtype.h"

/* A block of `n` weights in `bytes` bytes. */
typedef struct {
  Cs3Dtype dtype; /* its name and about its size; first, so that one points to the other */
  guint id;       /* in a GGUF file */
  guint n, bytes;
  /* Live weights of @block, the first as bit 0 of *@bits, which are zeros. Returns: weights that
   * are no numbers. %NULL: `refusal`. */
  guint (*live)(const guint8 *block, guint64 *bits);
  const char *refusal; /* why zeros cannot be told */
} Cs3BlockType;

/**
 * cs3_ggml_type: (transfer none) (nullable): the number format @id of a GGUF file.
 * @block: (out): %NULL: plain numbers.
 */
const Cs3Dtype *cs3_ggml_type(guint id, const Cs3BlockType **block);
