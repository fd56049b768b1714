/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program of dW and of a shared backward pass: what its files know of each other. Internal to
 * fabric/layer-event/. */
#pragma once

#include "fabric/layer-event/vectors.h"

/** cs3_layer_in_blocks: whether gradients are computed a row at once (local block). */
static inline gboolean cs3_layer_in_blocks(const Cs3LayerEvent *m) {
  return m->config.mapping.dw == CS3_DW_BLOCK;
}

/** cs3_dot_verify: compares gradients with a plain loop (dot-verify.c). */
void cs3_dot_verify(const Cs3LayerEvent *m, Cs3LayerEventResult *result);

/* scatter.c: backward: dX, summed up where x lies. */
/** cs3_scatter_plan: room for the sums behind the program's other words. */
void cs3_scatter_plan(Cs3LayerEvent *m);
void cs3_scatter_clear(const Cs3LayerEvent *m, guint32 *memory);
/** cs3_scatter_add: the sum of @weight's feature += its value times dy. */
void cs3_scatter_add(const Cs3LayerEvent *m, guint32 *memory, const Cs3Weight *weight,
                     const guint32 *dy);
/** cs3_scatter_finish: rounds the sums; dX takes the place of x, which nobody needs any more. */
void cs3_scatter_finish(const Cs3LayerEvent *m, guint32 *memory);
/** cs3_scatter_verify: compares dX with a plain loop. */
void cs3_scatter_verify(const Cs3LayerEvent *m, Cs3LayerEventResult *result);
