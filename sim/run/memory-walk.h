/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fills a wafer's memory during a micro-batch, moment by moment. */
#pragma once

#include <jansson.h>

#include "sim/run/run.h"

/**
 * cs3_memory_walk: (transfer full): the object "memory" of a record of @run's sparse step:
 * capacity_bytes, peak_bytes (the largest sum of a moment, as the plan has it), peak (its index in
 * moments), and moments[] in the order in which operators run, forward and back: stage ("decoder
 * 3"), direction ("forward", "again", "backward"), node, begin_s and end_s of its arithmetic alone,
 * and bytes: resident (kept by other stages), kept (by its own), values and gradients (at work),
 * sent (at the activation servers).
 */
json_t *cs3_memory_walk(const Cs3Run *run);
