/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole training run in SimGrid: all systems train from checkpoint to checkpoint; a lost one is
 * noticed, replaced, and all go back to the last checkpoint. */
#pragma once

#include <glib.h>

/* From one checkpoint to the next. */
typedef struct {
  guint phase;
  gint64 steps;
  double train_s;      /* all steps, changes of the mask included */
  double checkpoint_s; /* written behind the steps, while all wait */
  double load_s;       /* to read the checkpoint in front of them again */
} Cs3Leg;

typedef struct {
  gint64 system;
  double at_s;
} Cs3Loss;

typedef struct {
  GArray *legs;   /* of Cs3Leg */
  GArray *losses; /* of Cs3Loss */
  double detection_s, restart_s;
} Cs3TrainingPlan;

typedef enum {
  CS3_EVENT_TRAIN,      /* steps that count */
  CS3_EVENT_CHECKPOINT, /* all wait for it */
  CS3_EVENT_LOST,       /* steps since the last checkpoint that a loss undoes */
  CS3_EVENT_DETECTION,  /* from the loss to its being noticed */
  CS3_EVENT_RESTART,
  CS3_EVENT_LOAD, /* the checkpoint is read */
  CS3_N_EVENTS
} Cs3EventKind;

/* More checkpoints than this are not simulated. */
#define CS3_TRAINING_MAX_LEGS 1000000

/** cs3_event_name: (transfer none). */
const char *cs3_event_name(Cs3EventKind kind);

typedef struct {
  double begin_s, end_s;
  gint64 steps; /* TRAIN: done; LOST: begun or done */
  gint32 kind;  /* Cs3EventKind */
  guint32 phase;
} Cs3Event;

/**
 * cs3_training_simulate: run @plan.
 * @events: (out) (transfer full) (element-type Cs3Event): in order, without gaps, from 0 to the
 * end. Fails in CS3_STEP_ERROR: INVALID (a leg without a positive time, more than
 * CS3_TRAINING_MAX_LEGS, a system that is lost again before it is replaced), DIED, DEADLOCK,
 * RESOURCE, TIMEOUT.
 */
gboolean cs3_training_simulate(const Cs3TrainingPlan *plan, GArray **events,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
