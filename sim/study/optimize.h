/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best points of a sweep under a goal and constraints. */
#pragma once

#include <jansson.h>

#include "base/output.h"

/* What is sought. */
typedef enum {
  CS3_GOAL_TOKENS_PER_S,
  CS3_GOAL_TOKENS_PER_JOULE,
  CS3_GOAL_DAYS,    /* to train on a number of tokens; the least */
  CS3_GOAL_SPEEDUP, /* over the dense step */
} Cs3Goal;

/** cs3_goal_names: (transfer none): NULL-terminated, indexed by #Cs3Goal. */
const char *const *cs3_goal_names(void);

typedef struct {
  Cs3Goal goal;
  double tokens;    /* of the whole training, for DAYS */
  double max_watts; /* mean power of all systems; 0: any */
  double max_days;  /* 0: any */
} Cs3Optimum;

/**
 * cs3_optimize: judge @points, an array of lines of a sweep (sim/study/sweep.h).
 * Returns: (transfer full): every point with its figures, whether it is allowed, whether it is
 *   on the front (no allowed point is both faster and needs less energy), and whether its dense
 * step alone makes its speed-up larger than that of the fastest allowed point (dense_slower: it is
 * no faster itself); the best first.
 */
json_t *cs3_optimize(const json_t *points, const Cs3Optimum *optimum);

/** cs3_optimize_found: whether any point is allowed. */
gboolean cs3_optimize_found(const json_t *record);

/** cs3_optimize_text: the best point, then the @top best, or, with 0, the front. */
void cs3_optimize_text(const json_t *record, guint top, Cs3Output *output);

/** cs3_optimize_csv: a row a point. */
void cs3_optimize_csv(const json_t *record, Cs3Output *output);
