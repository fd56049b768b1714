/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command R7B and A: a window in three layers of four, and rotary positions only there. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_WINDOW,
    CS3_FIELD_READ("layer_types"),
    CS3_DECODER_INT("sliding_window_pattern", period, 1, CS3_MODEL_MAX_LAYERS),
    CS3_DECODER_INT("_sliding_window_pattern", period, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"order_of_interleaved_layers", "rotary_pct",
                                       "use_embedding_sharing",       "use_gated_activation",
                                       "use_parallel_block",          "use_parallel_embedding",
                                       "position_embedding_type",     NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 40,
                                                         .hidden = 8192,
                                                         .heads = 64,
                                                         .ffn = 22528,
                                                         .vocab = 256000,
                                                         .max_seq = 8192,
                                                         .window = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1,
                                                         .tied = TRUE},
                                                   .period = 4};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  return cs3_layer_kinds_every(&c->d, MAX(c->period, 1), object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.window = kind == CS3_LAYER_WINDOW ? c->d.window : 0;
  attention.no_rotary = kind == CS3_LAYER_FULL;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_LAYER_SCALE);
  Cs3Act z = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, z);
  return cs3_build_residual(b, "residual_2", x, cs3_compose_mlp(b, &c->d, &cs3_llama_mlp, y));
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.norm = CS3_NORM_LAYER_SCALE;
  parts.kinds = cs3_layer_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_cohere2 = {
    .name = "cohere2",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
