/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Iterations and micro-batches are all alike but for their ends. As soon as the state after one
 * micro-batch repeats that after an earlier one, the rest of the iteration except the last
 * micro-batches is left out and its time added; as soon as the state after an iteration's first
 * micro-batch repeats, the run ends. */
#include "config.h"

#include "sim/step/step-state.h"

/* Micro-batches of an iteration to look at before giving up on repetition. */
#define MAX_CUTS 256

/* Only the first micro-batch tells one iteration from the next, and only its cut may also be the
 * last one's: its state then includes the updates of this very iteration. */
static gboolean wants_cut(const Cs3Simulation *s, Cs3Place at) {
  if (s->fixed)
    return FALSE;
  if (at.micro_batch == 0)
    return TRUE;
  return !s->full && at.micro_batch < MAX_CUTS &&
         s->iterations[at.iteration].micro_batches == s->plan->micro_batches &&
         at.micro_batch < s->plan->micro_batches - 1;
}

/* (transfer none) (nullable) */
static Cs3PendingCut *pending_cut(Cs3Simulation *s, Cs3Place at) {
  for (GList *item = s->pending.head; item != NULL; item = item->next) {
    Cs3PendingCut *pending = item->data;
    if (pending->at.iteration == at.iteration && pending->at.micro_batch == at.micro_batch)
      return pending;
  }
  if (!wants_cut(s, at))
    return NULL;
  Cs3PendingCut *pending = g_new0(Cs3PendingCut, 1);
  pending->at = at;
  pending->cut = cs3_step_cut_new(s->plan);
  if (s->plan->n_gradients == 0) {
    pending->sent = TRUE;
    cs3_step_cut_set_egress(pending->cut, s->plan, 0, s->sent, 0);
  }
  g_queue_push_tail(&s->pending, pending);
  return pending;
}

static gboolean is_complete(const Cs3Simulation *s, const Cs3PendingCut *pending) {
  guint iterations = pending->at.iteration + (s->plan->micro_batches == 1);
  return pending->n_computed == s->n_wafers && pending->sent &&
         (s->plan->n_gradients == 0 || s->n_updated >= iterations);
}

/* The latest micro-batch of iteration @i that an actor has begun; -1: some are elsewhere. */
static gint64 latest_begun(const Cs3Simulation *s, guint i) {
  gint64 latest = 0;
  if (s->plan->n_streams > 0 && s->streaming.iteration != i)
    return -1;
  if (s->plan->n_streams > 0)
    latest = s->streaming.micro_batch;
  for (guint w = 0; w < s->n_wafers; w++) {
    if (s->wafers[w].place.iteration != i)
      return -1;
    latest = MAX(latest, s->wafers[w].place.micro_batch);
  }
  return latest;
}

/* The state of @lag micro-batches ago is back: leave out as many such rounds as fit between the
 * latest micro-batch that an actor has begun and the end. The reducer has sent no gradient of that
 * one yet, and will know if it has become the last: it passes a cut when it has sent the gradients
 * before it, and a cut is closed no later, for while updates are pending no state repeats. */
static void skip(Cs3Simulation *s, guint i, const Cs3StepCut *cut, guint lag) {
  Cs3Iteration *iteration = &s->iterations[i];
  gint64 latest = latest_begun(s, i);
  if (latest < 0)
    return;
  gint64 rounds = (iteration->micro_batches - (latest + 1)) / lag;
  if (rounds <= 0)
    return;
  const Cs3StepCut *before = cs3_step_history_back(&s->micro_batch_cuts, lag);
  cs3_step_totals_add(&iteration->skipped, (double)rounds, &cut->totals, &before->totals);
  iteration->micro_batches -= rounds * lag;
}

