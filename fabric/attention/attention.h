/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention on one wafer, forward or backward: scores, softmax by running rescaling
 * (FlashAttention, arXiv 2205.14135) and values, as a program of the PEs. doc/attention.md
 * describes the machine; this header its interface. All times are cycles.
 *
 * Vocabulary. A *rectangle* of PEs works on one head of keys and one sequence at a time, a *job*;
 * the query heads that read the same keys (grouped queries) are worked on together. The PEs of a
 * rectangle are its *places*, numbered along the ring. A place holds the queries of its tokens and
 * their *tile* of keys and values, which is sent in *chunks*. */
#pragma once

#include <glib.h>

#include "base/memo.h"
#include "fabric/hardware.h"
#include "fabric/move.h"

/* Sequences on a wafer, at most: products of a shape's numbers fit 64 bits. */
enum { CS3_ATTENTION_MOST_SEQUENCES = 1 << 24 };

/* The algorithms: a row each. ROW(ID, name, text): CS3_ATTENTION_ID, cs3_attention_NAME in
 * fabric/attention/ and cs3_attention_event_NAME in fabric/attention-event/, how people write it.
 */
#define CS3_ATTENTION_ALGORITHMS(ROW)                                                              \
  ROW(RING, ring, "ring")                                                                          \
  ROW(GRID, grid, "grid")                                                                          \
  ROW(GATHER, gather, "gather")

#define CS3_ATTENTION_ID(ID, name, text) CS3_ATTENTION_##ID,
typedef enum {
  CS3_ATTENTION_ALGORITHMS(CS3_ATTENTION_ID) CS3_N_ATTENTION_ALGORITHMS
} Cs3AttentionAlgorithm;
#undef CS3_ATTENTION_ID

/* Which tokens of a sequence lie on which place (of P). */
typedef enum {
  CS3_TOKENS_BLOCK,   /* neighbours together */
  CS3_TOKENS_STRIPED, /* token i on place i mod P (arXiv 2311.09431) */
  CS3_TOKENS_ZIGZAG,  /* of 2 P stretches, the p-th and the p-th last on place p */
  CS3_N_TOKEN_ORDERS
} Cs3TokenOrder;

/* How scores (and, backward, dO . v) are multiplied. */
typedef enum {
  CS3_SCORES_DOT,  /* a dot product over the head's width for each pair */
  CS3_SCORES_AXPY, /* for each key and feature a vector over the queries that see the key */
  CS3_N_SCORES
} Cs3Scores;

/* What is computed. Forward: O = softmax(scale Q K^T) V. Backward: dQ, dK, dV of dO; scores are
 * computed again, maxima and sums of forward were kept. */
typedef struct {
  gboolean backward;
  gint64 heads, kv_heads; /* queries; keys and values: divides heads */
  gint64 head_dim;        /* d: of queries and keys */
  gint64 value_dim;       /* dv */
  gint64 sequences;       /* on the wafer at once */
  gint64 queries, keys;   /* tokens of a sequence; they differ in cross-attention */
  gboolean causal;        /* query i sees no key after i */
  gint64 window;   /* causal: the last so many keys, its own included; else window / 2 (rounded
                      down) on both sides of its own; 0: all */
  gint64 document; /* keys of its own document, all so long; 0: one document */
  gint64 tile; /* a score is computed when its tile of tile x tile tokens has one that is seen */
} Cs3AttentionShape;

/* How it is laid on the wafer. */
typedef struct {
  Cs3AttentionAlgorithm algorithm;
  int axis;    /* CS3_AXIS_Y: heads over rows, tokens along columns; CS3_AXIS_X: the other way */
  gint64 fold; /* g groups of lines share the heads; each takes sequences / g */
  Cs3TokenOrder order;
  gint64 lines;  /* grid: that share the keys, at most; else 1; 0: all of a rectangle */
  gint64 places; /* of a line, at most; other algorithms: of a rectangle; 0: all; rounded down to
                    what leaves no place with fewer tokens than it could do without */
  gint64 chunks; /* c: of a place's keys; rounded down to what leaves no chunk empty */
  Cs3Scores scores;
} Cs3AttentionMapping;

