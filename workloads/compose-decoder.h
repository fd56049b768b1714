/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choices that decoders after Llama make, as their configurations spell them. */
#pragma once

#include "workloads/compose.h"
#include "workloads/layer-kinds.h"

typedef struct {
  Cs3Dims d;
  gboolean qkv_bias, mlp_bias, head_bias;
  gboolean qk_norm, parallel;
  gboolean use_window;
  gint64 full_layers;                    /* from the bottom, before the first with a window */
  gint64 period;                         /* every such layer has none */
  double clip, attention_cap, logit_cap; /* 0: none */
  /* mixtures of experts */
  gint64 experts, top_k, expert_ffn, shared_ffn;
  gint64 shared;       /* experts that every token meets */
  gint64 dense_layers; /* from the bottom */
  gint64 sparse_step;  /* only every such layer is a mixture */
  gint64 groups, chosen_groups;
} Cs3DecoderConfig;

#define CS3_DECODER_FLAG(KEY, MEMBER) CS3_FIELD_FLAG(KEY, Cs3DecoderConfig, MEMBER)
#define CS3_DECODER_INT(KEY, MEMBER, MIN, MAX)                                                     \
  CS3_FIELD_NULLABLE(KEY, Cs3DecoderConfig, MEMBER, MIN, MAX)
#define CS3_DECODER_REAL(KEY, MEMBER)                                                              \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_REAL, .offset = offsetof(Cs3DecoderConfig, MEMBER),              \
    .nullable = TRUE, .max = 1e9                                                                   \
  }
#define CS3_DECODER_EXPERTS(KEY) CS3_DECODER_INT(KEY, experts, 1, CS3_MODEL_MAX_EXPERTS)
#define CS3_DECODER_TOP_K                                                                          \
  {                                                                                                \
    .key = "num_experts_per_tok", .type = CS3_FIELD_INT,                                           \
    .offset = offsetof(Cs3DecoderConfig, top_k), .nullable = TRUE, .main = TRUE, .min = 1,         \
    .max = (double)CS3_MODEL_MAX_EXPERTS                                                           \
  }
#define CS3_DECODER_WINDOW CS3_FIELD_OPTIONAL_DIM("sliding_window", window, CS3_MODEL_MAX_SEQ)

extern const Cs3FactField cs3_mixture_facts[];

/** cs3_decoder_check_experts: experts a token, no more than there are; every layer's kind by
 * dense_layers, sparse_step and `mlp_only_layers`: CS3_LAYER_EXPERTS is added to it. Needs
 * cs3_layer_kinds_...() before. */
gboolean cs3_decoder_check_experts(Cs3DecoderConfig *c, json_t *object, const char *source,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Kinds of layers where some are mixtures: added to CS3_LAYER_FULL or CS3_LAYER_WINDOW. */
enum { CS3_LAYER_EXPERTS = 2 };
extern const char *const cs3_mixture_kind_names[];

/** cs3_decoder_mixture: experts under the names of most families: "mlp.gate", "mlp.experts.*". */
Cs3MixturePart cs3_decoder_mixture(const Cs3DecoderConfig *c);
