/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geometry and per-row costs of a mapped layer: every constant of the recurrence, derived once. */
#pragma once

#include "fabric/layer/layer.h"
#include "fabric/link.h"

/* What one line is sent for one output row, beside the control wavelet that ends it. */
typedef enum {
  CS3_WIRE_COMMAND, /* dense dW: every weight has a gradient, the control wavelet is enough */
  CS3_WIRE_DENSE,   /* packed values */
  CS3_WIRE_INDEX16, /* index and value in one wavelet */
  CS3_WIRE_DELTA8,  /* 8-bit distance and value, packed */
  CS3_WIRE_BITMASK, /* one bit a feature, packed values */
  CS3_WIRE_INDICES, /* dW: 16-bit indices, two a wavelet */
} Cs3Wire;

/* The way of a partial sum from one PE to the next that adds to it. */
typedef struct {
  gint32 stage;     /* added here -> added there, when nothing is in the way */
  gint32 look_rows; /* flow control: the last element of a row leaves no earlier than ... */
  gint32 look;      /* ... this after the receiver began the row that many rows before */
} Cs3LayerEdge;

/* Everything that the recurrences read, and nothing else: its bytes name a pass, so that equal ones
 * are run once. Zero where a pass has no such thing; no padding, which could differ. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
typedef struct {
  gint64 rows;         /* streamed */
  gint64 row_features; /* K: weights of a dense row */
  gint64 lines;        /* R */
  gint64 features;     /* k: features of the fullest line */
  gint64 slots;        /* J */
  gint64 hop;
  gint64 edge_rows;      /* D: whole rows the edge can hold per line */
  gint64 lead;           /* a wavelet leaves the edge -> execution at the last column */
  gint64 reach;          /* dW: a dot product done in the last column -> its sum over the columns
                            is at the edge */
  gint64 longest_row;    /* a row moves no time of its lines by more cycles than this */
  double ingress_cycles; /* per wavelet, whole wafer; 0: no limit */
  double egress_cycles;
  gint32 vector;        /* cycles in which a link carries a partial-sum (dW: dy) vector: a PE begins
                           one this often */
  gint32 last;          /* first element of a vector -> last element */
  gint32 token;         /* dW: the same for a vector of one wavelet */
  gint32 service;       /* cycles one weight occupies a PE */
  gint32 control;       /* cycles per output row beside the weights */
  gint32 block;         /* dW, backward: cycles from a row's first wavelet to its first weight */
  gint32 receive, send; /* issue cycles of the reduction's add and send, per row */
  gint32 store;         /* issue cycles to store a finished row at its owner */
  gint32 clear, finish; /* backward: to clear the sums of dX, to round them at the end */
  gint32 feed;          /* a PE, or the edge, sends -> the PE one hop further takes in */
  Cs3LayerEdge along;   /* between neighbours of the reduction */
  Cs3LayerEdge low;     /* two-way: into the middle line from the higher lines */
  Cs3LayerEdge turn;    /* ring: where it turns round, at both ends of the line */
  Cs3Wire wire;         /* how a row travels */
  gint32 weight_bits;   /* on the wire per live weight, its index included */
  gint32 gradient_bits; /* on the wire per gradient */
  gboolean gradients;   /* dW, backward; else: */
  Cs3Reduction reduction;
  gboolean overlap; /* of the reduction with the next rows' arithmetic */
  gboolean travels; /* partial sums (dW: dy) take their time from line to line */
} Cs3PassCosts;
#pragma GCC diagnostic pop

/* And what the closed forms and the causes take beside it. */
typedef struct {
  Cs3PassCosts pass;
  gint64 columns;      /* C: PEs along the token axis, per group */
  gint64 tokens;       /* t: tokens of the fullest PE */
  gint64 gradients;    /* dW, backward: dot products that wait in the first column for the chain */
  gint32 elements;     /* n: wavelets of one partial-sum (dW: dy) vector */
  gint32 arithmetic;   /* of `service`: vector work, the rest is overhead */
  gint32 masks;        /* bitmask: cycles of a row's mask words */
  gint32 block_vector; /* of `block`: vector work */
  gint32 copy;         /* of `control`: copying a vector between cache and SRAM */
  gint64 bands;        /* of lines, each with its share of the edge */
  gint64 rounds;       /* passes of a band, one group each */
} Cs3LayerCosts;

/** cs3_layer_costs: derive @costs; equations in doc/model.md, section "Costs". */
void cs3_layer_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                     Cs3LayerCosts *costs);

/**
 * cs3_layer_work, cs3_layer_ways: the same in two steps: lines, tokens and what a PE is busy with;
 * then, with these in @costs, links, reduction and stream. What the second adds makes rows longer,
 * never shorter.
 */
void cs3_layer_work(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                    Cs3LayerCosts *costs);
void cs3_layer_ways(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                    Cs3LayerCosts *costs);

/* What moves around the rounds of a convolution. */
typedef struct {
  Cs3ConvLayout layout; /* of the side that is the map */
  gboolean gathers;     /* before: what its taps read is brought together */
  gint64 sum_bytes;     /* behind: what is added up there goes home, an element; 0: nothing is */
} Cs3LayerMoves;

/** cs3_layer_layout: of the convolution that @shape is. */
Cs3ConvLayout cs3_layer_layout(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                               const Cs3LayerCosts *costs);

/** cs3_layer_moves_of: zero where @shape is no convolution, or one in place. */
Cs3LayerMoves cs3_layer_moves_of(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                                 const Cs3Mapping *mapping, const Cs3LayerCosts *costs);

/** cs3_layer_moves: their cycles. @closed: a lower bound. */
gint64 cs3_layer_moves(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       const Cs3LayerCosts *costs, gboolean closed);

/** cs3_costs_check: cs3_mapping_check() of a mapping with no more folds than lines, whose @costs
 * are known. */
gboolean cs3_costs_check(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping, const Cs3LayerCosts *costs,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_layer_row_wavelets: mean ingress wavelets of one row with @nonzeros live weights in all,
 * control wavelets included; padding per line is left out (a lower bound, for estimates).
 */
double cs3_layer_row_wavelets(const Cs3PassCosts *costs, double nonzeros);

/**
 * cs3_layer_edge: flow control between two PEs @hops apart, for rows of @elements: each channel on
 * the way (output queue and ramp, a router's buffer and link, ramp and input queue) holds its
 * parked wavelets and what is under way, and hands the news of a free place back in a cycle.
 */
Cs3LayerEdge cs3_layer_edge(const Cs3Hardware *hw, Cs3Link link, gint64 elements, gint64 hops,
                            guint out_queue, guint in_queue);

/**
 * cs3_axpy_rate: forward, dX: elements per cycle of acc += w * x, limited by lanes and SRAM ports:
 * cached min(lanes, e read/2); else min(lanes, e read/(2+a), e write/a) with a bytes an accumulator
 * and e = pe.sram_efficiency; factors of 16 bits.
 */
double cs3_axpy_rate(const Cs3Hardware *hw, gboolean cached);

/** cs3_dot_rate: elements per cycle of a dot product with one operand in the cache or not. */
double cs3_dot_rate(const Cs3Hardware *hw, gboolean cached);
