/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One ring of places as a recurrence, job by job. Internal to fabric/attention/. */
#pragma once

#include "fabric/attention/machine.h"

typedef struct Cs3Ring Cs3Ring;

/** cs3_ring_new: (transfer full): at rest. @costs: borrowed. */
Cs3Ring *cs3_ring_new(const Cs3AttentionCosts *costs, Cs3AttentionLimits limits);
void cs3_ring_free(Cs3Ring *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Ring, cs3_ring_free)

/** cs3_ring_job: the visits of @job, after those of the job before, with the work of @part.
 * @resume: (nullable) (array): by place: its first visit does not begin before. */
void cs3_ring_job(Cs3Ring *ring, const Cs3AttentionSteps *steps, gint64 part, gint64 job,
                  const gint64 *resume);

/** cs3_ring_done: (transfer none) (array): by place: when the last visit of @job, the latest, was
 * over. */
const gint64 *cs3_ring_done(const Cs3Ring *ring, gint64 job);

/** cs3_ring_end: when all places are done and, backward, dK and dV of the last job are home. */
gint64 cs3_ring_end(const Cs3Ring *ring);

/** cs3_ring_pace: as Cs3AttentionOps. */
double cs3_ring_pace(const Cs3AttentionCosts *costs, double chunk);
