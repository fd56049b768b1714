/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ESM-1b and ESM-2: an encoder of proteins with norms before the layers, positions learned or
 * rotary. */
#include "config.h"

#include "workloads/compose-encoder.h"

typedef struct {
  Cs3EncoderConfig e;
  gboolean rotary, norm_before;
} Config;

static const Cs3Field fields[] = {
    CS3_FIELDS_BERT,
    CS3_FIELD_FLAG("emb_layer_norm_before", Config, norm_before),
    CS3_FIELD_NONE("is_folding_model"),
    CS3_FIELD_NONE("esmfold_config"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {
    CS3_HARMLESS_BERT, "token_dropout", "vocab_list", "mask_token_id",
    "backbone",        "use_lm_head",   NULL};

static void defaults(gpointer config) {
  ((Config *)config)->e = (Cs3EncoderConfig){.d = {.layers = 12,
                                                   .hidden = 768,
                                                   .heads = 12,
                                                   .ffn = 3072,
                                                   .vocab = 33,
                                                   .max_seq = 1026,
                                                   .tied = TRUE,
                                                   .activation = CS3_ACTIVATION_GELU}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  json_t *kind = json_object_get(object, "position_embedding_type");
  c->rotary = g_strcmp0(json_string_value(kind), "rotary") == 0;
  c->e.d.rotary_dim = c->rotary ? c->e.d.head_dim : 0;
  return c->rotary || cs3_encoder_derive(&c->e, object, source, error);
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Config *c = config;
  cs3_encoder_lengths(config, rules);
  if (c->rotary) /* begin and end of a protein of 1,024 residues */
    *rules = (Cs3LengthRules){.seq = c->e.d.max_seq, .seq_limit = CS3_MODEL_MAX_SEQ};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  return cs3_compose_prenorm_block(b, config, &cs3_bert_attention, &cs3_bert_mlp, CS3_NORM_LAYER,
                                   "attention.LayerNorm.weight", "LayerNorm.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  Cs3EncoderParts parts = {
      .words = "esm.embeddings.word_embeddings.weight",
      .positions = c->rotary ? NULL : "esm.embeddings.position_embeddings.weight",
      .embedding_norm = c->norm_before ? "esm.embeddings.layer_norm.weight" : NULL,
      .blocks = "esm.encoder.layer.*.",
      .norm = CS3_NORM_LAYER,
      .block = block,
      .pooler = "esm.pooler.dense.weight",
      .classifier =
          c->e.d.head == CS3_HEAD_CLASS ? "classifier.out_proj.weight" : "classifier.weight",
      .transform = "lm_head.dense.weight",
      .transform_norm = "lm_head.layer_norm.weight",
      .decoder = "lm_head.decoder.weight",
      .class_dense = "classifier.dense.weight",
      .final_norm = "esm.encoder.emb_layer_norm_after.weight",
      .contacts = c->e.d.layers * c->e.d.heads + 1,
  };
  cs3_compose_encoder(b, config, &parts);
}

const Cs3Family cs3_family_esm = {
    .name = "esm",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_encoder_heads,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
