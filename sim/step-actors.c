/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step as four SimGrid actors: the streamer sends weights from MemoryX, the wafer
 * computes, the reducer sends gradients back, the optimizer updates in MemoryX.
 *
 * Iterations and micro-batches are all alike but for their ends. As soon as the state after one
 * micro-batch repeats that after the one before, the rest of the iteration except the last
 * micro-batch is left out and its time added; as soon as the state after an iteration's first
 * micro-batch repeats, the run ends. */
#include "config.h"

#include "sim/step-actors.h"

#include "sim/simgrid-engine.h"
#include "sim/simgrid-platform.h"
#include "sim/step-cut.h"

#include <math.h>
#include <string.h>

/* Micro-batches of an iteration to look at before giving up on repetition. */
#define MAX_CUTS 256

typedef struct {
  double begin_s, end_s;
} Stream;

typedef struct {
  guint use;
  double arrival_s; /* at MemoryX */
} Arrival;

typedef struct {
  gint64 micro_batches;  /* to simulate; lowered when they repeat */
  Cs3StepTotals skipped; /* what the others would add */
  Cs3StepTotals first;   /* after the first micro-batch */
} Iteration;

/* A cut on its way: wafer and reducer pass it at different times. */
typedef struct {
  guint iteration;
  gint64 micro_batch;
  gboolean computed, sent;
  Cs3StepCut *cut;
} Pending;

/* Where an actor is. */
typedef struct {
  guint iteration;
  gint64 micro_batch;
} Place;

typedef struct {
  const Cs3StepPlan *plan;
  Cs3StepAnswer *answer;
  gboolean full, settled;
  Iteration iterations[CS3_STEP_MAX_ITERATIONS];

  Cs3Bell streamer_bell; /* a slot is free, a group updated */
  Place streaming;
  Stream *streams;             /* ring of P */
  guint64 n_begun, n_streamed; /* streams whose first, last byte has left MemoryX */

  Cs3Bell wafer_bell; /* a stream begun or ended, a gradient gone */
  Place computing;
  Cs3StepTotals totals;
  double *freed; /* ring of P */
  double last_stream_s;
  guint64 n_consumed, n_ready; /* streams computed, gradients finished */

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
} Simulation;

/* --- cuts ----------------------------------------------------------------------------------- */

/* Only the first micro-batch tells one iteration from the next, and only its cut may also be the
 * last one's: its state then includes the updates of this very iteration. */
static gboolean wants_cut(const Simulation *s, guint iteration, gint64 micro_batch) {
  if (micro_batch == 0)
    return TRUE;
  return !s->full && micro_batch < MAX_CUTS &&
         s->iterations[iteration].micro_batches == s->plan->micro_batches &&
         micro_batch < s->plan->micro_batches - 1;
}

/* (transfer none) (nullable) */
static Pending *pending_cut(Simulation *s, guint iteration, gint64 micro_batch) {
  for (GList *item = s->pending.head; item != NULL; item = item->next) {
    Pending *pending = item->data;
    if (pending->iteration == iteration && pending->micro_batch == micro_batch)
      return pending;
  }
  if (!wants_cut(s, iteration, micro_batch))
    return NULL;
  Pending *pending = g_new0(Pending, 1);
  pending->iteration = iteration;
  pending->micro_batch = micro_batch;
  pending->cut = cs3_step_cut_new(s->plan);
  if (s->plan->n_gradients == 0) {
    pending->sent = TRUE;
    cs3_step_cut_set_egress(pending->cut, s->plan, 0, s->sent, 0);
  }
  g_queue_push_tail(&s->pending, pending);
  return pending;
}

static gboolean is_complete(const Simulation *s, const Pending *pending) {
  guint iterations = pending->iteration + (s->plan->micro_batches == 1);
  return pending->computed && pending->sent &&
         (s->plan->n_gradients == 0 || s->n_updated >= iterations);
}

/* The state of @lag micro-batches ago is back: leave out as many such rounds as fit between the
 * latest micro-batch that an actor has begun and the end. The reducer has sent no gradient of that
 * one yet, and will know if it has become the last: it passes a cut when it has sent the gradients
 * before it, and a cut is closed no later, for while updates are pending no state repeats. */
static void skip(Simulation *s, guint i, const Cs3StepCut *cut, guint lag) {
  Iteration *iteration = &s->iterations[i];
  if (s->computing.iteration != i || (s->plan->n_streams > 0 && s->streaming.iteration != i))
    return;
  gint64 begun = MAX(s->computing.micro_batch, s->streaming.micro_batch) + 1;
  gint64 rounds = (iteration->micro_batches - begun) / lag;
  if (rounds <= 0)
    return;
  const Cs3StepCut *before = cs3_step_history_back(&s->micro_batch_cuts, lag);
  cs3_step_totals_add(&iteration->skipped, (double)rounds, &cut->totals, &before->totals);
  iteration->micro_batches -= rounds * lag;
}

