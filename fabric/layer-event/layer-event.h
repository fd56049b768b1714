/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass of a weight-streamed sparse layer as programs on the event fabric: every weight, partial
 * sum, store and gradient is a wavelet that passes routers and queues, and carries its value.
 * The cycles equal those of cs3_layer_pass() for the same arguments. */
#pragma once

#include "fabric/event/event.h"
#include "fabric/layer/layer.h"

typedef struct Cs3LayerEvent Cs3LayerEvent;

/** Cs3LayerAlive: whether the weight at (@row, @feature) of the pass's stream is alive. */
typedef gboolean (*Cs3LayerAlive)(gconstpointer mask, gint64 row, gint64 feature);

/* What the numbers are. */
typedef enum {
  CS3_LAYER_VALUES_REAL,  /* uniform in [-1, 1] */
  CS3_LAYER_VALUES_EXACT, /* -1, 0 and 1: up to 2048 of them are summed without rounding */
} Cs3LayerValues;

typedef struct {
  const Cs3Hardware *hw; /* borrowed */
  Cs3LayerShape shape;
  Cs3Mapping mapping;  /* must have passed cs3_mapping_check() */
  Cs3LayerAlive alive; /* (nullable): all weights are */
  gconstpointer mask;  /* borrowed */
  guint64 seed;        /* of the values */
  Cs3LayerValues values;
  gboolean plain;       /* FP16 in software even where the processor knows it: the same bits */
  gboolean singles;     /* every wavelet by itself: the same to the cycle */
  gboolean shared_ramp; /* weights and partial sums wait for each other at the ramp */
} Cs3LayerEventConfig;

typedef struct {
  gint64 cycles;
  gint64 macs; /* executed by the PEs, padding not counted */
  gint64 ingress_wavelets, egress_wavelets;
  gint64 wrong; /* cs3_layer_event_compare(): outputs beyond what rounding explains; EXACT: any that
                   differ */
  double error; /* largest departure from the plain sum */
  Cs3FabricStats stats;
} Cs3LayerEventResult;

/**
 * cs3_layer_event_new: the mesh with its programs loaded: column 0 is the edge at which weights
 * arrive and gradients leave, column x is token PE x - 1; lines are rows.
 * Returns: (transfer full) (nullable): %NULL with INFEASIBLE (does not fit a PE, a queue that the
 * programs use does not exist, wire formats of fewer bits than an index needs) or INVALID (hop,
 * ramp, link or buffers beyond what the event core runs).
 */
Cs3LayerEvent *cs3_layer_event_new(const Cs3LayerEventConfig *config,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_layer_event_free(Cs3LayerEvent *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3LayerEvent, cs3_layer_event_free)

/** cs3_layer_event_fabric: (transfer none): for traces and heatmaps. */
Cs3Fabric *cs3_layer_event_fabric(Cs3LayerEvent *layer);
/** cs3_layer_event_size: columns and rows of the mesh, edges included. */
void cs3_layer_event_size(const Cs3LayerEvent *layer, guint *width, guint *height);

/**
 * cs3_layer_event_run: runs the pass. Errors: those of cs3_fabric_run().
 */
gboolean cs3_layer_event_run(Cs3LayerEvent *layer, Cs3LayerEventResult *result,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_layer_event_compare: compares every output of a finished run with a plain sum; wrong numbers
 * are counted in @result. */
void cs3_layer_event_compare(const Cs3LayerEvent *layer, Cs3LayerEventResult *result);