/* Where the cycles went; the entries add up to the pass exactly. */
typedef enum {
  CS3_ATTENTION_ARITHMETIC, /* MACs of the scores computed, at the dense peak of the whole wafer */
  CS3_ATTENTION_MAPPING,    /* PEs without work, lanes lost to SRAM ports and short vectors */
  CS3_ATTENTION_SOFTMAX,    /* exponentials, division, element-wise work on scores, rescaling */
  CS3_ATTENTION_OVERHEAD,   /* issue cycles of vectors, lanes added at the end of dot products,
                               control of chunks */
  CS3_ATTENTION_IMBALANCE,  /* places with more work than the mean, and who waits for them */
  CS3_ATTENTION_MOVEMENT,  /* keys and values: issue slots of their streams, and waiting for them */
  CS3_ATTENTION_REDUCTION, /* dK and dV that travel with them (backward); grid: sums of the lines */
  CS3_ATTENTION_FILL,      /* latencies */
  CS3_N_ATTENTION_CAUSES
} Cs3AttentionCause;

typedef struct {
  gint64 cycles;
  gint64 causes[CS3_N_ATTENTION_CAUSES]; /* zero unless asked for */
  gint64 places, jobs; /* PEs of a rectangle that work; jobs of one, one after the other */
  gint64 pairs;        /* scores computed, of all heads and sequences */
  gint64 macs;         /* of these: pairs x cs3_attention_products() */
  gint64 wavelets;     /* that PEs send, all rectangles */
  gint64 received;     /* of rows, that PEs take in */
  double imbalance;    /* pairs of the busiest place / of the mean one */
  gint64 sram_bytes;   /* of the fullest PE */
} Cs3AttentionResult;

/** cs3_attention_algorithm_name, cs3_token_order_name, cs3_scores_name: (transfer none): as people
 * write them. */
const char *cs3_attention_algorithm_name(Cs3AttentionAlgorithm algorithm);
const char *cs3_token_order_name(Cs3TokenOrder order);
const char *cs3_scores_name(Cs3Scores scores);
/** cs3_attention_cause_name: (transfer none): lower-case name as in result files. */
const char *cs3_attention_cause_name(Cs3AttentionCause cause);

/** cs3_attention_products: multiply-adds of one pair: d + dv; backward 3 d + 2 dv. */
gint64 cs3_attention_products(const Cs3AttentionShape *shape);

/** cs3_attention_window_binds: whether a window of @window tokens (0: none) hides any of @keys. */
static inline gboolean cs3_attention_window_binds(gboolean causal, gint64 window, gint64 keys) {
  return window > 0 && (causal ? window < keys : window / 2 < keys - 1);
}

/** cs3_attention_documents_fill: whether documents of @document tokens (0: none) fill sequences of
 * @keys and no @tile of scores lies in two of them. */
static inline gboolean cs3_attention_documents_fill(gint64 document, gint64 keys, gint64 tile) {
  return document > 0 && tile > 0 && keys % document == 0 && document % tile == 0;
}

/** cs3_attention_pairs: scores seen (@computed: those of their tiles) of all heads and sequences.
 */
double cs3_attention_pairs(const Cs3AttentionShape *shape, gboolean computed);

/**
 * cs3_attention_efficiency: share of the mapped PEs' peak: multiply-adds of the pairs that are seen
 * /
 * (@cycles x PEs x FP16 lanes); what kernel.attention_efficiency stands for.
 */
double cs3_attention_efficiency(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                                gint64 cycles);

/**
 * cs3_attention_shape_check: whether @shape makes sense by itself.
 * Errors: CS3_FABRIC_ERROR_INVALID (heads that do not divide, a window or document longer than the
 *   sequence, a mask on cross-attention, numbers below 1).
 */
