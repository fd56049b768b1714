/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether what a step keeps outside the wafers fits where it is kept. */
#pragma once

#include "sim/machine/system.h"

/**
 * cs3_system_fits: whether MemoryX holds @bytes of weights and optimizer state: no more than units
 * x capacity.
 * @missing_bytes: (out) (optional): what lacks, 0 when it fits.
 */
gboolean cs3_system_fits(const Cs3System *system, double bytes, double *missing_bytes);

/**
 * cs3_activations_fit: whether the activation servers of one system hold @bytes, all that a wafer
 * sends away in a micro-batch. cs3_step_check() asks the same of a schedule.
 * @missing_bytes: (out) (optional): what lacks, 0 when it fits.
 */
gboolean cs3_activations_fit(const Cs3System *system, double bytes, double *missing_bytes);
