/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BTLM: GPT-2 with ALiBi positions and gated feed-forward networks (Dey et al. 2023, arXiv
 * 2309.11568). */
#include "config.h"

#include "workloads/compose.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_GPT2,
    CS3_FIELD_READ("activation_function"),
    CS3_FIELD_READ("position_embedding_type"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_GPT2, "mup_*", NULL};

static void defaults(gpointer config) {
  *(Cs3Dims *)config = (Cs3Dims){.layers = 32,
                                 .hidden = 2560,
                                 .heads = 32,
                                 .ffn = 6826,
                                 .vocab = 50257,
                                 .max_seq = 8192,
                                 .activation = CS3_ACTIVATION_SILU,
                                 .tied = TRUE};
}

static gboolean require(json_t *object, const char *key, const char *value, const char *source,
                        GError **error) {
  json_t *got = json_object_get(object, key);
  g_autofree char *expected = g_strdup_printf("\"%s\"", value);
  return !got || g_strcmp0(json_string_value(got), value) == 0 ||
         cs3_config_fail(error, source, key, got, expected);
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  return require(object, "activation_function", "swiglu", source, error) &&
         require(object, "position_embedding_type", "alibi", source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  static const Cs3AttentionPart attention = {.qkv = "attn.c_attn.weight",
                                             .out = "attn.c_proj.weight",
                                             .qkv_bias = TRUE,
                                             .out_bias = TRUE,
                                             .causal = TRUE,
                                             .score_bias = TRUE};
  static const Cs3MlpPart mlp = {.gate = "mlp.c_fc2.weight",
                                 .up = "mlp.c_fc.weight",
                                 .down = "mlp.c_proj.weight",
                                 .bias = TRUE};
  return cs3_compose_prenorm_block(b, config, &attention, &mlp, CS3_NORM_LAYER, "ln_1.weight",
                                   "ln_2.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "transformer.wte.weight",
                                         .blocks = "transformer.h.*.",
                                         .final_norm = "transformer.ln_f.weight",
                                         .norm = CS3_NORM_LAYER,
                                         .lm_head = "lm_head.weight",
                                         .block = block});
}

const Cs3Family cs3_family_btlm = {
    .name = "btlm",
    .config_size = sizeof(Cs3Dims),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
