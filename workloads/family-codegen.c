/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CodeGen: GPT-J with fused QKV. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_GPT2,
    CS3_FIELD_OPTIONAL_DIM("rotary_dim", rotary_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_GPT2, "rotary", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 28,
                                                         .hidden = 4096,
                                                         .heads = 16,
                                                         .vocab = 50400,
                                                         .max_seq = 2048,
                                                         .rotary_dim = 64,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .rotary_share = 1}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  static const Cs3AttentionPart attention = {
      .qkv = "attn.qkv_proj.weight", .out = "attn.out_proj.weight", .causal = TRUE};
  static const Cs3MlpPart mlp = {
      .up = "mlp.fc_in.weight", .down = "mlp.fc_out.weight", .bias = TRUE};
  Cs3Act y = cs3_build_norm(b, "norm_1", "ln_1.weight", x, CS3_NORM_LAYER);
  Cs3Act z = cs3_compose_attention(b, config, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, z);
  return cs3_build_residual(b, "residual_2", x, cs3_compose_mlp(b, config, &mlp, y));
}

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "transformer.wte.weight",
                                         .blocks = "transformer.h.*.",
                                         .final_norm = "transformer.ln_f.weight",
                                         .norm = CS3_NORM_LAYER,
                                         .lm_head = "lm_head.weight",
                                         .lm_head_bias = TRUE,
                                         .block = block});
}

const Cs3Family cs3_family_codegen = {
    .name = "codegen",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
