/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EXAONE 4: norms behind the layers, on the heads of queries and keys; windows, and no rotary
 * positions without one. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_WINDOW,
    CS3_FIELD_READ("layer_types"),
    CS3_DECODER_INT("sliding_window_pattern", period, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 4096,
                                                         .heads = 32,
                                                         .kv_heads = 32,
                                                         .ffn = 16384,
                                                         .vocab = 102400,
                                                         .max_seq = 2048,
                                                         .window = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1},
                                                   .period = 4};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  return cs3_layer_kinds_every(&c->d, MAX(c->period, 1), object, source, error);
}

/* Norms behind the layers, on what they add. */
static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.q_norm = "self_attn.q_norm.weight";
  attention.k_norm = "self_attn.k_norm.weight";
  attention.window = kind == CS3_LAYER_WINDOW ? c->d.window : 0;
  attention.no_rotary = c->d.window > 0 && kind == CS3_LAYER_FULL;
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

const Cs3Family cs3_family_exaone4 = {
    .name = "exaone4",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
