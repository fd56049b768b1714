/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step as SimGrid actors: the streamer sends weights from MemoryX to all wafers, the
 * wafers compute, the reducer sends gradients back, the optimizer updates in MemoryX. Whatever else
 * uses the links has actors of its own. */
#include "config.h"

#include "sim/step/step-actors.h"

#include "sim/step/simgrid-engine.h"
#include "sim/step/simgrid-platform.h"
#include "sim/step/simgrid-runner.h"
#include "sim/step/step-state.h"

#include <math.h>
#include <string.h>

typedef struct {
  guint use;
  Cs3Place at;
  double arrival_s; /* at MemoryX */
} Arrival;

static void note(Cs3Simulation *s, Cs3SpanKind kind, guint wafer, Cs3Place at, guint use,
                 double begin_s, double end_s) {
  if (s->spans == NULL || end_s <= begin_s)
    return;
  Cs3Span span = {.begin_s = begin_s,
                  .end_s = end_s,
                  .micro_batch = at.micro_batch,
                  .iteration = at.iteration,
                  .use = use,
                  .kind = (guint16)kind,
                  .wafer_class = (guint16)wafer};
  g_array_append_val(s->spans, span);
}

/* A whole tensor; after a link has failed, all of it again. */
static void send(Cs3Simulation *s, Cs3Channel *channel, double bytes) {
  for (double left = bytes; left > 0;) {
    double piece = cs3_step_plan_piece(s->plan, cs3_engine_now(), left);
    if (cs3_channel_send(channel, piece)) {
      left -= piece;
      continue;
    }
    left = bytes;
    s->answer->retries++;
    cs3_engine_sleep_until(cs3_engine_now() + s->plan->retry_s);
  }
}

/* --- the edge of an iteration --------------------------------------------------------------- */

/* Called when a wafer or the optimizer has finished an iteration. */
static void close_iteration(Cs3Simulation *s) {
  if (s->n_at_edge < (s->n_edges + 1) * (guint64)s->n_wafers ||
      (s->plan->n_gradients > 0 && s->n_updated <= s->n_edges))
    return;
  s->closed_s =
      s->plan->n_gradients > 0 ? MAX(s->last_end_s, s->iteration_update_s) : s->last_end_s;
  s->n_edges++;
  cs3_bell_ring(&s->streamer_bell);
  cs3_simulation_ring_wafers(s);
}

static void stream_edge(Cs3Simulation *s, guint iteration) {
  if (iteration == 0 || s->plan->edge_s == 0)
    return;
  while (s->n_edges < iteration)
    cs3_bell_wait(&s->streamer_bell);
  cs3_engine_sleep_until(s->closed_s + s->plan->edge_s);
}

static void compute_edge(Cs3Wafer *w) {
  Cs3Simulation *s = w->s;
  guint edge = w->place.iteration + 1;
  if (s->plan->edge_s == 0 || edge == s->n_iterations || s->settled)
    return;
  s->n_at_edge++;
  s->last_end_s = MAX(s->last_end_s, w->totals.end_s);
  close_iteration(s);
  while (s->n_edges < edge && !s->settled)
    cs3_bell_wait(&w->arrived);
  if (s->settled)
    return;
  double open_s = s->closed_s + s->plan->edge_s;
  note(s, CS3_SPAN_BOUNDARY, w->index, w->place, 0, w->totals.end_s, s->closed_s);
  note(s, CS3_SPAN_EDGE, w->index, w->place, 0, s->closed_s, open_s);
  cs3_step_totals_edge(&w->totals, s->plan, s->closed_s);
}

/* --- MemoryX to wafers ---------------------------------------------------------------------- */

static gboolean may_stream(const Cs3Simulation *s, const Cs3PlanUse *use, guint iteration) {
  if (s->n_begun >= s->n_consumed + s->plan->prefetch)
    return FALSE;
  if (use->group < 0)
    return TRUE;
  guint64 needed = (guint64)iteration * s->plan->group_gradients[use->group];
  return s->n_updates[use->group] >= needed;
}

