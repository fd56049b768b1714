/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The version, which programs and the library name. */
#include "config.h"

#include "sim/cs3sim.h"

const char *cs3sim_version(void) {
  return PACKAGE_VERSION;
}
