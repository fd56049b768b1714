/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a sample is, in words. */
#include "config.h"

#include "sim/run/lengths.h"

const char *const cs3_attention_names[] = {"full", "causal", "model", NULL};
const Cs3AttentionMask cs3_attention_masks[] = {CS3_MASK_FULL, CS3_MASK_CAUSAL, CS3_MASK_MODEL};

const char *cs3_attention_name(Cs3AttentionMask mask) {
  for (gsize i = 0; i < G_N_ELEMENTS(cs3_attention_masks); i++)
    if (cs3_attention_masks[i] == mask)
      return cs3_attention_names[i];
  g_return_val_if_reached(NULL);
}

char *cs3_length_default_note(const Cs3Graph *graph) {
  gint64 longest = cs3_model_fact(graph->model, "max_seq");
  if (graph->lengths.seq != CS3_MODEL_DEFAULT_SEQ || longest <= graph->lengths.seq)
    return NULL;
  return g_strdup_printf("sequences of %" G_GINT64_FORMAT " tokens, as models are trained on; %s "
                         "has %" G_GINT64_FORMAT " positions (--seq)",
                         graph->lengths.seq, graph->model->name, longest);
}
