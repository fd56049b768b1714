/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SimGrid platform of a step as files, for people who want to run their own simulations on it.
 */
#pragma once

#include "sim/step/step.h"

typedef struct {
  char *name, *text;
} Cs3StepFile;

/**
 * cs3_step_platform: the SimGrid platform that cs3_step_simulate() runs on, and the profiles of its
 * faults with a time, which it names by @name and a suffix; as if they counted from time 0.
 * @name: what the platform's file is called, without its folder.
 * The arguments must pass cs3_step_check().
 * Returns: (transfer full) (element-type Cs3StepFile): the platform (XML) first.
 */
GPtrArray *cs3_step_platform(const Cs3Schedule *schedule, const Cs3System *system,
                             const char *name);
