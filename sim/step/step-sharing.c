/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step with lanes that share ports. Whatever is determined is computed at once, as in the
 * recurrence; time passes from one beginning or end of a transfer to the next, between which all
 * rates stay as they are. */
#include "config.h"

#include "sim/step/step-sharing.h"

#include <math.h>
#include <string.h>

#include "sim/step/step-cut.h"

/* Transfers one after the other. */
typedef struct {
  double begin_s; /* of the transfer at hand; INFINITY: not known yet */
  double last_s;  /* end of the one before */
  double left_bytes, since_s, rate;
  gboolean flows;
} Lane;

typedef struct {
  guint64 n_uses; /* computed */
  double end_s, speed;
  guint64 n_streams, n_gradients, n_outs, n_ins;
  Lane away, back;
  guint64 n_left, n_fetched;
  double *leaving, *left;  /* by out of a micro-batch: end of its use; when it had gone */
  double *taken, *fetched; /* by in: end of its use; when it was there */
} Wafer;

typedef struct {
  const Cs3StepPlan *plan;
  double now_s;
  Wafer *wafers;
  guint n_wafers;
  Cs3StepTotals totals;

  Lane down;
  guint64 n_streamed, n_freed;
  double *begun, *streamed, *freed; /* rings of P: begin and end of streams; their uses' ends */
  guint *consumers;                 /* ring of P: wafers that have computed it */

  Lane up;
  guint64 n_sent, n_ready;
  double *ready, *sent; /* rings of P: computed by all, gone */
  guint *givers;        /* ring of P */

  double u_end;
  double *updated[2]; /* by parity of iterations, by group */
  guint64 *n_updates; /* by group */

  guint n_at_edge;             /* wafers at the end of an iteration */
  guint64 n_updated, n_edges;  /* iterations with all their updates; of which nothing goes on */
  double last_end_s, closed_s; /* of the last wafer; since when, of the last such iteration */

  Cs3StepCut *cuts[CS3_STEP_MAX_ITERATIONS]; /* after an iteration's first micro-batch */
  guint missing[CS3_STEP_MAX_ITERATIONS];    /* parts that they still need */
} Sharing;

static double *times_new(gsize n) {
  double *times = g_new(double, n + 1);
  for (gsize i = 0; i <= n; i++)
    times[i] = -INFINITY;
  return times;
}

/* --- cuts ------------------------------------------------------------------------------------ */

/* (nullable) the cut after micro-batch @n, counted over all iterations; one part of it comes. */
static Cs3StepCut *cut_part(Sharing *s, guint64 n) {
  guint64 per_iteration = (guint64)s->plan->micro_batches, i = n / per_iteration;
  if (n % per_iteration != 0 || i >= CS3_STEP_MAX_ITERATIONS)
    return NULL;
  s->missing[i]--;
  return s->cuts[i];
}

static void init_cuts(Sharing *s) {
  gboolean sends = s->plan->n_gradients > 0;
  for (guint i = 0; i < CS3_STEP_MAX_ITERATIONS; i++) {
    s->cuts[i] = cs3_step_cut_new(s->plan);
    /* Wafers, gradients, updates; none of the latter precede the first iteration's end. */
    s->missing[i] = s->n_wafers + (sends ? 1 + (i > 0 || s->plan->micro_batches == 1) : 0);
    cs3_step_cut_set_egress(s->cuts[i], s->plan, 0, s->sent, 0);
    cs3_step_cut_set_updates(s->cuts[i], s->plan, 0, s->updated[0]);
  }
}

/* --- the edge of an iteration ---------------------------------------------------------------- */

static gboolean at_edge(const Sharing *s, guint64 micro_batch) {
  return s->plan->edge_s > 0 && micro_batch > 0 &&
         micro_batch % (guint64)s->plan->micro_batches == 0;
}

/* A wafer or the optimizer has finished an iteration. */
static void close_iteration(Sharing *s) {
  if (s->n_at_edge < s->n_wafers || (s->plan->n_gradients > 0 && s->n_updated <= s->n_edges))
    return;
  s->closed_s = s->plan->n_gradients > 0 ? MAX(s->last_end_s, s->u_end) : s->last_end_s;
  s->n_edges++;
  s->n_at_edge = 0;
}

/* Whether all of the iterations before @micro_batch is over. */
static gboolean is_open(const Sharing *s, guint64 micro_batch) {
  return !at_edge(s, micro_batch) || s->n_edges >= micro_batch / (guint64)s->plan->micro_batches;
}