static void stream_use(Cs3Simulation *s, guint k, Cs3Channel *channel) {
  const Cs3PlanUse *use = &s->plan->uses[k];
  while (!may_stream(s, use, s->streaming.iteration))
    cs3_bell_wait(&s->streamer_bell);
  Cs3Stream *stream = &s->streams[s->n_begun % s->plan->prefetch];
  stream->begin_s = cs3_engine_now();
  s->n_begun++;
  send(s, channel, use->use.stream_bytes);
  stream->end_s = cs3_engine_now();
  s->n_streamed++;
  note(s, CS3_SPAN_STREAM, 0, s->streaming, k, stream->begin_s, stream->end_s);
  cs3_bell_ring(&s->tree_bell);
}

static void streamer(int argc, char **argv) {
  Cs3Simulation *s = cs3_simgrid()->sg_actor_self_get_data();
  Cs3Channel channel = cs3_channel("down");
  Cs3Place *place = &s->streaming;
  for (; place->iteration < s->n_iterations; place->iteration++, place->micro_batch = 0) {
    stream_edge(s, place->iteration);
    for (; place->micro_batch < s->iterations[place->iteration].micro_batches;
         place->micro_batch++) {
      for (guint k = 0; k < s->plan->n_uses; k++) {
        if (s->plan->uses[k].streamed)
          stream_use(s, k, &channel);
      }
    }
  }
}

/* The latency of the tree and the port: tensors follow each other through it. */
static void tree(int argc, char **argv) {
  Cs3Simulation *s = cs3_simgrid()->sg_actor_self_get_data();
  for (;;) {
    while (s->n_arrived >= s->n_streamed)
      cs3_bell_wait(&s->tree_bell);
    Cs3Stream *stream = &s->streams[s->n_arrived % s->plan->prefetch];
    cs3_engine_sleep_until(stream->end_s + s->plan->latency_s);
    stream->arrived_s = cs3_engine_now();
    s->n_arrived++;
    for (guint w = 0; w < s->n_wafers; w++)
      cs3_bell_ring(&s->wafers[w].arrived);
  }
}

/* --- wafers --------------------------------------------------------------------------------- */

void cs3_simulation_ring_wafers(Cs3Simulation *s) {
  for (guint w = 0; w < s->n_wafers; w++) {
    cs3_bell_ring(&s->wafers[w].arrived);
    cs3_bell_ring(&s->wafers[w].sent);
  }
}

/* Until all that decides when @use ends is known: nothing that @w waits for comes later than that
 * end. */
static void await_inputs(Cs3Wafer *w, const Cs3PlanUse *use) {
  const Cs3Simulation *s = w->s;
  while (use->streamed && s->n_arrived <= w->n_consumed && !s->settled)
    cs3_bell_wait(&w->arrived);
  while (use->sends && w->n_finished >= s->n_sent + s->plan->prefetch && !s->settled)
    cs3_bell_wait(&w->sent);
  while (use->returns && w->n_fetched <= w->n_taken && !s->settled)
    cs3_bell_wait(&w->arrived);
  while (use->leaves && w->n_leaving >= w->n_left + s->plan->staged && !s->settled)
    cs3_bell_wait(&w->sent);
}

static Cs3UseTimes times_of(const Cs3Wafer *w, const Cs3PlanUse *use) {
  const Cs3StepPlan *plan = w->s->plan;
  const Cs3Stream *stream = &w->s->streams[w->n_consumed % plan->prefetch];
  Cs3UseInputs in = {.last_s = w->totals.end_s,
                     .first_s = stream->begin_s + plan->latency_s,
                     .arrived_s = stream->arrived_s,
                     .room_s = w->s->sent[w->n_finished % plan->prefetch]};
  if (use->returns)
    in.back_s = w->fetched[w->n_taken % plan->n_ins] + plan->activation_latency_s;
  if (use->leaves)
    in.away_s = cs3_step_plan_room(plan, w->left, w->n_leaving);
  return cs3_plan_use_times(use, w->speed, &in);
}

