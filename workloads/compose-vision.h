/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vision transformers: patches of an image as tokens, blocks with norms before the layers. */
#pragma once

#include "workloads/compose.h"

typedef struct {
  Cs3Dims d;
  gint64 image, patch, channels;
  gboolean qkv_bias;
} Cs3Vision;

/* Tensor names; NULL: there is none. */
typedef struct {
  const char *patches; /* the convolution that makes patches tokens */
  gboolean patches_unbiased;
  const char *class_token;
  gint64 specials; /* learned rows before the patches */
  const char *positions;
  gint64 position_rows; /* of the position table: those of the file's image */
  gint64 extra;         /* stored parameters that this forward pass has no use for (mask token) */
  const char *pre_norm, *blocks, *final_norm;
  Cs3BlockBuild block;
} Cs3VisionParts;

#define CS3_FIELDS_VISION                                                                          \
  CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),                                       \
      CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),                            \
      CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),                            \
      CS3_FIELD_OF("image_size", Cs3Vision, image, 1, 65536),                                      \
      CS3_FIELD_OF("patch_size", Cs3Vision, patch, 1, 65536),                                      \
      CS3_FIELD_OF("num_channels", Cs3Vision, channels, 1, 65536),                                 \
      CS3_FIELD_ACTIVATION("hidden_act")

extern const Cs3FactField cs3_vision_facts[];

/** cs3_vision_derive: patches tile the image. */
gboolean cs3_vision_derive(gpointer config, json_t *object, const char *source,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_vision_lengths: the patches of an image and what stands before them. */
void cs3_vision_lengths(gconstpointer config, Cs3LengthRules *rules);

/** cs3_vision_table: patches of the image that the file is for. cs3_vision_patches: of the image of
 * this graph. */
gint64 cs3_vision_table(const Cs3Vision *c);
double cs3_vision_patches(Cs3Builder *b, const Cs3Vision *c);

/**
 * cs3_compose_vision: patches, blocks and final norm; @prefix is put before the segments' names
 * ("vision." or ""). The last segment, called "@prefix head", is left open for the head. Returns:
 * the hidden states behind the final norm.
 */
Cs3Act cs3_compose_vision(Cs3Builder *b, gconstpointer config, const Cs3VisionParts *parts,
                          const char *prefix);