/* The state of @lag iterations ago is back. */
static void settle(Cs3Simulation *s, guint i, const Cs3StepCut *cut, guint lag) {
  static const Cs3StepTotals zero = {0};
  Cs3StepTotals *period = &s->answer->period;
  const Cs3StepCut *before = cs3_step_history_back(&s->iteration_cuts, lag);
  cs3_step_totals_add(period, 1.0 / lag, &cut->totals, &before->totals);
  for (guint back = 1; back <= lag; back++)
    cs3_step_totals_add(period, 1.0 / lag, &s->iterations[i - back].skipped, &zero);
  s->settled = TRUE;
  cs3_simulation_ring_wafers(s); /* nobody needs to wait any longer */
}

/* Two histories keep the cut after an iteration's first micro-batch. */
static void close_first_cut(Cs3Simulation *s, const Cs3PendingCut *pending) {
  guint lag = cs3_step_history_lag(&s->iteration_cuts, pending->cut, s->plan);
  if (lag > 0)
    settle(s, pending->at.iteration, pending->cut, lag);
  cs3_step_history_push(&s->iteration_cuts, cs3_step_cut_copy(pending->cut, s->plan));
  cs3_step_history_clear(&s->micro_batch_cuts);
}

static void close_cut(Cs3Simulation *s, const Cs3PendingCut *pending) {
  cs3_step_cut_set_updates(pending->cut, s->plan, s->iteration_update_s, s->updated);
  cs3_step_cut_close(pending->cut, s->plan);
  if (pending->at.micro_batch == 0)
    close_first_cut(s, pending);
  if (s->iterations[pending->at.iteration].micro_batches == s->plan->micro_batches) {
    guint lag = cs3_step_history_lag(&s->micro_batch_cuts, pending->cut, s->plan);
    if (lag > 0 && !s->full)
      skip(s, pending->at.iteration, pending->cut, lag);
  }
  cs3_step_history_push(&s->micro_batch_cuts, pending->cut);
}

static void close_cuts(Cs3Simulation *s) {
  for (;;) {
    Cs3PendingCut *pending = g_queue_peek_head(&s->pending);
    if (s->settled || pending == NULL || !is_complete(s, pending))
      return;
    g_queue_pop_head(&s->pending);
    close_cut(s, pending);
    g_free(pending);
  }
}

void cs3_simulation_computed(Cs3Simulation *s, const Cs3Wafer *wafer, Cs3Place at) {
  if (wafer->index == 0 && at.micro_batch == 0)
    s->iterations[at.iteration].first = wafer->totals;
  Cs3PendingCut *pending = pending_cut(s, at);
  if (pending == NULL)
    return;
  cs3_step_cut_set_wafer(pending->cut, s->plan, wafer->index, &wafer->totals);
  /* The last wafer has just freed the slots of this micro-batch's streams, and no more. */
  if (++pending->n_computed < s->n_wafers)
    return;
  cs3_step_cut_set_streams(pending->cut, s->plan, wafer->last_stream_s, s->freed, s->n_consumed);
  close_cuts(s);
}

void cs3_simulation_sent(Cs3Simulation *s, Cs3Place at) {
  Cs3PendingCut *pending = pending_cut(s, at);
  if (pending == NULL)
    return;
  cs3_step_cut_set_egress(pending->cut, s->plan, s->last_sent_s, s->sent, s->n_sent);
  pending->sent = TRUE;
  close_cuts(s);
}

void cs3_simulation_updated(Cs3Simulation *s) {
  close_cuts(s);
}

void cs3_simulation_average(Cs3Simulation *s) {
  enum { HALF = CS3_STEP_MAX_ITERATIONS / 2 };
  static const Cs3StepTotals zero = {0};
  Cs3StepTotals *period = &s->answer->period;
  cs3_step_totals_add(period, 1.0 / HALF, &s->iterations[2 * HALF - 1].first,
                      &s->iterations[HALF - 1].first);
  for (guint i = HALF - 1; i < 2 * HALF - 1; i++)
    cs3_step_totals_add(period, 1.0 / HALF, &s->iterations[i].skipped, &zero);
}
