/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the builder share. */
#pragma once

#include "workloads/builder.h"

/* 16-bit elements that one 32-bit statistic, token id or label takes. */
enum { CS3_WORD_ELEMENTS = 2 };

struct Cs3Builder {
  Cs3Graph *graph;
  const char *prefix; /* of the open segment's tensor names; never NULL */
  gint64 copies;      /* of the operators added now: experts */
  gint64
      top_k; /* experts a token is sent to, between cs3_build_experts() and cs3_build_combine() */
  double outer_rows; /* rows outside of the experts */
};

/** cs3_builder_act: a new activation. */
Cs3Act cs3_builder_act(Cs3Builder *b, const char *name, gint64 elements, double rows);

/** cs3_builder_tensor: (transfer none): activation @x, valid until the next is made. */
const Cs3Tensor *cs3_builder_tensor(const Cs3Builder *b, Cs3Act x);

/**
 * cs3_builder_add: add @node, @rows a sample, to the open segment; labels and tensor names are
 * copied, the segment's prefix put before @tensor (nullable). Lists of activations are as long as
 * what is not yet set in them: they start empty. Returns: (transfer none): the node, valid until
 * the next is added.
 */
Cs3Node *cs3_builder_add(Cs3Builder *b, Cs3Node node, double rows, const char *tensor);

/** cs3_builder_linear: a weight of @out x @in / @groups whose result has @rows rows a sample; reads
 * and keeps @x, writes nothing yet. Valid until the next is added. */
Cs3Node *cs3_builder_linear(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                            gint64 in, gint64 out, gint64 groups, gboolean bias, double rows);

/** cs3_node_read, _write, _keep: append @x to a list of @node; CS3_NO_ACT is skipped. */
void cs3_node_read(Cs3Node *node, Cs3Act x);
/** cs3_node_write: append @x to what @node writes. */
void cs3_node_write(Cs3Node *node, Cs3Act x);
/** cs3_node_keep: append @x to what @node keeps for backward. */
void cs3_node_keep(Cs3Node *node, Cs3Act x);
