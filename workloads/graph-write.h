/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer graph as a document cs3sim.graph/1 (doc/graph.md). */
#pragma once

#include <jansson.h>

#include "workloads/graph.h"

/**
 * cs3_graph_document: (transfer full): @graph as a document that cs3_model_parse() reads back as
 * the same graph: name, family, dimensions and notes of its model, lengths, segments. What has its
 * usual value is left out. Activations of a segment that share a name get one each.
 */
json_t *cs3_graph_document(const Cs3Graph *graph);

/** cs3_graph_text: (transfer full): @document on lines that a person can edit: what holds no other
 * object stands on one line. */
char *cs3_graph_text(const json_t *document);
