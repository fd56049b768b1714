/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MPT: ALiBi positions, fused QKV, norms and layers without biases. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("d_model", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("n_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("n_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("max_seq_len", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_DECODER_INT("expansion_ratio", period, 1, 1024),
    CS3_FIELD_READ("attn_config"),
    CS3_FIELD_READ("no_bias"),
    CS3_FIELD_TIED,
    CS3_FIELD_END,
};

static const char *const harmless[] = {"embedding_fraction",
                                       "init_config",
                                       "learned_pos_emb",
                                       "norm_type",
                                       "verbose",
                                       "tokenizer_name",
                                       "loss_fn",
                                       "fc_type",
                                       "ffn_config",
                                       "emb_pdrop",
                                       NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 24,
                                                         .hidden = 2048,
                                                         .heads = 16,
                                                         .vocab = 50368,
                                                         .max_seq = 2048,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .tied = TRUE},
                                                   .period = 4};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  json_t *attention = json_object_get(object, "attn_config");
  json_t *alibi = json_object_get(attention, "alibi"),
         *no_bias = json_object_get(object, "no_bias");
  static const Cs3Field attention_fields[] = {
      CS3_FIELD_READ("alibi"),
      CS3_FIELD_NONE("qk_ln"),
      CS3_FIELD_NONE("qk_gn"),
      CS3_FIELD_NONE("prefix_lm"),
      CS3_DECODER_REAL("clip_qkv", clip),
      CS3_FIELD_END,
  };
  static const char *const quiet[] = {"attn_impl",     "attn_type",      "attn_uses_sequence_id",
                                      "softmax_scale", "alibi_bias_max", NULL};
  c->d.ffn = c->d.hidden * c->period;
  if (alibi && !json_is_true(alibi))
    return cs3_config_fail(error, source, "attn_config.alibi", alibi, "true");
  if (no_bias && !json_is_true(no_bias))
    return cs3_config_fail(error, source, "no_bias", no_bias, "true");
  if (!json_is_object(attention))
    return TRUE;
  return cs3_config_read_fields(attention, source, attention_fields, c, error) &&
         cs3_config_account(attention, source, attention_fields, quiet, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = {.qkv = "attn.Wqkv.weight",
                                .out = "attn.out_proj.weight",
                                .causal = TRUE,
                                .clip = c->clip > 0,
                                .score_bias = TRUE};
  static const Cs3MlpPart mlp = {.up = "ffn.up_proj.weight", .down = "ffn.down_proj.weight"};
  return cs3_compose_prenorm_block(b, &c->d, &attention, &mlp, CS3_NORM_LAYER_SCALE,
                                   "norm_1.weight", "norm_2.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "transformer.wte.weight",
                                         .blocks = "transformer.blocks.*.",
                                         .final_norm = "transformer.norm_f.weight",
                                         .norm = CS3_NORM_LAYER_SCALE,
                                         .lm_head = "lm_head.weight",
                                         .block = block});
}

const Cs3Family cs3_family_mpt = {
    .name = "mpt",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