/* --- wafers ---------------------------------------------------------------------------------- */

static gboolean has_inputs(const Sharing *s, const Wafer *w, const Cs3PlanUse *use) {
  const Cs3StepPlan *plan = s->plan;
  return (!use->streamed || s->n_streamed > w->n_streams) &&
         (!use->sends || w->n_gradients < s->n_sent + plan->prefetch) &&
         (!use->returns || w->n_fetched > w->n_ins) &&
         (!use->leaves || w->n_outs < w->n_left + plan->staged);
}

static Cs3UseTimes times_of(const Sharing *s, const Wafer *w, const Cs3PlanUse *use) {
  const Cs3StepPlan *plan = s->plan;
  gsize stream = w->n_streams % plan->prefetch;
  Cs3UseInputs in = {.last_s = w->end_s,
                     .first_s = s->begun[stream] + plan->latency_s,
                     .arrived_s = s->streamed[stream] + plan->latency_s,
                     .room_s = s->sent[w->n_gradients % plan->prefetch]};
  if (use->returns)
    in.back_s = w->fetched[w->n_ins % plan->n_ins] + plan->activation_latency_s;
  if (use->leaves)
    in.away_s = cs3_step_plan_room(plan, w->left, w->n_outs);
  return cs3_plan_use_times(use, w->speed, &in);
}

/* The last of all wafers counts. Returns whether all have come. */
static gboolean gather(guint *counts, double *ends, guint64 n, gsize length, guint n_wafers,
                       double end_s) {
  guint *count = &counts[n % length];
  double *last = &ends[n % length];
  *last = *count == 0 ? end_s : MAX(*last, end_s);
  *count = (*count + 1) % n_wafers;
  return *count == 0;
}

static void finish_use(Sharing *s, Wafer *w, const Cs3PlanUse *use) {
  gsize slots = s->plan->prefetch;
  if (use->streamed)
    s->n_freed += gather(s->consumers, s->freed, w->n_streams++, slots, s->n_wafers, w->end_s);
  if (use->sends)
    s->n_ready += gather(s->givers, s->ready, w->n_gradients++, slots, s->n_wafers, w->end_s);
  if (use->leaves)
    w->leaving[w->n_outs++ % s->plan->n_outs] = w->end_s;
  if (use->returns)
    w->taken[w->n_ins++ % s->plan->n_ins] = w->end_s;
}

static void end_micro_batch(Sharing *s, const Wafer *w) {
  Cs3StepCut *cut = cut_part(s, w->n_uses / s->plan->n_uses - 1);
  if (cut == NULL)
    return;
  Cs3StepTotals totals = s->totals;
  totals.end_s = w->end_s;
  cs3_step_cut_set_wafer(cut, s->plan, (guint)(w - s->wafers), &totals);
  double s_end = s->plan->n_streams > 0 ? s->streamed[(w->n_streams - 1) % s->plan->prefetch] : 0;
  cs3_step_cut_set_streams(cut, s->plan, s_end, s->freed, s->n_freed); /* the last wafer's stay */
}

/* Returns %FALSE while the iteration before is not over. */
static gboolean pass_edge(Sharing *s, Wafer *w, guint64 micro_batch) {
  if (!is_open(s, micro_batch))
    return FALSE;
  if (!at_edge(s, micro_batch))
    return TRUE;
  w->end_s = s->closed_s + s->plan->edge_s;
  if (w == s->wafers && s->totals.end_s < w->end_s)
    cs3_step_totals_edge(&s->totals, s->plan, s->closed_s);
  return TRUE;
}

static void end_iteration(Sharing *s, const Wafer *w, guint64 next) {
  if (!at_edge(s, next))
    return;
  s->n_at_edge++;
  s->last_end_s = MAX(s->last_end_s, w->end_s);
  close_iteration(s);
}

static gboolean compute(Sharing *s, Wafer *w) {
  guint k = (guint)(w->n_uses % s->plan->n_uses);
  const Cs3PlanUse *use = &s->plan->uses[k];
  guint64 micro_batch = w->n_uses / s->plan->n_uses;
  if ((k == 0 && !pass_edge(s, w, micro_batch)) || !has_inputs(s, w, use))
    return FALSE;
  Cs3UseTimes times = times_of(s, w, use);
  if (w == s->wafers)
    cs3_step_totals_use(&s->totals, use, &times,
                        micro_batch % (guint64)s->plan->micro_batches == 0 &&
                            k == s->plan->first_streamed);
  w->end_s = times.end_s;
  w->n_uses++;
  finish_use(s, w, use);
  if (k == s->plan->n_uses - 1) {
    end_micro_batch(s, w);
    end_iteration(s, w, micro_batch + 1);
  }
  return TRUE;
}

