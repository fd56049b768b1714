/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RevBiFPN (Chiley et al. 2022, arXiv 2206.14098; github.com/CerebrasResearch/RevBiFPN): a pyramid
 * of scales whose blocks are reversible. A scale's two halves are coupled by inverted residuals;
 * silos add what inverted residuals make of every finer scale to the coarser ones, then of every
 * coarser one to the finer ones. All scales travel as one activation from step to step, so that
 * they are alive as long as they are needed; steps of an addition each can be undone. */
#include "config.h"

#include "workloads/compose-conv.h"

enum { SCALES = 4, REPEATS = 2, PATCH = 4 };

typedef struct {
  Cs3Dims d;
  gint64 image, extensions, last;
  Cs3List channels, heads;
} Config;

/* By scale: what every published size has. */
static const gint64 kernels[SCALES] = {3, 5, 5, 5}, wider[SCALES] = {0, 0, 0, 2};
static const gint64 expands[SCALES] = {1, 1, 2, 2}, head_expands[SCALES] = {1, 2, 2, 2};
static const double squeezes[SCALES] = {0.25, 0.25, 0.125, 0};
static const double head_squeezes[SCALES] = {0.25, 0.25, 0.125, 0.125};

/* The pyramid while it is composed. */
typedef struct {
  Cs3Builder *b;
  const Config *c;
  int n;              /* scales there are */
  Cs3Map map[SCALES]; /* in the open segment; else as the last one left them */
  Cs3Act pack;
  int step;
} Pyramid;

static const Cs3Field fields[] = {
    CS3_FIELD_OF("image_size", Config, image, 1, CS3_MODEL_MAX_IMAGE),
    CS3_FIELD_OF("num_ext_layers", Config, extensions, 0, 1000),
    CS3_FIELD_OF("fc_features", Config, last, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_LIST("channels", Config, channels, 2 * PATCH * PATCH, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_LIST("head_channels", Config, heads, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_END,
};

static const Cs3Head heads[] = {{"ForImageClassification", CS3_HEAD_CLASS}, {NULL, 0}};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.activation = CS3_ACTIVATION_HARD_SILU},
                               .image = 224,
                               .extensions = 2,
                               .last = 1280,
                               .channels = {SCALES, {48, 64, 80, 160}},
                               .heads = {SCALES, {48, 64, 128, 320}}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  json_t *given = json_object_get(object, "channels");
  if (c->channels.n != SCALES)
    return cs3_config_fail(error, source, "channels", given, "a list of 4, one a scale");
  if (!cs3_config_same_length(source, "head_channels", &c->heads, "channels", &c->channels, error))
    return FALSE;
  for (int i = 0; i < SCALES; i++)
    if (c->channels.value[i] % (PATCH * PATCH) != 0)
      return cs3_config_fail(error, source, "channels", given, "multiples of 16");
  c->d.layers = SCALES - 1 + c->extensions;
  c->d.hidden = c->last;
  return TRUE;
}

/* Every scale is half of the one before, so that what is enlarged fits. */
static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  cs3_map_lengths(((const Config *)config)->image, rules);
  rules->image_step = PATCH << (SCALES - 1);
}

static const Cs3MbNames names = {.expand = "exp_conv.conv.weight",
                                 .expand_norm = "exp_conv.norm.weight",
                                 .depthwise = "dw_conv.conv.weight",
                                 .depthwise_norm = "dw_conv.norm.weight",
                                 .reduce = "se.se.1.weight",
                                 .excite = "se.se.3.weight",
                                 .project = "project_conv.conv.weight",
                                 .project_norm = "project_conv.norm.weight"};

/* @label: before the labels, and with a dot before the tensor names; NULL: nothing. */
static Cs3Map residual(Cs3Builder *b, const char *label, Cs3Map x, gint64 out, gint64 kernel,
                       gint64 stride, gint64 expand, double squeeze) {
  gint64 in = cs3_build_channels(b, x);
  Cs3MbPart part = {.expanded = in * expand,
                    .kernel = kernel,
                    .stride = stride,
                    .squeezed = squeeze > 0 ? MAX(1, (gint64)((double)in * squeeze)) : 0,
                    .out = out,
                    .activation = CS3_ACTIVATION_HARD_SILU,
                    .gate = CS3_ACTIVATION_HARD_SIGMOID,
                    .label = label,
                    .names = &names};
  return cs3_compose_mb(b, &part, x);
}

