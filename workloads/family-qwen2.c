/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Qwen2 (1.5 to 2.5): Llama with biases on the query, key and value projections. */
#include "config.h"

#include "workloads/family.h"

#include "workloads/workload-error.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_OPTIONAL_DIM("num_key_value_heads", kv_heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("head_dim", head_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_FLAG("tie_word_embeddings", Cs3Model, tied_embedding),
    CS3_FIELD_END,
};

static void defaults(Cs3Model *model) {
  cs3_llama_defaults(model);
  model->qkv_bias = TRUE;
}

/* With use_sliding_window only some layers have a window: Cs3Model has one shape for all layers. */
static gboolean derive(Cs3Model *model, json_t *object, const char *source, GError **error) {
  model->rotary_dim = model->head_dim;
  if (!json_is_true(json_object_get(object, "use_sliding_window")))
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: use_sliding_window: expected false (windows that differ from layer to layer"
              " cannot be expressed), got true",
              source);
  return FALSE;
}

const Cs3Family cs3_family_qwen2 = {"qwen2", fields, defaults, derive, &cs3_llama_names};