static void note_use(Cs3Wafer *w, guint k, const Cs3UseTimes *t, gboolean boundary) {
  Cs3SpanKind first = boundary ? CS3_SPAN_BOUNDARY : CS3_SPAN_WEIGHTS;
  note(w->s, first, w->index, w->place, k, t->last_s, t->fed_s);
  note(w->s, CS3_SPAN_ACTIVATIONS, w->index, w->place, k, t->fed_s, t->away_s);
  note(w->s, CS3_SPAN_EGRESS, w->index, w->place, k, t->away_s, t->begin_s);
  note(w->s, CS3_SPAN_COMPUTE, w->index, w->place, k, t->begin_s, t->worked_s);
  note(w->s, CS3_SPAN_WEIGHTS, w->index, w->place, k, t->worked_s, t->end_s);
}

/* A slot is free again when all wafers have computed its stream, a gradient is ready when all have
 * finished theirs. Wafers run ahead of one another by P of either at most. */
static void finish_use(Cs3Wafer *w, const Cs3PlanUse *use) {
  Cs3Simulation *s = w->s;
  s->answer->uses_simulated += w->index == 0;
  if (use->streamed) {
    guint *consumers = &s->consumers[w->n_consumed++ % s->plan->prefetch];
    if (++*consumers == s->n_wafers) {
      *consumers = 0;
      s->freed[s->n_consumed++ % s->plan->prefetch] = w->totals.end_s;
      cs3_bell_ring(&s->streamer_bell);
    }
  }
  if (use->sends) {
    guint *givers = &s->givers[w->n_finished++ % s->plan->prefetch];
    if (++*givers == s->n_wafers) {
      *givers = 0;
      s->n_ready++;
      cs3_bell_ring(&s->reducer_bell);
    }
  }
  if (use->leaves) {
    w->n_leaving++;
    cs3_bell_ring(&w->sender_bell);
  }
  if (use->returns) {
    w->n_taken++;
    cs3_bell_ring(&w->fetcher_bell);
  }
}

/* The end of a use shows where others wait for it, and where the micro-batch ends. */
static gboolean is_seen(const Cs3Simulation *s, guint k) {
  const Cs3PlanUse *use = &s->plan->uses[k];
  return use->streamed || use->sends || use->leaves || use->returns || k == s->plan->n_uses - 1;
}

static void compute_use(Cs3Wafer *w, guint k) {
  Cs3Simulation *s = w->s;
  const Cs3PlanUse *use = &s->plan->uses[k];
  await_inputs(w, use);
  if (s->settled)
    return;
  gboolean boundary = w->place.micro_batch == 0 && k == s->plan->first_streamed;
  Cs3UseTimes times = times_of(w, use);
  if (is_seen(s, k))
    cs3_engine_sleep_until(times.end_s);
  if (s->settled)
    return;
  if (use->streamed)
    w->last_stream_s = s->streams[w->n_consumed % s->plan->prefetch].end_s;
  note_use(w, k, &times, boundary);
  cs3_step_totals_use(&w->totals, use, &times, boundary);
  finish_use(w, use);
}

static void compute_micro_batch(Cs3Wafer *w) {
  for (guint k = 0; k < w->s->plan->n_uses && !w->s->settled; k++)
    compute_use(w, k);
  if (w->s->settled)
    return;
  Cs3Place at = w->place;
  w->place.micro_batch++;
  cs3_simulation_computed(w->s, w, at);
}

static gboolean has_more(const Cs3Wafer *w) {
  return !w->s->settled &&
         w->place.micro_batch < w->s->iterations[w->place.iteration].micro_batches;
}

static void wafer(int argc, char **argv) {
  Cs3Wafer *w = cs3_simgrid()->sg_actor_self_get_data();
  Cs3Simulation *s = w->s;
  for (; w->place.iteration < s->n_iterations; w->place.iteration++, w->place.micro_batch = 0) {
    while (has_more(w))
      compute_micro_batch(w);
    if (w->index == 0)
      s->answer->end_s[w->place.iteration] = w->totals.end_s;
    compute_edge(w);
  }
  if (++s->n_done < s->n_wafers)
    return;
  if (!s->settled && !s->fixed)
    cs3_simulation_average(s);
  s->answer->done = TRUE;
}

