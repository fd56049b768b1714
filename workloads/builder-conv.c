/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operators on feature maps: what each costs and keeps. */
#include "config.h"

#include "workloads/builder-conv.h"

#include "workloads/builder-private.h"

enum { HEIGHT, WIDTH, AXES };

Cs3Filter cs3_filter(gint64 out, gint64 kernel, gint64 stride) {
  gint64 around = kernel / 2;
  return (Cs3Filter){.out = out,
                     .kernel = {kernel, kernel},
                     .stride = {stride, stride},
                     .before = {around, around},
                     .after = {around, around}};
}

static gint64 or_one(gint64 value) {
  return MAX(value, 1);
}

gint64 cs3_filter_positions(const Cs3Filter *f, int axis, gint64 input) {
  gint64 reach = or_one(f->dilation[axis]) * (f->kernel[axis] - 1) + 1;
  gint64 zeros = f->before[axis] + f->after[axis], stride = or_one(f->stride[axis]);
  if (f->transposed)
    return (input - 1) * stride + reach - zeros + f->extra[axis];
  return input + zeros < reach ? 0 : (input + zeros - reach) / stride + 1;
}

gint64 cs3_build_channels(const Cs3Builder *b, Cs3Map x) {
  return cs3_build_width(b, x.act);
}

static Cs3Map new_map(Cs3Builder *b, const char *name, gint64 channels, gint64 height,
                      gint64 width) {
  double rows = (double)height * (double)width;
  return (Cs3Map){cs3_builder_act(b, name, channels, rows), height, width};
}

/* As large as @x. */
static Cs3Map map_like(Cs3Builder *b, const char *name, Cs3Map x) {
  return new_map(b, name, cs3_build_channels(b, x), x.height, x.width);
}

Cs3Map cs3_build_map(Cs3Builder *b, const char *name, gint64 channels, gint64 height,
                     gint64 width) {
  Cs3Map map = {cs3_build_input(b, name, channels), height, width};
  g_return_val_if_fail(cs3_build_rows(b, map.act) == (double)height * (double)width, map);
  return map;
}

static Cs3Convolution geometry_of(const Cs3Builder *b, Cs3Map x, const Cs3Filter *f) {
  Cs3Convolution c = {.input = {x.height, x.width},
                      .in_channels = cs3_build_channels(b, x),
                      .out_channels = f->out,
                      .transposed = f->transposed};
  for (int axis = 0; axis < AXES; axis++) {
    c.kernel[axis] = f->kernel[axis];
    c.stride[axis] = or_one(f->stride[axis]);
    c.dilation[axis] = or_one(f->dilation[axis]);
    c.before[axis] = f->before[axis];
    c.after[axis] = f->after[axis];
    c.output[axis] = cs3_filter_positions(f, axis, c.input[axis]);
    g_return_val_if_fail(c.output[axis] > 0, c);
  }
  return c;
}

Cs3Map cs3_build_conv(Cs3Builder *b, const char *label, const char *tensor, Cs3Map x,
                      const Cs3Filter *f) {
  Cs3Convolution c = geometry_of(b, x, f);
  gint64 kernel = c.kernel[HEIGHT] * c.kernel[WIDTH], groups = or_one(f->groups);
  gint64 in = c.in_channels * (f->transposed ? 1 : kernel);
  gint64 out = c.out_channels * (f->transposed ? kernel : 1);
  g_return_val_if_fail(c.in_channels % groups == 0 && c.out_channels % groups == 0, x);
  Cs3Map y = new_map(b, label, f->out, c.output[HEIGHT], c.output[WIDTH]);
  double rows = cs3_build_rows(b, f->transposed ? x.act : y.act);
  Cs3Node *node = cs3_builder_linear(b, label, tensor, x.act, in, out, groups, FALSE, rows);
  cs3_node_write(node, y.act);
  node->bias = f->bias;
  node->parameters += f->bias ? f->out : 0;
  /* A bias for every element of the output; transposed: and a sum for all that falls on it. */
  double outputs = (double)f->out * cs3_build_rows(b, y.act) / rows;
  node->vector_elements = (f->bias ? outputs : 0) + (f->transposed ? (double)out : 0);
  g_array_append_val(b->graph->convolutions, c);
  node->convolution = b->graph->convolutions->len;
  return y;
}

