/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the programs of attention share. Internal to fabric/attention-event/. */
#pragma once

#include "fabric/attention-event/attention-event.h"
#include "fabric/attention/costs.h"
#include "fabric/event/pe.h"

/* The matrices that have values: queries, keys, values, gradient of the output. */
typedef enum {
  CS3_ATTENTION_Q,
  CS3_ATTENTION_K,
  CS3_ATTENTION_V,
  CS3_ATTENTION_DO,
  CS3_ATTENTION_N_MATRICES
} Cs3AttentionMatrix;

/* Of one query and head, in the job that its place works on. */
typedef struct {
  float most, sum; /* running maximum, sum of exponentials; backward: L, D */
  float *out;      /* o, dv long; backward: dQ, d long: not yet divided or rounded */
} Cs3QueryState;

typedef struct {
  gint64 place;
  gboolean busy;
  gint64 visited;       /* visits done, of all jobs */
  gint64 arrived, sent; /* rows that are over */
  gint64 above, below;  /* gather: rows for which all places before and after this one have room */
  gint64 may_arrive, may_send;                     /* rows granted */
  gint64 merged;                                   /* grid: jobs whose sums have been merged here */
  gint64 sums_arrived, sums_sent, sums_may_arrive; /* rows of sums */
  Cs3PlaceTokens queries;
  gint64 n_queries; /* times query heads: states */
  Cs3QueryState *state;
  float *sums; /* that they point into */
} Cs3PlaceData;

struct Cs3AttentionEvent {
  Cs3AttentionEventConfig config;
  Cs3AttentionCosts costs;
  Cs3EventTiming timing;
  Cs3Fabric *fabric;
  guint width, height;
  gint64 total;    /* visits of a place in all jobs */
  guint row_words; /* n */
  guint memory_words;
  guint sums_word; /* grid: where sums of the line before land; behind it, those that are sent */
  gint64 *spare;   /* backward: by job, the slot that is free when it begins */
  Cs3PlaceData *place; /* by cell of the mesh */
  guint64 key[CS3_ATTENTION_N_MATRICES];
  gint64 out_width;  /* of a query's output: dv; backward: d */
  float *out;        /* o or dQ: [job][head of the group][query][width], FP16 */
  float *statistics; /* backward: L and D, [job][head of the group][query][2] */
  float *scores;     /* of a query and a chunk's keys, while they are added */
  gint64 pairs;
};

/** cs3_attention_machine: of a PE. */
static inline Cs3AttentionEvent *cs3_attention_machine(const Cs3Pe *pe) {
  return cs3_pe_user(pe);
}

/** cs3_attention_single: whether sums are kept in FP32. */
static inline gboolean cs3_attention_single(const Cs3AttentionEvent *m) {
  return m->config.hw->kernel.acc_precision == CS3_ACC_FP32;
}

/** cs3_attention_value: FP16 bits of @what at (@job, @head of the group, @token, @feature); keys
 * and values have one head. */
guint16 cs3_attention_value(const Cs3AttentionEvent *m, Cs3AttentionMatrix what, gint64 job,
                            gint64 head, gint64 token, gint64 feature);

/** cs3_attention_query_index: place of (@job, @head, @token) in the outputs, in queries. */
static inline gint64 cs3_attention_query_index(const Cs3AttentionEvent *m, gint64 job, gint64 head,
                                               gint64 token) {
  return (job * m->costs.group + head) * m->costs.shape.queries + token;
}

/** cs3_attention_row_word: a word of a place's own row of @chunk, as it lies before the pass. */
guint32 cs3_attention_row_word(const Cs3AttentionEvent *m, gint64 place, gint64 job, gint64 chunk,
                               gint64 word);

/** cs3_attention_slot: word at which the row of @visit of @job lies in every PE's memory; backward
 * also of the rows that come home, after the visits. */
guint cs3_attention_slot(const Cs3AttentionEvent *m, gint64 job, gint64 visit);

/** cs3_attention_begin_job: states of the queries of a place. */
void cs3_attention_begin_job(const Cs3AttentionEvent *m, Cs3PlaceData *d, gint64 job);
/** cs3_attention_compute: @visit of @job with the row at @row, whose dK and dV grow (backward). */
void cs3_attention_compute(Cs3AttentionEvent *m, Cs3PlaceData *d, gint64 job, gint64 visit,
                           guint32 *row);
/** cs3_attention_end_job: the place's outputs, rounded to FP16. */
void cs3_attention_end_job(Cs3AttentionEvent *m, const Cs3PlaceData *d, gint64 job);

/** cs3_attention_merge: the place's states take in the row of sums at @in (%NULL: none comes), and
 * are written to @out (%NULL: they go nowhere). */
void cs3_attention_merge(const Cs3AttentionEvent *m, Cs3PlaceData *d, const guint32 *in,
                         guint32 *out);

/** cs3_attention_key_sum: dK or dV (@value) of key @local of a row, as it lies in memory. */
float cs3_attention_key_sum(const Cs3AttentionEvent *m, const guint32 *row, gboolean value,
                            gint64 local, gint64 feature);

/** cs3_attention_plain_statistics: backward: L and D of a plain attention, as forward kept them. */
void cs3_attention_plain_statistics(Cs3AttentionEvent *m);

/* An algorithm: routes and tasks of the PE of each place. */
typedef struct {
  void (*role)(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role);
} Cs3AttentionProgram;

#define CS3_ATTENTION_PROGRAM(ID, name, text)                                                      \
  extern const Cs3AttentionProgram cs3_attention_event_##name;
CS3_ATTENTION_ALGORITHMS(CS3_ATTENTION_PROGRAM)
#undef CS3_ATTENTION_PROGRAM

/** cs3_attention_visited: the visit that @d has at work is over: numbers and count. */
void cs3_attention_visited(Cs3Pe *pe, Cs3AttentionEvent *m, Cs3PlaceData *d);
/** cs3_attention_work: starts @visit of a job, whose rows are there; its end calls @task. Returns:
 * %FALSE: it took no cycles and is over. */
gboolean cs3_attention_work(Cs3Pe *pe, const Cs3AttentionEvent *m, Cs3PlaceData *d, gint64 visit,
                            guint task);

/** cs3_attention_towards: port at path position @position towards its neighbour @other. */
guint cs3_attention_towards(const Cs3AttentionEvent *m, gint64 position, gint64 other);

/** cs3_attention_seat: column and row of path position @position: a snake; grid: a line a part. */
void cs3_attention_seat(const Cs3AttentionEvent *m, gint64 position, guint *x, guint *y);