/* --- wafers to activation servers and back ---------------------------------------------------- */

/* All micro-batches are alike to these two, so they need not know which are left out. */
static Cs3Place place_of(const Cs3StepPlan *plan, guint64 micro_batch) {
  guint64 per_iteration = (guint64)plan->micro_batches;
  return (Cs3Place){.iteration = (guint)(micro_batch / per_iteration),
                    .micro_batch = (gint64)(micro_batch % per_iteration)};
}

static void sender(int argc, char **argv) {
  Cs3Wafer *w = cs3_simgrid()->sg_actor_self_get_data();
  const Cs3StepPlan *plan = w->s->plan;
  g_autofree char *name = g_strdup_printf("away%u", w->index);
  Cs3Channel channel = cs3_channel(name);
  for (;;) {
    while (w->n_leaving <= w->n_left)
      cs3_bell_wait(&w->sender_bell);
    guint o = (guint)(w->n_left % plan->n_outs), k = plan->outs[o];
    double begin = cs3_engine_now();
    send(w->s, &channel, plan->uses[k].use.activation_out_bytes);
    w->left[o] = cs3_engine_now();
    note(w->s, CS3_SPAN_SEND, w->index, place_of(plan, w->n_left++ / plan->n_outs), k, begin,
         w->left[o]);
    cs3_bell_ring(&w->sent);
    cs3_bell_ring(&w->fetcher_bell);
  }
}

static gboolean may_fetch(const Cs3Wafer *w, const Cs3PlanUse *use) {
  const Cs3StepPlan *plan = w->s->plan;
  guint64 micro_batch = w->n_fetched / plan->n_ins;
  return w->n_fetched < w->n_taken + plan->staged &&
         w->n_left >= micro_batch * plan->n_outs + use->after;
}

static void fetcher(int argc, char **argv) {
  Cs3Wafer *w = cs3_simgrid()->sg_actor_self_get_data();
  const Cs3StepPlan *plan = w->s->plan;
  g_autofree char *name = g_strdup_printf("back%u", w->index);
  Cs3Channel channel = cs3_channel(name);
  for (;;) {
    guint m = (guint)(w->n_fetched % plan->n_ins), k = plan->ins[m];
    const Cs3PlanUse *use = &plan->uses[k];
    while (!may_fetch(w, use))
      cs3_bell_wait(&w->fetcher_bell);
    cs3_engine_sleep_until(w->left[use->after - 1] + plan->activation_latency_s);
    double begin = cs3_engine_now();
    send(w->s, &channel, use->use.activation_in_bytes);
    w->fetched[m] = cs3_engine_now();
    note(w->s, CS3_SPAN_FETCH, w->index, place_of(plan, w->n_fetched++ / plan->n_ins), k, begin,
         w->fetched[m]);
    cs3_bell_ring(&w->arrived);
  }
}

static void start_activations(Cs3Wafer *w) {
  g_autofree char *port = g_strdup_printf(CS3_HOST_PORT "%u", w->index);
  g_autofree char *servers = g_strdup_printf(CS3_HOST_SERVERS "%u", w->index);
  g_autofree char *away_name = g_strdup_printf("away%u", w->index);
  g_autofree char *back_name = g_strdup_printf("back%u", w->index);
  Cs3Channel away = cs3_channel(away_name), back = cs3_channel(back_name);
  cs3_channel_listen(&away, servers);
  cs3_channel_listen(&back, port);
  cs3_engine_actor("sender", port, w, TRUE, sender);
  cs3_engine_actor("fetcher", servers, w, TRUE, fetcher);
}

/* --- wafers to MemoryX ---------------------------------------------------------------------- */

static void deliver(Cs3Simulation *s, Cs3Place at, guint use) {
  Arrival *arrival = g_new(Arrival, 1);
  *arrival = (Arrival){.use = use, .at = at, .arrival_s = s->last_sent_s + s->plan->latency_s};
  g_queue_push_tail(&s->arrivals, arrival);
  cs3_bell_ring(&s->optimizer_bell);
}

