/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grid: the keys of a head are shared out to the lines of its rectangle, the queries to the
 * columns, as in a 2-D matrix product (WaferLLM's MeshGEMM, arXiv 2502.04563). Every line is a ring
 * of its own over its part of the keys; behind the last visit of a job the sums of its queries go
 * from the last line to the first, which adds and finishes them. Equations: doc/attention.md. */
#include "config.h"

#include "fabric/attention/history.h"
#include "fabric/attention/ring.h"

/* A part: a line's ring, and what comes behind it. */
typedef struct {
  Cs3Ring *ring;
  gint64 *resume;    /* by place: when its latest merge was over; CS3_BEFORE_TIME: none was yet */
  gint64 *sent;      /* U' */
  gint64 *over;      /* when the row of sums before has been sent */
  Cs3History landed; /* S', by job */
} Line;

typedef struct {
  const Cs3AttentionCosts *c;
  const Cs3AttentionSteps *steps;
  gint64 vector, last, stage, look_rows, look; /* of rows of sums, under the limits */
  Line *line;
} Grid;

static gint64 *never(gint64 n) {
  gint64 *at = g_new(gint64, n);
  for (gint64 i = 0; i < n; i++)
    at[i] = CS3_BEFORE_TIME;
  return at;
}

static void set_limits(Grid *g, Cs3AttentionLimits limits) {
  const Cs3LayerEdge *edge = &g->c->merge_edge;
  gboolean all = limits == CS3_ATTENTION_LIMIT_ALL;
  g->vector = limits >= CS3_ATTENTION_LIMIT_REDUCTION ? g->c->merge_vector : 0;
  g->last = all ? g->c->merge_last : g->vector - 1;
  g->stage = all ? edge->stage : 0;
  g->look_rows = all ? edge->look_rows : 0;
  g->look = all ? edge->look : CS3_BEFORE_TIME;
}

static void grid_init(Grid *g, const Cs3AttentionCosts *c, const Cs3AttentionSteps *steps,
                      Cs3AttentionLimits limits) {
  *g = (Grid){.c = c, .steps = steps, .line = g_new(Line, c->parts)};
  set_limits(g, limits);
  for (gint64 part = 0; part < c->parts; part++)
    g->line[part] = (Line){cs3_ring_new(c, limits), never(c->places), never(c->places),
                           never(c->places), cs3_history(c->places, g->look_rows + 2)};
}

static void grid_clear(Grid *g) {
  for (gint64 part = 0; g->line != NULL && part < g->c->parts; part++) {
    Line *line = &g->line[part];
    cs3_ring_free(line->ring);
    g_free(line->resume);
    g_free(line->sent);
    g_free(line->over);
    g_free(line->landed.at);
  }
  g_free(g->line);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Grid, grid_clear)

/* The sums of @line's places on their way to @to: S' and, when the last element has left, Z'. What
 * they land in is free when the merge before is over there. */
static void hand_on(const Grid *g, Line *line, Line *to, gint64 job) {
  gint64 *landed = cs3_history_at(&to->landed, job);
  const gint64 *before = cs3_history_at(&to->landed, job - 1);
  const gint64 *taken = cs3_history_at(&to->landed, job - g->look_rows);
  for (gint64 p = 0; p < g->c->places; p++) {
    gint64 sent = MAX(MAX(line->resume[p], 1), line->sent[p] + g->vector);
    line->sent[p] = sent;
    landed[p] = MAX(MAX(to->resume[p], before[p] + g->vector), sent + g->stage);
    line->over[p] = MAX(sent + g->last, taken[p] + g->look) + 1;
  }
}

/* D' = max(the last visit, the row of the line before is in, the own one before has left) + work */
static void merge(const Grid *g, gint64 part, gint64 job) {
  Line *line = &g->line[part];
  const gint64 *done = cs3_ring_done(line->ring, job);
  const gint64 *in = part + 1 < g->c->parts ? cs3_history_at(&line->landed, job) : NULL;
  gint64 number = cs3_attention_step(g->c, part, g->c->visits), p = 0;
  for (gint64 i = g->steps->first[number]; i < g->steps->first[number + 1]; i++) {
    const Cs3WorkRun *run = &g_array_index(g->steps->runs, Cs3WorkRun, i);
    for (; p < run->end; p++) {
      gint64 from = MAX(done[p], line->over[p]);
      line->resume[p] = (in != NULL ? MAX(from, in[p] + g->vector) : from) + run->work;
    }
  }
  if (part > 0)
    hand_on(g, line, line - 1, job);
}

static gint64 end_of(const Grid *g) {
  gint64 end = 0;
  for (gint64 part = 0; part < g->c->parts; part++) {
    const Line *line = &g->line[part];
    end = MAX(end, cs3_ring_end(line->ring));
    for (gint64 p = 0; p < g->c->places && g->c->parts > 1; p++)
      end = MAX(end, line->resume[p]);
  }
  return end;
}

static gint64 run(const Cs3AttentionCosts *c, const Cs3AttentionSteps *steps,
                  Cs3AttentionLimits limits) {
  g_auto(Grid) g = {0};
  grid_init(&g, c, steps, limits);
  for (gint64 job = 0; job < c->jobs; job++)
    for (gint64 part = c->parts - 1; part >= 0; part--) {
      Line *line = &g.line[part];
      cs3_ring_job(line->ring, steps, part, job, c->parts > 1 && job > 0 ? line->resume : NULL);
      if (c->parts > 1)
        merge(&g, part, job);
    }
  return end_of(&g);
}

/* The first place's sums of the last job, which go from line to line when the last one has seen all
 * its chunks. */
static gint64 chain(const Cs3AttentionCosts *c) {
  gint64 rows = c->jobs * c->rows - (c->shape.backward ? c->chunks : 0), sum = 0;
  gint64 visits = c->visits * c->control + c->streams * (c->kv_issue + c->sum_issue);
  const gint64 lines[] = {0, 1, c->parts - 1};
  const gint64 times[] = {1, c->parts - 2, 1};
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    Cs3AttentionWork w = cs3_attention_visit(c, lines[i] * c->places, c->visits);
    sum += times[i] * cs3_attention_work_sum(&w);
  }
  return MAX(rows * c->vector, c->jobs * visits) + sum +
         (c->parts - 1) * (c->merge_vector + c->feed);
}

static gint64 links(const Cs3AttentionCosts *c) {
  gint64 rows = c->jobs * MAX(c->rows * c->vector, c->merge_vector);
  return c->parts > 1 ? MAX(rows, chain(c)) : rows;
}

static gint64 wavelets(const Cs3AttentionCosts *c) {
  return cs3_attention_all_places(c) * c->rows * c->elements +
         (c->parts - 1) * c->places * c->merge_elements;
}

const Cs3AttentionOps cs3_attention_grid = {run, links, cs3_ring_pace, wavelets};
