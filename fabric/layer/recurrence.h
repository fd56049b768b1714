/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of the AXPY recurrence and the operations table of the reductions. Internal to
 * fabric/layer/.
 *
 * Times are 32-bit offsets from `base`, so that eight lines fit a vector register; the driver
 * rebases before they can overflow. Per line r and step i (doc/model.md, "Recurrence"):
 *
 *   acc[r]  = max(x[r], y[r](i-J) + 1, arrive) + weights * service + control
 *   P[r]    = first element of the step's partial sum added at r (what a reduction defines)
 *   y[r]    = last element of it sent on: the accumulator slot is free one cycle later
 *   x[r]    = the datapath is free for the next row */
#pragma once

#include "fabric/layer/costs.h"
#include "fabric/layer/lines.h"

typedef struct {
  const Cs3PassCosts *costs;
  gint64 lines;
  gint64 rows; /* of the layer */
  gint64 row;  /* step i */
  gint32 *x;
  gint32 *acc;
  gint32 *ready;    /* max(acc, P(i-1) + vector): r may take part in step i's reduction */
  gint32 *sent;     /* ring of J rows of y */
  gint32 *received; /* ring of `depth` rows of P of the rows that lines took in, one value longer
                       than the lines (two-way) */
  gint64 depth;     /* flow control looks that many rows back */
  gint64 n_received;
  gint32 *spare;  /* P of a step in which nothing is taken in (ring) */
  gint32 *latest; /* P of the latest step: a row of `received`, or `spare` */
  gint32 vector;  /* costs->vector, 0 when the reduction is switched off (causes) */
} Cs3Recurrence;

/** cs3_recurrence_sent: y of step @row (J of them are kept). */
static inline gint32 *cs3_recurrence_sent(const Cs3Recurrence *s, gint64 row) {
  return s->sent + (row + s->costs->slots) % s->costs->slots * s->lines;
}

/** cs3_recurrence_received: P of the @row-th row that was taken in (`depth` of them are kept). */
static inline gint32 *cs3_recurrence_received(const Cs3Recurrence *s, gint64 row) {
  return s->received + (row + s->depth) % s->depth * (s->lines + 1);
}

/** cs3_recurrence_take_in: room for P of one more row that is taken in; it becomes `latest`. */
gint32 *cs3_recurrence_take_in(Cs3Recurrence *s);

/* One reduction topology. A *step* is a line's i-th row; a ring gives every line its own order. */
typedef struct {
  gboolean same_row; /* all lines work on the same row in a step */
  gboolean overlaps; /* there is none without overlap: every PE would wait for its neighbour */
  gint64 hops;       /* between neighbours of the reduction */
  gint32 vectors;    /* that the busiest PE takes in a row */
  /* Rows that are streamed as a block: a pass takes whole ones. */
  gint64 (*row_block)(gint64 lines);
  /* Place of a line among the PEs of its group. */
  gint64 (*place)(gint64 lines, gint64 line);
  /* For estimates: cycles from a row's last addition to its sum at the root, once a pass. */
  double (*latency)(const Cs3PassCosts *costs, gint64 rows);
  /* Line at which a row's sum is complete and from which it goes to its owner; -1: at the owner. */
  gint64 (*root)(gint64 lines);
  /* From `ready` of this step: P into `latest`, y into cs3_recurrence_sent(). */
  void (*advance)(Cs3Recurrence *state);
  /* Issue cycles that the reduction of @step costs every line's datapath, ... */
  gint32 (*issue)(const Cs3PassCosts *costs, gint64 step);
  /* ... and what the ends, the root and the row's @owner (who stores it) add to or save on @x. */
  void (*adjust)(const Cs3PassCosts *costs, gint64 owner, gint32 *x);
} Cs3ReductionOps;

#define CS3_REDUCTION_OPS(ID, name, text) extern const Cs3ReductionOps cs3_reduction_##name;
CS3_REDUCTIONS(CS3_REDUCTION_OPS)
#undef CS3_REDUCTION_OPS

/** cs3_reduction_one_row, cs3_reduction_in_order: a row_block of one row; lines in the order of
 * their PEs. */
gint64 cs3_reduction_one_row(gint64 lines);
gint64 cs3_reduction_in_order(gint64 lines, gint64 line);

/** cs3_reduction_steps: steps of a pass of @rows: whole blocks of them. */
gint64 cs3_reduction_steps(const Cs3ReductionOps *ops, gint64 lines, gint64 rows);

/** cs3_reduction_ops: (transfer none): the registry's row for @reduction. */
const Cs3ReductionOps *cs3_reduction_ops(Cs3Reduction reduction);

/**
 * cs3_send_times: y[r] = max(P[r] + last, P_next[r] + look), where P_next is the receiver's P of
 * the row that holds the element which must have been taken in before this row's last one leaves;
 * %NULL: nobody holds the sender up. Exact for element-wise flow control because every row passes a
 * PE without gaps (doc/model.md, "Flow control").
 */
void cs3_send_times(const Cs3Recurrence *state, gint64 n_lines, const gint32 *passed,
                    const gint32 *next, gint32 look, gint32 *sent);

/**
 * cs3_chain_scan: P along a chain of @n lines: passed[i] = max(ready[i], passed[i-1] + stage).
 * @step: 1, or -1 for a chain that runs towards lower lines; the arrays point at its head.
 * @stage: at least 0; @ready: real times, not CS3_NEVER. Returns: P of the last line, or CS3_NEVER
 * for an empty chain.
 */
gint32 cs3_chain_scan(gint64 n, gint64 step, gint32 stage, const gint32 *ready, gint32 *passed);

/** cs3_chain_scan_plain: the same without vector instructions. */
gint32 cs3_chain_scan_plain(gint64 n, gint64 step, gint32 stage, const gint32 *ready,
                            gint32 *passed);

/**
 * cs3_rotating_row: the row streamed @step-th. Line o owns rows floor(o rows / lines) to
 * floor((o + 1) rows / lines) - 1, as a layer's input features lie; successive steps take the first
 * row of every owner, then the second, so that stores are spread.
 * @owner: (out). Returns: the row; -1 for @step >= @rows.
 */
gint64 cs3_rotating_row(gint64 lines, gint64 rows, gint64 step, gint64 *owner);

/** cs3_ring_row: row on which ring position @line works at @step; -1: none (last turn). */
gint64 cs3_ring_row(gint64 lines, gint64 rows, gint64 step, gint64 line, gint64 *owner);

/** cs3_ring_turns: whether the way from position @line - 1 to @line is the short one. */
gboolean cs3_ring_turns(gint64 lines, gint64 line);
