/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What MemoryX, SwarmX and the wafers do during a step. */
#include "config.h"

#include "sim/step/step-trace.h"

#include "base/json.h"
#include "sim/step/simgrid-runner.h"
#include "sim/step/step-simgrid.h"

#include <unistd.h>

/* The last of them is kept: slots and links have then reached their rhythm. */
enum { ITERATIONS = 4 };

const char *cs3_span_name(Cs3SpanKind kind) {
  static const char *const names[CS3_N_SPANS] = {
      [CS3_SPAN_STREAM] = "stream",
      [CS3_SPAN_REDUCE] = "reduce",
      [CS3_SPAN_UPDATE] = "update",
      [CS3_SPAN_SEND] = "send activations",
      [CS3_SPAN_FETCH] = "fetch activations",
      [CS3_SPAN_COMPUTE] = "compute",
      [CS3_SPAN_WEIGHTS] = "wait weights",
      [CS3_SPAN_EGRESS] = "wait egress",
      [CS3_SPAN_ACTIVATIONS] = "wait activations",
      [CS3_SPAN_BOUNDARY] = "boundary",
      [CS3_SPAN_EDGE] = "edge",
  };
  return names[kind];
}

static gint by_begin(gconstpointer a, gconstpointer b) {
  const Cs3Span *x = a, *y = b;
  if (x->begin_s != y->begin_s)
    return x->begin_s < y->begin_s ? -1 : 1;
  if (x->kind != y->kind)
    return x->kind < y->kind ? -1 : 1;
  if (x->wafer_class != y->wafer_class)
    return x->wafer_class < y->wafer_class ? -1 : 1;
  return (x->use > y->use) - (x->use < y->use);
}

static GArray *clip(const GArray *all, double from_s, double to_s) {
  GArray *spans = g_array_new(FALSE, FALSE, sizeof(Cs3Span));
  for (guint i = 0; i < all->len; i++) {
    Cs3Span span = g_array_index(all, Cs3Span, i);
    if (span.end_s <= from_s || span.begin_s >= to_s)
      continue;
    span.begin_s = MAX(span.begin_s, from_s) - from_s;
    span.end_s = MIN(span.end_s, to_s) - from_s;
    g_array_append_val(spans, span);
  }
  g_array_sort(spans, by_begin);
  return spans;
}

static Cs3StepTrace *trace_new(const Cs3StepPlan *plan, const Cs3StepAnswer *answer,
                               const GArray *all) {
  Cs3StepTrace *trace = g_new0(Cs3StepTrace, 1);
  double from_s = answer->end_s[ITERATIONS - 2], to_s = answer->end_s[ITERATIONS - 1];
  trace->spans = clip(all, from_s, to_s);
  trace->step_s = to_s - from_s;
  trace->micro_batches = plan->micro_batches;
  trace->activations = plan->n_outs > 0;
  trace->classes = g_array_new(FALSE, FALSE, sizeof(gint64));
  for (guint i = 0; i < plan->classes->len; i++)
    g_array_append_val(trace->classes, g_array_index(plan->classes, Cs3PlanClass, i).systems);
  return trace;
}

static Cs3StepTrace *trace_plan(const Cs3StepPlan *plan, int fd, GError **error) {
  Cs3StepJob job = {.plan = plan, .iterations = ITERATIONS, .spans_fd = fd};
  Cs3StepAnswer answer;
  if (!cs3_step_run_job(&job, &answer, error))
    return NULL;
  g_autoptr(GArray) all = cs3_runner_take(fd, sizeof(Cs3Span), error);
  return all != NULL ? trace_new(plan, &answer, all) : NULL;
}

Cs3StepTrace *cs3_step_trace(const Cs3Schedule *schedule, const Cs3System *system, GError **error) {
  if (!cs3_step_check(schedule, system, error))
    return NULL;
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  cs3_step_plan_steady(plan);
  double uses = (double)plan->n_uses * plan->micro_batches * plan->classes->len;
  if (uses > CS3_TRACE_MAX_USES) {
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
                "a timeline of %.3g uses of weights is too long, at most %d; take a smaller "
                "--batch, more --systems or no --explicit",
                uses, CS3_TRACE_MAX_USES);
    return NULL;
  }
  int fd = cs3_runner_memory_file("", error);
  if (fd < 0)
    return NULL;
  Cs3StepTrace *trace = trace_plan(plan, fd, error);
  close(fd);
  return trace;
}