/* --- lanes ----------------------------------------------------------------------------------- */

static gboolean is_waiting(const Lane *lane) {
  return !lane->flows && lane->begin_s == INFINITY;
}

/* Returns whether the transfer at hand may begin, once its place is clear. */
static gboolean plan_stream(Sharing *s) {
  const Cs3StepPlan *plan = s->plan;
  if (!is_waiting(&s->down) || plan->n_streams == 0 || s->n_streamed >= s->n_freed + plan->prefetch)
    return FALSE;
  const Cs3PlanUse *use = &plan->uses[plan->streams[s->n_streamed % plan->n_streams]];
  guint64 micro_batch = s->n_streamed / plan->n_streams;
  guint64 iteration = micro_batch / (guint64)plan->micro_batches;
  double begin = MAX(s->down.last_s, s->freed[s->n_streamed % plan->prefetch]);
  if (!is_open(s, micro_batch))
    return FALSE;
  if (at_edge(s, micro_batch))
    begin = MAX(begin, s->closed_s + plan->edge_s);
  if (use->group >= 0 && s->n_updates[use->group] < iteration * plan->group_gradients[use->group])
    return FALSE;
  if (use->group >= 0 && iteration > 0)
    begin = MAX(begin, s->updated[(iteration - 1) % 2][use->group]);
  s->down.begin_s = s->begun[s->n_streamed % plan->prefetch] = begin;
  return TRUE;
}

static gboolean plan_gradient(Sharing *s) {
  if (!is_waiting(&s->up) || s->n_ready <= s->n_sent)
    return FALSE;
  s->up.begin_s = MAX(s->up.last_s, s->ready[s->n_sent % s->plan->prefetch]);
  return TRUE;
}

static gboolean plan_away(const Cs3StepPlan *plan, Wafer *w) {
  if (!is_waiting(&w->away) || w->n_outs <= w->n_left)
    return FALSE;
  w->away.begin_s = MAX(w->away.last_s, w->leaving[w->n_left % plan->n_outs]);
  return TRUE;
}

static gboolean plan_back(const Cs3StepPlan *plan, Wafer *w) {
  if (!is_waiting(&w->back) || plan->n_ins == 0 || w->n_fetched >= w->n_ins + plan->staged)
    return FALSE;
  guint64 m = w->n_fetched % plan->n_ins, micro_batch = w->n_fetched / plan->n_ins;
  const Cs3PlanUse *use = &plan->uses[plan->ins[m]];
  if (w->n_left < micro_batch * plan->n_outs + use->after)
    return FALSE;
  double begin = MAX(w->back.last_s, w->left[use->after - 1] + plan->activation_latency_s);
  w->back.begin_s = m < plan->staged ? begin : MAX(begin, w->taken[m - plan->staged]);
  return TRUE;
}

static void determine(Sharing *s) {
  for (gboolean more = TRUE; more;) {
    more = plan_stream(s);
    more |= plan_gradient(s);
    for (guint i = 0; i < s->n_wafers; i++) {
      Wafer *w = &s->wafers[i];
      while (compute(s, w))
        more = TRUE;
      more |= plan_away(s->plan, w);
      more |= plan_back(s->plan, w);
    }
  }
}

/* --- ends of transfers ----------------------------------------------------------------------- */

static void end_stream(Sharing *s) {
  s->streamed[s->n_streamed++ % s->plan->prefetch] = s->now_s;
}

static void update(Sharing *s, const Cs3PlanUse *use, guint64 iteration) {
  s->u_end = MAX(s->u_end, s->now_s + s->plan->latency_s) + use->update_s;
  if (use->group < 0)
    return;
  s->updated[iteration % 2][use->group] = s->u_end;
  s->n_updates[use->group]++;
}

