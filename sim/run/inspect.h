/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer graph of a model for people and programs: what `cs3sim inspect` prints. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/output.h"
#include "base/table.h"
#include "workloads/graph.h"

/**
 * cs3_inspect_table: (transfer full): one row a node in forward order. Parameters, MACs, FLOPs and
 * bytes are of one instance; FLOPs are of forward and backward, 2 a MAC, backward twice forward.
 */
Cs3Table *cs3_inspect_table(const Cs3Graph *graph);

/**
 * cs3_inspect_record: (transfer full): schema cs3sim.inspect/1: the model, the nodes, totals over
 * all instances, the share of MACs that sparsity can save, activation memory of every recompute
 * policy.
 */
json_t *cs3_inspect_record(const Cs3Graph *graph);

/** cs3_inspect_write: text: record and table; JSON: the record; CSV and JSON Lines: the rows. */
void cs3_inspect_write(const Cs3Graph *graph, Cs3Output *output, Cs3Format format);
