/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An executed ONNX graph as a layer graph. */
#pragma once

#include "workloads/builder.h"
#include "workloads/onnx/onnx-net.h"

/** cs3_onnx_build: add the operators of @net to @b, segment by segment. */
void cs3_onnx_build(Cs3Builder *b, const Cs3OnnxNet *net);

/** cs3_onnx_names: (transfer full) (element-type utf8): by work of @net, what its node is called in
 * graph and tensors: its name, or its operator; numbered where two are called so; without '*'. */
GPtrArray *cs3_onnx_names(const Cs3OnnxNet *net);

/** cs3_onnx_weight_name: (transfer full): the weight of @product, part of the node called @name. */
char *cs3_onnx_weight_name(const char *name, const Cs3OnnxProduct *product);
