/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DiT: a diffusion transformer over patches of a latent image; time and class scale, shift and gate
 * its layers (adaLN-Zero, Peebles and Xie 2023, arXiv 2212.09748). Tensor names are those of the
 * released checkpoints. */
#include "config.h"

#include "workloads/compose-vision.h"

typedef struct {
  Cs3Vision v;
  gint64 classes, out_channels;
} Config;

/* Sines and cosines that a time step becomes. */
enum { FREQUENCIES = 256 };

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("num_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("attention_head_dim", head_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("intermediate_size", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_OF("sample_size", Cs3Vision, image, 1, 65536),
    CS3_FIELD_OF("patch_size", Cs3Vision, patch, 1, 65536),
    CS3_FIELD_OF("in_channels", Cs3Vision, channels, 1, 65536),
    CS3_FIELD_NULLABLE("out_channels", Config, out_channels, 1, 65536),
    CS3_FIELD_OF("num_embeds_ada_norm", Config, classes, 1, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_END,
};

static const Cs3Head heads[] = {{"DiT", CS3_HEAD_NONE}, {NULL, 0}};

static void defaults(gpointer config) {
  Config *c = config;
  c->v = (Cs3Vision){
      .d = {.layers = 28, .hidden = 1152, .heads = 16, .activation = CS3_ACTIVATION_GELU},
      .image = 32,
      .patch = 2,
      .channels = 4};
  c->classes = 1000;
}

/* Noise and its variance are predicted for every channel. */
static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  if (c->out_channels == 0)
    c->out_channels = 2 * c->v.channels;
  return cs3_vision_derive(config, object, source, error);
}

/* @parts numbers for every element of the hidden width, from what time and class have become. */
static void modulation(Cs3Builder *b, const Config *c, const char *tensor, gint64 parts) {
  Cs3Act condition = cs3_build_outside(b, "condition", c->v.d.hidden, 1);
  condition = cs3_build_activation(b, "condition_activation", CS3_ACTIVATION_SILU, condition);
  cs3_build_linear(b, "modulation", tensor, condition, parts * c->v.d.hidden, TRUE);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Config *c = config;
  static const Cs3AttentionPart attention = {
      .qkv = "attn.qkv.weight", .out = "attn.proj.weight", .qkv_bias = TRUE, .out_bias = TRUE};
  static const Cs3MlpPart mlp = {.up = "mlp.fc1.weight", .down = "mlp.fc2.weight", .bias = TRUE};
  modulation(b, c, "adaLN_modulation.1.weight", 6);
  Cs3Act y = cs3_build_norm(b, "norm_1", NULL, x, CS3_NORM_LAYER_PLAIN);
  y = cs3_build_modulate(b, "modulate_1", y, 1);
  y = cs3_compose_attention(b, &c->v.d, &attention, y, CS3_NO_ACT);
  y = cs3_build_modulate(b, "gate_1", y, 1);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", NULL, x, CS3_NORM_LAYER_PLAIN);
  y = cs3_build_modulate(b, "modulate_2", y, 1);
  y = cs3_compose_mlp(b, &c->v.d, &mlp, y);
  y = cs3_build_modulate(b, "gate_2", y, 1);
  return cs3_build_residual(b, "residual_2", x, y);
}

/* Time step and class of a sample; one class more stands for none. */
static void build_condition(Cs3Builder *b, const Config *c) {
  gint64 width = c->v.d.hidden;
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "condition", .rows = 1});
  Cs3Act x = cs3_build_input(b, "time", FREQUENCIES);
  x = cs3_build_linear(b, "time_1", "t_embedder.mlp.0.weight", x, width, TRUE);
  x = cs3_build_activation(b, "time_activation", CS3_ACTIVATION_SILU, x);
  x = cs3_build_linear(b, "time_2", "t_embedder.mlp.2.weight", x, width, TRUE);
  Cs3Act y =
      cs3_build_embedding(b, "class", "y_embedder.embedding_table.weight", c->classes + 1, width);
  cs3_build_output(b, cs3_build_residual(b, "condition", x, y));
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  gint64 pixels = c->v.patch * c->v.patch;
  build_condition(b, c);
  Cs3Act x = cs3_compose_vision(
      b, config,
      &(Cs3VisionParts){.patches = "x_embedder.proj.weight", .blocks = "blocks.*.", .block = block},
      "");
  modulation(b, c, "final_layer.adaLN_modulation.1.weight", 2);
  x = cs3_build_norm(b, "final_norm", NULL, x, CS3_NORM_LAYER_PLAIN);
  x = cs3_build_modulate(b, "modulate", x, 1);
  x = cs3_build_linear(b, "noise", "final_layer.linear.weight", x, pixels * c->out_channels, TRUE);
  cs3_build_square_loss(b, x);
}

static const Cs3FactField facts[] = {
    {"latent", offsetof(Cs3Vision, image)},
    {"patch", offsetof(Cs3Vision, patch)},
    {"channels", offsetof(Cs3Vision, channels)},
    {"classes", offsetof(Config, classes)},
    {NULL, 0},
};

const Cs3Family cs3_family_dit = {
    .name = "dit",
    .config_size = sizeof(Config),
    .fields = fields,
    .heads = heads,
    .facts = facts,
    .defaults = defaults,
    .derive = derive,
    .lengths = cs3_vision_lengths,
    .build = build,
};
