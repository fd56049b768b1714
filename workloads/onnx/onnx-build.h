/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that make a layer graph of ONNX nodes share. */
#pragma once

#include "workloads/builder-private.h"
#include "workloads/onnx/onnx-cut.h"
#include "workloads/onnx/onnx-op.h"

/* A graph as it is composed. */
typedef struct {
  Cs3Builder *b;
  const Cs3OnnxNet *net;
  const Cs3OnnxPlace *places;
  GHashTable *acts;    /* root -> 1 + activation of the open segment */
  GHashTable *claimed; /* constants whose parameters a node has */
  GHashTable *last;    /* cs3_onnx_last_uses() */
  GHashTable *widths;  /* root -> elements a row: what all heads put out, side by side */
  GPtrArray *alive;    /* roots, in the order in which they were made */
  GPtrArray *names;
  gint64 absorbed; /* parameters of what lies between scores and values */
} Cs3OnnxBuild;

/** cs3_onnx_claim: parameters behind @value that no node has yet, as deep as constants are made of
 * others; @depth: 0. cs3_onnx_claim_all: behind all that @work reads. */
gint64 cs3_onnx_claim(Cs3OnnxBuild *build, const Cs3OnnxValue *value, guint depth);
gint64 cs3_onnx_claim_all(Cs3OnnxBuild *build, const Cs3OnnxWork *work);

/** cs3_onnx_width: elements of a row of @root. cs3_onnx_set_width: @width is what it has, where
 * that divides it. cs3_onnx_find_widths: of all that slides over one axis. */
gint64 cs3_onnx_width(const Cs3OnnxBuild *build, const Cs3OnnxValue *root);
void cs3_onnx_set_width(Cs3OnnxBuild *build, Cs3OnnxValue *value, gint64 width);
void cs3_onnx_find_widths(Cs3OnnxBuild *build);

/** cs3_onnx_new_act: an activation of the open segment for @root. cs3_onnx_act: the one of @value,
 * CS3_NO_ACT: it is none. cs3_onnx_make_act: the same of what a node writes: later ones find it. */
Cs3Act cs3_onnx_new_act(Cs3OnnxBuild *build, const Cs3OnnxValue *root);
Cs3Act cs3_onnx_act(Cs3OnnxBuild *build, Cs3OnnxValue *value);
Cs3Act cs3_onnx_make_act(Cs3OnnxBuild *build, Cs3OnnxValue *value);

/** cs3_onnx_read_once, cs3_onnx_keep_once: adds @act to what @node reads, keeps, unless it is there
 * or there is no room. */
void cs3_onnx_read_once(Cs3Node *node, Cs3Act act);
void cs3_onnx_keep_once(Cs3Node *node, Cs3Act act);

/** cs3_onnx_add_products: linear nodes of @work: one, or those of a recurrent layer. */
void cs3_onnx_add_products(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label);

/** cs3_onnx_add_fused: attention that is one node. cs3_onnx_add_found: attention that was found in
 * its parts, of which @index is the first. */
void cs3_onnx_add_fused(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label);
void cs3_onnx_add_found(Cs3OnnxBuild *build, guint index, const char *label);
