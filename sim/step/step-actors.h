/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c: the actors of a training step. */
#pragma once

#include "sim/step/step-plan.h"
#include "sim/step/step-trace.h"

typedef struct {
  const Cs3StepPlan *plan;
  int platform_fd;  /* the platform's XML */
  gboolean full;    /* every micro-batch, even when they repeat */
  guint iterations; /* > 0: full, and so many iterations instead of until they repeat */
  int spans_fd;     /* >= 0: what every actor did goes there, as an array of Cs3Span */
} Cs3StepJob;

typedef struct {
  gboolean done;                         /* all wafers have finished their work */
  Cs3StepTotals period;                  /* of one iteration */
  double end_s[CS3_STEP_MAX_ITERATIONS]; /* by iteration: end of the last use on the first wafer */
  guint64 uses_simulated;                /* by the first wafer */
  guint64 retries;                       /* transfers that failed and were begun again */
} Cs3StepAnswer;

/** cs3_step_actors_run: a #Cs3RunnerFunc: #Cs3StepJob in, #Cs3StepAnswer out. */
void cs3_step_actors_run(gconstpointer job, gpointer answer);
