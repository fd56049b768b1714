/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers that programs compute with: a hash of where they stand, so that nothing needs to be
 * stored or shared. */
#pragma once

#include "fabric/event/half.h"

/** cs3_mix: SplitMix64's finaliser (Steele, Lea, Flood 2014). */
static inline guint64 cs3_mix(guint64 z) {
  z = (z ^ z >> 30) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/** cs3_matrix_key: of matrix @what of a program with @seed. */
static inline guint64 cs3_matrix_key(guint64 seed, guint64 what) {
  return cs3_mix(seed + (1 + what) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15));
}

/** cs3_uniform_half: FP16 bits of a number uniform in [-1, 1] by its hash. */
static inline guint16 cs3_uniform_half(guint64 hash) {
  return cs3_half_of_float((float)((double)(hash >> 11) * 0x1p-52 - 1));
}
