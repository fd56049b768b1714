/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models that are a layer graph: read from a document or table, or made from another graph. */
#pragma once

#include "workloads/model.h"

/* What a model is called beside its graph; everything is copied. */
typedef struct {
  const char *name, *family; /* "my-net", "graph" */
  const char *source;        /* for messages */
  const GArray *facts;       /* (nullable) of Cs3Fact: dimensions under their names */
  const GPtrArray *notes;    /* (nullable) of char * */
} Cs3GraphNames;

/** cs3_graph_empty: (transfer full): a graph without anything in it. */
Cs3Graph *cs3_graph_empty(void);

/** cs3_graph_copy: (transfer full): of everything but the model, which stays the same. */
Cs3Graph *cs3_graph_copy(const Cs3Graph *graph);

/** cs3_graph_put_in_order: fill graph->order: the segments one after the other, those of one stack
 * instance by instance by their numbers. */
void cs3_graph_put_in_order(Cs3Graph *graph);

/**
 * cs3_model_from_graph: a model whose graph is @graph (transfer full), which has passed
 * cs3_graph_check(). cs3_graph_new() gives copies of it, for its own lengths alone. Fails with
 * CS3_WORKLOAD_ERROR_DATA where it has more than 2^62 parameters.
 */
Cs3Model *cs3_model_from_graph(Cs3Graph *graph, const Cs3GraphNames *names,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_graph_fixed: (transfer full) (nullable): for cs3_graph_new(): the graph of @model, which is
 * one. Fails with CS3_WORKLOAD_ERROR_INVALID when other @lengths are asked for. */
Cs3Graph *cs3_graph_fixed(const Cs3Model *model, const Cs3Lengths *lengths,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
