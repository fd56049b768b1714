/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which weights of an ONNX model are not zero: through the nodes that an exporter puts between a
 * stored tensor and the product that uses it. */
#pragma once

#include "workloads/mask.h"
#include "workloads/onnx/onnx-net.h"

/**
 * cs3_onnx_product_live: one byte a weight of @product in the order in which its value lies: 1: it
 * is not zero; of quantised ones: it is not the zero point. Returns: (transfer full) (nullable):
 * %NULL: it is computed in a way that is not followed, or there are too many: all of them count as
 * alive.
 */
guint8 *cs3_onnx_product_live(const Cs3OnnxNet *net, const Cs3OnnxWork *work,
                              const Cs3OnnxProduct *product);

/**
 * cs3_onnx_product_mask: (transfer full) (nullable): the weights of copy @copy of @product, output
 * x input features of one group. @live: (nullable): from cs3_onnx_product_live(). Errors: those of
 * cs3_mask_new().
 */
Cs3Mask *cs3_onnx_product_mask(const Cs3OnnxProduct *product, const guint8 *live, gint64 copy,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
