/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Composing a layer graph: a family calls these in the order in which its architecture computes.
 * Each call adds one operator (attention: three) to the open segment and returns the activation
 * that it writes. */
#pragma once

#include <glib.h>

#include "workloads/builder-types.h"

/** cs3_build_open: operators added from now on are part of a segment as @spec says. */
void cs3_build_open(Cs3Builder *b, const Cs3SegmentSpec *spec);

/** cs3_build_input: the activation that an instance of the open segment gets from the one before.
 */
Cs3Act cs3_build_input(Cs3Builder *b, const char *name, gint64 elements);

/** cs3_build_output: @x is what an instance of the open segment hands on. */
void cs3_build_output(Cs3Builder *b, Cs3Act x);

/** cs3_build_outside: an activation that another segment wrote, @rows a sample, as the open one
 * reads it. */
Cs3Act cs3_build_outside(Cs3Builder *b, const char *name, gint64 elements, double rows);

/** cs3_build_last: (transfer none): the operator added last, to say what is unusual about it. Valid
 * until the next is added. */
Cs3Node *cs3_build_last(Cs3Builder *b);

/** cs3_build_count: operators so far. cs3_build_share: those from @first on are stored once for all
 * instances. */
guint cs3_build_count(const Cs3Builder *b);
void cs3_build_share(Cs3Builder *b, guint first);

/** cs3_build_width: elements a row of @x. */
gint64 cs3_build_width(const Cs3Builder *b, Cs3Act x);

/** cs3_build_rows: rows a sample of @x. */
double cs3_build_rows(const Cs3Builder *b, Cs3Act x);

/** cs3_build_lengths: (transfer none): the lengths that the graph is for, defaults filled in. */
const Cs3Lengths *cs3_build_lengths(const Cs3Builder *b);

/** cs3_build_tokens: what a sample counts for in throughput; without it the rows of the first
 * segment. */
void cs3_build_tokens(Cs3Builder *b, double tokens);

/** cs3_build_linear: @x times a weight of @out rows; keeps @x. */
Cs3Act cs3_build_linear(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x, gint64 out,
                        gboolean bias);

/** cs3_build_linear_split: as cs3_build_linear() with one weight for @n (at most 3) results of
 * @widths, written to @parts. */
void cs3_build_linear_split(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x, int n,
                            const gint64 *widths, gboolean bias, Cs3Act *parts);

/** cs3_build_tied_linear: a linear layer whose weight is the embedding's, counted there. */
Cs3Act cs3_build_tied_linear(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                             gint64 out, gboolean bias);

/** cs3_build_convolution: a filter of @kernel rows of @x that moves by @stride: @out elements a
 * place; keeps @x. */
Cs3Act cs3_build_convolution(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                             gint64 out, gint64 kernel, gint64 stride, gboolean bias);

/**
 * cs3_build_norm: normalise rows of @x; keeps @x and the statistics.
 * cs3_build_head_norm: normalise pieces of @width of every row (queries or keys, head by head), all
 * by one scale.
 */
Cs3Act cs3_build_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                      Cs3NormKind kind);
Cs3Act cs3_build_head_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                           gint64 width, Cs3NormKind kind);

/** cs3_build_rotary: rotate @q_elements of a row of *@q and @k_elements of a row of *@k; the
 * results take their places. */
void cs3_build_rotary(Cs3Builder *b, Cs3Act *q, gint64 q_elements, Cs3Act *k, gint64 k_elements);

/** cs3_build_attention: scores, softmax and values: what the heads put out, side by side. Keeps q,
 * k, v and the statistics. */
Cs3Act cs3_build_attention(Cs3Builder *b, const Cs3AttentionSpec *shape, Cs3Act q, Cs3Act k,
                           Cs3Act v);

/** cs3_build_activation: an activation function; ReLU keeps nothing of its own (the next layer
 * keeps its output). */
Cs3Act cs3_build_activation(Cs3Builder *b, const char *label, Cs3Activation kind, Cs3Act x);

/** cs3_build_gate: activation of @gate times @up; keeps both. */
Cs3Act cs3_build_gate(Cs3Builder *b, const char *label, Cs3Activation kind, Cs3Act gate, Cs3Act up);

/** cs3_build_residual: @x + @y. */
Cs3Act cs3_build_residual(Cs3Builder *b, const char *label, Cs3Act x, Cs3Act y);

/** cs3_build_scale: @x times learned numbers, one an element (layer scale) or none learned (@tensor
 * %NULL); keeps @x. */
Cs3Act cs3_build_scale(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x);

/** cs3_build_modulate: x (1 + scale) + shift, or x gate, by numbers that every sample has of its
 * own; keeps @x. */
Cs3Act cs3_build_modulate(Cs3Builder *b, const char *label, Cs3Act x, int operations);

/** cs3_build_embedding: rows of a table of @rows x @width that ids select. */
Cs3Act cs3_build_embedding(Cs3Builder *b, const char *label, const char *tensor, gint64 rows,
                           gint64 width);

/** cs3_build_positions: rows of a learned table of @rows, one a position (or token type), added to
 * @x. */
Cs3Act cs3_build_positions(Cs3Builder *b, const char *label, const char *tensor, gint64 rows,
                           Cs3Act x);

/** cs3_build_bias_table: a learned number for every head and bucket of distances, added to scores
 * (cs3_build_attention()). */
void cs3_build_bias_table(Cs3Builder *b, const char *label, const char *tensor, gint64 buckets,
                          gint64 heads);

/** cs3_build_prepend: @count learned rows (class token, registers) before those of @x. */
Cs3Act cs3_build_prepend(Cs3Builder *b, const char *label, const char *tensor, gint64 count,
                         Cs3Act x);

/** cs3_build_extra: @count parameters that belong to the operator added last but have no shape of
 * their own there (class token, logit scale, biases of a table). */
void cs3_build_extra(Cs3Builder *b, gint64 count);

/**
 * cs3_build_router: choose experts for every row of @x: a linear layer that stays dense and the
 * choice itself. cs3_build_experts: the rows of @x as the experts get them; operators added until
 * cs3_build_combine() are there once for every expert. cs3_build_combine: weighted sum of what the
 * experts of a token put out, @x.
 */
void cs3_build_router(Cs3Builder *b, const char *tensor, Cs3Act x, const Cs3Mixture *mixture,
                      gboolean bias);
Cs3Act cs3_build_experts(Cs3Builder *b, Cs3Act x, const Cs3Mixture *mixture);
Cs3Act cs3_build_combine(Cs3Builder *b, Cs3Act x);

/** cs3_build_pool: one row a sample from all rows of @x (their mean, or the first: @mean). */
Cs3Act cs3_build_pool(Cs3Builder *b, const char *label, Cs3Act x, gboolean mean);

/** cs3_build_join: @x and @y side by side in every row. */
Cs3Act cs3_build_join(Cs3Builder *b, const char *label, Cs3Act x, Cs3Act y);

/** cs3_build_loss: softmax cross-entropy of the logits @x. cs3_build_square_loss: mean squared
 * error. */
void cs3_build_loss(Cs3Builder *b, Cs3Act x);
void cs3_build_square_loss(Cs3Builder *b, Cs3Act x);

/** cs3_builder_new, cs3_builder_finish: (for graph.c) begin a graph; give it out, execution order
 * filled in. */
Cs3Builder *cs3_builder_new(const Cs3Model *model, const Cs3Lengths *lengths);
Cs3Graph *cs3_builder_finish(Cs3Builder *b);
