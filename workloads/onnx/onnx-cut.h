/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An executed ONNX graph cut into stretches that a layer graph can have as segments, and which of
 * its products are attention. */
#pragma once

#include "workloads/onnx/onnx-net.h"

/* What a work is part of. */
typedef enum {
  CS3_ONNX_ALONE,
  CS3_ONNX_ABSORBED, /* of an attention that a later work stands for */
  CS3_ONNX_ATTENDS   /* values: stands for scores, softmax and values */
} Cs3OnnxPart;

typedef struct {
  Cs3OnnxPart part;
  guint scores;                          /* CS3_ONNX_ATTENDS: the work that its scores are */
  double score_elements, score_specials; /* and what lies between, beside the softmax, a score */
  gboolean opens;                        /* a segment begins here */
} Cs3OnnxPlace;

/** cs3_onnx_root: (transfer none): the activation that @value is another view of. */
Cs3OnnxValue *cs3_onnx_root(Cs3OnnxValue *value);

/** cs3_onnx_is_activation: whether @value is computed anew for every sample, and its size is known.
 */
gboolean cs3_onnx_is_activation(const Cs3OnnxValue *value);

/** cs3_onnx_last_uses: (transfer full): activation -> 1 + index of the last work that reads it, as
 * a pointer; outputs of the model: 1 + the number of works. */
GHashTable *cs3_onnx_last_uses(const Cs3OnnxNet *net);

/** cs3_onnx_cut: (transfer full): one place a work of @net. Segments end where few activations are
 * alive: one where that can be. */
Cs3OnnxPlace *cs3_onnx_cut(const Cs3OnnxNet *net);
