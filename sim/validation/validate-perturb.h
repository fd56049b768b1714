/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which constants of a machine the published values pin down: `cs3sim validate --perturb`. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/machine/machine.h"
#include "sim/validation/validate.h"

/**
 * cs3_validation_perturb: every constant of the preset @machine, 20 % (at least one) up and down:
 * does a row of the suites pe, fabric or sparse that names the machine miss its tolerance? Of the
 * suite fabric only short runs are repeated. Constants that none notices, but that the shipped
 * posterior narrows, have "training rates: width W" for a row and "posterior" for a change. Errors:
 * CS3_CONFIG_ERROR_UNKNOWN when no row names it. Returns: (transfer full) (nullable): an array of
 * {name, value, evidence, rows (first that misses,
 *   "" if none), change ("up", "down")}; choices are left out.
 */
json_t *cs3_validation_perturb(const Cs3Machine *machine, guint workers,
                               Cs3ValidationProgress progress, gpointer data,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validation_perturb_count: constants that @progress is told of. */
guint cs3_validation_perturb_count(void);

/** cs3_validation_perturb_write: the array as a table; as text what is not constrained apart. */
void cs3_validation_perturb_write(const json_t *constants, Cs3Output *output, Cs3Format format);
