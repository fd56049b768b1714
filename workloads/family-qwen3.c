/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Qwen3: Llama with norms on the heads of queries and keys; upper layers may have a window. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_WINDOW,
    CS3_DECODER_FLAG("use_sliding_window", use_window),
    CS3_DECODER_INT("max_window_layers", full_layers, 0, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_READ("layer_types"),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 4096,
                                                         .heads = 32,
                                                         .kv_heads = 32,
                                                         .head_dim = 128,
                                                         .ffn = 22016,
                                                         .vocab = 151936,
                                                         .max_seq = 32768,
                                                         .window = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1},
                                                   .full_layers = 28};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  if (!c->use_window)
    c->d.window = 0;
  return cs3_layer_kinds_from(&c->d, c->full_layers, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.q_norm = "self_attn.q_norm.weight";
  attention.k_norm = "self_attn.k_norm.weight";
  attention.window = kind == CS3_LAYER_WINDOW ? c->d.window : 0;
  return cs3_compose_llama_block(b, &c->d, &attention, &cs3_llama_mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_layer_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_qwen3 = {
    .name = "qwen3",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
