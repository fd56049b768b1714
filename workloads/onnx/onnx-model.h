/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ONNX files as models: their layer graph, their counts, and the zeros of their own weights. */
#pragma once

#include "workloads/model.h"
#include "workloads/onnx/onnx-net.h"
#include "workloads/weight-set.h"

/** cs3_onnx_is_file: whether the name @path ends as those of ONNX models do. */
gboolean cs3_onnx_is_file(const char *path);

/**
 * cs3_onnx_model_load: the model in @path for inputs as @given says. A sample is what the inputs
 * hold: extents that the file leaves open and that come first are 1, a batch. Returns: (transfer
 * full) (nullable): a model whose lengths are fixed; %NULL with the errors of cs3_onnx_file_open()
 * and cs3_onnx_net_new().
 */
Cs3Model *cs3_onnx_model_load(const char *path, const Cs3OnnxGiven *given,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_model_net: (transfer none) (nullable): what an ONNX model was read from; %NULL: @model
 * is another kind. */
const Cs3OnnxNet *cs3_onnx_model_net(const Cs3Model *model);

/** cs3_onnx_model_weights: (transfer full) (nullable): the zeros of all weights that are run. Fails
 * with CS3_WORKLOAD_ERROR_TOO_LARGE. */
Cs3WeightSet *cs3_onnx_model_weights(const Cs3Model *model,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_identity: (transfer full) (nullable): hexadecimal digest of the file @path and of what
 * it names beside it. Errors: those of cs3_onnx_file_open(). */
char *cs3_onnx_identity(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
