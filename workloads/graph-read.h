/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A document cs3sim.graph/1 (doc/graph.md) as a layer graph. */
#pragma once

#include <jansson.h>

#include "workloads/model.h"

/** cs3_graph_is_document: whether @root says that it is a layer graph, of whatever version. */
gboolean cs3_graph_is_document(json_t *root);

/**
 * cs3_graph_read: the model whose graph @root holds. Every key has to be known, every activation
 * written before it is read, every row to fit (cs3_graph_check()).
 * @source: names the document in messages. @name: where the document has none.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_DATA, "SOURCE:
 *   segments[1].operators[3].rows: expected ..., got ...".
 */
Cs3Model *cs3_graph_read(json_t *root, const char *source, const char *name,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
