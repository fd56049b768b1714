/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One linear layer on one wafer, outside of any model. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/output.h"
#include "sim/machine/machine.h"
#include "sim/map/mapper.h"
#include "sim/wafer/layer-conv.h"
#include "workloads/pattern.h"

/* What `cycles` is; ALL runs all three and takes the recurrence's. */
typedef enum {
  CS3_FIDELITY_RECURRENCE,
  CS3_FIDELITY_EVENT,
  CS3_FIDELITY_BOUND,
  CS3_FIDELITY_ALL
} Cs3Fidelity;

typedef struct {
  const Cs3Machine *machine;                /* borrowed */
  gint64 out_features, in_features, tokens; /* N, K, T; of a convolution K of one group */
  Cs3LayerConv conv;                        /* `shape.kernel` 0: it is none */
  Cs3Pass pass;
  double sparsity; /* in [0, 1) */
  Cs3Pattern pattern;
  guint64 seed;
  const Cs3Mask *mask; /* (nullable) borrowed: N x K of one group; else drawn from the pattern */
  const char *mask_file, *mask_tensor; /* (nullable) borrowed: where it is from */
  gboolean balance;                    /* also with the features of the lines in a balanced order */
  guint workers;
  Cs3MapForce force;
  Cs3Fidelity fidelity;
  Cs3Output *trace, *heatmap; /* (nullable) borrowed: of the wavelet-level run */
  guint64 trace_limit;
} Cs3LayerConfig;

/**
 * cs3_layer_run: the pass with sparse weights and, as baseline, with dense weights on their own
 * best mapping. Returns: (transfer full) (nullable): the record (schema cs3sim.layer/1: cycles,
 * causes, mapping, runner_up, imbalance, bound_cycles, bottleneck, speedup, dense; event: the
 * wavelet-level run of the sparse pass, when asked for).
 */
json_t *cs3_layer_run(const Cs3LayerConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_layer_text: the record for people. */
void cs3_layer_text(const json_t *record, Cs3Output *output);