static void send_gradient(Cs3Simulation *s, Cs3Place at, guint k, Cs3Channel *channel) {
  while (s->n_ready <= s->n_sent)
    cs3_bell_wait(&s->reducer_bell);
  const Cs3PlanUse *use = &s->plan->uses[k];
  double begin = cs3_engine_now();
  if (use->use.gradient_bytes > 0)
    send(s, channel, use->use.gradient_bytes);
  s->last_sent_s = cs3_engine_now();
  note(s, CS3_SPAN_REDUCE, 0, at, k, begin, s->last_sent_s);
  s->sent[s->n_sent++ % s->plan->prefetch] = s->last_sent_s;
  if (at.micro_batch == s->iterations[at.iteration].micro_batches - 1)
    deliver(s, at, k);
  for (guint w = 0; w < s->n_wafers; w++)
    cs3_bell_ring(&s->wafers[w].sent);
}

static void reducer(int argc, char **argv) {
  Cs3Simulation *s = cs3_simgrid()->sg_actor_self_get_data();
  Cs3Channel channel = cs3_channel("up");
  for (Cs3Place at = {0}; at.iteration < s->n_iterations; at.iteration++) {
    for (at.micro_batch = 0; at.micro_batch < s->iterations[at.iteration].micro_batches;
         at.micro_batch++) {
      for (guint k = 0; k < s->plan->n_uses; k++) {
        if (s->plan->uses[k].sends)
          send_gradient(s, at, k, &channel);
      }
      cs3_simulation_sent(s, at);
    }
  }
}

/* --- optimizer ------------------------------------------------------------------------------ */

static void update_group(Cs3Simulation *s, gint32 group) {
  if (group < 0)
    return;
  s->updating[group] = s->last_update_s;
  s->n_updates[group]++;
  cs3_bell_ring(&s->streamer_bell);
}

static void end_updates(Cs3Simulation *s) {
  memcpy(s->updated, s->updating, s->plan->n_groups * sizeof *s->updated);
  s->iteration_update_s = s->last_update_s;
  s->n_updated++;
  close_iteration(s);
  cs3_simulation_updated(s);
}

static void optimizer(int argc, char **argv) {
  Cs3Simulation *s = cs3_simgrid()->sg_actor_self_get_data();
  for (guint64 n = 1;; n++) {
    while (g_queue_is_empty(&s->arrivals))
      cs3_bell_wait(&s->optimizer_bell);
    g_autofree Arrival *arrival = g_queue_pop_head(&s->arrivals);
    const Cs3PlanUse *use = &s->plan->uses[arrival->use];
    cs3_engine_sleep_until(arrival->arrival_s);
    double begin = cs3_engine_now();
    if (use->use.update_params > 0)
      cs3_simgrid()->sg_actor_execute(use->use.update_params);
    s->last_update_s = cs3_engine_now();
    note(s, CS3_SPAN_UPDATE, 0, arrival->at, arrival->use, begin, s->last_update_s);
    update_group(s, use->group);
    if (n % s->plan->n_gradients == 0)
      end_updates(s);
  }
}

/* --- foreign traffic ------------------------------------------------------------------------ */

typedef struct {
  Cs3Simulation *s;
  Cs3Channel channel;
  double bytes, from_s;
} Traffic;

static void foreign_sender(int argc, char **argv) {
  Traffic *traffic = cs3_simgrid()->sg_actor_self_get_data();
  cs3_engine_sleep_until(traffic->from_s);
  send(traffic->s, &traffic->channel, traffic->bytes);
}

static void start_traffic(Cs3Simulation *s) {
  for (guint i = 0; i < s->plan->traffic->len; i++) {
    const Cs3Fault *fault = &g_array_index(s->plan->traffic, Cs3Fault, i);
    g_autofree char *name = g_strdup_printf("traffic%u", i);
    g_autofree char *source = g_strdup_printf(CS3_HOST_SOURCE "%u", i);
    g_autofree char *target = g_strdup_printf(CS3_HOST_TARGET "%u", i);
    Traffic *traffic = g_new(Traffic, 1);
    *traffic =
        (Traffic){s, cs3_channel(name), fault->bytes, s->plan->faults_from_s + fault->from_s};
    cs3_channel_listen(&traffic->channel, target);
    cs3_engine_actor(name, source, traffic, TRUE, foreign_sender);
  }
}

