/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A number that was simulated at some hundred points, elsewhere: a ridge regression of it on the
 * coordinates, their squares and the products of those that matter most, with an error that comes
 * from points left out. */
#pragma once

#include <glib.h>

#include "sim/validation/population.h"

typedef struct Cs3Emulator Cs3Emulator;

/**
 * cs3_emulator_new: of @values (element @stride, by point of @design; NaN: left out), from points
 * @first on. Places are scaled to -1 to 1. The ridge is the one of a few with the least error of
 * points left out one by one.
 * Returns: (transfer full) (nullable): %NULL: fewer points than coordinates.
 */
Cs3Emulator *cs3_emulator_new(const Cs3Population *design, guint first, const double *values,
                              guint stride);
void cs3_emulator_free(Cs3Emulator *emulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Emulator, cs3_emulator_free)

/** cs3_emulator_error: standard deviation of what it gives for points that it was not fitted to. */
double cs3_emulator_error(const Cs3Emulator *emulator);

/** cs3_emulator_at: at point @k of @population. */
double cs3_emulator_at(const Cs3Emulator *emulator, const Cs3Population *population, guint k);
