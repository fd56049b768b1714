/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The work of all places at every visit of a job. Places that do alike stand together. Internal to
 * fabric/attention/. */
#pragma once

#include "fabric/attention/costs.h"

/* Places up to `end`, itself not, from where the one before ends. */
typedef struct {
  gint64 end, work;
} Cs3WorkRun;

typedef struct {
  GArray *runs;  /* Cs3WorkRun */
  gint64 *first; /* by step, those of a part after each other: index of its first run; one more
                    than there are */
  Cs3AttentionWork total; /* of all places and visits */
} Cs3AttentionSteps;

/** cs3_attention_step: number of @visit, or with parts of the merge behind the visits, in @part. */
static inline gint64 cs3_attention_step(const Cs3AttentionCosts *c, gint64 part, gint64 visit) {
  return part * cs3_attention_job_steps(c) + visit;
}

/** cs3_attention_steps: (transfer full): of a job, the first @parts. */
Cs3AttentionSteps *cs3_attention_steps(const Cs3AttentionCosts *costs, gint64 parts);
void cs3_attention_steps_free(Cs3AttentionSteps *steps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3AttentionSteps, cs3_attention_steps_free)

/** cs3_attention_alike: whether what a place does depends only on how far its tile has come and on
 * how many tokens both have: then some places a visit stand for all. */
gboolean cs3_attention_alike(const Cs3AttentionCosts *costs);