/* --- run ------------------------------------------------------------------------------------ */

static double *never(gsize n) {
  double *times = g_new(double, n + 1);
  for (gsize i = 0; i <= n; i++)
    times[i] = -INFINITY;
  return times;
}

static void init_wafers(Cs3Simulation *s) {
  s->n_wafers = s->plan->classes->len;
  s->wafers = g_new0(Cs3Wafer, s->n_wafers);
  for (guint w = 0; w < s->n_wafers; w++) {
    s->wafers[w].s = s;
    s->wafers[w].index = w;
    s->wafers[w].speed = g_array_index(s->plan->classes, Cs3PlanClass, w).speed;
    s->wafers[w].left = g_new0(double, s->plan->n_outs);
    s->wafers[w].fetched = g_new0(double, s->plan->n_ins);
  }
}

static void simulation_init(Cs3Simulation *s, const Cs3StepJob *job, Cs3StepAnswer *answer) {
  const Cs3StepPlan *plan = job->plan;
  s->plan = plan;
  s->answer = answer;
  s->fixed = job->iterations > 0;
  s->full = job->full || s->fixed;
  s->n_iterations = s->fixed ? job->iterations : CS3_STEP_MAX_ITERATIONS;
  for (guint i = 0; i < CS3_STEP_MAX_ITERATIONS; i++)
    s->iterations[i].micro_batches = plan->micro_batches;
  if (job->spans_fd >= 0)
    s->spans = g_array_new(FALSE, FALSE, sizeof(Cs3Span));
  init_wafers(s);
  s->streams = g_new0(Cs3Stream, plan->prefetch);
  s->consumers = g_new0(guint, plan->prefetch);
  s->givers = g_new0(guint, plan->prefetch);
  s->freed = never(plan->prefetch);
  s->sent = never(plan->prefetch);
  s->n_updates = g_new0(guint64, plan->n_groups + 1);
  s->updating = never(plan->n_groups);
  s->updated = never(plan->n_groups);
  g_queue_init(&s->arrivals);
  g_queue_init(&s->pending);
}

static void start_actors(Cs3Simulation *s) {
  for (guint w = 0; w < s->n_wafers; w++) {
    g_autofree char *name = g_strdup_printf(CS3_HOST_WAFER "%u", w);
    cs3_engine_actor(name, name, &s->wafers[w], FALSE, wafer);
    if (s->plan->n_outs > 0)
      start_activations(&s->wafers[w]);
  }
  if (s->plan->n_streams > 0) {
    Cs3Channel down = cs3_channel("down");
    cs3_channel_listen(&down, CS3_HOST_BROADCAST);
    cs3_engine_actor("streamer", CS3_HOST_MEMORYX, s, TRUE, streamer);
    cs3_engine_actor("tree", CS3_HOST_BROADCAST, s, TRUE, tree);
  }
  if (s->plan->n_gradients > 0) {
    Cs3Channel up = cs3_channel("up");
    cs3_channel_listen(&up, CS3_HOST_MEMORYX);
    cs3_engine_actor("reducer", CS3_HOST_REDUCE, s, TRUE, reducer);
    cs3_engine_actor("optimizer", CS3_HOST_MEMORYX, s, TRUE, optimizer);
  }
  start_traffic(s);
}

/* The child ends after this; what the simulation holds goes with it. */
void cs3_step_actors_run(gconstpointer job, gpointer answer) {
  const Cs3StepJob *what = job;
  Cs3Simulation *s = g_new0(Cs3Simulation, 1);
  cs3_engine_load(what->platform_fd);
  simulation_init(s, what, answer);
  start_actors(s);
  cs3_engine_run();
  if (s->spans != NULL)
    cs3_runner_put(what->spans_fd, s->spans);
}
