/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Phi 1 to 2: attention and feed-forward network side by side behind one norm, biases, partly
 * rotated heads. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("qk_layernorm", qk_norm),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 24,
                                                         .hidden = 2048,
                                                         .heads = 32,
                                                         .ffn = 8192,
                                                         .vocab = 51200,
                                                         .max_seq = 2048,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .rotary_share = 0.5}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.out = "self_attn.dense.weight";
  attention.qkv_bias = attention.out_bias = TRUE;
  attention.qk_norm = CS3_NORM_LAYER;
  attention.q_norm = c->qk_norm ? "self_attn.q_layernorm.weight" : NULL;
  attention.k_norm = c->qk_norm ? "self_attn.k_layernorm.weight" : NULL;
  static const Cs3MlpPart mlp = {.up = "mlp.fc1.weight", .down = "mlp.fc2.weight", .bias = TRUE};
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_LAYER);
  Cs3Act attended = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, attended);
  return cs3_build_residual(b, "residual_2", x, cs3_compose_mlp(b, &c->d, &mlp, y));
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.norm = CS3_NORM_LAYER;
  parts.final_norm = "model.final_layernorm.weight";
  parts.lm_head_bias = TRUE;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_phi = {
    .name = "phi",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
