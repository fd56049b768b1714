/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Composing feature maps: convolutions, their norms, pooling, changes of resolution, and
 * activations that travel together from segment to segment. Tensors lie as elsewhere: a row for
 * every position of a sample, an element for every channel. */
#pragma once

#include "workloads/builder.h"

/* An activation with positions: `act` has height x width rows. */
typedef struct {
  Cs3Act act;
  gint64 height, width;
} Cs3Map;

/* A filter. Pairs are height, width; 0 where 1 is usual (stride, dilation, groups). */
typedef struct {
  gint64 out; /* channels */
  gint64 kernel[2], stride[2], dilation[2];
  gint64 before[2], after[2]; /* zeros around the input */
  gint64 extra[2];            /* transposed: positions added behind the output */
  gint64 groups;
  gboolean transposed, bias;
} Cs3Filter;

/* A window. */
typedef struct {
  gint64 kernel[2], stride[2];
  gint64 before[2], after[2];
  gboolean largest; /* maximum; otherwise the mean */
} Cs3Window;

/* How a feature map comes on a finer or coarser grid. */
typedef enum { CS3_RESIZE_NEAREST, CS3_RESIZE_BILINEAR, CS3_RESIZE_BICUBIC } Cs3Resize;

/** cs3_filter: @out channels of a square filter of @kernel (odd) that moves by @stride, with as
 * many zeros around that stride 1 keeps the positions. */
Cs3Filter cs3_filter(gint64 out, gint64 kernel, gint64 stride);

/** cs3_filter_positions: positions of the output of @filter along @axis (0: height) on @input of
 * them; below 1: the filter is larger than what it slides over. */
gint64 cs3_filter_positions(const Cs3Filter *filter, int axis, gint64 input);

/** cs3_build_channels: of @x. */
gint64 cs3_build_channels(const Cs3Builder *b, Cs3Map x);

/** cs3_build_map: a feature map that an instance of the open segment gets from the one before. */
Cs3Map cs3_build_map(Cs3Builder *b, const char *name, gint64 channels, gint64 height, gint64 width);

/** cs3_build_conv: @filter over @x, a linear node with a geometry (Cs3Convolution); keeps @x.
 * Groups divide the channels of both sides, and the output has positions (programmer errors
 * otherwise). */
Cs3Map cs3_build_conv(Cs3Builder *b, const char *label, const char *tensor, Cs3Map x,
                      const Cs3Filter *filter);

/**
 * cs3_build_batch_norm: every channel by its mean and variance over the micro-batch; scale and
 * shift learned, running statistics are not parameters; keeps @x and a statistic a channel.
 * cs3_build_group_norm: every sample's @groups of channels over all positions; keeps @x and the
 * statistics.
 */
Cs3Map cs3_build_batch_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Map x);
Cs3Map cs3_build_group_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Map x,
                            gint64 groups);

/** cs3_build_map_activation: as cs3_build_activation(). */
Cs3Map cs3_build_map_activation(Cs3Builder *b, const char *label, Cs3Activation kind, Cs3Map x);

/** cs3_build_map_residual: @x + @y. */
Cs3Map cs3_build_map_residual(Cs3Builder *b, const char *label, Cs3Map x, Cs3Map y);

/** cs3_build_window_pool: a window of @x for every position of the result. Maxima keep where they
 * were found, a 16-bit place each; means keep nothing. */
Cs3Map cs3_build_window_pool(Cs3Builder *b, const char *label, Cs3Map x, const Cs3Window *window);

/** cs3_build_adaptive_pool: means over windows that tile @x into @height x @width; 1 x 1: of the
 * whole map. */
Cs3Map cs3_build_adaptive_pool(Cs3Builder *b, const char *label, Cs3Map x, gint64 height,
                               gint64 width);

/** cs3_build_resize: @x on a grid of @height x @width; keeps nothing. */
Cs3Map cs3_build_resize(Cs3Builder *b, const char *label, Cs3Map x, gint64 height, gint64 width,
                        Cs3Resize how);

/** cs3_build_excite: @x times @gate, a number for every channel of a sample (squeeze-excite); keeps
 * both. */
Cs3Map cs3_build_excite(Cs3Builder *b, const char *label, Cs3Map x, Cs3Map gate);

/** cs3_build_concat: channels of @n maps (2 to 4) of the same positions side by side, copied. */
Cs3Map cs3_build_concat(Cs3Builder *b, const char *label, const Cs3Map *maps, int n);

/** cs3_build_split_map: the first @channels of @x and the others, a view. */
void cs3_build_split_map(Cs3Builder *b, const char *label, Cs3Map x, gint64 channels,
                         Cs3Map parts[2]);

/**
 * cs3_build_pack: @n activations (1 to 4) as one, for an edge that carries several: scales of a
 * pyramid, skip connections. No work and no room; 1 row of all their elements.
 * cs3_build_unpack: the other way round: @n (at most 4) activations with the shapes of @like, which
 * may be of another segment; together they have the elements of @x.
 */
Cs3Act cs3_build_pack(Cs3Builder *b, const char *label, const Cs3Act *acts, int n);
void cs3_build_unpack(Cs3Builder *b, const char *label, Cs3Act x, const Cs3Act *like, int n,
                      Cs3Act *acts);
