/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a sample is, in words. */
#include "config.h"

#include "sim/run/lengths.h"

#include <string.h>

#include "base/plain-text.h"
#include "workloads/workload-error.h"

static const struct {
  const char *name;
  Cs3AttentionMask mask;
  gboolean reach; /* NAME:TOKENS */
} kinds[] = {
    {"model", CS3_MASK_MODEL, FALSE},  {"causal", CS3_MASK_CAUSAL, FALSE},
    {"full", CS3_MASK_FULL, FALSE},    {"window", CS3_MASK_WINDOW, TRUE},
    {"packed", CS3_MASK_PACKED, TRUE},
};

static gboolean refuse(const char *text, GError **error) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "--attention %s: expected model, causal, full, window:TOKENS or packed:TOKENS "
              "with 1 to %" G_GINT64_FORMAT " tokens",
              CS3_CUT(text), CS3_MODEL_MAX_SEQ);
  return FALSE;
}

gboolean cs3_attention_parse(const char *text, Cs3Lengths *lengths, GError **error) {
  g_auto(GStrv) parts = g_strsplit(text, ":", 2);
  for (gsize i = 0; parts[0] != NULL && i < G_N_ELEMENTS(kinds); i++) {
    if (strcmp(parts[0], kinds[i].name) != 0 || kinds[i].reach != (parts[1] != NULL))
      continue;
    if (kinds[i].reach &&
        !g_ascii_string_to_signed(parts[1], 10, 1, CS3_MODEL_MAX_SEQ, &lengths->reach, NULL))
      return refuse(text, error);
    lengths->attention = kinds[i].mask;
    return TRUE;
  }
  return refuse(text, error);
}

char *cs3_attention_text(const Cs3Lengths *lengths) {
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (kinds[i].mask == lengths->attention)
      return kinds[i].reach ? g_strdup_printf("%s:%" G_GINT64_FORMAT, kinds[i].name, lengths->reach)
                            : g_strdup(kinds[i].name);
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
