/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gather as a max-plus recurrence over (place x row): the places of a snake multicast their chunks
 * one after the other, each way, when tokens from both ends have told that all have room.
 * Equations: doc/attention.md. */
#include "config.h"

#include "fabric/attention/machine.h"

typedef struct {
  const Cs3AttentionCosts *c;
  gint64 places, vector, feed, hop, token, told; /* as of the costs, under the limits */
  gint64 *done;       /* D of the latest visits, `buffers` rows of places */
  gint64 *down, *up;  /* tokens of the latest row have left the place */
  gint64 *work;       /* of this visit */
  gint64 sent, owner; /* the latest row's first element; who sent it; -1: none */
} Gather;

static void gather_clear(Gather *g) {
  g_free(g->done);
  g_free(g->down);
  g_free(g->up);
  g_free(g->work);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Gather, gather_clear)

static void gather_init(Gather *g, const Cs3AttentionCosts *c, Cs3AttentionLimits limits) {
  gint64 n = c->places;
  *g = (Gather){.c = c, .places = n, .owner = -1};
  if (limits >= CS3_ATTENTION_LIMIT_MOVEMENT)
    g->vector = c->vector;
  if (limits == CS3_ATTENTION_LIMIT_ALL) {
    g->feed = c->feed;
    g->hop = c->hop;
    g->token = c->token;
    g->told = 1;
  }
  g->done = g_new0(gint64, n * c->buffers);
  g->down = g_new(gint64, n);
  g->up = g_new(gint64, n);
  g->work = g_new(gint64, n);
  for (gint64 p = 0; p < n; p++)
    g->down[p] = g->up[p] = -g->token;
}

static gint64 *done_at(const Gather *g, gint64 row) {
  return g->done + row % g->c->buffers * g->places;
}

static void set_work(const Gather *g, const Cs3AttentionSteps *steps, gint64 visit) {
  gint64 p = 0;
  for (gint64 i = steps->first[visit]; i < steps->first[visit + 1]; i++) {
    const Cs3WorkRun *run = &g_array_index(steps->runs, Cs3WorkRun, i);
    for (; p < run->end; p++)
      g->work[p] = run->work;
  }
}

/* A token passes a place that has room, behind the row's before, a feed after the place before. At
 * first there is room; streams that tasks of the first cycle grant move from the second on. */
static gint64 pass(const Gather *g, gint64 ready, gint64 before, gint64 latest) {
  return MAX(MAX(ready, g->told), MAX(before + g->feed, latest + g->token));
}

static void pass_tokens(const Gather *g, const gint64 *ready) {
  gint64 n = g->places, before = -g->feed;
  for (gint64 p = 0; p < n; p++)
    before = g->down[p] = pass(g, ready[p], before, g->down[p]);
  before = -g->feed;
  for (gint64 p = n - 1; p >= 0; p--)
    before = g->up[p] = pass(g, ready[p], before, g->up[p]);
}

/* From a row's first element sent at @owner to its last one taken in at @place. */
static gint64 way(const Gather *g, gint64 owner, gint64 place) {
  return g->vector + g->feed + (ABS(owner - place) - 1) * g->hop;
}

/* The owner sends when the row before has passed it and both tokens are there. */
static void send(Gather *g, gint64 owner) {
  gint64 at = MAX(g->down[owner], g->up[owner]) + g->told;
  if (g->owner >= 0)
    at = MAX(at, g->sent + way(g, g->owner, owner));
  g->sent = at;
  g->owner = owner;
}

static void work(const Gather *g, const gint64 *before, gint64 *done) {
  for (gint64 p = 0; p < g->places; p++)
    done[p] = MAX(before[p], g->sent + way(g, g->owner, p)) + g->work[p];
}

static void step(Gather *g, const Cs3AttentionSteps *steps, gint64 job, gint64 visit) {
  gint64 row = job * g->c->visits + visit;
  gint64 *done = done_at(g, row), *before = done_at(g, row + g->c->buffers - 1);
  set_work(g, steps, visit);
  if (g->places == 1) {
    done[0] = before[0] + g->work[0];
    return;
  }
  pass_tokens(g, done); /* what lies there yet is of the row that had the buffer */
  send(g, visit / g->c->chunks);
  work(g, before, done);
}

static gint64 run(const Cs3AttentionCosts *c, const Cs3AttentionSteps *steps,
                  Cs3AttentionLimits limits) {
  g_auto(Gather) g = {0};
  gather_init(&g, c, limits);
  for (gint64 job = 0; job < c->jobs; job++)
    for (gint64 visit = 0; visit < c->visits; visit++)
      step(&g, steps, job, visit);
  const gint64 *done = done_at(&g, c->jobs * c->visits - 1);
  gint64 end = 0;
  for (gint64 p = 0; p < g.places; p++)
    end = MAX(end, done[p]);
  return end;
}

static gint64 links(const Cs3AttentionCosts *c) {
  return c->jobs * c->rows * c->vector;
}

/* Two tiles are on the way from room at every place over the tokens to the last visit. */
static double pace(const Cs3AttentionCosts *c, double chunk) {
  double latency = (double)(c->places * (c->feed + c->hop) + c->vector) + chunk;
  return MAX((double)(c->chunks * (c->vector + c->feed)),
             latency * (double)c->chunks / (double)c->buffers);
}

/* Rows both ways, to the first place one; tokens from end to end. */
static gint64 wavelets(const Cs3AttentionCosts *c) {
  return c->rows > 0 ? c->chunks * (2 * c->places - 1) * c->elements + 2 * c->rows * (c->places - 1)
                     : 0;
}

const Cs3AttentionOps cs3_attention_gather = {run, links, pace, wavelets};