static void open_step(Pyramid *p, const char *what, const char *prefix) {
  Cs3Act like[SCALES], acts[SCALES];
  double rows = cs3_build_rows(p->b, p->pack);
  gint64 elements = cs3_build_width(p->b, p->pack);
  g_autofree char *name = g_strdup_printf("step%d.%s", ++p->step, what);
  cs3_build_open(
      p->b, &(Cs3SegmentSpec){
                .name = name, .prefix = prefix, .rows = rows, .block = TRUE, .reversible = TRUE});
  Cs3Act x = cs3_build_input(p->b, "scales", elements);
  for (int i = 0; i < p->n; i++)
    like[i] = p->map[i].act;
  cs3_build_unpack(p->b, "unpack", x, like, p->n, acts);
  for (int i = 0; i < p->n; i++)
    p->map[i].act = acts[i];
}

static void close_step(Pyramid *p) {
  Cs3Act acts[SCALES];
  for (int i = 0; i < p->n; i++)
    acts[i] = p->map[i].act;
  p->pack = cs3_build_pack(p->b, "pack", acts, p->n);
  cs3_build_output(p->b, p->pack);
}

/* x1 += f(x2), x2 += g(x1): halves of the channels of one scale. */
static void couple(Pyramid *p, int layer, int repeat, int scale) {
  Cs3Builder *b = p->b;
  g_autofree char *prefix = g_strdup_printf("rev_stack.layer%d.%d.%d.", layer, repeat, scale);
  open_step(p, "coupling", prefix);
  Cs3Map x = p->map[scale], half[2] = {x, x};
  gint64 channels = cs3_build_channels(b, x);
  cs3_build_split_map(b, "halves", x, channels / 2, half);
  for (int side = 0; side < 2; side++) {
    const char *label = side == 0 ? "f_" : "g_", *sum = side == 0 ? "f_sum" : "g_sum";
    Cs3Map y = residual(b, label, half[side], channels / 2, kernels[scale], 1, expands[scale],
                        squeezes[scale]);
    half[1 - side] = cs3_build_map_residual(b, sum, half[1 - side], y);
  }
  p->map[scale] = cs3_build_concat(b, "whole", half, 2);
  close_step(p);
}

/* Scale @to gets what becomes of @from; the coarsest may begin with it. */
static void fuse(Pyramid *p, int layer, int from, int to) {
  Cs3Builder *b = p->b;
  gboolean down = to > from;
  gint64 stride = down ? (gint64)1 << (to - from) : 1, out = p->c->channels.value[to];
  gint64 kernel = (down ? 2 * stride - 1 : 3) + wider[from];
  int finer = MIN(from, to);
  g_autofree char *prefix =
      g_strdup_printf("rev_stack.layer%d.%s.%d.%d.", layer, down ? "f" : "g", from, to);
  open_step(p, down ? "down" : "up", prefix);
  Cs3Map y = residual(b, NULL, p->map[from], out, kernel, stride, expands[finer], squeezes[finer]);
  if (!down)
    y = cs3_build_resize(b, "up", y, p->map[to].height, p->map[to].width, CS3_RESIZE_BILINEAR);
  p->map[to] = to == p->n ? y : cs3_build_map_residual(b, "sum", p->map[to], y);
  p->n = MAX(p->n, to + 1);
  close_step(p);
}

/* Coarsest first, finest first: each reads scales that are not yet changed. */
static void silo(Pyramid *p, int layer, int scales) {
  for (int to = scales - 1; to > 0; to--)
    for (int from = 0; from < to; from++)
      fuse(p, layer, from, to);
  for (int to = 0; to < scales - 1; to++)
    for (int from = scales - 1; from > to; from--)
      fuse(p, layer, from, to);
}

static void layer(Pyramid *p, int number, int scales) {
  for (int repeat = 0; repeat < REPEATS; repeat++)
    for (int scale = 0; scale < p->n; scale++)
      couple(p, number, repeat, scale);
  silo(p, number, scales);
}

