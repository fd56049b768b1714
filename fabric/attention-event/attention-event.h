/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass of attention as programs on the event fabric: every wavelet of keys, values and their
 * gradients passes routers and queues and carries its numbers; places compute with what arrived.
 * One rectangle of PEs with most jobs stands for all. The cycles equal those of
 * cs3_attention_pass() for the same arguments. */
#pragma once

#include "fabric/attention/attention.h"
#include "fabric/event/event.h"

typedef struct Cs3AttentionEvent Cs3AttentionEvent;

typedef struct {
  const Cs3Hardware *hw; /* borrowed */
  Cs3AttentionShape shape;
  Cs3AttentionMapping mapping; /* must have passed cs3_attention_check() */
  guint64 seed;                /* of the numbers: uniform in [-1, 1], FP16 */
  gboolean singles;            /* every wavelet by itself: the same to the cycle */
} Cs3AttentionEventConfig;

typedef struct {
  gint64 cycles;
  gint64 pairs; /* scores computed in the rectangle, all query heads of its jobs */
  gint64 wrong; /* cs3_attention_event_compare(): outputs beyond what rounding explains */
  double error; /* largest departure from a plain attention in double precision */
  Cs3FabricStats stats;
} Cs3AttentionEventResult;

/**
 * cs3_attention_event_new: a rectangle's mesh with its programs loaded.
 * Returns: (transfer full) (nullable): %NULL with INFEASIBLE (does not fit a PE) or INVALID (hop,
 * ramp, link or buffers beyond what the event core runs).
 */
Cs3AttentionEvent *cs3_attention_event_new(const Cs3AttentionEventConfig *config,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_attention_event_free(Cs3AttentionEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3AttentionEvent, cs3_attention_event_free)

/** cs3_attention_event_fabric: (transfer none): for traces and heatmaps. */
Cs3Fabric *cs3_attention_event_fabric(Cs3AttentionEvent *event);
/** cs3_attention_event_size: columns and rows of the mesh. */
void cs3_attention_event_size(const Cs3AttentionEvent *event, guint *width, guint *height);

/** cs3_attention_event_run: runs the pass. Errors: those of cs3_fabric_run(), DEADLOCK. */
gboolean cs3_attention_event_run(Cs3AttentionEvent *event, Cs3AttentionEventResult *result,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_event_compare: compares every output of a finished run (o; dQ, dK, dV) with a
 * plain attention; wrong numbers are counted in @result. */
void cs3_attention_event_compare(const Cs3AttentionEvent *event, Cs3AttentionEventResult *result);
