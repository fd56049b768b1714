/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine of doc/model.md stepped element by element, without any of the closed forms of
 * fabric/layer/: every wavelet of every partial sum has its own times, queues are bounded by
 * looking up when the element B places before left, and everything is 64-bit. Slow and plain on
 * purpose. */
#pragma once

#include "fabric/layer/passes.h"

/** reference_axpy: what cs3_axpy_pass() must return at its last limit. */
Cs3PassTimes reference_axpy(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                            const Cs3LayerCosts *costs, const Cs3LayerCounts *counts);

/** reference_dot: what cs3_dot_pass() must return at its last limit. */
Cs3PassTimes reference_dot(const Cs3LayerShape *shape, const Cs3LayerCosts *costs,
                           const Cs3LayerCounts *counts);
