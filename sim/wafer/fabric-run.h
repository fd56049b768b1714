/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One PE program on the event fabric, as a result record. */
#pragma once

#include <jansson.h>

#include "fabric/programs/program.h"
#include "base/output.h"

typedef struct {
  const Cs3ProgramOps *ops;
  Cs3ProgramParams params;
  Cs3EventTiming timing;
  Cs3GemmCode gemm;
  const char *hardware; /* name for the record */
  double clock_hz;
  gboolean trains;
  guint jobs;          /* threads; no influence on the result */
  Cs3Output *trace;    /* (nullable): Chrome trace-event JSON */
  guint64 trace_limit; /* events written at most; the rest are counted */
  Cs3Output *heatmap;  /* (nullable): x, y, busy share, link share as text columns */
} Cs3FabricConfig;

/* A bounded trace: lanes are threads, processes are PEs (y * 2048 + x); both have names. */
typedef struct {
  Cs3Output *output;
  guint64 limit; /* events written at most; the rest are counted */
  guint64 written, dropped;
  GHashTable *seen; /* processes and lanes that have a name; while it runs */
  gboolean named;
} Cs3FabricTrace;

/** cs3_fabric_trace_start: what @fabric runs from now on goes to @trace, which must outlive it. */
void cs3_fabric_trace_start(Cs3FabricTrace *trace, Cs3Fabric *fabric);
/** cs3_fabric_trace_end: completes the JSON. */
void cs3_fabric_trace_end(Cs3FabricTrace *trace);

/** cs3_fabric_write_heatmap: columns x, y, shares of @cycles in which PE and busiest link were
 * busy, deliveries, mean number of wavelets that wait in the router. */
void cs3_fabric_write_heatmap(const Cs3Fabric *fabric, guint width, guint height,
                              double link_cycles, guint64 cycles, Cs3Output *output);

/**
 * cs3_fabric_execute: loads, runs and checks.
 * Returns: (transfer full) (nullable): the record ("cs3sim.fabric/1"); %NULL with an error of
 *   #Cs3FabricError. A wrong numeric result is not an error: "result_ok" is false.
 */
json_t *cs3_fabric_execute(const Cs3FabricConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_fabric_text: the record for people. */
void cs3_fabric_text(const json_t *record, Cs3Output *output);
