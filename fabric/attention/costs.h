/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geometry and costs of mapped attention: every constant of recurrence and event programs, derived
 * once. Equations: doc/attention.md. */
#pragma once

#include "fabric/attention/places.h"
#include "fabric/layer/costs.h"

/* The output and input queues that the programs bind to the colours of their rows (gather: each
 * way), and gather to those of its tokens. */
enum { CS3_ATTENTION_QUEUE = 2, CS3_ATTENTION_UP_QUEUE, CS3_ATTENTION_TOKEN_QUEUE };
/* Queues from CS3_ATTENTION_QUEUE on: of a ring, of a grid, of gather. */
enum { CS3_RING_QUEUES = 1, CS3_GRID_QUEUES = 2, CS3_GATHER_QUEUES = 4 };

/* Issue cycles of a PE, by what they are for. */
typedef struct {
  gint64 arithmetic; /* multiply-adds */
  gint64 softmax;    /* exponentials, division, element-wise operations, rescaling */
  gint64 overhead;   /* issue of vectors, lanes added, control */
  gint64 movement;   /* streams of K and V */
  gint64 reduction;  /* streams of dK and dV, of what lines add to each other */
} Cs3AttentionWork;

/* Cycles of the vector operations on one pair of a query and a key. */
typedef struct {
  gint64 arithmetic, overhead;
} Cs3PairCost;

typedef struct {
  Cs3AttentionShape shape;
  Cs3AttentionMapping mapping;
  gint64 lines, columns;      /* h, w: of a rectangle */
  gint64 room;                /* grid: PEs of a line of it; else its PEs */
  gint64 parts;               /* grid: lines that share the keys; else 1 */
  gint64 places;              /* P: of a part, that work */
  gint64 jobs;                /* of the fullest rectangle */
  gint64 group;               /* query heads of a head of keys */
  Cs3TokenDeal queries, keys; /* of a sequence; keys of its first part */
  gint64 chunks, chunk_keys;  /* c, of a place's keys; keys of one */
  gint64 tiles;               /* that a place sees: all P, or those that a mask leaves it */
  gint64 ahead;   /* place p begins with the keys of p + ahead, the last ones that it needs */
  gint64 visits;  /* tiles x c: chunks that a place works on in a job */
  gint64 rows;    /* that a place takes in in a job; ring: and sends */
  gint64 streams; /* rows sent and taken in that a place is charged for in a job, at least */
  gint64 buffers; /* for rows that are on their way */
  gint64 elements, kv_elements; /* n: wavelets of a row; of these K and V */
  gint64 vector, last;          /* cycles in which a link carries a row; first element -> last */
  Cs3LayerEdge edge[2];         /* ring: between neighbours, by hops - 1 */
  gint64 feed, hop;             /* gather: as of a layer's costs */
  gint64 token;                 /* gather: cycles of a row of one wavelet */
  gint64 kv_issue, sum_issue;   /* issue cycles of a stream, a row */
  gint64 merge_elements;        /* grid: of a row of sums, which goes from line to line */
  gint64 merge_vector, merge_last, merge_issue; /* as above, of that */
  Cs3LayerEdge merge_edge;
  gint64 control;        /* of a visit */
  Cs3PairCost pair;      /* of all vector operations but scores by vectors over queries */
  Cs3PairCost statistic; /* backward, once a query: D = dO . O */
  gint64 products;       /* of scores by vectors: operations a key, d (backward: d + dv) */
  double score_rate;     /* of these: elements a cycle */
  gint64 issue;          /* t0 */
  gint64 wide;           /* FP16 elements that an element of a sum counts as */
  gint64 element_wise;   /* operations on the scores of a chunk */
  gint64 vector_setup;
  double vector_rate, special_rate;
  gint64 sram_bytes;   /* of the fullest PE */
  gint64 around_bytes; /* of these, beside activations and gradients of 16 bits */
} Cs3AttentionCosts;

/* PEs for a job, and jobs that those of the fullest do one after the other. */
typedef struct {
  gint64 lines, columns, jobs;
} Cs3AttentionRectangle;

/** cs3_attention_rectangle: of a fold that fits. */
Cs3AttentionRectangle cs3_attention_rectangle(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                                              int axis, gint64 fold);

/* What all mappings of a shape on a machine share. */
typedef struct {
  const Cs3Hardware *hw;   /* not owned */
  Cs3AttentionCosts costs; /* constants of the machine and the shape */
  Cs3Link link;
  Cs3PairCost pair[CS3_N_SCORES];
  double score_rate[2]; /* of scores by vectors: sums in memory, in the cache */
} Cs3AttentionBase;

/** cs3_attention_base: of a shape that makes sense. */
void cs3_attention_base(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                        Cs3AttentionBase *base);

