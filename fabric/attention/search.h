/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mappings that there are, by estimate. Internal to fabric/attention/. */
#pragma once

#include "fabric/attention/machine.h"

/* A mapping that fits. */
typedef struct {
  Cs3AttentionMapping mapping;
  double estimate, sketch; /* cycles; sketch: 0: none was made */
  gint64 bound, places, parts, jobs;
  gint64 tokens; /* of a place: queries, at most */
  double steps;  /* of a run: cs3_attention_part_steps() of all parts */
  gboolean run;
} Cs3AttentionCandidate;

typedef struct {
  const Cs3Hardware *hw;
  const Cs3AttentionShape *shape;
  Cs3AttentionBase base;
  Cs3AttentionForce force;
  GArray *layouts;
  GArray *candidates; /* Cs3AttentionCandidate */
  double best;        /* estimate */
  double latest;      /* best estimate of the layout considered last */
  double hopeless;    /* a bound so many times the best estimate is not looked at */
  gboolean beyond;    /* the one considered last had such a bound: so will more chunks */
  gint64 considered;
  Cs3Memo *memo;   /* (nullable): of sketches */
  GError *refusal; /* of the first mapping that was refused */
} Cs3AttentionSearch;

/**
 * cs3_attention_search: all mappings that @force leaves and that could be the best: with the
 * machine's algorithm where none is forced and something fits with it. @search is to be cleared.
 * @hopeless: bounds of so many times the best estimate are left out.
 * Errors: as cs3_attention_choose().
 */
gboolean cs3_attention_search(Cs3AttentionSearch *search, const Cs3Hardware *hw,
                              const Cs3AttentionShape *shape, const Cs3AttentionForce *force,
                              double hopeless, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_add_neighbours: what is like @mapping but for a @part-th more or fewer lines or
 * tokens of a place, orders of tokens, chunks and ways to multiply scores, if it was no candidate.
 */
void cs3_attention_add_neighbours(Cs3AttentionSearch *search, const Cs3AttentionMapping *mapping,
                                  gint64 part);

void cs3_attention_search_clear(Cs3AttentionSearch *search);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3AttentionSearch, cs3_attention_search_clear)

/** cs3_attention_part_steps: places x visits of a part, all jobs: what a run takes; more of it
 * where each needs a look at a mask. */
double cs3_attention_part_steps(const Cs3AttentionCosts *costs);

/** cs3_attention_estimate: cycles, from some places' work; no fewer than @bound. */
double cs3_attention_estimate(const Cs3AttentionCosts *costs, gint64 bound);

/** cs3_attention_merges_time: grid: cycles of all jobs' sums, which go from line to line; else 0.
 */
double cs3_attention_merges_time(const Cs3AttentionCosts *costs);
