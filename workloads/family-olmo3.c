/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OLMo 3: OLMo 2 with a window in three layers of four. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_WINDOW,
    CS3_FIELD_READ("layer_types"),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 4096,
                                                         .heads = 32,
                                                         .ffn = 11008,
                                                         .vocab = 50304,
                                                         .max_seq = 2048,
                                                         .window = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  return cs3_layer_kinds_every(&c->d, 4, object, source, error);
}

/* Norms behind the layers, on what they add. */
static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.q_norm = "self_attn.q_norm.weight";
  attention.k_norm = "self_attn.k_norm.weight";
  attention.qk_norm_whole = TRUE;
  attention.window = kind == CS3_LAYER_WINDOW ? c->d.window : 0;
  Cs3Act y = cs3_compose_attention(b, &c->d, &attention, x, CS3_NO_ACT);
  y = cs3_build_norm(b, "norm_1", "post_attention_layernorm.weight", y, CS3_NORM_RMS);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_compose_mlp(b, &c->d, &cs3_llama_mlp, x);
  y = cs3_build_norm(b, "norm_2", "post_feedforward_layernorm.weight", y, CS3_NORM_RMS);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_layer_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_olmo3 = {
    .name = "olmo3",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
