/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer graph of a model for people and programs: what `cs3sim inspect` prints. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/output.h"
#include "base/table.h"
#include "workloads/lifetimes.h"
#include "workloads/model.h"

/**
 * cs3_inspect_table: (transfer full): one row a node in forward order. Parameters, MACs, FLOPs and
 * bytes are of one instance with all its copies, per token of a sample; FLOPs are of forward and
 * backward, 2 a MAC, backward twice forward. @narrow: (nullable): narrower factors.
 */
Cs3Table *cs3_inspect_table(const Cs3Graph *graph, const Cs3Narrow *narrow);

/** cs3_inspect_segments: (transfer full): one row a segment. */
Cs3Table *cs3_inspect_segments(const Cs3Graph *graph);

/** cs3_inspect_tensors: (transfer full): one row an activation: its size, who writes it, who reads
 * it last, and in whose backward it is needed again. */
Cs3Table *cs3_inspect_tensors(const Cs3Graph *graph);

/** cs3_inspect_model: (transfer full): name, family, parameters, dimensions and notes of @model. */
json_t *cs3_inspect_model(const Cs3Model *model);

/** cs3_inspect_lengths: set the lengths of a sample of @graph in @record: seq, tokens_per_sample,
 * attention, and encoder_seq, image, expert_capacity where the model has them; notes about them, if
 * any. */
void cs3_inspect_lengths(const Cs3Graph *graph, json_t *record);

/**
 * cs3_inspect_record: (transfer full): schema cs3sim.inspect/1: the model, the nodes, the segments,
 * the activations, totals over all instances, the share of MACs that sparsity can save, activation
 * memory of every recompute policy.
 */
json_t *cs3_inspect_record(const Cs3Graph *graph, const Cs3Narrow *narrow);

/** cs3_inspect_write: text: record and table; JSON: the record; CSV and JSON Lines: the rows;
 * graph: the document that --model reads (graph-write.h). */
void cs3_inspect_write(const Cs3Graph *graph, const Cs3Narrow *narrow, Cs3Output *output,
                       Cs3Format format);
