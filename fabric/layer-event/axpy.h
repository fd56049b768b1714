/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reductions of the forward and dX programs. Internal to fabric/layer-event/. */
#pragma once

#include "fabric/layer-event/vectors.h"

enum { COLOUR_SUM = COLOUR_PROGRAM, COLOUR_LOWER = COLOUR_SUM + 2, COLOUR_STORE = COLOUR_SUM + 4 };
/* Streams of a PE: its own sum and what arrives (the middle line: first from above, then from
 * below); the sum going on; the owner's store. */
enum { STREAM_ADD, STREAM_ADD_LOWER, STREAM_SEND, STREAM_STORE, N_STREAMS };

/* How partial sums travel. */
typedef struct {
  /* Work of line @line: visits, in order. */
  void (*plan)(const Cs3LayerEvent *m, gint64 line, Cs3LineWork *work);
  /* Routes and stream colours of line @line. */
  void (*wire)(const Cs3LayerEvent *m, gint64 line, Cs3Role *role);
  /* Issue cycles of the reduction that the datapath is charged for a visit. */
  gint64 (*charge)(const Cs3LayerEvent *m, gint64 line, const Cs3Visit *visit);
  gboolean (*lowers)(gint64 lines, gint64 line); /* adds a second vector a row */
  gboolean stores; /* finished rows travel to their owners on the store colour */
} Cs3LayerReduction;

#define CS3_LAYER_REDUCTION(ID, name, text) extern const Cs3LayerReduction cs3_layer_##name;
CS3_REDUCTIONS(CS3_LAYER_REDUCTION)
#undef CS3_LAYER_REDUCTION

/** cs3_layer_plan_rows: one visit a row, as chains stream them; @line dry: it starts the sums. */
void cs3_layer_plan_rows(const Cs3LayerEvent *m, gint64 line, gboolean dry, Cs3LineWork *work);
/** cs3_layer_plan_sends: fills @work's list of sums that go on. */
void cs3_layer_plan_sends(Cs3LineWork *work);
/** cs3_layer_sum_in, cs3_layer_sum_out: colour @colour carries sums from port @from to @stream's
 * adder, or the finished ones to @to. */
void cs3_layer_sum_in(Cs3Role *role, guint stream, guint colour, guint from, guint queue,
                      Cs3Lane lane);
void cs3_layer_sum_out(Cs3Role *role, guint colour, guint to);
/** cs3_layer_store: the store colour at @line; sums come from line @root. */
void cs3_layer_store(const Cs3LayerEvent *m, gint64 line, gint64 root, Cs3Role *role);
