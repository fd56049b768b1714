/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-Neo: GPT-2 whose every other layer attends to a window; projections without biases. */
#include "config.h"

#include "base/json.h"
#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("intermediate_size", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("num_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("num_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_OPTIONAL_DIM("window_size", window, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_TIED,
    CS3_FIELD_READ("attention_layers"),
    CS3_FIELD_READ("attention_types"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_GPT2, NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 24,
                                                         .hidden = 2048,
                                                         .heads = 16,
                                                         .vocab = 50257,
                                                         .max_seq = 2048,
                                                         .window = 256,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .tied = TRUE}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  json_t *types = json_object_get(object, "attention_types"), *run, *name;
  gsize i, k;
  if (json_object_get(object, "attention_layers") || !json_is_array(types))
    return cs3_layer_kinds_every(&c->d, 1, object, source, error);
  /* [[["global", "local"], 12]]: as many times these names. */
  json_t *layers = json_array();
  json_array_foreach(types, i, run) {
    gint64 times = MIN(json_integer_value(json_array_get(run, 1)), c->d.layers);
    for (gint64 t = 0; t < times; t++)
      json_array_foreach(json_array_get(run, 0), k, name) json_array_append(layers, name);
  }
  json_auto_t *expanded = cs3_json_pack("{s:o}", "attention_layers", layers);
  gboolean ok = cs3_layer_kinds_every(&c->d, 1, expanded, source, error);
  return ok;
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  rules->seq = rules->seq_limit = ((const Cs3Dims *)config)->max_seq;
  rules->limit_why = "the model's learned position table";
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = {.q = "attn.attention.q_proj.weight",
                                .k = "attn.attention.k_proj.weight",
                                .v = "attn.attention.v_proj.weight",
                                .out = "attn.attention.out_proj.weight",
                                .out_bias = TRUE,
                                .causal = TRUE,
                                .window = kind == CS3_LAYER_WINDOW ? c->d.window : 0};
  static const Cs3MlpPart mlp = {
      .up = "mlp.c_fc.weight", .down = "mlp.c_proj.weight", .bias = TRUE};
  return cs3_compose_prenorm_block(b, &c->d, &attention, &mlp, CS3_NORM_LAYER, "ln_1.weight",
                                   "ln_2.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Cs3DecoderConfig *c = config;
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "transformer.wte.weight",
                                         .positions = "transformer.wpe.weight",
                                         .position_rows = c->d.max_seq,
                                         .blocks = "transformer.h.*.",
                                         .final_norm = "transformer.ln_f.weight",
                                         .norm = CS3_NORM_LAYER,
                                         .lm_head = "lm_head.weight",
                                         .kinds = cs3_layer_kind_names,
                                         .kind = cs3_layer_kind,
                                         .block = block});
}

const Cs3Family cs3_family_gpt_neo = {
    .name = "gpt_neo",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