/* Sum, squared deviations, normalise, scale and shift, as a layer norm; @pieces statistics. */
static Cs3Map add_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Map x,
                       gint64 pieces) {
  double channels = (double)cs3_build_channels(b, x), rows = cs3_build_rows(b, x.act);
  g_autofree char *name = g_strconcat(label, " statistics", NULL);
  Cs3Act statistics = cs3_builder_act(b, name, 2 * pieces * CS3_WORD_ELEMENTS, 1);
  Cs3Map y = map_like(b, label, x);
  Cs3Node *node = cs3_builder_add(b,
                                  (Cs3Node){.label = label,
                                            .kind = CS3_NODE_NORM,
                                            .parameters = 2 * (gint64)channels,
                                            .vector_elements = 4 * channels,
                                            .special_elements = 2 * (double)pieces / rows},
                                  rows, tensor);
  cs3_node_read(node, x.act);
  cs3_node_write(node, y.act);
  cs3_node_write(node, statistics);
  cs3_node_keep(node, x.act);
  cs3_node_keep(node, statistics);
  return y;
}

Cs3Map cs3_build_batch_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Map x) {
  return add_norm(b, label, tensor, x, cs3_build_channels(b, x));
}

Cs3Map cs3_build_group_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Map x,
                            gint64 groups) {
  return add_norm(b, label, tensor, x, groups);
}

Cs3Map cs3_build_map_activation(Cs3Builder *b, const char *label, Cs3Activation kind, Cs3Map x) {
  x.act = cs3_build_activation(b, label, kind, x.act);
  return x;
}

Cs3Map cs3_build_map_residual(Cs3Builder *b, const char *label, Cs3Map x, Cs3Map y) {
  x.act = cs3_build_residual(b, label, x.act, y.act);
  return x;
}

/* One operator that makes map @y of @x by @operations an element and row of @rows. */
static Cs3Node *add_pooling(Cs3Builder *b, const char *label, Cs3NodeKind kind, Cs3Map x, Cs3Map y,
                            double operations, double rows) {
  double width = operations * (double)cs3_build_channels(b, y);
  Cs3Node *node = cs3_builder_add(
      b, (Cs3Node){.label = label, .kind = kind, .vector_elements = width}, rows, NULL);
  cs3_node_read(node, x.act);
  cs3_node_write(node, y.act);
  return node;
}

Cs3Map cs3_build_window_pool(Cs3Builder *b, const char *label, Cs3Map x, const Cs3Window *w) {
  Cs3Filter f = {.kernel = {w->kernel[HEIGHT], w->kernel[WIDTH]},
                 .stride = {w->stride[HEIGHT], w->stride[WIDTH]},
                 .before = {w->before[HEIGHT], w->before[WIDTH]},
                 .after = {w->after[HEIGHT], w->after[WIDTH]}};
  gint64 height = cs3_filter_positions(&f, HEIGHT, x.height);
  gint64 width = cs3_filter_positions(&f, WIDTH, x.width);
  g_return_val_if_fail(height > 0 && width > 0, x);
  Cs3Map y = new_map(b, label, cs3_build_channels(b, x), height, width);
  g_autofree char *name = g_strconcat(label, " places", NULL);
  Cs3Map places = w->largest ? map_like(b, name, y) : (Cs3Map){CS3_NO_ACT, 0, 0};
  double window = (double)(w->kernel[HEIGHT] * w->kernel[WIDTH]);
  Cs3Node *node = add_pooling(b, label, CS3_NODE_POOLING, x, y, window, cs3_build_rows(b, y.act));
  cs3_node_write(node, places.act);
  cs3_node_keep(node, places.act);
  return y;
}

Cs3Map cs3_build_adaptive_pool(Cs3Builder *b, const char *label, Cs3Map x, gint64 height,
                               gint64 width) {
  Cs3Map y = new_map(b, label, cs3_build_channels(b, x), height, width);
  add_pooling(b, label, CS3_NODE_POOLING, x, y, 1, cs3_build_rows(b, x.act));
  return y;
}

