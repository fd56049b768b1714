/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds in every layer graph, whoever made it. */
#pragma once

#include "workloads/graph.h"

/**
 * cs3_graph_check: whether every activation is written once and before it is read, is of one
 * segment, and fits what reads and writes it; operators keep what they touch; a segment has no more
 * operators and activations than lifetimes can hold; weights fit their parameters.
 * @source: names the graph in messages. Fails with CS3_WORKLOAD_ERROR_DATA and the place:
 * "SOURCE: segments[1].operators[3] (q_proj): ...".
 */
gboolean cs3_graph_check(const Cs3Graph *graph, const char *source,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The family of a document that names none. */
#define CS3_GRAPH_FAMILY "graph"

/** cs3_graph_breaks: (transfer full) (nullable): a note on segments that take in something else
 * than the one before hands on: side branches do, and mistakes. %NULL: none does. */
char *cs3_graph_breaks(const Cs3Graph *graph);
