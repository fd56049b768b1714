/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups of operators that convolutional families share. */
#include "config.h"

#include "workloads/compose-conv.h"

Cs3Map cs3_compose_conv(Cs3Builder *b, const Cs3ConvPart *part, Cs3Map x) {
  g_autofree char *norm = g_strconcat(part->label, "_norm", NULL);
  g_autofree char *activation = g_strconcat(part->label, "_activation", NULL);
  x = cs3_build_conv(b, part->label, part->weight, x, &part->filter);
  if (part->normed == CS3_MAP_NORM_BATCH)
    x = cs3_build_batch_norm(b, norm, part->norm, x);
  if (part->activation != CS3_NO_ACTIVATION)
    x = cs3_build_map_activation(b, activation, (Cs3Activation)part->activation, x);
  return x;
}

Cs3Map cs3_compose_open_blocks(Cs3Builder *b, const Cs3MapBlocks *blocks, Cs3Map x) {
  gint64 channels = cs3_build_channels(b, x);
  g_autofree gint64 *numbers = g_new(gint64, blocks->repeat);
  for (gint64 i = 0; i < blocks->repeat; i++)
    numbers[i] = blocks->first + i;
  cs3_build_open(b, &(Cs3SegmentSpec){.name = blocks->name,
                                      .prefix = blocks->prefix,
                                      .rows = (double)x.height * (double)x.width,
                                      .repeat = blocks->repeat,
                                      .block = TRUE,
                                      .reversible = blocks->reversible,
                                      .numbers = numbers});
  return cs3_build_map(b, "hidden", channels, x.height, x.width);
}

Cs3Map cs3_compose_open_map(Cs3Builder *b, const char *name, const char *prefix, const char *what,
                            gint64 channels, gint64 height, gint64 width) {
  double rows = (double)height * (double)width;
  cs3_build_open(b, &(Cs3SegmentSpec){.name = name, .prefix = prefix, .rows = rows});
  return cs3_build_map(b, what, channels, height, width);
}

Cs3Map cs3_compose_squeeze(Cs3Builder *b, const char *label, Cs3Map x, gint64 narrow,
                           Cs3Activation inner, Cs3Activation gate, const char *reduce,
                           const char *expand) {
  g_autofree char *mean = g_strconcat(label, "squeeze_mean", NULL);
  g_autofree char *squeeze = g_strconcat(label, "squeeze", NULL);
  g_autofree char *excite = g_strconcat(label, "excite", NULL);
  g_autofree char *product = g_strconcat(label, "squeeze_excite", NULL);
  Cs3ConvPart first = {.label = squeeze,
                       .weight = reduce,
                       .filter = cs3_filter(narrow, 1, 1),
                       .activation = (int)inner};
  Cs3ConvPart second = {.label = excite,
                        .weight = expand,
                        .filter = cs3_filter(cs3_build_channels(b, x), 1, 1),
                        .activation = (int)gate};
  first.filter.bias = second.filter.bias = TRUE;
  Cs3Map s = cs3_build_adaptive_pool(b, mean, x, 1, 1);
  s = cs3_compose_conv(b, &first, s);
  s = cs3_compose_conv(b, &second, s);
  return cs3_build_excite(b, product, x, s);
}

Cs3Map cs3_compose_normed(Cs3Builder *b, const char *label, const char *weight, const char *norm,
                          Cs3Filter filter, int activation, Cs3Map x) {
  Cs3ConvPart part = {.label = label,
                      .weight = weight,
                      .norm = norm,
                      .filter = filter,
                      .normed = CS3_MAP_NORM_BATCH,
                      .activation = activation};
  return cs3_compose_conv(b, &part, x);
}

/* One of the convolutions of an inverted residual. */
static Cs3Map mb_conv(Cs3Builder *b, const Cs3MbPart *p, const char *name, const char *weight,
                      const char *norm, Cs3Filter filter, int activation, Cs3Map x) {
  g_autofree char *label = g_strconcat(p->label ? p->label : "", name, NULL);
  return cs3_compose_normed(b, label, weight, norm, filter, activation, x);
}

Cs3Map cs3_compose_mb(Cs3Builder *b, const Cs3MbPart *p, Cs3Map x) {
  const Cs3MbNames *n = p->names;
  Cs3Filter depthwise = cs3_filter(p->expanded, p->kernel, p->stride);
  depthwise.groups = p->expanded;
  if (p->expands || p->expanded != cs3_build_channels(b, x))
    x = mb_conv(b, p, "expand", n->expand, n->expand_norm, cs3_filter(p->expanded, 1, 1),
                (int)p->activation, x);
  x = mb_conv(b, p, "depthwise", n->depthwise, n->depthwise_norm, depthwise, (int)p->activation, x);
  if (p->squeezed > 0)
    x = cs3_compose_squeeze(b, p->label ? p->label : "", x, p->squeezed, p->activation, p->gate,
                            n->reduce, n->excite);
  return mb_conv(b, p, "project", n->project, n->project_norm, cs3_filter(p->out, 1, 1),
                 CS3_NO_ACTIVATION, x);
}

void cs3_compose_classes(Cs3Builder *b, const char *tensor, Cs3Map x, gint64 labels) {
  x = cs3_build_adaptive_pool(b, "mean", x, 1, 1);
  cs3_build_loss(b, cs3_build_linear(b, "classifier", tensor, x.act, labels, TRUE));
}

void cs3_map_lengths(gint64 image, Cs3LengthRules *rules) {
  *rules = (Cs3LengthRules){.image = image, .image_limit = CS3_MODEL_MAX_IMAGE, .image_step = 1};
}
