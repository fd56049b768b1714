/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381): inverted residuals with depthwise filters.
 * Tensor names are torchvision's. */
#include "config.h"

#include "workloads/compose-conv.h"

typedef struct {
  Cs3Dims d;
  gint64 channels, image, divisor, expand;
  double width;
} Config;

/* Table 2: expansion 1 in the first row, `expand_ratio` in the others. */
static const struct {
  gint64 out, repeat, stride;
} rows[] = {{16, 1, 1}, {24, 2, 2}, {32, 3, 2}, {64, 4, 2}, {96, 3, 1}, {160, 3, 2}, {320, 1, 1}};

enum { STEM = 32, LAST = 1280 };

static const Cs3Field fields[] = {
    CS3_FIELD_OF("num_channels", Config, channels, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_OF("image_size", Config, image, 1, CS3_MODEL_MAX_IMAGE),
    CS3_FIELD_OF("depth_divisible_by", Config, divisor, 1, 256),
    CS3_FIELD_OF("expand_ratio", Config, expand, 1, 64),
    {.key = "depth_multiplier",
     .type = CS3_FIELD_REAL,
     .offset = offsetof(Config, width),
     .min = 0.05,
     .max = 16},
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"tf_padding", "classifier_dropout_prob",
                                       "semantic_loss_ignore_index", "layer_norm_eps", NULL};

static const Cs3Head heads[] = {{"ForImageClassification", CS3_HEAD_CLASS}, {NULL, 0}};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.activation = CS3_ACTIVATION_CLIP},
                               .channels = 3,
                               .image = 224,
                               .divisor = 8,
                               .expand = 6,
                               .width = 1};
}

/* A multiple of the divisor, no more than a tenth below. */
static gint64 scaled(const Config *c, gint64 channels) {
  double wanted = (double)channels * c->width, d = (double)c->divisor;
  gint64 near = MAX(c->divisor, (gint64)((wanted + d / 2) / d) * c->divisor);
  return (double)near < 0.9 * wanted ? near + c->divisor : near;
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    c->d.layers += rows[i].repeat;
  c->d.hidden = MAX(LAST, scaled(c, LAST));
  return TRUE;
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  cs3_map_lengths(((const Config *)config)->image, rules);
}

static Cs3Map block(Cs3Builder *b, const Config *c, gint64 index, gint64 out, gint64 stride,
                    gboolean first, Cs3Map x) {
  static const Cs3MbNames one = {.depthwise = "conv.0.0.weight",
                                 .depthwise_norm = "conv.0.1.weight",
                                 .project = "conv.1.weight",
                                 .project_norm = "conv.2.weight"};
  static const Cs3MbNames names = {.expand = "conv.0.0.weight",
                                   .expand_norm = "conv.0.1.weight",
                                   .depthwise = "conv.1.0.weight",
                                   .depthwise_norm = "conv.1.1.weight",
                                   .project = "conv.2.weight",
                                   .project_norm = "conv.3.weight"};
  gint64 in = cs3_build_channels(b, x);
  Cs3MbPart part = {.expanded = in * (first ? 1 : c->expand),
                    .kernel = 3,
                    .stride = stride,
                    .out = out,
                    .activation = c->d.activation,
                    .names = first ? &one : &names};
  Cs3Map y = cs3_compose_mb(b, &part, x);
  return stride == 1 && in == out ? cs3_build_map_residual(b, "residual", y, x) : y;
}

/* Blocks @first and following, alike. @index: of the first in the list `features`. */
static Cs3Map blocks(Cs3Builder *b, const Config *c, int row, gint64 index, gint64 first,
                     gint64 repeat, Cs3Map x) {
  g_autofree char *name = g_strdup_printf("row%d.%s", row + 1, first == 0 ? "first" : "others");
  Cs3MapBlocks alike = {
      .name = name, .prefix = "features.*.", .first = index + first, .repeat = repeat};
  x = cs3_compose_open_blocks(b, &alike, x);
  x = block(b, c, index, scaled(c, rows[row].out), first == 0 ? rows[row].stride : 1, row == 0, x);
  cs3_build_output(b, x.act);
  return x;
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  gint64 image = cs3_build_lengths(b)->image, index = 1;
  Cs3Map x = cs3_compose_open_map(b, "stem", NULL, "pixels", c->channels, image, image);
  x = cs3_compose_normed(b, "stem", "features.0.0.weight", "features.0.1.weight",
                         cs3_filter(scaled(c, STEM), 3, 2), (int)c->d.activation, x);
  cs3_build_output(b, x.act);
  cs3_build_tokens(b, 1);
  for (int row = 0; row < (int)G_N_ELEMENTS(rows); row++) {
    x = blocks(b, c, row, index, 0, 1, x);
    if (rows[row].repeat > 1)
      x = blocks(b, c, row, index, 1, rows[row].repeat - 1, x);
    index += rows[row].repeat;
  }
  x = cs3_compose_open_blocks(b, &(Cs3MapBlocks){.name = "last", .prefix = "", .repeat = 1}, x);
  x = cs3_compose_normed(b, "last", "features.18.0.weight", "features.18.1.weight",
                         cs3_filter(c->d.hidden, 1, 1), (int)c->d.activation, x);
  cs3_build_output(b, x.act);
  x = cs3_compose_open_map(b, "head", NULL, "hidden", c->d.hidden, x.height, x.width);
  cs3_compose_classes(b, "classifier.1.weight", x, c->d.labels);
}

static const Cs3FactField facts[] = {
    {"image", offsetof(Config, image)}, {"channels", offsetof(Config, channels)}, {NULL, 0}};

const Cs3Family cs3_family_mobilenet_v2 = {
    .name = "mobilenet_v2",
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
