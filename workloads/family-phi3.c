/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Phi 3 and 4: Llama with fused projections. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,   CS3_FIELD_KV_HEADS, CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_WINDOW, CS3_FIELD_END,
};

static const char *const harmless[] = {"embd_layer", "attention_bias", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 3072,
                                                         .heads = 32,
                                                         .ffn = 8192,
                                                         .vocab = 32064,
                                                         .max_seq = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv = "self_attn.qkv_proj.weight";
  attention.window = c->d.window;
  static const Cs3MlpPart mlp = {.gate_up = "mlp.gate_up_proj.weight",
                                 .down = "mlp.down_proj.weight"};
  return cs3_compose_llama_block(b, &c->d, &attention, &mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_phi3 = {
    .name = "phi3",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