void cs3_step_trace_free(Cs3StepTrace *trace) {
  if (trace == NULL)
    return;
  g_array_unref(trace->spans);
  g_array_unref(trace->classes);
  g_free(trace);
}

/* --- Chrome's trace-event format ------------------------------------------------------------- */

enum { LANE_MEMORYX = 1, LANE_DOWN, LANE_UP, LANE_WAFERS };

static int activation_lane(const Cs3StepTrace *trace, guint class, gboolean back) {
  return LANE_WAFERS + (int)(trace->classes->len + 2 * class + back);
}

static int lane_of(const Cs3StepTrace *trace, const Cs3Span *span) {
  switch ((Cs3SpanKind)span->kind) {
  case CS3_SPAN_STREAM:
    return LANE_DOWN;
  case CS3_SPAN_REDUCE:
    return LANE_UP;
  case CS3_SPAN_UPDATE:
    return LANE_MEMORYX;
  case CS3_SPAN_SEND:
  case CS3_SPAN_FETCH:
    return activation_lane(trace, span->wafer_class, span->kind == CS3_SPAN_FETCH);
  default:
    return LANE_WAFERS + span->wafer_class;
  }
}

static void add_name(json_t *events, int lane, const char *what, const char *key, json_t *value) {
  json_array_append_new(events, cs3_json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "name", what, "ph",
                                              "M", "pid", 1, "tid", lane, "args", key, value));
}

void cs3_trace_name(json_t *events, int lane, const char *name) {
  const char *what = lane == 0 ? "process_name" : "thread_name";
  add_name(events, lane, what, "name", json_string(name));
  if (lane > 0)
    add_name(events, lane, "thread_sort_index", "sort_index", json_integer(lane));
}

static void name_lanes(json_t *events, const Cs3StepTrace *trace) {
  cs3_trace_name(events, 0, "training step");
  cs3_trace_name(events, LANE_MEMORYX, "MemoryX: updates");
  cs3_trace_name(events, LANE_DOWN, "SwarmX: weights down");
  cs3_trace_name(events, LANE_UP, "SwarmX: gradients up");
  for (guint i = 0; i < trace->classes->len; i++) {
    gint64 systems = g_array_index(trace->classes, gint64, i);
    g_autofree char *name = g_strdup_printf("wafers, class %u: %" G_GINT64_FORMAT " system%s", i,
                                            systems, systems == 1 ? "" : "s");
    cs3_trace_name(events, LANE_WAFERS + (int)i, name);
  }
}

static void name_activation_lanes(json_t *events, const Cs3StepTrace *trace) {
  for (guint i = 0; trace->activations && i < trace->classes->len; i++) {
    g_autofree char *away = g_strdup_printf("wafers, class %u: activations out", i);
    g_autofree char *back = g_strdup_printf("wafers, class %u: activations in", i);
    cs3_trace_name(events, activation_lane(trace, i, FALSE), away);
    cs3_trace_name(events, activation_lane(trace, i, TRUE), back);
  }
}

json_t *cs3_step_trace_events(const Cs3StepTrace *trace, const char *const *labels) {
  json_t *events = json_array();
  name_lanes(events, trace);
  name_activation_lanes(events, trace);
  for (guint i = 0; i < trace->spans->len; i++) {
    const Cs3Span *span = &g_array_index(trace->spans, Cs3Span, i);
    const char *label = labels != NULL ? labels[span->use] : "";
    json_array_append_new(
        events,
        cs3_json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:{s:s, s:I, s:I}}", "name",
                      cs3_span_name(span->kind), "cat", cs3_span_name(span->kind), "ph", "X", "pid",
                      1, "tid", lane_of(trace, span), "ts", 1e6 * span->begin_s, "dur",
                      1e6 * (span->end_s - span->begin_s), "args", "of", label, "use",
                      (json_int_t)span->use, "micro_batch", (json_int_t)span->micro_batch));
  }
  return cs3_json_pack("{s:s, s:o}", "displayTimeUnit", "ms", "traceEvents", events);
}
