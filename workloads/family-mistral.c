/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mistral: Llama with a sliding attention window and no biases. */
#include "config.h"

#include "workloads/family.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_OPTIONAL_DIM("num_key_value_heads", kv_heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("head_dim", head_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("sliding_window", window, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_FLAG("tie_word_embeddings", Cs3Model, tied_embedding),
    CS3_FIELD_END,
};

static void defaults(Cs3Model *model) {
  cs3_llama_defaults(model);
  model->window = 4096;
}

static gboolean derive(Cs3Model *model, json_t *object, const char *source, GError **error) {
  model->rotary_dim = model->head_dim;
  return TRUE;
}

const Cs3Family cs3_family_mistral = {"mistral", fields, defaults, derive, &cs3_llama_names};
