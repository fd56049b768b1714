/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c: the actors of a training step. */
#pragma once

#include "sim/step-plan.h"

typedef struct {
  const Cs3StepPlan *plan;
  int platform_fd; /* the platform's XML */
  gboolean full;   /* every micro-batch, even when they repeat */
} Cs3StepJob;

typedef struct {
  gboolean done;        /* the wafer has finished its work */
  Cs3StepTotals period; /* of one iteration */
  guint64 uses_simulated;
} Cs3StepAnswer;

/** cs3_step_actors_run: a #Cs3RunnerFunc: #Cs3StepJob in, #Cs3StepAnswer out. */
void cs3_step_actors_run(gconstpointer job, gpointer answer);
