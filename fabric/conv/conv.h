/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a convolution needs beside the streamed layer that computes it: positions of its feature map
 * that a PE's tokens reach and that lie on other PEs. doc/convolutions.md describes the machine.
 *
 * Vocabulary. The *map* is what weights slide over, the *grid* has a token for every place of the
 * filter. Forward of a convolution reads its input as the map and has its output as the grid; a
 * transposed one adds to its output as the map and has its input as the grid. A *channel* of the
 * map is kernel x kernel features of the layer (transposed: rows), its *taps*. */
#pragma once

#include "fabric/hardware.h"

/* Pairs are height, width. No padding: its bytes name it. */
typedef struct {
  gint64 kernel[2], stride[2], dilation[2];
  gint64 before[2];       /* zeros before the map */
  gint64 map[2], grid[2]; /* positions of a sample */
  gint64 transposed;
} Cs3ConvShape;

/* How a PE gets at what a tap reads. */
typedef enum {
  CS3_LOWERING_HALO,   /* channels lie once, with their borders; a weight's tap is a shift */
  CS3_LOWERING_COPIES, /* every tap of a channel has a vector of its own, as im2col */
} Cs3Lowering;

/* A convolution on the wafer. */
typedef struct {
  Cs3ConvShape shape;
  gint64 samples; /* of the fullest group of lines */
  gint64 pes;     /* along the token axis */
  gint64 lines;   /* along the features, of one band */
  gint64 entries; /* channels x taps, of one group of channels */
  gint64 tokens;  /* of the fullest PE */
  gint64 rounds;  /* groups of channels that share a band, one after the other */
  Cs3Lowering lowering;
} Cs3ConvLayout;

/* What the fullest PE has to do with. */
typedef struct {
  gint64 home;    /* channels that begin on a line */
  gint64 touched; /* channels that a line has taps of */
  gint64 span;    /* lines that have taps of one channel */
  gint64 held;    /* positions of a channel that its tokens reach, zeros included */
} Cs3ConvHold;

/** cs3_conv_is_one: whether @shape is any; a layer that is none has a kernel of 0. */
static inline gboolean cs3_conv_is_one(const Cs3ConvShape *shape) {
  return shape->kernel[0] > 0;
}

/** cs3_conv_taps: of a channel. */
static inline gint64 cs3_conv_taps(const Cs3ConvShape *shape) {
  return shape->kernel[0] * shape->kernel[1];
}

/** cs3_conv_positions: of a sample's map. cs3_conv_tokens: of its grid. */
static inline gint64 cs3_conv_positions(const Cs3ConvShape *shape) {
  return shape->map[0] * shape->map[1];
}
static inline gint64 cs3_conv_tokens(const Cs3ConvShape *shape) {
  return shape->grid[0] * shape->grid[1];
}

/** cs3_conv_in_place: whether every token reads its own position and no other: a 1 x 1 filter. */
gboolean cs3_conv_in_place(const Cs3ConvShape *shape);

/** cs3_conv_hold: at most; exact where lines hold whole channels. */
Cs3ConvHold cs3_conv_hold(const Cs3ConvLayout *layout);

/** cs3_conv_bytes: of the map's side in the fullest PE, 16 bits an element, all rounds; the copies
 * of one round. */
gint64 cs3_conv_bytes(const Cs3ConvLayout *layout);

/** cs3_conv_reach: (out): first position of the map, samples one after the other, that tokens
 * @first to @end - 1 of the group read, and the one after the last. Returns: %FALSE: no tokens. */
gboolean cs3_conv_reach(const Cs3ConvShape *shape, gint64 first, gint64 end, gint64 *from,
                        gint64 *to);

/** cs3_lowering_name: (transfer none): as people write it. */
const char *cs3_lowering_name(Cs3Lowering lowering);
