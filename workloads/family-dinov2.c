/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DINOv2: ViT with scales behind its layers; class token and mean of the patches are classified. */
#include "config.h"

#include "workloads/compose-vision.h"

typedef struct {
  Cs3Vision v;
  double ratio;
  gboolean swiglu, mask_token;
} Config;

static const Cs3Field fields[] = {
    CS3_FIELDS_VISION,
    {.key = "mlp_ratio", .type = CS3_FIELD_REAL, .offset = offsetof(Config, ratio), .max = 1024},
    CS3_FIELD_FLAG("qkv_bias", Cs3Vision, qkv_bias),
    CS3_FIELD_FLAG("use_swiglu_ffn", Config, swiglu),
    CS3_FIELD_FLAG("use_mask_token", Config, mask_token),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"apply_layernorm", "layerscale_value", NULL};

static const Cs3Head heads[] = {
    {"ForImageClassification", CS3_HEAD_CLASS},
    {"Model", CS3_HEAD_NONE},
    {NULL, 0},
};

static void defaults(gpointer config) {
  Config *c = config;
  c->v = (Cs3Vision){
      .d = {.layers = 12, .hidden = 768, .heads = 12, .activation = CS3_ACTIVATION_GELU},
      .image = 224,
      .patch = 14,
      .channels = 3,
      .qkv_bias = TRUE};
  c->ratio = 4;
  c->mask_token = TRUE;
}

/* The gated kind has two thirds of the width, rounded up to a multiple of 8. */
static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  c->v.d.ffn = (gint64)((double)c->v.d.hidden * c->ratio);
  if (c->swiglu)
    c->v.d.ffn = (c->v.d.ffn * 2 / 3 + 7) / 8 * 8;
  if (c->v.d.ffn < 1 || c->v.d.ffn > CS3_MODEL_MAX_FFN)
    return cs3_config_fail(error, source, "mlp_ratio", json_object_get(object, "mlp_ratio"),
                           "widths from 1 to 4194304");
  if (c->swiglu)
    c->v.d.activation = CS3_ACTIVATION_SILU;
  return cs3_vision_derive(config, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Config *c = config;
  Cs3AttentionPart attention = {
      .q = "attention.attention.query.weight",
      .k = "attention.attention.key.weight",
      .v = "attention.attention.value.weight",
      .out = "attention.output.dense.weight",
      .qkv_bias = c->v.qkv_bias,
      .out_bias = TRUE,
  };
  Cs3MlpPart mlp = {.up = "mlp.fc1.weight", .down = "mlp.fc2.weight", .bias = TRUE};
  if (c->swiglu)
    mlp = (Cs3MlpPart){
        .gate_up = "mlp.weights_in.weight", .down = "mlp.weights_out.weight", .bias = TRUE};
  Cs3Act y = cs3_build_norm(b, "norm_1", "norm1.weight", x, CS3_NORM_LAYER);
  y = cs3_compose_attention(b, &c->v.d, &attention, y, CS3_NO_ACT);
  y = cs3_build_scale(b, "scale_1", "layer_scale1.lambda1", y);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "norm2.weight", x, CS3_NORM_LAYER);
  y = cs3_compose_mlp(b, &c->v.d, &mlp, y);
  y = cs3_build_scale(b, "scale_2", "layer_scale2.lambda1", y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  Cs3VisionParts parts = {.patches = "dinov2.embeddings.patch_embeddings.projection.weight",
                          .class_token = "dinov2.embeddings.cls_token",
                          .specials = 1,
                          .positions = "dinov2.embeddings.position_embeddings",
                          .position_rows = cs3_vision_table(&c->v) + 1,
                          .extra = c->mask_token ? c->v.d.hidden : 0,
                          .blocks = "dinov2.encoder.layer.*.",
                          .final_norm = "dinov2.layernorm.weight",
                          .block = block};
  Cs3Act x = cs3_compose_vision(b, config, &parts, "");
  if (c->v.d.head != CS3_HEAD_CLASS)
    return;
  Cs3Act first = cs3_build_pool(b, "class_token", x, FALSE);
  Cs3Act both = cs3_build_join(b, "pooled", first, cs3_build_pool(b, "mean_patch", x, TRUE));
  cs3_build_loss(b,
                 cs3_build_linear(b, "classifier", "classifier.weight", both, c->v.d.labels, TRUE));
}

const Cs3Family cs3_family_dinov2 = {
    .name = "dinov2",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .heads = heads,
    .facts = cs3_vision_facts,
    .defaults = defaults,
    .derive = derive,
    .lengths = cs3_vision_lengths,
    .build = build,
};
