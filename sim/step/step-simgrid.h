/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c: one simulation of a step in a child process. */
#pragma once

#include "sim/step/step-actors.h"

/** cs3_step_run_job: write the platform, run the actors; the answer is complete (done). */
gboolean cs3_step_run_job(Cs3StepJob *job, Cs3StepAnswer *answer,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
