/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work that streams no weights: element-wise vectors, and products of two resident activations. */
#pragma once

#include <glib.h>

#include "fabric/hardware.h"

/**
 * cs3_vector_cycles: element-wise work spread over the mapped PEs.
 * @elements, @specials: operations over the whole wafer (additions and the like; exp, division,
 * ...).
 * @reductions: sums along a whole line of PEs that the operator needs one after the other (a norm:
 * one sum and one broadcast back). cycles = setup + ceil(elements / PEs) / vector_rate +
 * ceil(specials / PEs) / special_rate
 *          + reductions x line x (stage + hop).
 */
gint64 cs3_vector_cycles(const Cs3Hardware *hw, double elements, double specials,
                         gint64 reductions);

/**
 * cs3_attention_cycles: @macs of activation x activation products, both operands resident:
 * macs / (PEs x lanes x kernel.attention_efficiency). How the vendor maps them is not public.
 */
gint64 cs3_attention_cycles(const Cs3Hardware *hw, double macs);