/** cs3_attention_geometry: where the tokens of a job lie: all of @costs that algorithms (but for
 * grid or not), chunks and scores do not change. */
void cs3_attention_geometry(const Cs3AttentionBase *base, const Cs3AttentionMapping *mapping,
                            Cs3AttentionCosts *costs);

/** cs3_attention_pairs_by: pairs alone, in @costs with a geometry. */
void cs3_attention_pairs_by(const Cs3AttentionBase *base, Cs3Scores scores,
                            Cs3AttentionCosts *costs);

/** cs3_attention_estimate_costs: but last, token and edges, which runs alone need. @costs: (inout):
 * with the geometry of @mapping; what another one of that geometry left there is replaced, since a
 * search copies no costs. */
void cs3_attention_estimate_costs(const Cs3AttentionBase *base, const Cs3AttentionMapping *mapping,
                                  Cs3AttentionCosts *costs);

/** cs3_attention_costs: derive @costs of a shape that makes sense and a fold that fits. */
void cs3_attention_costs(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                         const Cs3AttentionMapping *mapping, Cs3AttentionCosts *costs);

/** cs3_attention_all_places: of all parts: part p has those from p P on. */
static inline gint64 cs3_attention_all_places(const Cs3AttentionCosts *c) {
  return c->parts * c->places;
}

/** cs3_attention_part: of @place. */
static inline gint64 cs3_attention_part(const Cs3AttentionCosts *c, gint64 place) {
  return place / c->places;
}

/** cs3_attention_job_steps: visits of a job, and with parts the merge of its sums behind them. */
static inline gint64 cs3_attention_job_steps(const Cs3AttentionCosts *c) {
  return c->visits + (c->parts > 1);
}

/** cs3_attention_queries: those of @place. */
Cs3PlaceTokens cs3_attention_queries(const Cs3AttentionCosts *costs, gint64 place);

/** cs3_attention_tile: the keys that lie on @place: of part p every parts-th from the p-th on. */
Cs3PlaceTokens cs3_attention_tile(const Cs3AttentionCosts *costs, gint64 place);

/** cs3_attention_chunk: the keys of chunk @chunk of @place's tile. */
Cs3PlaceTokens cs3_attention_chunk(const Cs3AttentionCosts *costs, gint64 place, gint64 chunk);

/** cs3_attention_tile_of: whose tile @place works on at @visit. */
static inline gint64 cs3_attention_tile_of(const Cs3AttentionCosts *c, gint64 place, gint64 visit) {
  gint64 way = visit / c->chunks;
  if (c->mapping.algorithm == CS3_ATTENTION_GATHER)
    return way;
  return place % c->places < way ? place - way + c->places : place - way;
}

/**
 * cs3_attention_visit: what @place is charged for at @visit of a job: pairs, control, its streams;
 * what begins or ends the job at the first and last. Visit number costs->visits is the merge.
 */
Cs3AttentionWork cs3_attention_visit(const Cs3AttentionCosts *costs, gint64 place, gint64 visit);

/** cs3_attention_work_on: the same of a visit that is no merge, where the place's @queries and the
 * @keys of the chunk are known. */
Cs3AttentionWork cs3_attention_work_on(const Cs3AttentionCosts *costs, gint64 place, gint64 visit,
                                       const Cs3PlaceTokens *queries, const Cs3PlaceTokens *keys);

/** cs3_attention_streams: rows taken in and sent that @place is charged for at @visit. */
gint64 cs3_attention_streams(const Cs3AttentionCosts *costs, gint64 place, gint64 visit);

/** cs3_attention_work_sum: cycles in all. */
static inline gint64 cs3_attention_work_sum(const Cs3AttentionWork *w) {
  return w->arithmetic + w->softmax + w->overhead + w->movement + w->reduction;
}

/** cs3_ring_place: path position (0 ..) of ring place @place of @places: even positions on the way
 * out, odd ones on the way back, so that neighbours are two apart, one where the ring turns. */
static inline gint64 cs3_ring_place(gint64 places, gint64 place) {
  return 2 * place < places ? 2 * place : 2 * (places - place) - 1;
}

/** cs3_attention_position: path position of @place; those of a part follow each other. */
static inline gint64 cs3_attention_position(const Cs3AttentionCosts *c, gint64 place) {
  gint64 local = place % c->places;
  return c->mapping.algorithm == CS3_ATTENTION_GATHER
             ? place
             : place - local + cs3_ring_place(c->places, local);
}

/** cs3_ring_hops: from @place to the next. */
static inline gint64 cs3_ring_hops(gint64 places, gint64 place) {
  gint64 next = place + 1 == places ? 0 : place + 1;
  return ABS(cs3_ring_place(places, next) - cs3_ring_place(places, place));
}
