/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c: the state that the actors of a training step share, and what finds out
 * that it repeats. */
#pragma once

#include "sim/step/simgrid-engine.h"
#include "sim/step/step-actors.h"
#include "sim/step/step-cut.h"

typedef struct {
  double begin_s, end_s, arrived_s; /* first byte, last byte sent; last byte at the wafers */
} Cs3Stream;

typedef struct {
  gint64 micro_batches;  /* to simulate; lowered when they repeat */
  Cs3StepTotals skipped; /* what the others would add */
  Cs3StepTotals first;   /* after the first micro-batch */
} Cs3Iteration;

/* Where an actor is. */
typedef struct {
  guint iteration;
  gint64 micro_batch;
} Cs3Place;

/* A cut on its way: wafers and reducer pass it at different times. */
typedef struct {
  Cs3Place at;
  guint n_computed; /* wafers that have passed it */
  gboolean sent;
  Cs3StepCut *cut;
} Cs3PendingCut;

struct Cs3Simulation;

/* A class of wafers. */
typedef struct {
  struct Cs3Simulation *s;
  guint index;
  double speed;          /* share of the clock */
  Cs3Bell arrived, sent; /* a stream has arrived, a gradient has gone */
  Cs3Place place;
  Cs3StepTotals totals;
  double last_stream_s;
  guint64 n_consumed, n_finished;    /* streams computed, gradients handed over */
  Cs3Bell sender_bell, fetcher_bell; /* activations are ready, may be fetched */
  guint64 n_leaving, n_left;         /* activations ready to leave, gone */
  guint64 n_fetched, n_taken;        /* activations back, computed */
  double *left, *fetched; /* by out, by in of a micro-batch: when its last byte had gone */
} Cs3Wafer;

typedef struct Cs3Simulation {
  const Cs3StepPlan *plan;
  Cs3StepAnswer *answer;
  gboolean full, settled;
  guint n_iterations;
  gboolean fixed; /* all of them, whether they repeat or not */
  Cs3Iteration iterations[CS3_STEP_MAX_ITERATIONS];
  GArray *spans; /* (nullable) of Cs3Span */

  Cs3Bell streamer_bell; /* a slot is free, a group updated */
  Cs3Place streaming;
  Cs3Stream *streams;          /* ring of P */
  guint64 n_begun, n_streamed; /* streams whose first, last byte has left MemoryX */
  Cs3Bell tree_bell;           /* a stream has left */
  guint64 n_arrived;           /* streams whose last byte has reached the wafers */

  Cs3Wafer *wafers;
  guint n_wafers, n_done;
  guint64 n_at_edge;           /* ends of iterations on all wafers */
  guint n_edges;               /* iterations of which nothing goes on */
  double last_end_s, closed_s; /* of the last wafer; since when, of the last such iteration */
  guint *consumers;            /* ring of P: wafers that have computed the stream */
  guint *givers;               /* ring of P: wafers that have finished the gradient */
  double *freed;               /* ring of P */
  guint64 n_consumed, n_ready; /* streams computed, gradients finished by all wafers */

  Cs3Bell reducer_bell; /* a gradient is ready */
  double *sent;         /* ring of P */
  double last_sent_s;
  guint64 n_sent;

  Cs3Bell optimizer_bell; /* a gradient has arrived */
  GQueue arrivals;
  guint64 *n_updates; /* by group */
  double *updating;   /* by group: last update */
  double *updated;    /* the same when the last iteration was complete */
  double last_update_s, iteration_update_s;
  guint n_updated; /* iterations whose updates are all done */

  GQueue pending;
  Cs3StepHistory micro_batch_cuts; /* of one iteration */
  Cs3StepHistory iteration_cuts;   /* after the first micro-batch */
} Cs3Simulation;

/** cs3_simulation_computed: @wafer has finished the micro-batch at @at. */
void cs3_simulation_computed(Cs3Simulation *s, const Cs3Wafer *wafer, Cs3Place at);

/** cs3_simulation_sent: all gradients of the micro-batch at @at have left. */
void cs3_simulation_sent(Cs3Simulation *s, Cs3Place at);

/** cs3_simulation_updated: all groups of an iteration are updated. */
void cs3_simulation_updated(Cs3Simulation *s);

/** cs3_simulation_average: the state never repeated: the mean of the second half. */
void cs3_simulation_average(Cs3Simulation *s);

/** cs3_simulation_ring_wafers: something that wafers wait for has happened. */
void cs3_simulation_ring_wafers(Cs3Simulation *s);
