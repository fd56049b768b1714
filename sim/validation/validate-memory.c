/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "memory": what an allocator measured that a network keeps for backward, and the
 * micro-batches that a vendor's files and logs run in one pass. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "fabric/fabric-error.h"
#include "sim/validation/validate-measure.h"

enum { ELEMENT_BYTES = 2 };

/* Bytes that the first block of @graph, or all of them, keep per token. */
static double kept_bytes(const Cs3Graph *graph, gboolean all) {
  double elements = 0;
  for (guint s = 0; s < graph->segments->len; s++) {
    const Cs3Segment *segment = cs3_graph_segment(graph, s);
    if (!segment->block || (!all && elements > 0))
      continue;
    for (guint i = segment->first; i < segment->first + segment->count; i++) {
      const Cs3Node *node = cs3_graph_node(graph, i);
      elements += cs3_node_saved_elements(graph, node, 0) * cs3_node_rows(node) *
                  (all ? (double)segment->repeat : 1);
    }
  }
  return ELEMENT_BYTES * elements / graph->tokens;
}

/* Bytes of the activation that one block hands to the next, per token: what a checkpoint keeps. */
static double input_bytes(const Cs3Graph *graph) {
  for (guint s = 0; s < graph->segments->len; s++) {
    const Cs3Segment *segment = cs3_graph_segment(graph, s);
    if (!segment->block || segment->input < 0)
      continue;
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, segment->input);
    return ELEMENT_BYTES * (double)tensor->elements * tensor->rows / graph->tokens;
  }
  return NAN;
}

/* Method "kept": `cs3sim run` options; result: "block", "blocks" (all of them) or "input" (of one);
 * bytes per token. */
static gboolean kept(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                     GError **error) {
  g_auto(GStrv) words = cs3_validation_words(row, error);
  if (words == NULL)
    return FALSE;
  g_autoptr(Cs3Scenario) scenario =
      cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (scenario == NULL)
    return FALSE;
  if (strcmp(row->result, "block") == 0 || strcmp(row->result, "blocks") == 0) {
    *value = kept_bytes(scenario->graph, strcmp(row->result, "blocks") == 0);
    return TRUE;
  }
  if (strcmp(row->result, "input") == 0) {
    *value = input_bytes(scenario->graph);
    return TRUE;
  }
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
              "%s: result: '%s' is not one of block, blocks, input", row->where, row->result);
  return FALSE;
}

static gboolean run_number(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                           const char *result, double *value, GError **error) {
  Cs3ValidationRow one = *row;
  one.method = (char *)"run";
  one.result = (char *)result;
  return cs3_validation_run(session, &one, value, error);
}

/* What the run needs over what the wafer has; NaN where it does not fit. */
static gboolean share(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error) {
  GError *problem = NULL;
  double needed, held;
  *value = NAN;
  if (run_number(session, row, "mapping.activation_bytes", &needed, &problem) &&
      run_number(session, row, "mapping.memory_bytes", &held, &problem)) {
    *value = needed / held;
    return TRUE;
  }
  if (g_error_matches(problem, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE)) {
    g_clear_error(&problem);
    return TRUE;
  }
  g_propagate_error(error, problem);
  return FALSE;
}

/* Method "fits": options of `cs3sim run` with its micro-batch forced; result: "share" of the
 * wafer's memory (not a number where that is too little), or "fits": 1 or 0. */
static gboolean fits(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                     GError **error) {
  gboolean wants_share = strcmp(row->result, "share") == 0;
  if (!wants_share && strcmp(row->result, "fits") != 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "%s: result: '%s' is not one of share, fits", row->where, row->result);
    return FALSE;
  }
  if (!share(session, row, value, error))
    return FALSE;
  if (!wants_share)
    *value = isfinite(*value);
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {{"fits", fits}, {"kept", kept}, {NULL, NULL}};

const Cs3ValidationSuite cs3_suite_memory = {
    .name = "memory",
    .summary = "what networks keep for backward, and the micro-batches that run in one pass",
    .methods = methods,
};