/* Operations an element of the result: a copy, or a multiply-add for each neighbour, row by row and
 * column by column. */
Cs3Map cs3_build_resize(Cs3Builder *b, const char *label, Cs3Map x, gint64 height, gint64 width,
                        Cs3Resize how) {
  static const double operations[] = {
      [CS3_RESIZE_NEAREST] = 1, [CS3_RESIZE_BILINEAR] = 4, [CS3_RESIZE_BICUBIC] = 16};
  Cs3Map y = new_map(b, label, cs3_build_channels(b, x), height, width);
  add_pooling(b, label, CS3_NODE_RESIZE, x, y, operations[how], cs3_build_rows(b, y.act));
  return y;
}

Cs3Map cs3_build_excite(Cs3Builder *b, const char *label, Cs3Map x, Cs3Map gate) {
  Cs3Map y = map_like(b, label, x);
  double width = (double)cs3_build_channels(b, x);
  Cs3Node *node = cs3_builder_add(
      b,
      (Cs3Node){
          .label = label, .kind = CS3_NODE_RESIDUAL, .vector_elements = width, .in_place = TRUE},
      cs3_build_rows(b, x.act), NULL);
  cs3_node_read(node, x.act);
  cs3_node_read(node, gate.act);
  cs3_node_write(node, y.act);
  cs3_node_keep(node, x.act);
  cs3_node_keep(node, gate.act);
  return y;
}

Cs3Map cs3_build_concat(Cs3Builder *b, const char *label, const Cs3Map *maps, int n) {
  gint64 channels = 0;
  for (int i = 0; i < n; i++)
    channels += cs3_build_channels(b, maps[i]);
  Cs3Map y = new_map(b, label, channels, maps[0].height, maps[0].width);
  Cs3Node *node = add_pooling(b, label, CS3_NODE_POOLING, maps[0], y, 1, cs3_build_rows(b, y.act));
  for (int i = 1; i < n; i++)
    cs3_node_read(node, maps[i].act);
  return y;
}

static Cs3Node *add_view(Cs3Builder *b, const char *label) {
  return cs3_builder_add(b, (Cs3Node){.label = label, .kind = CS3_NODE_VIEW, .in_place = TRUE}, 1,
                         NULL);
}

void cs3_build_split_map(Cs3Builder *b, const char *label, Cs3Map x, gint64 channels,
                         Cs3Map parts[2]) {
  gint64 rest = cs3_build_channels(b, x) - channels;
  for (int i = 0; i < 2; i++)
    parts[i] = new_map(b, label, i == 0 ? channels : rest, x.height, x.width);
  Cs3Node *node = add_view(b, label);
  cs3_node_read(node, x.act);
  for (int i = 0; i < 2; i++)
    cs3_node_write(node, parts[i].act);
}

Cs3Act cs3_build_pack(Cs3Builder *b, const char *label, const Cs3Act *acts, int n) {
  gint64 elements = 0;
  for (int i = 0; i < n; i++)
    elements += cs3_build_width(b, acts[i]) * (gint64)cs3_build_rows(b, acts[i]);
  Cs3Act y = cs3_builder_act(b, label, elements, 1);
  Cs3Node *node = add_view(b, label);
  for (int i = 0; i < n; i++)
    cs3_node_read(node, acts[i]);
  cs3_node_write(node, y);
  return y;
}

void cs3_build_unpack(Cs3Builder *b, const char *label, Cs3Act x, const Cs3Act *like, int n,
                      Cs3Act *acts) {
  for (int i = 0; i < n; i++)
    acts[i] = cs3_builder_act(b, cs3_builder_tensor(b, like[i])->name, cs3_build_width(b, like[i]),
                              cs3_build_rows(b, like[i]));
  Cs3Node *node = add_view(b, label);
  cs3_node_read(node, x);
  for (int i = 0; i < n; i++)
    cs3_node_write(node, acts[i]);
}