/* The state of @lag iterations ago is back. */
static void settle(Simulation *s, guint i, const Cs3StepCut *cut, guint lag) {
  static const Cs3StepTotals zero = {0};
  Cs3StepTotals *period = &s->answer->period;
  const Cs3StepCut *before = cs3_step_history_back(&s->iteration_cuts, lag);
  cs3_step_totals_add(period, 1.0 / lag, &cut->totals, &before->totals);
  for (guint back = 1; back <= lag; back++)
    cs3_step_totals_add(period, 1.0 / lag, &s->iterations[i - back].skipped, &zero);
  s->settled = TRUE;
}

/* Two histories keep the cut after an iteration's first micro-batch. */
static void close_first_cut(Simulation *s, const Pending *pending) {
  guint lag = cs3_step_history_lag(&s->iteration_cuts, pending->cut, s->plan);
  if (lag > 0)
    settle(s, pending->iteration, pending->cut, lag);
  cs3_step_history_push(&s->iteration_cuts, cs3_step_cut_copy(pending->cut, s->plan));
  cs3_step_history_clear(&s->micro_batch_cuts);
}

static void close_cut(Simulation *s, const Pending *pending) {
  cs3_step_cut_set_updates(pending->cut, s->plan, s->iteration_update_s, s->updated);
  cs3_step_cut_close(pending->cut, s->plan);
  if (pending->micro_batch == 0)
    close_first_cut(s, pending);
  if (s->iterations[pending->iteration].micro_batches == s->plan->micro_batches) {
    guint lag = cs3_step_history_lag(&s->micro_batch_cuts, pending->cut, s->plan);
    if (lag > 0 && !s->full)
      skip(s, pending->iteration, pending->cut, lag);
  }
  cs3_step_history_push(&s->micro_batch_cuts, pending->cut);
}

static void close_cuts(Simulation *s) {
  for (;;) {
    Pending *pending = g_queue_peek_head(&s->pending);
    if (s->settled || pending == NULL || !is_complete(s, pending))
      return;
    g_queue_pop_head(&s->pending);
    close_cut(s, pending);
    g_free(pending);
  }
}

/* --- MemoryX to wafer ----------------------------------------------------------------------- */

static gboolean may_stream(const Simulation *s, const Cs3PlanUse *use, guint iteration) {
  if (s->n_begun >= s->n_consumed + s->plan->prefetch)
    return FALSE;
  if (use->group < 0)
    return TRUE;
  guint64 needed = (guint64)iteration * s->plan->group_gradients[use->group];
  return s->n_updates[use->group] >= needed;
}

static void stream_use(Simulation *s, const Cs3PlanUse *use, sg_host_t from, sg_host_t to) {
  while (!may_stream(s, use, s->streaming.iteration))
    cs3_bell_wait(&s->streamer_bell);
  Stream *stream = &s->streams[s->n_begun % s->plan->prefetch];
  stream->begin_s = cs3_engine_now();
  s->n_begun++;
  cs3_bell_ring(&s->wafer_bell);
  sg_host_sendto(from, to, use->use.stream_bytes);
  stream->end_s = cs3_engine_now();
  s->n_streamed++;
  cs3_bell_ring(&s->wafer_bell);
}

static void streamer(int argc, char **argv) {
  Simulation *s = sg_actor_self_get_data();
  sg_host_t from = sg_host_by_name(CS3_HOST_MEMORYX);
  sg_host_t to = sg_host_by_name(CS3_HOST_BROADCAST);
  Place *place = &s->streaming;
  for (; place->iteration < CS3_STEP_MAX_ITERATIONS; place->iteration++, place->micro_batch = 0) {
    for (; place->micro_batch < s->iterations[place->iteration].micro_batches;
         place->micro_batch++) {
      for (guint k = 0; k < s->plan->n_uses; k++) {
        if (s->plan->uses[k].streamed)
          stream_use(s, &s->plan->uses[k], from, to);
      }
    }
  }
}

/* --- wafer ---------------------------------------------------------------------------------- */

static void await_first_weights(Simulation *s) {
  while (s->n_begun <= s->n_consumed)
    cs3_bell_wait(&s->wafer_bell);
  const Stream *stream = &s->streams[s->n_consumed % s->plan->prefetch];
  cs3_engine_sleep_until(stream->begin_s + s->plan->latency_s);
}

