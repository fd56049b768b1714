/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention of some sequences on one wafer, outside of any model. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/output.h"
#include "fabric/attention/attention.h"
#include "sim/machine/machine.h"
#include "sim/wafer/layer-run.h"

typedef struct {
  const Cs3Machine *machine; /* borrowed */
  Cs3AttentionShape shape;
  Cs3AttentionForce force;
  Cs3Fidelity fidelity;
  guint64 seed; /* of the numbers that wavelets carry */
} Cs3AttentionConfig;

/**
 * cs3_attention_run: a pass on its best mapping. Returns: (transfer full) (nullable): the record
 * (schema cs3sim.attention/1: cycles, bound_cycles, efficiency, causes, bottleneck, mapping,
 * runner_up; event: one rectangle's wavelets, when asked for). Errors: as cs3_attention_choose();
 * INFEASIBLE: too many wavelets to move one by one.
 */
json_t *cs3_attention_run(const Cs3AttentionConfig *config,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_record_text: the record for people. */
void cs3_attention_record_text(const json_t *record, Cs3Output *output);
/** cs3_attention_record_csv: the record as one row. */
void cs3_attention_record_csv(const json_t *record, Cs3Output *output);
