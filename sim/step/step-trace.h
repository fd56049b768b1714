/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What MemoryX, SwarmX and the wafers do during a step, as intervals of time. */
#pragma once

#include <jansson.h>

#include "sim/step/step.h"

typedef enum {
  CS3_SPAN_STREAM,      /* SwarmX: a tensor on its way to the wafers */
  CS3_SPAN_REDUCE,      /* SwarmX: a gradient on its way to MemoryX */
  CS3_SPAN_UPDATE,      /* MemoryX: the optimizer */
  CS3_SPAN_SEND,        /* activations on their way to the servers of a wafer */
  CS3_SPAN_FETCH,       /* activations on their way back */
  CS3_SPAN_COMPUTE,     /* wafer */
  CS3_SPAN_WEIGHTS,     /* wafer: waits for weights */
  CS3_SPAN_EGRESS,      /* wafer: waits for room for a gradient */
  CS3_SPAN_ACTIVATIONS, /* wafer: waits for activations, or for room for those that leave */
  CS3_SPAN_BOUNDARY,    /* wafer: waits between two iterations */
  CS3_SPAN_EDGE,        /* wafer: nothing happens anywhere between two iterations */
  CS3_N_SPANS
} Cs3SpanKind;

typedef struct {
  double begin_s, end_s;
  gint64 micro_batch;
  guint32 iteration, use;
  guint16 kind;        /* Cs3SpanKind */
  guint16 wafer_class; /* of wafers' spans and of activations */
} Cs3Span;

/** cs3_span_name: (transfer none): "stream", "compute", ... */
const char *cs3_span_name(Cs3SpanKind kind);

/* A step in the steady state, from the end of the last use of one iteration (time 0) to that of the
 * next. */
typedef struct {
  GArray *spans;   /* of Cs3Span, by begin; clipped to the step */
  GArray *classes; /* of gint64: systems in every wafer class */
  double step_s;   /* length */
  gint64 micro_batches;
  gboolean activations; /* some leave the wafers */
} Cs3StepTrace;

/**
 * cs3_step_trace: simulate some iterations and keep the last one.
 * Fails like cs3_step_simulate(), and with %CS3_STEP_ERROR_INVALID for more than
 * CS3_TRACE_MAX_USES uses a step.
 */
Cs3StepTrace *cs3_step_trace(const Cs3Schedule *schedule, const Cs3System *system,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define CS3_TRACE_MAX_USES 200000

void cs3_step_trace_free(Cs3StepTrace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3StepTrace, cs3_step_trace_free)

/** cs3_trace_name: append to trace @events what @lane, from 1, is called; lane 0: all of them. */
void cs3_trace_name(json_t *events, int lane, const char *name);

/**
 * cs3_step_trace_events: (transfer full): the step in Chrome's trace-event format (an object with
 * "traceEvents"; Perfetto and chrome://tracing read it): a lane for MemoryX, one for each direction
 * of SwarmX and one for each class of wafers; behind them two for the activations of each class
 * that sends some away. Times in microseconds.
 * @labels: (array) (nullable): what each use is, by index.
 */
json_t *cs3_step_trace_events(const Cs3StepTrace *trace, const char *const *labels);
