/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EfficientNet (Tan and Le 2019, arXiv 1905.11946): inverted residuals with squeeze-excite, widths
 * and depths scaled together. Tensor names are Hugging Face's. */
#include "config.h"

#include "workloads/compose-conv.h"

#include <math.h>

typedef struct {
  Cs3Dims d;
  gint64 channels, image, divisor;
  double width, depth, squeeze;
  Cs3List kernels, outs, strides, repeats, expands, ins; /* by stage */
} Config;

enum { STEM = 32 };

static const Cs3Field fields[] = {
    CS3_FIELD_OF("num_channels", Config, channels, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_OF("image_size", Config, image, 1, CS3_MODEL_MAX_IMAGE),
    CS3_FIELD_OF("depth_divisor", Config, divisor, 1, 256),
    {.key = "width_coefficient",
     .type = CS3_FIELD_REAL,
     .offset = offsetof(Config, width),
     .min = 0.05,
     .max = 16},
    {.key = "depth_coefficient",
     .type = CS3_FIELD_REAL,
     .offset = offsetof(Config, depth),
     .min = 0.05,
     .max = 16},
    {.key = "squeeze_expansion_ratio",
     .type = CS3_FIELD_REAL,
     .offset = offsetof(Config, squeeze),
     .min = 0,
     .max = 1},
    CS3_FIELD_LIST("kernel_sizes", Config, kernels, 1, 63),
    CS3_FIELD_LIST("in_channels", Config, ins, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_LIST("out_channels", Config, outs, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_LIST("strides", Config, strides, 1, 16),
    CS3_FIELD_LIST("num_block_repeats", Config, repeats, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_LIST("expand_ratios", Config, expands, 1, 64),
    CS3_FIELD_DIM("hidden_dim", hidden, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {
    "depthwise_padding", "pooling_type", "batch_norm_eps",    "batch_norm_momentum",
    "drop_connect_rate", "dropout_rate", "num_hidden_layers", NULL};

static const Cs3Head heads[] = {{"ForImageClassification", CS3_HEAD_CLASS}, {NULL, 0}};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.activation = CS3_ACTIVATION_SILU, .hidden = 1280},
                               .channels = 3,
                               .image = 224,
                               .divisor = 8,
                               .width = 1,
                               .depth = 1,
                               .squeeze = 0.25,
                               .kernels = {7, {3, 3, 5, 3, 5, 5, 3}},
                               .ins = {7, {32, 16, 24, 40, 80, 112, 192}},
                               .outs = {7, {16, 24, 40, 80, 112, 192, 320}},
                               .strides = {7, {1, 2, 2, 2, 1, 2, 1}},
                               .repeats = {7, {1, 2, 2, 3, 3, 4, 1}},
                               .expands = {7, {1, 6, 6, 6, 6, 6, 6}}};
}

/* A multiple of the divisor, no more than a tenth below. */
static gint64 scaled(const Config *c, gint64 channels) {
  double wanted = (double)channels * c->width, d = (double)c->divisor;
  gint64 near = MAX(c->divisor, (gint64)((wanted + d / 2) / d) * c->divisor);
  return (double)near < 0.9 * wanted ? near + c->divisor : near;
}

static gint64 repeats(const Config *c, int stage) {
  return (gint64)ceil(c->depth * (double)c->repeats.value[stage]);
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  const struct {
    const char *key;
    const Cs3List *list;
  } lists[] = {{"kernel_sizes", &c->kernels},
               {"in_channels", &c->ins},
               {"strides", &c->strides},
               {"num_block_repeats", &c->repeats},
               {"expand_ratios", &c->expands}};
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
    if (!cs3_config_same_length(source, lists[i].key, lists[i].list, "out_channels", &c->outs,
                                error))
      return FALSE;
  for (int stage = 0; stage < c->outs.n; stage++)
    c->d.layers += repeats(c, stage);
  return TRUE;
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  cs3_map_lengths(((const Config *)config)->image, rules);
}

static Cs3Map block(Cs3Builder *b, const Config *c, int stage, gint64 stride, Cs3Map x) {
  static const Cs3MbNames names = {.expand = "expansion.expand_conv.weight",
                                   .expand_norm = "expansion.expand_bn.weight",
                                   .depthwise = "depthwise_conv.depthwise_conv.weight",
                                   .depthwise_norm = "depthwise_conv.depthwise_norm.weight",
                                   .reduce = "squeeze_excite.reduce.weight",
                                   .excite = "squeeze_excite.expand.weight",
                                   .project = "projection.project_conv.weight",
                                   .project_norm = "projection.project_bn.weight"};
  gint64 in = cs3_build_channels(b, x), out = scaled(c, c->outs.value[stage]);
  Cs3MbPart part = {.expanded = in * c->expands.value[stage],
                    .kernel = c->kernels.value[stage],
                    .stride = stride,
                    .squeezed = c->squeeze > 0 ? MAX(1, (gint64)((double)in * c->squeeze)) : 0,
                    .out = out,
                    .activation = c->d.activation,
                    .gate = CS3_ACTIVATION_SIGMOID,
                    .names = &names};
  Cs3Map y = cs3_compose_mb(b, &part, x);
  return stride == 1 && in == out ? cs3_build_map_residual(b, "residual", y, x) : y;
}

static Cs3Map blocks(Cs3Builder *b, const Config *c, int stage, gint64 index, gint64 first,
                     gint64 repeat, Cs3Map x) {
  g_autofree char *name = g_strdup_printf("stage%d.%s", stage + 1, first == 0 ? "first" : "others");
  Cs3MapBlocks alike = {.name = name,
                        .prefix = "efficientnet.encoder.blocks.*.",
                        .first = index + first,
                        .repeat = repeat};
  x = cs3_compose_open_blocks(b, &alike, x);
  x = block(b, c, stage, first == 0 ? c->strides.value[stage] : 1, x);
  cs3_build_output(b, x.act);
  return x;
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  gint64 image = cs3_build_lengths(b)->image, index = 0;
  Cs3Map x = cs3_compose_open_map(b, "stem", NULL, "pixels", c->channels, image, image);
  x = cs3_compose_normed(b, "stem", "efficientnet.embeddings.convolution.weight",
                         "efficientnet.embeddings.batchnorm.weight",
                         cs3_filter(scaled(c, STEM), 3, 2), (int)c->d.activation, x);
  cs3_build_output(b, x.act);
  cs3_build_tokens(b, 1);
  for (int stage = 0; stage < c->outs.n; stage++) {
    gint64 depth = repeats(c, stage);
    x = blocks(b, c, stage, index, 0, 1, x);
    if (depth > 1)
      x = blocks(b, c, stage, index, 1, depth - 1, x);
    index += depth;
  }
  x = cs3_compose_open_blocks(b, &(Cs3MapBlocks){.name = "last", .prefix = "", .repeat = 1}, x);
  x = cs3_compose_normed(b, "last", "efficientnet.encoder.top_conv.weight",
                         "efficientnet.encoder.top_bn.weight", cs3_filter(c->d.hidden, 1, 1),
                         (int)c->d.activation, x);
  cs3_build_output(b, x.act);
  x = cs3_compose_open_map(b, "head", NULL, "hidden", c->d.hidden, x.height, x.width);
  cs3_compose_classes(b, "classifier.weight", x, c->d.labels);
}

static const Cs3FactField facts[] = {
    {"image", offsetof(Config, image)}, {"channels", offsetof(Config, channels)}, {NULL, 0}};

const Cs3Family cs3_family_efficientnet = {
    .name = "efficientnet",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .heads = heads,
    .facts = facts,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
