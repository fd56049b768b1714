/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What members of an operator are worth where a document leaves them out. */
#pragma once

#include "workloads/graph.h"

/** cs3_usual_out_features: of a linear layer or table, the elements that it writes (a transposed
 * convolution: times its kernel); else 0. */
double cs3_usual_out_features(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_in_features: of a linear layer, the elements of a row that it reads, times those of
 * the kernel that slides over them. */
double cs3_usual_in_features(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_rows: those of what it writes, else reads, over its copies. */
double cs3_usual_rows(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_groups: one, of a linear layer. */
double cs3_usual_groups(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_parameters: out x in / groups and biases; rows x width of a table; scale and shift of
 * a norm. */
double cs3_usual_parameters(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_macs: of a row: out x in / groups; heads x width x keys that a query sees. */
double cs3_usual_macs(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_vector: element-wise operations a row: biases, one an element that is written, four of
 * a norm, those of softmax. */
double cs3_usual_vector(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_special: a norm's root and reciprocal, softmax' exponentials and reciprocals. */
double cs3_usual_special(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_sparsifiable: linear layers of blocks are. */
double cs3_usual_sparsifiable(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_keeps: a linear layer keeps what it reads. */
void cs3_usual_keeps(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node,
                     int *list);
/** cs3_usual_weight: (transfer full) (nullable): a linear layer's, from segment and name. */
char *cs3_usual_weight(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer node);
/** cs3_usual_tensor_rows: those of its segment. */
double cs3_usual_tensor_rows(const Cs3Graph *graph, const Cs3Segment *segment,
                             gconstpointer tensor);
/** cs3_usual_kv_heads, cs3_usual_value_dim, cs3_usual_keys: of an attention: as many as heads, as
 * wide as keys, as many as queries. */
double cs3_usual_kv_heads(const Cs3Graph *graph, const Cs3Segment *segment,
                          gconstpointer attention);
/** cs3_usual_value_dim: see cs3_usual_kv_heads(). */
double cs3_usual_value_dim(const Cs3Graph *graph, const Cs3Segment *segment,
                           gconstpointer attention);
/** cs3_usual_keys: see cs3_usual_kv_heads(). */
double cs3_usual_keys(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer attention);
/** cs3_usual_after: of a convolution, as many zeros behind as before. */
void cs3_usual_after(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer convolution,
                     gint64 *pair);
/** cs3_usual_positions: of its output. */
void cs3_usual_positions(const Cs3Graph *graph, const Cs3Segment *segment,
                         gconstpointer convolution, gint64 *pair);
