/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs of FP16 numbers, two in a word, the first in the low half. */
#pragma once

#include <glib.h>

typedef struct {
  /* out[2 i], out[2 i + 1] = the products of the halves of a[i] and b[i], exact in FP32. */
  void (*multiply)(guint words, const guint32 *a, const guint32 *b, float *out);
  /* sum[i] += a[i] in both halves, rounded to nearest even. */
  void (*add)(guint words, const guint32 *a, guint32 *sum);
  /* acc[i] += value a[i] in both halves: the product in FP32, the sum rounded to FP16. */
  void (*axpy)(guint words, float value, const guint32 *a, guint32 *acc);
  /* acc[i] += value times the i-th half of @a, @n of them: product and sum in FP32. */
  void (*axpy_single)(guint n, float value, const guint32 *a, guint32 *acc);
} Cs3HalfRun;

/** cs3_half_run: by the processor's own conversions where it has them, else (or if @plain) as
 * half.h does; the same bits. Returns: (transfer none). */
const Cs3HalfRun *cs3_half_run(gboolean plain);
