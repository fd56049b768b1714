/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One training step of the whole system: MemoryX streams tensors through SwarmX to the wafer,
 * which computes while they arrive; gradients go back; the optimizer updates. Simulated with
 * SimGrid (step-simgrid.c) and, as the oracle, as a max-plus recurrence (step-oracle.c). */
#pragma once

#include <glib.h>

#include "sim/system.h"

/* One use of one weight group by one micro-batch, in execution order. */
typedef struct {
  double stream_bytes;   /* weights down to the wafer; 0: nothing is streamed (attention, norms) */
  double compute_cycles; /* wafer time once the stream has begun, its own port limit included */
  double gradient_bytes; /* up to MemoryX when the use ends; 0 in forward */
  double update_params;  /* parameters that MemoryX updates once the last micro-batch's gradient is in */
  gint32 weight_group;   /* >= 0: identity of the weights; a use in the next iteration may stream only
                            after the group's update; -1: none */
} Cs3Use;

typedef struct {
  const Cs3Use *uses;    /* of one micro-batch: forward then backward */
  guint n_uses;
  gint64 micro_batches;  /* per system and step */
  double clock_hz;       /* wafer clock: cycles to seconds */
  double port_bytes_per_s; /* one wafer's network port, payload */
  double port_latency_s;   /* network to first PE */
} Cs3Schedule;

typedef struct {
  double step_s;         /* steady-state time from one iteration to the next */
  double compute_s;      /* wafer busy */
  double stream_wait_s;  /* wafer waiting for weights within the iteration */
  double boundary_s;     /* exposed at the iteration boundary: last gradient, tree, update, broadcast */
  double bytes_down, bytes_up; /* per step, through one wafer's port */
} Cs3StepTime;

/**
 * cs3_step_simulate: the step in SimGrid, in a forked child (one engine per process).
 * compute_s + stream_wait_s + boundary_s = step_s to rounding.
 * Fails when the child dies, deadlocks or loses an actor: one line, never an abort message.
 */
gboolean cs3_step_simulate(const Cs3Schedule *schedule, const Cs3System *system, Cs3StepTime *time,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_step_oracle: the same step as a max-plus recurrence; agrees to 1e-9 (tests). */
void cs3_step_oracle(const Cs3Schedule *schedule, const Cs3System *system, Cs3StepTime *time);
