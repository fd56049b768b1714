/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Falcon: attention and feed-forward network side by side, one key and value head (7B) or groups of
 * them. */
#include "config.h"

#include "workloads/compose-decoder.h"

typedef struct {
  Cs3Dims d;
  gboolean multi_query, grouped, parallel, bias, alibi;
  gint64 norms; /* before the two layers of a block of the grouped kind */
} Config;

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_OPTIONAL_DIM("ffn_hidden_size", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_OPTIONAL_DIM("num_kv_heads", kv_heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("max_position_embeddings", Cs3Dims, max_seq, 1, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("activation"),
    CS3_FIELD_TIED,
    CS3_FIELD_FLAG("multi_query", Config, multi_query),
    CS3_FIELD_FLAG("new_decoder_architecture", Config, grouped),
    CS3_FIELD_FLAG("parallel_attn", Config, parallel),
    CS3_FIELD_FLAG("bias", Config, bias),
    CS3_FIELD_FLAG("alibi", Config, alibi),
    CS3_FIELD_NULLABLE("num_ln_in_parallel_attn", Config, norms, 1, 2),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"apply_residual_connection_post_layernorm", NULL};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.layers = 32,
                                     .hidden = 4544,
                                     .heads = 71,
                                     .vocab = 65024,
                                     .max_seq = 2048,
                                     .activation = CS3_ACTIVATION_GELU,
                                     .rotary_share = 1,
                                     .tied = TRUE},
                               .multi_query = TRUE,
                               .parallel = TRUE};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  /* Before the grouped kind, keys and values had one head or all. */
  if (!c->grouped)
    c->d.kv_heads = c->multi_query ? 1 : c->d.heads;
  if (c->grouped && c->norms == 0)
    c->norms = 2;
  return TRUE;
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Config *c = config;
  Cs3AttentionPart attention = {.qkv = "self_attention.query_key_value.weight",
                                .out = "self_attention.dense.weight",
                                .qkv_bias = c->bias,
                                .out_bias = c->bias,
                                .causal = TRUE,
                                .score_bias = c->alibi,
                                .no_rotary = c->alibi};
  Cs3MlpPart mlp = {
      .up = "mlp.dense_h_to_4h.weight", .down = "mlp.dense_4h_to_h.weight", .bias = c->bias};
  gboolean two = c->norms == 2;
  if (!c->parallel && !c->grouped)
    return cs3_compose_prenorm_block(b, &c->d, &attention, &mlp, CS3_NORM_LAYER,
                                     "input_layernorm.weight", "post_attention_layernorm.weight",
                                     x);
  Cs3Act y = cs3_build_norm(b, "norm_1", two ? "ln_attn.weight" : "input_layernorm.weight", x,
                            CS3_NORM_LAYER);
  Cs3Act z = two ? cs3_build_norm(b, "norm_2", "ln_mlp.weight", x, CS3_NORM_LAYER) : y;
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  return cs3_build_residual(b, "residual_2", x, cs3_compose_mlp(b, &c->d, &mlp, z));
}

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "transformer.word_embeddings.weight",
                                         .blocks = "transformer.h.*.",
                                         .final_norm = "transformer.ln_f.weight",
                                         .norm = CS3_NORM_LAYER,
                                         .lm_head = "lm_head.weight",
                                         .block = block});
}

const Cs3Family cs3_family_falcon = {
    .name = "falcon",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
