/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Following an ONNX graph node by node, for inputs of given shapes. */
#pragma once

#include "workloads/onnx/onnx-net.h"

/**
 * cs3_onnx_net_new: follow the shapes of @given through the model in @file.
 * @file: (transfer full): freed also when it fails.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_INVALID (a dynamic extent that
 * is not given, a shape or value of nothing) or DATA (operators that are not known, with counts;
 * nodes that contradict each other or the shapes; a graph without nodes; values used before they
 * are made).
 */
Cs3OnnxNet *cs3_onnx_net_new(Cs3OnnxFile *file, const Cs3OnnxGiven *given,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
