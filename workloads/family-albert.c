/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ALBERT: BERT with narrower tables and one stored block that runs as all of them. */
#include "config.h"

#include "workloads/compose-encoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_BERT,
    CS3_FIELD_OF("embedding_size", Cs3EncoderConfig, embed_dim, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_READ("num_hidden_groups"),
    CS3_FIELD_READ("inner_group_num"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_BERT,    "down_scale_factor", "gap_size",
                                       "net_structure_type", "num_memory_blocks", NULL};

static void defaults(gpointer config) {
  *(Cs3EncoderConfig *)config = (Cs3EncoderConfig){.d = {.layers = 12,
                                                         .hidden = 4096,
                                                         .heads = 64,
                                                         .ffn = 16384,
                                                         .vocab = 30000,
                                                         .max_seq = 512,
                                                         .tied = TRUE,
                                                         .activation = CS3_ACTIVATION_GELU},
                                                   .types = 2,
                                                   .embed_dim = 128};
}

/* One group of one layer: what was released. */
static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  static const char *const keys[] = {"num_hidden_groups", "inner_group_num"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    json_t *value = json_object_get(object, keys[i]);
    if (value && json_integer_value(value) != 1)
      return cs3_config_fail(error, source, keys[i], value, "1");
  }
  return cs3_encoder_derive(config, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  static const Cs3AttentionPart attention = {
      .q = "attention.query.weight",
      .k = "attention.key.weight",
      .v = "attention.value.weight",
      .out = "attention.dense.weight",
      .qkv_bias = TRUE,
      .out_bias = TRUE,
  };
  static const Cs3MlpPart mlp = {.up = "ffn.weight", .down = "ffn_output.weight", .bias = TRUE};
  return cs3_compose_postnorm_block(b, config, &attention, &mlp, CS3_NORM_LAYER,
                                    "attention.LayerNorm.weight", "full_layer_layer_norm.weight",
                                    x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3EncoderParts parts = {
      .words = "albert.embeddings.word_embeddings.weight",
      .positions = "albert.embeddings.position_embeddings.weight",
      .types = "albert.embeddings.token_type_embeddings.weight",
      .embedding_norm = "albert.embeddings.LayerNorm.weight",
      .blocks = "albert.encoder.albert_layer_groups.0.albert_layers.0.",
      .norm = CS3_NORM_LAYER,
      .block = block,
      .pooler = "albert.pooler.weight",
      .classifier = "classifier.weight",
      .project = "albert.encoder.embedding_hidden_mapping_in.weight",
      .project_bias = TRUE,
      .shared_blocks = TRUE,
      .transform = "predictions.dense.weight",
      .transform_norm = "predictions.LayerNorm.weight",
      .transform_dim = ((const Cs3EncoderConfig *)config)->embed_dim,
      .decoder = "predictions.decoder.weight",
  };
  cs3_compose_encoder(b, config, &parts);
}

const Cs3Family cs3_family_albert = {
    .name = "albert",
    .config_size = sizeof(Cs3EncoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_encoder_heads,
    .defaults = defaults,
    .derive = derive,
    .lengths = cs3_encoder_lengths,
    .build = build,
};
