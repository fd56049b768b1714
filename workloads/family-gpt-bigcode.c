/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-BigCode (SantaCoder, StarCoder): GPT-2 with one key and value head for all queries. */
#include "config.h"

#include "workloads/compose-decoder.h"

typedef struct {
  Cs3Dims d;
  gboolean multi_query;
} Config;

static const Cs3Field fields[] = {
    CS3_FIELDS_GPT2,
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_FLAG("multi_query", Config, multi_query),
    CS3_FIELD_READ("num_key_value_heads"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_GPT2,
                                       "is_decoder",
                                       "inference_runner",
                                       "pad_key_length",
                                       "pre_allocate_kv_cache",
                                       "validate_runner_input",
                                       NULL};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.layers = 12,
                                     .hidden = 768,
                                     .heads = 12,
                                     .vocab = 50257,
                                     .max_seq = 1024,
                                     .activation = CS3_ACTIVATION_GELU,
                                     .tied = TRUE},
                               .multi_query = TRUE};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  c->d.kv_heads = c->multi_query ? 1 : c->d.heads;
  return TRUE;
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  rules->seq = rules->seq_limit = ((const Cs3Dims *)config)->max_seq;
  rules->limit_why = "the model's learned position table";
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  static const Cs3AttentionPart attention = {.qkv = "attn.c_attn.weight",
                                             .out = "attn.c_proj.weight",
                                             .qkv_bias = TRUE,
                                             .out_bias = TRUE,
                                             .causal = TRUE};
  static const Cs3MlpPart mlp = {
      .up = "mlp.c_fc.weight", .down = "mlp.c_proj.weight", .bias = TRUE};
  return cs3_compose_prenorm_block(b, config, &attention, &mlp, CS3_NORM_LAYER, "ln_1.weight",
                                   "ln_2.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Cs3Dims *d = config;
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "transformer.wte.weight",
                                         .positions = "transformer.wpe.weight",
                                         .position_rows = d->max_seq,
                                         .blocks = "transformer.h.*.",
                                         .final_norm = "transformer.ln_f.weight",
                                         .norm = CS3_NORM_LAYER,
                                         .lm_head = "lm_head.weight",
                                         .block = block});
}

const Cs3Family cs3_family_gpt_bigcode = {
    .name = "gpt_bigcode",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
