/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a sample is, in words. */
#include "config.h"

#include "sim/run/lengths.h"

#include <string.h>

#include "base/plain-text.h"
#include "workloads/attention-mask.h"
#include "workloads/workload-error.h"

/* NAME:TOKENS */
static gboolean has_reach(Cs3AttentionMask mask) {
  return mask == CS3_MASK_WINDOW || mask == CS3_MASK_PACKED;
}

static gboolean refuse(const char *text, GError **error) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "--attention %s: expected model, causal, full, window:TOKENS or packed:TOKENS "
              "with 1 to %" G_GINT64_FORMAT " tokens",
              CS3_CUT(text), CS3_MODEL_MAX_SEQ);
  return FALSE;
}

gboolean cs3_attention_parse(const char *text, Cs3Lengths *lengths, GError **error) {
  g_auto(GStrv) parts = g_strsplit(text, ":", 2);
  for (int i = 0; parts[0] != NULL && cs3_attention_mask_names[i] != NULL; i++) {
    Cs3AttentionMask mask = (Cs3AttentionMask)i;
    if (strcmp(parts[0], cs3_attention_mask_names[i]) != 0 || has_reach(mask) != (parts[1] != NULL))
      continue;
    if (has_reach(mask) &&
        !g_ascii_string_to_signed(parts[1], 10, 1, CS3_MODEL_MAX_SEQ, &lengths->reach, NULL))
      return refuse(text, error);
    lengths->attention = mask;
    return TRUE;
  }
  return refuse(text, error);
}

char *cs3_attention_text(const Cs3Lengths *lengths) {
  const char *name = cs3_attention_mask_names[lengths->attention];
  return has_reach(lengths->attention)
             ? g_strdup_printf("%s:%" G_GINT64_FORMAT, name, lengths->reach)
             : g_strdup(name);
}

char *cs3_length_default_note(const Cs3Graph *graph) {
  gint64 longest = cs3_model_fact(graph->model, "max_seq");
  if (graph->lengths.seq != CS3_MODEL_DEFAULT_SEQ || longest <= graph->lengths.seq)
    return NULL;
  return g_strdup_printf("sequences of %" G_GINT64_FORMAT " tokens, as models are trained on; %s "
                         "has %" G_GINT64_FORMAT " positions (--seq)",
                         graph->lengths.seq, graph->model->name, longest);
}