static void await_last_weights(Simulation *s) {
  while (s->n_streamed <= s->n_consumed)
    cs3_bell_wait(&s->wafer_bell);
  s->last_stream_s = s->streams[s->n_consumed % s->plan->prefetch].end_s;
  cs3_engine_sleep_until(s->last_stream_s + s->plan->latency_s);
}

static void await_place_for_gradient(Simulation *s) {
  while (s->n_ready >= s->n_sent + s->plan->prefetch)
    cs3_bell_wait(&s->wafer_bell);
}

/* Hand over what the use leaves behind. */
static void finish_use(Simulation *s, const Cs3PlanUse *use) {
  s->totals.end_s = cs3_engine_now();
  s->totals.bytes_down += use->use.stream_bytes;
  s->totals.bytes_up += use->use.gradient_bytes;
  s->answer->uses_simulated++;
  if (use->streamed) {
    s->freed[s->n_consumed++ % s->plan->prefetch] = s->totals.end_s;
    cs3_bell_ring(&s->streamer_bell);
  }
  if (use->sends) {
    s->n_ready++;
    cs3_bell_ring(&s->reducer_bell);
  }
}

static void compute_use(Simulation *s, const Cs3PlanUse *use, gboolean first_streamed) {
  double idle_since = s->totals.end_s;
  if (use->streamed)
    await_first_weights(s);
  double fed = cs3_engine_now();
  if (use->sends)
    await_place_for_gradient(s);
  double begin = cs3_engine_now();
  if (use->use.compute_cycles > 0)
    sg_actor_execute(use->use.compute_cycles);
  double worked = cs3_engine_now();
  if (use->streamed)
    await_last_weights(s);

  Cs3StepTotals *totals = &s->totals;
  totals->compute_s += worked - begin;
  totals->wait_s += cs3_engine_now() - worked;
  if (first_streamed) {
    totals->boundary_s += begin - idle_since;
  } else {
    totals->wait_s += begin - idle_since;
    totals->egress_wait_s += begin - fed;
  }
  finish_use(s, use);
}

static void compute_micro_batch(Simulation *s) {
  gint64 m = s->computing.micro_batch;
  for (guint k = 0; k < s->plan->n_uses && !s->settled; k++)
    compute_use(s, &s->plan->uses[k], m == 0 && k == s->plan->first_streamed);
  if (s->settled)
    return;
  Pending *pending = pending_cut(s, s->computing.iteration, m);
  if (m == 0)
    s->iterations[s->computing.iteration].first = s->totals;
  s->computing.micro_batch++;
  if (pending == NULL)
    return;
  cs3_step_cut_set_wafer(pending->cut, s->plan, &s->totals, s->last_stream_s, s->freed,
                         s->n_consumed);
  pending->computed = TRUE;
  close_cuts(s);
}

/* The state never repeats: average over the second half. */
static void average(Simulation *s) {
  enum { HALF = CS3_STEP_MAX_ITERATIONS / 2 };
  static const Cs3StepTotals zero = {0};
  Cs3StepTotals *period = &s->answer->period;
  cs3_step_totals_add(period, 1.0 / HALF, &s->iterations[2 * HALF - 1].first,
                      &s->iterations[HALF - 1].first);
  for (guint i = HALF - 1; i < 2 * HALF - 1; i++)
    cs3_step_totals_add(period, 1.0 / HALF, &s->iterations[i].skipped, &zero);
}

static gboolean has_more(const Simulation *s) {
  return !s->settled &&
         s->computing.micro_batch < s->iterations[s->computing.iteration].micro_batches;
}

static void wafer(int argc, char **argv) {
  Simulation *s = sg_actor_self_get_data();
  Place *place = &s->computing;
  for (; place->iteration < CS3_STEP_MAX_ITERATIONS; place->iteration++, place->micro_batch = 0) {
    while (has_more(s))
      compute_micro_batch(s);
  }
  if (!s->settled)
    average(s);
  s->answer->done = TRUE;
}

/* --- wafer to MemoryX ----------------------------------------------------------------------- */

static void deliver(Simulation *s, guint use) {
  Arrival *arrival = g_new(Arrival, 1);
  *arrival = (Arrival){.use = use, .arrival_s = s->last_sent_s + s->plan->latency_s};
  g_queue_push_tail(&s->arrivals, arrival);
  cs3_bell_ring(&s->optimizer_bell);
}

static void send_gradient(Simulation *s, Place at, guint k, sg_host_t from, sg_host_t to) {
  while (s->n_ready <= s->n_sent)
    cs3_bell_wait(&s->reducer_bell);
  const Cs3PlanUse *use = &s->plan->uses[k];
  if (use->use.gradient_bytes > 0)
    sg_host_sendto(from, to, use->use.gradient_bytes);
  s->last_sent_s = cs3_engine_now();
  s->sent[s->n_sent++ % s->plan->prefetch] = s->last_sent_s;
  if (at.micro_batch == s->iterations[at.iteration].micro_batches - 1)
    deliver(s, k);
  cs3_bell_ring(&s->wafer_bell);
}