static void end_gradient(Sharing *s) {
  const Cs3StepPlan *plan = s->plan;
  guint64 g = s->n_sent % plan->n_gradients, micro_batch = s->n_sent / plan->n_gradients;
  guint64 per_iteration = (guint64)plan->micro_batches;
  gboolean last = g == plan->n_gradients - 1;
  s->sent[s->n_sent++ % plan->prefetch] = s->now_s;
  if (micro_batch % per_iteration == per_iteration - 1)
    update(s, &plan->uses[plan->sums[g]], micro_batch / per_iteration);
  Cs3StepCut *cut = last ? cut_part(s, micro_batch) : NULL;
  if (cut != NULL)
    cs3_step_cut_set_egress(cut, plan, s->now_s, s->sent, s->n_sent);
  if (!last || micro_batch % per_iteration != per_iteration - 1)
    return;
  s->n_updated++;
  close_iteration(s);
  /* The next cut that is to know this iteration's updates: its own, if it has no other. */
  cut = cut_part(s, micro_batch + (per_iteration > 1));
  if (cut != NULL)
    cs3_step_cut_set_updates(cut, plan, s->u_end, s->updated[micro_batch / per_iteration % 2]);
}

static void end_away(Sharing *s, Wafer *w) {
  w->left[w->n_left++ % s->plan->n_outs] = s->now_s;
}

static void end_back(Sharing *s, Wafer *w) {
  w->fetched[w->n_fetched++ % s->plan->n_ins] = s->now_s;
}

/* --- time ------------------------------------------------------------------------------------ */

static double end_of(const Lane *lane) {
  return lane->since_s + lane->left_bytes / lane->rate;
}

static double next_of(const Lane *lane) {
  return lane->flows ? end_of(lane) : lane->begin_s;
}

static double next_event(const Sharing *s) {
  double next = MIN(next_of(&s->down), next_of(&s->up));
  for (guint i = 0; i < s->n_wafers; i++) {
    next = MIN(next, next_of(&s->wafers[i].away));
    next = MIN(next, next_of(&s->wafers[i].back));
  }
  return next;
}

/* Returns whether a transfer has just ended; one that is due begins, with @bytes. */
static gboolean pass_time(Lane *lane, double now_s, double bytes) {
  if (lane->flows && end_of(lane) <= now_s) {
    *lane = (Lane){.begin_s = INFINITY, .last_s = now_s};
    return TRUE;
  }
  if (!lane->flows && lane->begin_s <= now_s)
    *lane = (Lane){.begin_s = lane->begin_s,
                   .last_s = lane->last_s,
                   .left_bytes = bytes,
                   .since_s = now_s,
                   .rate = 1,
                   .flows = TRUE};
  return FALSE;
}

static void set_rate(Lane *lane, double now_s, double rate) {
  if (!lane->flows || lane->rate == rate)
    return;
  lane->left_bytes = MAX(0, lane->left_bytes - lane->rate * (now_s - lane->since_s));
  lane->since_s = now_s;
  lane->rate = rate;
}

/* Max-min shares of the lane that all wafers' ports carry and of each wafer's own lane. */
static void share(Sharing *s, Lane *common, gsize own) {
  const Cs3StepPlan *plan = s->plan;
  double port = plan->port_bytes_per_s, rate = plan->bytes_per_s;
  double most = MIN(port, plan->servers_bytes_per_s);
  for (guint i = 0; i < s->n_wafers; i++)
    if (G_STRUCT_MEMBER(Lane, &s->wafers[i], own).flows)
      rate = MIN(rate, MAX(port / 2, port - most));
  for (guint i = 0; i < s->n_wafers; i++)
    set_rate(&G_STRUCT_MEMBER(Lane, &s->wafers[i], own), s->now_s,
             MIN(most, common->flows ? port - rate : port));
  set_rate(common, s->now_s, rate);
}

static double bytes_of_stream(const Sharing *s) {
  const Cs3StepPlan *plan = s->plan;
  return plan->n_streams == 0
             ? 0
             : plan->uses[plan->streams[s->n_streamed % plan->n_streams]].use.stream_bytes;
}

static double bytes_of_gradient(const Sharing *s) {
  const Cs3StepPlan *plan = s->plan;
  return plan->n_gradients == 0
             ? 0
             : plan->uses[plan->sums[s->n_sent % plan->n_gradients]].use.gradient_bytes;
}

static void pass_activations(Sharing *s, Wafer *w) {
  const Cs3StepPlan *plan = s->plan;
  const Cs3PlanUse *out = &plan->uses[plan->outs[w->n_left % plan->n_outs]];
  const Cs3PlanUse *in = &plan->uses[plan->ins[w->n_fetched % plan->n_ins]];
  if (pass_time(&w->away, s->now_s, out->use.activation_out_bytes))
    end_away(s, w);
  if (pass_time(&w->back, s->now_s, in->use.activation_in_bytes))
    end_back(s, w);
}

