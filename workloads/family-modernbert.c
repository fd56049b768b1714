/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ModernBERT: rotary positions, gated feed-forward networks, windows in two layers of three, norms
 * before the layers. */
#include "config.h"

#include "workloads/compose-encoder.h"
#include "workloads/layer-kinds.h"

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("intermediate_size", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_OPTIONAL_DIM("local_attention", window, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("hidden_activation"),
    CS3_FIELD_TIED,
    CS3_FIELD_READ("layer_types"),
    CS3_FIELD_READ("global_attn_every_n_layers"),
    CS3_FIELD_NONE("attention_bias"),
    CS3_FIELD_NONE("mlp_bias"),
    CS3_FIELD_NONE("norm_bias"),
    CS3_FIELD_NONE("classifier_bias"),
    CS3_FIELD_READ("decoder_bias"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {
    "classifier_activation",   "classifier_pooling",       "deterministic_flash_attn",
    "sparse_prediction",       "sparse_pred_ignore_index", "global_rope_theta",
    "local_rope_theta",        "reference_compile",        "repad_logits_with_grad",
    "position_embedding_type", "layer_norm_eps",           NULL};

static void defaults(gpointer config) {
  *(Cs3EncoderConfig *)config = (Cs3EncoderConfig){.d = {.layers = 22,
                                                         .hidden = 768,
                                                         .heads = 12,
                                                         .ffn = 1152,
                                                         .vocab = 50368,
                                                         .max_seq = 8192,
                                                         .window = 128,
                                                         .rotary_share = 1,
                                                         .tied = TRUE,
                                                         .activation = CS3_ACTIVATION_GELU}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3EncoderConfig *c = config;
  json_t *every = json_object_get(object, "global_attn_every_n_layers");
  gint64 period = json_is_integer(every) ? json_integer_value(every) : 3;
  if (period < 1)
    return cs3_config_fail(error, source, "global_attn_every_n_layers", every, "at least 1");
  if (c->d.head != CS3_HEAD_LM && c->d.head != CS3_HEAD_NONE)
    return cs3_config_fail(error, source, "architectures", json_object_get(object, "architectures"),
                           "ModernBertForMaskedLM or ModernBertModel");
  if (json_is_array(json_object_get(object, "layer_types")))
    return cs3_layer_kinds_from(&c->d, c->d.layers, object, source, error);
  c->d.kinds = g_new0(guint8, c->d.layers);
  for (gint64 i = 0; i < c->d.layers; i++)
    c->d.kinds[i] = i % period == 0 ? CS3_LAYER_FULL : CS3_LAYER_WINDOW;
  return TRUE;
}

/* The first block's input has just been normalised: it has no norm of its own. */
enum { FIRST = 2 };
static const char *const kinds[] = {"full", "window", "first", NULL};

static int kind_of(gconstpointer config, gint64 layer) {
  return layer == 0 ? FIRST : cs3_layer_kind(config, layer);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3Dims *d = config;
  Cs3AttentionPart attention = {.qkv = "attn.Wqkv.weight",
                                .out = "attn.Wo.weight",
                                .window = kind == CS3_LAYER_WINDOW ? d->window : 0};
  static const Cs3MlpPart mlp = {.gate_up = "mlp.Wi.weight", .down = "mlp.Wo.weight"};
  Cs3Act y = x;
  if (kind != FIRST)
    y = cs3_build_norm(b, "norm_1", "attn_norm.weight", x, CS3_NORM_LAYER_SCALE);
  y = cs3_compose_attention(b, d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "mlp_norm.weight", x, CS3_NORM_LAYER_SCALE);
  y = cs3_compose_mlp(b, d, &mlp, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3EncoderParts parts = {
      .words = "model.embeddings.tok_embeddings.weight",
      .embedding_norm = "model.embeddings.norm.weight",
      .blocks = "model.layers.*.",
      .norm = CS3_NORM_LAYER_SCALE,
      .block = block,
      .classifier = "classifier.weight",
      .kinds = kinds,
      .kind = kind_of,
      .final_norm = "model.final_norm.weight",
      .transform = "head.dense.weight",
      .transform_norm = "head.norm.weight",
      .transform_unbiased = TRUE,
      .decoder = "decoder.weight",
  };
  cs3_compose_encoder(b, config, &parts);
}

const Cs3Family cs3_family_modernbert = {
    .name = "modernbert",
    .config_size = sizeof(Cs3EncoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_encoder_heads,
    .defaults = defaults,
    .derive = derive,
    .lengths = NULL,
    .build = build,
};
