/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making a layer graph from another, operator by operator. */
#pragma once

#include "workloads/graph.h"

typedef struct {
  const Cs3Graph *from;
  Cs3Graph *to;    /* has the activations and parts of `from`, under the same indices */
  double sparsity; /* that room is made for, 0 to 1 */
  guint segment;   /* whose operators are made now */
  guint changed;   /* layers that are no longer what they were */
} Cs3Rewrite;

/** cs3_rewrite_each: go through the operators of r->from; @replace adds what stands for each. */
void cs3_rewrite_each(Cs3Rewrite *r, void (*replace)(Cs3Rewrite *r, const Cs3Node *node));

/** cs3_rewrite_add: add @node to the open segment; returns: (transfer none): valid until the next.
 * @suffix: (nullable): put behind its label and its weight's name, "_u". */
Cs3Node *cs3_rewrite_add(Cs3Rewrite *r, const Cs3Node *node, const char *suffix);

/** cs3_rewrite_act: a new activation of @elements x @rows, called "@label@suffix". */
int cs3_rewrite_act(Cs3Rewrite *r, const char *label, const char *suffix, gint64 elements,
                    double rows);

/** cs3_rewrite_tensor: (transfer none): activation @index of r->to, to change. */
Cs3Tensor *cs3_rewrite_tensor(Cs3Rewrite *r, int index);

/** cs3_rewrite_is_target: whether a transformation is meant for @node: a linear layer that
 * --sparsity reaches, of one group. */
gboolean cs3_rewrite_is_target(const Cs3Node *node);

/** cs3_rewrite_is_grouped: whether --sparsity would reach @node although no transformation is
 * meant for it. */
gboolean cs3_rewrite_is_grouped(const Cs3Node *node);

/** cs3_rewrite_same: add @node as it is; grouped ones stay dense. */
void cs3_rewrite_same(Cs3Rewrite *r, const Cs3Node *node);

/**
 * cs3_rewrite_linear: add a linear layer like @node, without its bias, from activation @in to @out;
 * a convolution keeps its kernel and stride if @slides, otherwise it is 1 x 1 over the positions of
 * its smaller side. Returns: (transfer none): the node.
 */
Cs3Node *cs3_rewrite_linear(Cs3Rewrite *r, const Cs3Node *node, const char *suffix, int in, int out,
                            gboolean slides);

/** cs3_rewrite_bias: give @node the bias of @like. */
void cs3_rewrite_bias(Cs3Rewrite *r, Cs3Node *node, const Cs3Node *like);

/** cs3_rewrite_beside: add linear @node and, beside it, a product V U of @rank, dense, whose names
 * end in @u and @v; both are added up to what @node writes. @change: (nullable): what becomes of
 * the layer itself. */
void cs3_rewrite_beside(Cs3Rewrite *r, const Cs3Node *node, gint64 rank, const char *u,
                        const char *v, void (*change)(Cs3Node *layer));

/** cs3_rewrite_sum: add @n activations, or what one holds @n times as many rows of, to @to. */
void cs3_rewrite_sum(Cs3Rewrite *r, const char *label, const int *acts, guint n, int to,
                     double operations);
