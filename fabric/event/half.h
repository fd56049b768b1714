/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IEEE 754 binary16 in software, round to nearest even: the same bits on every machine. */
#pragma once

#include <glib.h>
#include <string.h>

/** cs3_float_of_bits: a binary32 by its bits. */
static inline float cs3_float_of_bits(guint32 bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/** cs3_bits_of_float: the bits of a binary32. */
static inline guint32 cs3_bits_of_float(float f) {
  guint32 bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

/** cs3_half_to_float: exact. */
static inline float cs3_half_to_float(guint16 half) {
  guint32 sign = (guint32)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 31)
    return cs3_float_of_bits(sign | 0x7f800000 | fraction << 13);
  if (exponent)
    return cs3_float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
  float f = (float)fraction * 0x1p-24f;
  return sign ? -f : f;
}

/** cs3_half_of_float: nearest binary16, ties to even; overflow gives infinity. */
static inline guint16 cs3_half_of_float(float value) {
  guint32 bits = cs3_bits_of_float(value), sign = bits >> 16 & 0x8000,
          magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return (guint16)(sign | 0x7e00);
  if (magnitude >= 0x477ff000) /* 65520: rounds to infinity */
    return (guint16)(sign | 0x7c00);
  if (magnitude < 0x38800000) { /* below 2^-14: subnormal, adding 0.5 aligns to units of 2^-24 */
    float shifted = cs3_float_of_bits(magnitude) + 0.5f;
    return (guint16)(sign | (cs3_bits_of_float(shifted) - 0x3f000000));
  }
  guint32 rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return (guint16)(sign | (rounded - 0x38000000) >> 13);
}
