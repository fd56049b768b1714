/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ResNet (He et al. 2015, arXiv 1512.03385): a stem, stages of residual blocks of two 3 x 3
 * convolutions or of a bottleneck, the mean of the last map classified. */
#include "config.h"

#include "workloads/compose-conv.h"

typedef enum { BASIC, BOTTLENECK } LayerType;

typedef struct {
  Cs3Dims d;
  gint64 channels, embedding;
  Cs3List widths, depths; /* by stage */
  int layer_type;
  gboolean downsample_first, downsample_in_bottleneck;
} Config;

enum { REDUCTION = 4, IMAGE = 224 };

static const Cs3FieldChoice layer_types[] = {
    {"basic", BASIC}, {"bottleneck", BOTTLENECK}, {NULL, 0}};

static const Cs3Field fields[] = {
    CS3_FIELD_OF("num_channels", Config, channels, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_OF("embedding_size", Config, embedding, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_LIST("hidden_sizes", Config, widths, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_LIST("depths", Config, depths, 1, CS3_MODEL_MAX_LAYERS),
    {.key = "layer_type",
     .type = CS3_FIELD_ENUM,
     .offset = offsetof(Config, layer_type),
     .choices = layer_types},
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_FLAG("downsample_in_first_stage", Config, downsample_first),
    CS3_FIELD_FLAG("downsample_in_bottleneck", Config, downsample_in_bottleneck),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"out_features", "out_indices", "stage_names", NULL};

static const Cs3Head heads[] = {
    {"ForImageClassification", CS3_HEAD_CLASS},
    {"Model", CS3_HEAD_NONE},
    {NULL, 0},
};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.activation = CS3_ACTIVATION_RELU},
                               .channels = 3,
                               .embedding = 64,
                               .widths = {4, {256, 512, 1024, 2048}},
                               .depths = {4, {3, 4, 6, 3}},
                               .layer_type = BOTTLENECK};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  if (!cs3_config_same_length(source, "depths", &c->depths, "hidden_sizes", &c->widths, error))
    return FALSE;
  for (int stage = 0; stage < c->depths.n; stage++) {
    c->d.layers += c->depths.value[stage];
    gint64 width = c->widths.value[stage];
    if (c->layer_type == BOTTLENECK && width % REDUCTION != 0)
      return cs3_config_fail(error, source, "hidden_sizes", json_object_get(object, "hidden_sizes"),
                             "multiples of 4, the widths of bottlenecks");
  }
  c->d.hidden = c->widths.value[c->widths.n - 1];
  return TRUE;
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  cs3_map_lengths(IMAGE, rules);
}

/* Convolution @number of the main path. */
static Cs3Map layer(Cs3Builder *b, int number, Cs3Map x, gint64 out, gint64 kernel, gint64 stride,
                    int activation) {
  g_autofree char *label = g_strdup_printf("conv%d", number + 1);
  g_autofree char *weight = g_strdup_printf("layer.%d.convolution.weight", number);
  g_autofree char *norm = g_strdup_printf("layer.%d.normalization.weight", number);
  Cs3ConvPart part = {.label = label,
                      .weight = weight,
                      .norm = norm,
                      .filter = cs3_filter(out, kernel, stride),
                      .normed = CS3_MAP_NORM_BATCH,
                      .activation = activation};
  return cs3_compose_conv(b, &part, x);
}

static Cs3Map main_path(Cs3Builder *b, const Config *c, Cs3Map x, gint64 out, gint64 stride) {
  int activation = (int)c->d.activation;
  if (c->layer_type == BASIC) {
    x = layer(b, 0, x, out, 3, stride, activation);
    return layer(b, 1, x, out, 3, 1, CS3_NO_ACTIVATION);
  }
  gint64 early = c->downsample_in_bottleneck ? stride : 1;
  x = layer(b, 0, x, out / REDUCTION, 1, early, activation);
  x = layer(b, 1, x, out / REDUCTION, 3, stride / early, activation);
  return layer(b, 2, x, out, 1, 1, CS3_NO_ACTIVATION);
}

static Cs3Map block(Cs3Builder *b, const Config *c, Cs3Map x, gint64 out, gint64 stride) {
  Cs3Map y = main_path(b, c, x, out, stride);
  if (stride != 1 || cs3_build_channels(b, x) != out) {
    Cs3ConvPart part = {.label = "shortcut",
                        .weight = "shortcut.convolution.weight",
                        .norm = "shortcut.normalization.weight",
                        .filter = cs3_filter(out, 1, stride),
                        .normed = CS3_MAP_NORM_BATCH,
                        .activation = CS3_NO_ACTIVATION};
    x = cs3_compose_conv(b, &part, x);
  }
  y = cs3_build_map_residual(b, "residual", y, x);
  return cs3_build_map_activation(b, "activation", c->d.activation, y);
}

/* Blocks @first and following of a stage, as many as are alike. */
static Cs3Map blocks(Cs3Builder *b, const Config *c, int stage, gint64 first, gint64 repeat,
                     Cs3Map x) {
  gboolean halves = first == 0 && (stage > 0 || c->downsample_first);
  g_autofree char *name = g_strdup_printf("stage%d.%s", stage + 1, first == 0 ? "first" : "others");
  g_autofree char *prefix = g_strdup_printf("resnet.encoder.stages.%d.layers.*.", stage);
  Cs3MapBlocks alike = {.name = name, .prefix = prefix, .first = first, .repeat = repeat};
  x = cs3_compose_open_blocks(b, &alike, x);
  x = block(b, c, x, c->widths.value[stage], halves ? 2 : 1);
  cs3_build_output(b, x.act);
  return x;
}

static Cs3Map stem(Cs3Builder *b, const Config *c) {
  gint64 image = cs3_build_lengths(b)->image;
  Cs3ConvPart part = {.label = "stem",
                      .weight = "resnet.embedder.embedder.convolution.weight",
                      .norm = "resnet.embedder.embedder.normalization.weight",
                      .filter = cs3_filter(c->embedding, 7, 2),
                      .normed = CS3_MAP_NORM_BATCH,
                      .activation = (int)c->d.activation};
  Cs3Window window = {{3, 3}, {2, 2}, {1, 1}, {1, 1}, TRUE};
  Cs3Map x = cs3_compose_open_map(b, "stem", NULL, "pixels", c->channels, image, image);
  x = cs3_compose_conv(b, &part, x);
  x = cs3_build_window_pool(b, "max_pool", x, &window);
  cs3_build_output(b, x.act);
  return x;
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  Cs3Map x = stem(b, c);
  cs3_build_tokens(b, 1);
  for (int stage = 0; stage < c->depths.n; stage++) {
    x = blocks(b, c, stage, 0, 1, x);
    if (c->depths.value[stage] > 1)
      x = blocks(b, c, stage, 1, c->depths.value[stage] - 1, x);
  }
  x = cs3_compose_open_map(b, "head", NULL, "hidden", c->d.hidden, x.height, x.width);
  x = cs3_build_adaptive_pool(b, "mean", x, 1, 1);
  if (c->d.head != CS3_HEAD_CLASS)
    return;
  Cs3Act y = cs3_build_linear(b, "classifier", "classifier.1.weight", x.act, c->d.labels, TRUE);
  cs3_build_loss(b, y);
}

static const Cs3FactField facts[] = {{"channels", offsetof(Config, channels)}, {NULL, 0}};

const Cs3Family cs3_family_resnet = {
    .name = "resnet",
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
