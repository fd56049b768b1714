/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gemma 2: norms on both sides of the layers, a window in every other one, capped scores and
 * logits. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    {.key = "hidden_activation",
     .type = CS3_FIELD_ENUM,
     .offset = offsetof(Cs3Dims, activation),
     .optional = TRUE,
     .choices = cs3_activation_names},
    CS3_FIELD_NONE("use_bidirectional_attention"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_WINDOW,
    CS3_FIELD_OPTIONAL_DIM("sliding_window_size", window, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_READ("layer_types"),
    CS3_DECODER_REAL("attn_logit_softcapping", attention_cap),
    CS3_DECODER_REAL("final_logit_softcapping", logit_cap),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"cache_implementation", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 26,
                                                         .hidden = 2304,
                                                         .heads = 8,
                                                         .kv_heads = 4,
                                                         .head_dim = 256,
                                                         .ffn = 9216,
                                                         .vocab = 256000,
                                                         .max_seq = 8192,
                                                         .window = 4096,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .rotary_share = 1,
                                                         .tied = TRUE},
                                                   .attention_cap = 50,
                                                   .logit_cap = 30};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  return cs3_layer_kinds_every(&c->d, 2, object, source, error);
}

/* Norms before and behind both layers. */
static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.window = kind == CS3_LAYER_WINDOW ? c->d.window : 0;
  attention.softcap = c->attention_cap > 0;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  y = cs3_build_norm(b, "post_norm_1", "post_attention_layernorm.weight", y, CS3_NORM_RMS);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "pre_feedforward_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_mlp(b, &c->d, &cs3_llama_mlp, y);
  y = cs3_build_norm(b, "post_norm_2", "post_feedforward_layernorm.weight", y, CS3_NORM_RMS);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Cs3DecoderConfig *c = config;
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_layer_kind_names;
  parts.kind = cs3_layer_kind;
  parts.logit_cap = c->logit_cap > 0;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_gemma2 = {
    .name = "gemma2",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