static void reduce_micro_batch(Simulation *s, Place at, sg_host_t from, sg_host_t to) {
  for (guint k = 0; k < s->plan->n_uses; k++) {
    if (s->plan->uses[k].sends)
      send_gradient(s, at, k, from, to);
  }
  Pending *pending = pending_cut(s, at.iteration, at.micro_batch);
  if (pending == NULL)
    return;
  cs3_step_cut_set_egress(pending->cut, s->plan, s->last_sent_s, s->sent, s->n_sent);
  pending->sent = TRUE;
  close_cuts(s);
}

static void reducer(int argc, char **argv) {
  Simulation *s = sg_actor_self_get_data();
  sg_host_t from = sg_host_by_name(CS3_HOST_REDUCE);
  sg_host_t to = sg_host_by_name(CS3_HOST_MEMORYX);
  for (Place at = {0}; at.iteration < CS3_STEP_MAX_ITERATIONS; at.iteration++) {
    for (at.micro_batch = 0; at.micro_batch < s->iterations[at.iteration].micro_batches;
         at.micro_batch++)
      reduce_micro_batch(s, at, from, to);
  }
}

/* --- optimizer ------------------------------------------------------------------------------ */

static void update_group(Simulation *s, gint32 group) {
  if (group < 0)
    return;
  s->updating[group] = s->last_update_s;
  s->n_updates[group]++;
  cs3_bell_ring(&s->streamer_bell);
}

static void end_updates(Simulation *s) {
  memcpy(s->updated, s->updating, s->plan->n_groups * sizeof *s->updated);
  s->iteration_update_s = s->last_update_s;
  s->n_updated++;
  close_cuts(s);
}

static void optimizer(int argc, char **argv) {
  Simulation *s = sg_actor_self_get_data();
  for (guint64 n = 1;; n++) {
    while (g_queue_is_empty(&s->arrivals))
      cs3_bell_wait(&s->optimizer_bell);
    g_autofree Arrival *arrival = g_queue_pop_head(&s->arrivals);
    const Cs3PlanUse *use = &s->plan->uses[arrival->use];
    cs3_engine_sleep_until(arrival->arrival_s);
    if (use->use.update_params > 0)
      sg_actor_execute(use->use.update_params);
    s->last_update_s = cs3_engine_now();
    update_group(s, use->group);
    if (n % s->plan->n_gradients == 0)
      end_updates(s);
  }
}

/* --- run ------------------------------------------------------------------------------------ */

static double *never(gsize n) {
  double *times = g_new(double, n + 1);
  for (gsize i = 0; i <= n; i++)
    times[i] = -INFINITY;
  return times;
}

static void simulation_init(Simulation *s, const Cs3StepJob *job, Cs3StepAnswer *answer) {
  const Cs3StepPlan *plan = job->plan;
  s->plan = plan;
  s->answer = answer;
  s->full = job->full;
  for (guint i = 0; i < CS3_STEP_MAX_ITERATIONS; i++)
    s->iterations[i].micro_batches = plan->micro_batches;
  s->streams = g_new0(Stream, plan->prefetch);
  s->freed = never(plan->prefetch);
  s->sent = never(plan->prefetch);
  s->n_updates = g_new0(guint64, plan->n_groups + 1);
  s->updating = never(plan->n_groups);
  s->updated = never(plan->n_groups);
  g_queue_init(&s->arrivals);
  g_queue_init(&s->pending);
  cs3_bell_init(&s->streamer_bell);
  cs3_bell_init(&s->wafer_bell);
  cs3_bell_init(&s->reducer_bell);
  cs3_bell_init(&s->optimizer_bell);
}

/* The child ends after this; what the simulation holds goes with it. */
void cs3_step_actors_run(gconstpointer job, gpointer answer) {
  const Cs3StepJob *what = job;
  Simulation *s = g_new0(Simulation, 1);
  cs3_engine_load(what->platform_fd);
  simulation_init(s, what, answer);
  cs3_engine_actor("wafer", CS3_HOST_WAFER, s, FALSE, wafer);
  if (what->plan->n_streams > 0)
    cs3_engine_actor("streamer", CS3_HOST_MEMORYX, s, TRUE, streamer);
  if (what->plan->n_gradients > 0) {
    cs3_engine_actor("reducer", CS3_HOST_REDUCE, s, TRUE, reducer);
    cs3_engine_actor("optimizer", CS3_HOST_MEMORYX, s, TRUE, optimizer);
  }
  cs3_engine_run();
}
