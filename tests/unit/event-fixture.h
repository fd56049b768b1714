/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the tests of the event fabric: loading, running, comparing programs. */
#pragma once

#include "fabric/event/event.h"
#include "fabric/fabric-error.h"
#include "fabric/programs/program.h"
#include "sim/machine/machine.h"
#include "tests/unit/fixture.h"

/* What the preset @machine_name gives the event core: published runs are held against presets. */
static inline Cs3EventTiming fixture_timing(const char *machine_name) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load(machine_name, NULL, &error);
  ck_assert_msg(machine != NULL, "%s", error ? error->message : "");
  Cs3EventTiming timing;
  ck_assert_msg(cs3_event_timing_init(&timing, &machine->hw, &error), "%s",
                error ? error->message : "");
  return timing;
}

/* The machine of the published runs. */
static inline Cs3GemmCode fixture_gemm(void) {
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, NULL);
  ck_assert_ptr_nonnull(machine);
  return machine->hw.gemm;
}

static inline Cs3ProgramRun *fixture_load(const char *name, const Cs3ProgramParams *params,
                                          const Cs3EventTiming *timing, gboolean trains) {
  g_autoptr(GError) error = NULL;
  const Cs3ProgramOps *ops = cs3_program_find(name, &error);
  ck_assert_msg(ops != NULL, "%s", error ? error->message : "");
  Cs3GemmCode gemm = fixture_gemm();
  Cs3ProgramRun *run = cs3_program_load(ops, params, timing, &gemm, &error);
  ck_assert_msg(run != NULL, "%s: %s", name, error ? error->message : "");
  cs3_fabric_set_trains(run->fabric, trains);
  return run;
}

/* Runs @name and checks its result. */
static inline Cs3ProgramRun *fixture_done(const char *name, const Cs3ProgramParams *params,
                                          const Cs3EventTiming *timing, gboolean trains) {
  g_autoptr(GError) error = NULL;
  Cs3ProgramRun *run = fixture_load(name, params, timing, trains);
  ck_assert_msg(cs3_fabric_run(run->fabric, &error), "%s %ux%u words %u group %u: %s", name,
                params->width, params->height, params->words, params->group,
                error ? error->message : "");
  ck_assert_msg(run->ops->verify(run), "%s %ux%u words %u group %u: wrong result", name,
                params->width, params->height, params->words, params->group);
  return run;
}

static inline Cs3ProgramParams fixture_params(guint width, guint height, guint words) {
  Cs3ProgramParams params = cs3_program_defaults();
  params.width = width;
  params.height = height;
  params.words = words;
  return params;
}

/* Cycles of a program on @timing, for rows of published figures. */
static inline double fixture_cycles(const char *name, guint width, guint height, guint words,
                                    const Cs3EventTiming *timing) {
  Cs3ProgramParams params = fixture_params(width, height, words);
  g_autoptr(Cs3ProgramRun) run = fixture_done(name, &params, timing, TRUE);
  return (double)cs3_program_cycles(run);
}

/* Prints published and simulated, and fails outside the tolerance. */
static inline void fixture_compare(const char *what, double published, double simulated,
                                   double absolute, double relative) {
  double error = simulated - published, allowed = MAX(absolute, relative * published);
  g_printerr("# %-58s published %10.1f simulated %10.1f (%+.2f %%)\n", what, published, simulated,
             100 * error / published);
  ck_assert_msg(ABS(error) <= allowed + 1e-9, "%s: simulated %g, published %g, allowed +-%g", what,
                simulated, published, allowed);
}
