/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best points of a sweep under a goal and constraints. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/cli/progress.h"
#include "sim/run/posterior.h"
#include "sim/study/sweep.h"

/* Points that a posterior is asked about: a second or more each. */
enum { CS3_OPTIMIZE_POSTERIOR = 16 };

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

/**
 * cs3_optimize_posterior: adds to those points of @record that text shows, the @top best or the
 * front, what machines of @posterior say: "posterior" with the band of each figure, and "best", the
 * share of these machines on which the point is the best of them.
 * @sweep: the points'. At most CS3_OPTIMIZE_POSTERIOR of them. Errors: as cs3_posterior_times().
 */
gboolean cs3_optimize_posterior(json_t *record, const Cs3Sweep *sweep, const json_t *lines,
                                const Cs3Optimum *optimum, guint top,
                                const Cs3PosteriorFile *posterior, Cs3Progress *progress,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_optimize_found: whether any point is allowed. */
gboolean cs3_optimize_found(const json_t *record);

/** cs3_optimize_shows: whether text shows @point, the @index-th best: one of the @top that are
 * allowed, or, with 0, of the front. */
gboolean cs3_optimize_shows(const json_t *point, size_t index, guint top);

/** cs3_optimize_text: the best point, then the @top best, or, with 0, the front. */
void cs3_optimize_text(const json_t *record, guint top, Cs3Output *output);

/** cs3_optimize_csv: a row a point. */
void cs3_optimize_csv(const json_t *record, Cs3Output *output);
