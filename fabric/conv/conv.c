/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geometry of a convolution on the wafer, and what moves before and behind its pass. */
#include "config.h"

#include "fabric/conv/conv.h"

enum { HEIGHT, WIDTH, AXES };
enum { ELEMENT_BYTES = 2, WORD_BYTES = 4 };

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

const char *cs3_lowering_name(Cs3Lowering lowering) {
  static const char *const names[] = {"halo", "copies"};
  return names[lowering];
}

/* From the first tap along @axis to the last. */
static gint64 reach_of(const Cs3ConvShape *s, int axis) {
  return s->dilation[axis] * (s->kernel[axis] - 1);
}

gboolean cs3_conv_in_place(const Cs3ConvShape *s) {
  gboolean in_place = TRUE;
  for (int axis = 0; axis < AXES; axis++)
    in_place &= s->kernel[axis] == 1 && s->map[axis] == s->grid[axis] && s->before[axis] == 0;
  return in_place;
}

/* The first position that the taps at @token read along @axis, and the last; zeros are nobody's. */
static gint64 first_of(const Cs3ConvShape *s, int axis, gint64 token) {
  return CLAMP(token * s->stride[axis] - s->before[axis], 0, s->map[axis] - 1);
}

static gint64 last_of(const Cs3ConvShape *s, int axis, gint64 token) {
  gint64 at = token * s->stride[axis] - s->before[axis] + reach_of(s, axis);
  return CLAMP(at, 0, s->map[axis] - 1);
}

/* In the order in which samples follow each other. */
static gint64 index_of(const Cs3ConvShape *s, gint64 sample, gint64 row, gint64 column) {
  return (sample * s->map[HEIGHT] + row) * s->map[WIDTH] + column;
}

gboolean cs3_conv_reach(const Cs3ConvShape *s, gint64 first, gint64 end, gint64 *from, gint64 *to) {
  gint64 width = s->grid[WIDTH], grid = cs3_conv_tokens(s);
  if (first >= end)
    return FALSE;
  gint64 sample = first / grid, row = first % grid / width, column = first % width;
  *from = index_of(s, sample, first_of(s, HEIGHT, row), first_of(s, WIDTH, column));
  gint64 next = (first / width + 1) * width; /* the next row begins further left */
  if (next < end)
    *from = MIN(*from, index_of(s, next / grid, first_of(s, HEIGHT, next % grid / width),
                                first_of(s, WIDTH, 0)));
  gint64 last = end - 1;
  sample = last / grid, row = last % grid / width, column = last % width;
  *to = 1 + index_of(s, sample, last_of(s, HEIGHT, row), last_of(s, WIDTH, column));
  gint64 before = last / width * width - 1; /* the row before ends further right */
  if (before >= first)
    *to = MAX(*to, 1 + index_of(s, before / grid, last_of(s, HEIGHT, before % grid / width),
                                last_of(s, WIDTH, width - 1)));
  return TRUE;
}

/* Positions that @tokens in a row reach at most: whole rows of the map with their zeros, fewer for
 * few tokens; never more than a copy for every tap. */
static gint64 held_positions(const Cs3ConvShape *s, gint64 tokens) {
  gint64 width = s->grid[WIDTH], rows = (tokens + width - 2) / width + 1;
  gint64 samples = (tokens - 1) / cs3_conv_tokens(s) + 1;
  gint64 padded = (width - 1) * s->stride[WIDTH] + reach_of(s, WIDTH) + 1;
  gint64 columns = MIN(padded, (tokens - 1) * s->stride[WIDTH] + reach_of(s, WIDTH) + 1);
  gint64 high = (rows - 1) * s->stride[HEIGHT] + 1 + samples * reach_of(s, HEIGHT);
  return MIN(high * (tokens < width ? columns : padded), cs3_conv_taps(s) * tokens);
}

Cs3ConvHold cs3_conv_hold(const Cs3ConvLayout *l) {
  gint64 taps = cs3_conv_taps(&l->shape), channels = l->entries / taps;
  gint64 most = div_up(l->entries, l->lines), least = l->entries / l->lines;
  Cs3ConvHold hold = {.held = held_positions(&l->shape, l->tokens), .span = 1};
  if (channels % l->lines == 0 || taps == 1) {
    hold.home = hold.touched = div_up(channels, l->lines);
    return hold;
  }
  /* A line's taps may begin anywhere within a channel. */
  hold.home = MIN(channels, div_up(most, taps));
  hold.touched = MIN(channels, (most + taps - 2) / taps + 1);
  hold.span = MIN(l->lines, (taps + least - 2) / least + 1);
  return hold;
}

gint64 cs3_conv_bytes(const Cs3ConvLayout *l) {
  Cs3ConvHold hold = cs3_conv_hold(l);
  gint64 vector = WORD_BYTES * div_up(l->tokens, 2);
  if (cs3_conv_in_place(&l->shape))
    return vector * hold.touched * l->rounds;
  if (l->lowering == CS3_LOWERING_HALO)
    return WORD_BYTES * div_up(hold.held, 2) * hold.touched * l->rounds;
  gint64 own = div_up(l->samples * cs3_conv_positions(&l->shape), l->pes);
  gint64 copies = vector * div_up(l->entries, l->lines);
  return copies + ELEMENT_BYTES * own * hold.home * l->rounds;
}