/* Pixels of patches are channels, copied until there are as many as the finest scale has. */
static void stem(Pyramid *p) {
  gint64 side = cs3_build_lengths(p->b)->image / PATCH;
  gint64 channels = p->c->channels.value[0];
  double rows = (double)side * (double)side;
  cs3_build_open(p->b, &(Cs3SegmentSpec){.name = "stem", .rows = rows});
  p->map[0] = cs3_build_map(p->b, "pixels", channels, side, side);
  p->n = 1;
  close_step(p);
}

static Cs3Map head_scale(Pyramid *p, int i, Cs3Map sum) {
  const Config *c = p->c;
  g_autofree char *neck = g_strdup_printf("neck%d.", i);
  g_autofree char *down = g_strdup_printf("down%d.", i);
  g_autofree char *add = g_strdup_printf("sum%d", i);
  Cs3Map x =
      residual(p->b, neck, p->map[i], c->heads.value[i], 5, 1, head_expands[i], head_squeezes[i]);
  if (i == 0)
    return x;
  Cs3Map y =
      residual(p->b, down, sum, c->heads.value[i], 5, 2, head_expands[i - 1], head_squeezes[i - 1]);
  return cs3_build_map_residual(p->b, add, x, y);
}

/* The neck and the head's way down, a scale a segment: those that come travel along. */
static Cs3Map build_neck(Pyramid *p) {
  Cs3Builder *b = p->b;
  Cs3Map sum = {CS3_NO_ACT, 0, 0};
  for (int i = 0; i < SCALES; i++) {
    Cs3Act like[SCALES + 1], acts[SCALES + 1];
    int n = 0;
    g_autofree char *name = g_strdup_printf("neck%d", i + 1);
    double rows = cs3_build_rows(b, p->pack);
    gint64 elements = cs3_build_width(b, p->pack);
    cs3_build_open(b,
                   &(Cs3SegmentSpec){.name = name, .prefix = "head.", .rows = rows, .block = TRUE});
    Cs3Act x = cs3_build_input(b, "scales", elements);
    for (int k = i; k < SCALES; k++)
      like[n++] = p->map[k].act;
    if (i > 0)
      like[n++] = sum.act;
    cs3_build_unpack(b, "unpack", x, like, n, acts);
    for (int k = i; k < SCALES; k++)
      p->map[k].act = acts[k - i];
    if (i > 0)
      sum.act = acts[n - 1];
    sum = head_scale(p, i, sum);
    n = 0;
    for (int k = i + 1; k < SCALES; k++)
      acts[n++] = p->map[k].act;
    acts[n++] = sum.act;
    p->pack = cs3_build_pack(b, "pack", acts, n);
    cs3_build_output(b, p->pack);
  }
  return sum;
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  Pyramid p = {.b = b, .c = c};
  int number = 0;
  stem(&p);
  cs3_build_tokens(b, 1);
  for (int scales = 2; scales <= SCALES; scales++)
    layer(&p, number++, scales);
  for (gint64 i = 0; i < c->extensions; i++)
    layer(&p, number++, SCALES);
  Cs3Map x = build_neck(&p);
  x = cs3_compose_open_map(b, "head", "head.", "hidden", c->heads.value[SCALES - 1], x.height,
                           x.width);
  Cs3ConvPart last = {.label = "last",
                      .weight = "final_conv.conv.weight",
                      .norm = "final_conv.norm.weight",
                      .filter = cs3_filter(c->last, 1, 1),
                      .normed = CS3_MAP_NORM_BATCH,
                      .activation = CS3_ACTIVATION_HARD_SILU};
  x = cs3_compose_conv(b, &last, x);
  cs3_compose_classes(b, "fc.weight", x, c->d.labels);
}

static const Cs3FactField facts[] = {{"image", offsetof(Config, image)}, {NULL, 0}};

const Cs3Family cs3_family_revbifpn = {
    .name = "revbifpn",
    .config_size = sizeof(Config),
    .fields = fields,
    .heads = heads,
    .facts = facts,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
