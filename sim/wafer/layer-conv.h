/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A convolution asked for by hand: --conv of `cs3sim layer`. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "fabric/layer/layer.h"

/* Of all groups; `shape.kernel` 0: none. */
typedef struct {
  Cs3ConvShape shape;
  gint64 in_channels, out_channels, groups, samples;
} Cs3LayerConv;

/**
 * cs3_layer_conv_parse: @text is KEY=VALUE,...: in, out (channels), input (HxW), kernel (K or HxW),
 * and perhaps stride, padding, dilation (N or HxW), groups, samples; `transposed` alone. Errors:
 * CS3_CLI_ERROR_USAGE (what is missing, out of range, or leaves no output).
 */
gboolean cs3_layer_conv_parse(const char *text, Cs3LayerConv *conv,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_layer_conv_matrix: N and K of the weight of all groups (K: of one), and the tokens: places
 * of the filter in all samples. */
void cs3_layer_conv_matrix(const Cs3LayerConv *conv, gint64 *out_features, gint64 *in_features,
                           gint64 *tokens);

/** cs3_layer_conv_json: (transfer full): for the record. */
json_t *cs3_layer_conv_json(const Cs3LayerConv *conv);
