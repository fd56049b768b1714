/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two machines a pass can run on, with limits switched on one after the other so that each
 * limit's share of the time is the difference of two runs. Internal to fabric/layer/. */
#pragma once

#include "fabric/layer/costs.h"

/* Limits are cumulative, in this order. */
typedef enum {
  CS3_LIMIT_SLOTS,     /* lines coupled by accumulator slots only */
  CS3_LIMIT_REDUCTION, /* and by the reduction (dW: the broadcast) with its latencies */
  CS3_LIMIT_INGRESS,   /* and by the off-wafer links inwards */
  CS3_LIMIT_EGRESS,    /* and outwards (dW) */
} Cs3PassLimits;

typedef struct {
  gint64 threads; /* the last AXPY or dot thread is free */
  gint64 end;     /* the last element is at the end of its chain, or has left the wafer */
  gint64 ingress_wavelets, egress_wavelets;
} Cs3PassTimes;

/** cs3_axpy_pass: forward and dX. */
Cs3PassTimes cs3_axpy_pass(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                           const Cs3LayerCosts *costs, const Cs3LayerCounts *counts,
                           Cs3PassLimits limits);

/** cs3_dot_pass: dW, a dot product per live weight. */
Cs3PassTimes cs3_dot_pass(const Cs3LayerShape *shape, const Cs3LayerCosts *costs,
                          const Cs3LayerCounts *counts, Cs3PassLimits limits);