gboolean cs3_attention_shape_check(const Cs3AttentionShape *shape,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_attention_check: whether @mapping can hold @shape, which is checked too.
 * Errors: as cs3_attention_shape_check(); INFEASIBLE (more folds than lines, more places or lines
 * than a rectangle has, more chunks than keys of a place, a head or the tokens beyond a PE's SRAM,
 * a queue that the streams use does not exist).
 */
gboolean cs3_attention_check(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                             const Cs3AttentionMapping *mapping,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_around_bytes: of a wafer, what the pass holds beside Q, K, V, O, the statistics
 * and gradients of these in 16 bits: rows on their way, scores and sums that it works on. Of the
 * fullest PE, times the PEs. */
double cs3_attention_around_bytes(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                                  const Cs3AttentionMapping *mapping);

/** cs3_attention_bound: closed-form lower bound: the mean place's work, the links' rows. For a
 * mapping that passed cs3_attention_check(), as for the functions below. */
gint64 cs3_attention_bound(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                           const Cs3AttentionMapping *mapping);

/**
 * cs3_attention_rank: cs3_attention_check() and, if it passes, numbers to rank by.
 * @estimate: (out): cycles, from some places' work; @bound: (out) (nullable). Returns: %FALSE: the
 * mapping does not hold @shape.
 */
gboolean cs3_attention_rank(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                            const Cs3AttentionMapping *mapping, double *estimate, gint64 *bound);

/**
 * cs3_attention_pass: exact cycles by recurrence over (place x visit), one rectangle standing for
 * all. @causes: fill result->causes, which takes up to four runs instead of one.
 * Errors: CS3_FABRIC_ERROR_MISTAKE (cycles below cs3_attention_bound()).
 */
gboolean cs3_attention_pass(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                            const Cs3AttentionMapping *mapping, gboolean causes,
                            Cs3AttentionResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether documents are mapped as parts of their sequence or as sequences of their own. */
typedef enum {
  CS3_DOCUMENTS_FREE,
  CS3_DOCUMENTS_WITHIN,
  CS3_DOCUMENTS_APART,
  CS3_N_DOCUMENTS
} Cs3Documents;

/* Parts of a mapping that are forced; -1, and 0 for numbers: free. */
typedef struct {
  int algorithm, axis, order, scores;
  gint64 fold, lines, places, chunks;
  double around; /* cs3_attention_around_bytes() at most; 0: as it comes */
  int documents; /* Cs3Documents, of which cs3_attention_shapes() knows */
} Cs3AttentionForce;

#define CS3_ATTENTION_FREE ((Cs3AttentionForce){-1, -1, -1, -1, 0, 0, 0, 0, 0, 0})

/**
 * cs3_attention_shapes: what a mapping may be of: @shape and, where documents fill its sequences
 * and are filled by tiles of scores, these as sequences of their own: the same pairs.
 * @shapes: (out): first @shape itself. Returns: how many @force leaves; 0: none.
 * Errors: INFEASIBLE (documents are to be apart and cannot).
 */
guint cs3_attention_shapes(const Cs3AttentionShape *shape, const Cs3AttentionForce *force,
                           Cs3AttentionShape shapes[2], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_documents_name: (transfer none): as people write it. */
const char *cs3_documents_name(Cs3Documents documents);

typedef struct {
  Cs3AttentionMapping mapping;
  gint64 cycles;
} Cs3AttentionRival;

typedef struct {
  Cs3AttentionRival best, runner_up; /* runner_up.cycles 0: none, or too long to run */
  gint64 considered, run;            /* mappings; of these by recurrence */
} Cs3AttentionChoice;

/**
 * cs3_attention_choose: the mapping of fewest cycles among axes, folds, lines, places, orders,
 * chunks, ways to multiply scores and algorithms: by estimates, then sketches, then recurrences
 * while something promises to beat the best so far. The runner-up differs in more than the number
 * of places and chunks. @memo: (nullable): where sketches are kept, the same for all numbers of
 * sequences. Errors: as cs3_attention_check(), of the mapping that comes nearest.
 */
gboolean cs3_attention_choose(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3Memo *memo,
                              Cs3AttentionChoice *choice, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_attention_ranked: the likeliest mapping by estimates and sketches; nothing is run.
 * @memo: as there; @estimate: (out): cycles. Errors: as cs3_attention_choose().
 */
gboolean cs3_attention_ranked(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3Memo *memo,
                              Cs3AttentionMapping *mapping, double *estimate,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_attention_bounded: the mapping whose cs3_attention_bound() is least of those that the search
 * finds, with it as its cycles. Nothing is run, there is no runner-up. Errors: as
 * cs3_attention_choose().
 */
gboolean cs3_attention_bounded(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                               const Cs3AttentionForce *force, Cs3AttentionChoice *choice,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_attention_moves: cycles in which Q, K, V come from where projections left them into the
 * pass's own layout, and O goes back; backward dO comes and dQ, dK, dV go, as many (what forward
 * kept stays as it lies). Not part of the pass. Two all-to-alls each, cs3_move_cycles(): from a
 * layout of the same axis and fold along the lines of a rectangle, and along its columns unless
 * tokens lie in blocks; from another along whole lines of the wafer, both ways.
 * @from: of the projections; fold 0: that of @mapping.
 */
gint64 cs3_attention_moves(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                           const Cs3AttentionMapping *mapping, Cs3WaferLayout from);
