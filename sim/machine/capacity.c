/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether what a step keeps outside the wafers fits where it is kept. */
#include "config.h"

#include "sim/machine/capacity.h"

gboolean cs3_system_fits(const Cs3System *system, double bytes, double *missing_bytes) {
  double missing = bytes - cs3_system_capacity(system);
  if (missing_bytes != NULL)
    *missing_bytes = MAX(missing, 0);
  return missing <= 0;
}

gboolean cs3_activations_fit(const Cs3System *system, double bytes, double *missing_bytes) {
  double missing = bytes - cs3_system_activation_capacity(system);
  if (missing_bytes != NULL)
    *missing_bytes = MAX(missing, 0);
  return missing <= 0;
}