/* Returns %FALSE when nothing more can happen. */
static gboolean step_on(Sharing *s) {
  determine(s);
  s->now_s = next_event(s);
  if (s->now_s == INFINITY)
    return FALSE;
  if (pass_time(&s->down, s->now_s, bytes_of_stream(s)))
    end_stream(s);
  if (pass_time(&s->up, s->now_s, bytes_of_gradient(s)))
    end_gradient(s);
  for (guint i = 0; s->plan->n_outs > 0 && i < s->n_wafers; i++)
    pass_activations(s, &s->wafers[i]);
  share(s, &s->down, G_STRUCT_OFFSET(Wafer, back));
  share(s, &s->up, G_STRUCT_OFFSET(Wafer, away));
  return TRUE;
}

/* --- run ------------------------------------------------------------------------------------- */

static void init_wafer(Sharing *s, guint index) {
  static const Lane empty = {.begin_s = INFINITY, .last_s = -INFINITY};
  Wafer *w = &s->wafers[index];
  w->speed = g_array_index(s->plan->classes, Cs3PlanClass, index).speed;
  w->away = w->back = empty;
  w->leaving = times_new(s->plan->n_outs);
  w->left = times_new(s->plan->n_outs);
  w->taken = times_new(s->plan->n_ins);
  w->fetched = times_new(s->plan->n_ins);
}

static void init(Sharing *s) {
  const Cs3StepPlan *plan = s->plan;
  s->n_wafers = plan->classes->len;
  s->wafers = g_new0(Wafer, s->n_wafers);
  for (guint i = 0; i < s->n_wafers; i++)
    init_wafer(s, i);
  s->down = s->up = (Lane){.begin_s = INFINITY};
  double **rings[] = {&s->begun, &s->streamed, &s->freed, &s->ready, &s->sent};
  for (guint i = 0; i < G_N_ELEMENTS(rings); i++)
    *rings[i] = times_new(plan->prefetch);
  s->consumers = g_new0(guint, plan->prefetch);
  s->givers = g_new0(guint, plan->prefetch);
  for (guint i = 0; i < G_N_ELEMENTS(s->updated); i++)
    s->updated[i] = times_new(plan->n_groups);
  s->n_updates = g_new0(guint64, plan->n_groups + 1);
  init_cuts(s);
}

static void clear(Sharing *s) {
  for (guint i = 0; i < s->n_wafers; i++) {
    g_free(s->wafers[i].leaving);
    g_free(s->wafers[i].left);
    g_free(s->wafers[i].taken);
    g_free(s->wafers[i].fetched);
  }
  void *owned[] = {s->wafers,    s->begun,  s->streamed,   s->freed,      s->ready,    s->sent,
                   s->consumers, s->givers, s->updated[0], s->updated[1], s->n_updates};
  for (guint i = 0; i < G_N_ELEMENTS(owned); i++)
    g_free(owned[i]);
  for (guint i = 0; i < CS3_STEP_MAX_ITERATIONS; i++)
    cs3_step_cut_free(s->cuts[i]);
}

/* Returns whether the state is that of an iteration before. */
static gboolean repeats(Sharing *s, Cs3StepHistory *history, guint i, Cs3StepTotals *period) {
  Cs3StepCut *cut = g_steal_pointer(&s->cuts[i]);
  cs3_step_cut_close(cut, s->plan);
  guint lag = cs3_step_history_lag(history, cut, s->plan);
  if (lag > 0)
    cs3_step_totals_add(period, 1.0 / lag, &cut->totals,
                        &cs3_step_history_back(history, lag)->totals);
  cs3_step_history_push(history, cut);
  return lag > 0;
}

static void run(Sharing *s, Cs3StepHistory *history, Cs3StepTotals *period) {
  enum { HALF = CS3_STEP_MAX_ITERATIONS / 2 };
  Cs3StepTotals half = {0};
  for (guint i = 0; i < 2 * HALF; i++) {
    while (s->missing[i] > 0)
      if (!step_on(s))
        g_return_if_reached();
    if (repeats(s, history, i, period))
      return;
    if (i == HALF - 1)
      half = cs3_step_history_back(history, 1)->totals;
  }
  cs3_step_totals_add(period, 1.0 / HALF, &cs3_step_history_back(history, 1)->totals, &half);
}

void cs3_step_sharing(const Cs3StepPlan *plan, Cs3StepTotals *period) {
  Sharing s = {.plan = plan};
  Cs3StepHistory history = {0};
  *period = (Cs3StepTotals){0};
  init(&s);
  run(&s, &history, period);
  cs3_step_history_clear(&history);
  clear(&s);
}
