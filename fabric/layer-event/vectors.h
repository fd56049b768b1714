/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a datapath does to vectors of tokens, in the precision of the sums. Internal to
 * fabric/layer-event/. */
#pragma once

#include "fabric/layer-event/machine.h"

/** cs3_layer_single: whether sums are kept in FP32. */
static inline gboolean cs3_layer_single(const Cs3LayerEvent *m) {
  return m->config.hw->kernel.acc_precision == CS3_ACC_FP32;
}
/** cs3_layer_axpy_run: @sum += @value @x over a vector of tokens, @words of the sum long; products
 * and sums rounded as the datapath does. @value: FP16. */
void cs3_layer_axpy_run(const Cs3LayerEvent *m, guint words, guint16 value, const guint32 *x,
                        guint32 *sum);
/** cs3_layer_round: rounds a finished sum, @words long, to FP16 at @to. */
void cs3_layer_round(const Cs3LayerEvent *m, guint words, const guint32 *sum, guint32 *to);
