/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DeiT: ViT with a second token that learns from a teacher. */
#include "config.h"

#include "workloads/compose-vision.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_VISION,
    CS3_FIELD_DIM("intermediate_size", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_FLAG("qkv_bias", Cs3Vision, qkv_bias),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"encoder_stride", "pooler_act", "pooler_output_size", NULL};

enum { CS3_HEAD_TEACHER = CS3_HEAD_REFUSED + 1 };

static const Cs3Head heads[] = {
    {"ForImageClassification", CS3_HEAD_CLASS},
    {"ForImageClassificationWithTeacher", CS3_HEAD_TEACHER},
    {"Model", CS3_HEAD_NONE},
    {NULL, 0},
};

static void defaults(gpointer config) {
  *(Cs3Vision *)config = (Cs3Vision){.d = {.layers = 12,
                                           .hidden = 768,
                                           .heads = 12,
                                           .ffn = 3072,
                                           .activation = CS3_ACTIVATION_GELU},
                                     .image = 224,
                                     .patch = 16,
                                     .channels = 3,
                                     .qkv_bias = TRUE};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3Vision *c = config;
  Cs3AttentionPart attention = {
      .q = "attention.attention.query.weight",
      .k = "attention.attention.key.weight",
      .v = "attention.attention.value.weight",
      .out = "attention.output.dense.weight",
      .qkv_bias = c->qkv_bias,
      .out_bias = TRUE,
  };
  static const Cs3MlpPart mlp = {
      .up = "intermediate.dense.weight", .down = "output.dense.weight", .bias = TRUE};
  return cs3_compose_prenorm_block(b, &c->d, &attention, &mlp, CS3_NORM_LAYER,
                                   "layernorm_before.weight", "layernorm_after.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Cs3Vision *c = config;
  Cs3VisionParts parts = {.patches = "deit.embeddings.patch_embeddings.projection.weight",
                          .class_token = "deit.embeddings.cls_token",
                          .specials = 2,
                          .positions = "deit.embeddings.position_embeddings",
                          .position_rows = cs3_vision_table(c) + 2,
                          .blocks = "deit.encoder.layer.*.",
                          .final_norm = "deit.layernorm.weight",
                          .block = block};
  Cs3Act x = cs3_compose_vision(b, config, &parts, "");
  x = cs3_build_pool(b, "class_token", x, FALSE);
  if (c->d.head == CS3_HEAD_TEACHER) {
    Cs3Act logits = cs3_build_linear(b, "distillation_classifier", "distillation_classifier.weight",
                                     x, c->d.labels, TRUE);
    x = cs3_build_residual(
        b, "mean_logits",
        cs3_build_linear(b, "classifier", "cls_classifier.weight", x, c->d.labels, TRUE), logits);
    cs3_build_loss(b, x);
    return;
  }
  if (c->d.head == CS3_HEAD_CLASS) {
    x = cs3_build_linear(b, "classifier", "classifier.weight", x, c->d.labels, TRUE);
    cs3_build_loss(b, x);
    return;
  }
  x = cs3_build_linear(b, "pooler", "deit.pooler.dense.weight", x, c->d.hidden, TRUE);
  cs3_build_activation(b, "pooler_activation", CS3_ACTIVATION_TANH, x);
}

const Cs3Family cs3_family_deit = {
    .name = "deit",
    .config_size = sizeof(Cs3Vision),
    .fields = fields,
    .harmless = harmless,
    .heads = heads,
    .facts = cs3_vision_facts,
    .defaults = defaults,
    .derive = cs3_vision_derive,
    .lengths = cs3_vision_lengths,
    .build = build,
};
