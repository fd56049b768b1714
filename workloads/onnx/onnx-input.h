/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inputs of an ONNX model: which they are, how large, and what a user says of them. */
#pragma once

#include "workloads/onnx/onnx-net.h"

/** cs3_onnx_read_given: take --value and check that --shape names inputs. */
gboolean cs3_onnx_read_given(Cs3OnnxNet *net, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_add_inputs: the inputs of the model with their shapes, into net->inputs. Fails with
 * CS3_WORKLOAD_ERROR_INVALID where one is missing. */
gboolean cs3_onnx_add_inputs(Cs3OnnxNet *net, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_apply_given: what --value says about @value. */
void cs3_onnx_apply_given(Cs3OnnxNet *net, Cs3OnnxValue *value);

/** cs3_onnx_declared: take shape and type of @value from @info where they are stated in numbers. */
void cs3_onnx_declared(Cs3OnnxValue *value, const Onnx__ValueInfoProto *info);
