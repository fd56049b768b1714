/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VGG (Simonyan and Zisserman 2014, arXiv 1409.1556): stages of 3 x 3 convolutions with biases,
 * a maximum after each, three linear layers. Tensor names are torchvision's. */
#include "config.h"

#include "workloads/compose-conv.h"

typedef struct {
  Cs3Dims d;
  gint64 channels, classifier;
  Cs3List widths, depths; /* by stage */
} Config;

enum { IMAGE = 224, POOLED = 7 };

static const Cs3Field fields[] = {
    CS3_FIELD_OF("num_channels", Config, channels, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_OF("classifier_size", Config, classifier, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_LIST("hidden_sizes", Config, widths, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_LIST("depths", Config, depths, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_END,
};

static const Cs3Head heads[] = {{"ForImageClassification", CS3_HEAD_CLASS}, {NULL, 0}};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.activation = CS3_ACTIVATION_RELU},
                               .channels = 3,
                               .classifier = 4096,
                               .widths = {5, {64, 128, 256, 512, 512}},
                               .depths = {5, {2, 2, 3, 3, 3}}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  if (!cs3_config_same_length(source, "depths", &c->depths, "hidden_sizes", &c->widths, error))
    return FALSE;
  for (int stage = 0; stage < c->depths.n; stage++)
    c->d.layers += c->depths.value[stage];
  c->d.hidden = c->widths.value[c->widths.n - 1];
  return TRUE;
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  cs3_map_lengths(IMAGE, rules);
}

/* @index: of the layer in torchvision's list, which counts activations and maxima, too. */
static Cs3Map layer(Cs3Builder *b, const Config *c, const char *label, int *index, Cs3Map x,
                    gint64 out) {
  g_autofree char *weight = g_strdup_printf("features.%d.weight", *index);
  Cs3ConvPart part = {.label = label,
                      .weight = weight,
                      .filter = cs3_filter(out, 3, 1),
                      .activation = (int)c->d.activation};
  part.filter.bias = TRUE;
  *index += 2;
  return cs3_compose_conv(b, &part, x);
}

/* The first convolution stands alone: it stays dense. */
static Cs3Map stage(Cs3Builder *b, const Config *c, int number, int *index, Cs3Map x) {
  Cs3Window window = {{2, 2}, {2, 2}, {0, 0}, {0, 0}, TRUE};
  g_autofree char *name = g_strdup_printf("stage%d", number + 1);
  gint64 first = number == 0 ? 1 : 0;
  x = cs3_compose_open_blocks(b, &(Cs3MapBlocks){.name = name, .prefix = "", .repeat = 1}, x);
  for (gint64 i = first; i < c->depths.value[number]; i++) {
    g_autofree char *label = g_strdup_printf("conv%d", (int)i + 1);
    x = layer(b, c, label, index, x, c->widths.value[number]);
  }
  x = cs3_build_window_pool(b, "max_pool", x, &window);
  ++*index;
  cs3_build_output(b, x.act);
  return x;
}

static void build_head(Cs3Builder *b, const Config *c, Cs3Map x) {
  x = cs3_compose_open_map(b, "head", NULL, "hidden", c->d.hidden, x.height, x.width);
  x = cs3_build_adaptive_pool(b, "mean", x, POOLED, POOLED);
  Cs3Act y = cs3_build_pack(b, "flatten", &x.act, 1);
  y = cs3_build_linear(b, "linear1", "classifier.0.weight", y, c->classifier, TRUE);
  y = cs3_build_activation(b, "activation1", c->d.activation, y);
  y = cs3_build_linear(b, "linear2", "classifier.3.weight", y, c->classifier, TRUE);
  y = cs3_build_activation(b, "activation2", c->d.activation, y);
  cs3_build_loss(b, cs3_build_linear(b, "classifier", "classifier.6.weight", y, c->d.labels, TRUE));
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  gint64 image = cs3_build_lengths(b)->image;
  int index = 0;
  Cs3Map x = cs3_compose_open_map(b, "stem", NULL, "pixels", c->channels, image, image);
  x = layer(b, c, "stem", &index, x, c->widths.value[0]);
  cs3_build_output(b, x.act);
  cs3_build_tokens(b, 1);
  for (int number = 0; number < c->depths.n; number++)
    x = stage(b, c, number, &index, x);
  build_head(b, c, x);
}

static const Cs3FactField facts[] = {{"channels", offsetof(Config, channels)}, {NULL, 0}};

const Cs3Family cs3_family_vgg = {
    .name = "vgg",
    .config_size = sizeof(Config),
    .fields = fields,
    .heads = heads,
    .facts = facts,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
