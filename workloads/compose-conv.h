/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups of operators that convolutional families share. */
#pragma once

#include "workloads/builder-conv.h"
#include "workloads/family.h"

typedef enum { CS3_MAP_NORM_NONE, CS3_MAP_NORM_BATCH } Cs3MapNorm;
enum { CS3_NO_ACTIVATION = -1 };

/* A convolution, its norm and its activation function: labels "LABEL", "LABEL_norm",
 * "LABEL_activation". Tensor names follow the segment's prefix. */
typedef struct {
  const char *label;
  const char *weight, *norm; /* tensor names */
  Cs3Filter filter;
  Cs3MapNorm normed;
  int activation; /* Cs3Activation, or CS3_NO_ACTIVATION */
} Cs3ConvPart;

/** cs3_compose_conv: @part on @x. */
Cs3Map cs3_compose_conv(Cs3Builder *b, const Cs3ConvPart *part, Cs3Map x);

/** cs3_compose_normed: the same of parts with a batch norm. @activation: as in Cs3ConvPart. */
Cs3Map cs3_compose_normed(Cs3Builder *b, const char *label, const char *weight, const char *norm,
                          Cs3Filter filter, int activation, Cs3Map x);

/* Blocks that are alike, one after the other. */
typedef struct {
  const char *name;   /* of the segment */
  const char *prefix; /* of tensor names; '*' stands for the numbers from `first` on */
  gint64 first, repeat;
  gboolean reversible;
} Cs3MapBlocks;

/** cs3_compose_open_blocks: a segment of @blocks, which get what @x is like. Returns: their input.
 */
Cs3Map cs3_compose_open_blocks(Cs3Builder *b, const Cs3MapBlocks *blocks, Cs3Map x);

/** cs3_compose_open_map: a segment called @name that is no block and gets a feature map, @what. */
Cs3Map cs3_compose_open_map(Cs3Builder *b, const char *name, const char *prefix, const char *what,
                            gint64 channels, gint64 height, gint64 width);

/** cs3_compose_squeeze: @x times what two 1 x 1 convolutions with biases make of its mean:
 * @narrow channels and @inner between them, @gate behind. Tensors: @reduce and @expand, weights;
 * @label: before the labels. */
Cs3Map cs3_compose_squeeze(Cs3Builder *b, const char *label, Cs3Map x, gint64 narrow,
                           Cs3Activation inner, Cs3Activation gate, const char *reduce,
                           const char *expand);

/* An inverted residual: expansion, a depthwise filter, squeeze-excite, projection, each normalised
 * over the batch. Tensor names; those of what there is not are not read. */
typedef struct {
  const char *expand, *expand_norm, *depthwise, *depthwise_norm, *reduce, *excite, *project,
      *project_norm;
} Cs3MbNames;
typedef struct {
  gint64 expanded; /* channels; those of the input: no expansion */
  gint64 kernel, stride;
  gint64 squeezed; /* channels of squeeze-excite; 0: there is none */
  gint64 out;
  Cs3Activation activation, gate;
  gboolean expands;  /* even to as many channels */
  const char *label; /* before labels, where a segment has several */
  const Cs3MbNames *names;
} Cs3MbPart;

/** cs3_compose_mb: @part on @x, without the residual sum. */
Cs3Map cs3_compose_mb(Cs3Builder *b, const Cs3MbPart *part, Cs3Map x);

/** cs3_compose_classes: in a segment "head" that is open, the mean of @x to @labels and the loss.
 */
void cs3_compose_classes(Cs3Builder *b, const char *tensor, Cs3Map x, gint64 labels);

/** cs3_map_lengths: lengths of a network for images of @image pixels on a side. */
void cs3_map_lengths(gint64 image, Cs3LengthRules *rules);
