/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a training run takes: every phase's steps simulated, then the run from checkpoint to
 * checkpoint, with the systems that are lost on the way. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/cli/progress.h"
#include "sim/run/posterior.h"
#include "sim/run/scenario.h"
#include "sim/training/recipe.h"
#include "sim/training/training-run.h"

/* Sums over something: a phase, the run, the same tokens with dense weights. */
typedef struct {
  double wall_s, flops, joules;
} Cs3TrainingSum;

typedef struct {
  const Cs3Phase *phase;
  gint64 batch, seq, steps;
  double step_s;      /* mean over the phase, without changes of the mask */
  double sparsity;    /* at the end */
  double live_params; /* at its end: what MemoryX updates and a checkpoint holds */
  gint64 mask_changes;
  double mask_s;       /* that they add */
  double teacher_s;    /* that a teacher adds to a step; 0: none */
  double checkpoint_s; /* one of them */
  double lost_s;       /* by losses: steps done again, detection, restart, load */
  gint64 lost_steps;
  gint64 checkpoints;
  Cs3TrainingSum sum, dense; /* dense: same tokens, dense weights, no losses */
} Cs3PhaseRun;

typedef struct {
  const Cs3Recipe *recipe; /* borrowed */
  Cs3Scenario *scenario;   /* of the last phase: model and machine */
  gint64 systems, checkpoint_every;
  GArray *phases; /* of Cs3PhaseRun */
  GArray *events; /* of Cs3Event */
  char **faults;  /* (nullable) as given */
  Cs3TrainingSum sum, dense;
  const Cs3PosteriorFile *posterior; /* (nullable) borrowed */
  GArray *samples; /* of Cs3RunTimes: the whole run on each machine of the posterior, dense and as
                      it is: its steps' times change, changes of the mask, checkpoints and losses
                      are those of the nominal machine */
} Cs3Training;

typedef struct {
  Cs3ScenarioOptions scenario; /* sparsity, batch and seq are those of phases that have none */
  gint64 checkpoint_every;     /* steps */
  const Cs3PosteriorFile *posterior; /* (nullable): machines of which the run is timed too */
} Cs3TrainingOptions;

/**
 * cs3_training_new: run @recipe.
 * @progress: (nullable): counts phases.
 * Times within a phase: steps at the phase's sparsity (GRADUAL: at eight levels), and for every
 * change of the mask a pass of MemoryX over the weights that it ranks; RigL ranks all gradients, so
 * that one step computes dW densely. Errors: those of cs3_scenario_new(), cs3_run() and
 * cs3_training_simulate().
 */
Cs3Training *cs3_training_new(const Cs3Recipe *recipe, const Cs3TrainingOptions *options,
                              Cs3Progress *progress, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_training_free(Cs3Training *training);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Training, cs3_training_free)

/** cs3_training_json: (transfer full): the record of a run; doc/result.md describes it. */
json_t *cs3_training_json(const Cs3Training *training);

/** cs3_training_text: the record for people. */
void cs3_training_text(const json_t *record, Cs3Output *output);

/** cs3_training_csv: one row per phase. */
void cs3_training_csv(const json_t *record, Cs3Output *output);

/** cs3_training_events: (transfer full): the run as Chrome trace events. */
json_t *cs3_training_events(const Cs3Training *training);
