/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-NeoX and Pythia: fused QKV, partly rotated heads, usually a parallel residual. */
#include "config.h"

#include "workloads/family.h"

static const Cs3TensorNames names = {
    .block = "gpt_neox.layers.*.",
    .embedding = "gpt_neox.embed_in.weight",
    .final_norm = "gpt_neox.final_layer_norm.weight",
    .lm_head = "embed_out.weight",
    .norm1 = "input_layernorm.weight",
    .norm2 = "post_attention_layernorm.weight",
    .qkv = "attention.query_key_value.weight",
    .out = "attention.dense.weight",
    .up = "mlp.dense_h_to_4h.weight",
    .down = "mlp.dense_4h_to_h.weight",
};

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_FLAG("tie_word_embeddings", Cs3Model, tied_embedding),
    CS3_FIELD_FLAG("attention_bias", Cs3Model, qkv_bias),
    CS3_FIELD_FLAG("use_parallel_residual", Cs3Model, parallel_residual),
    CS3_FIELD_END,
};

typedef struct {
  double rotary_pct;
} Extra;

static const Cs3Field extra_fields[] = {
    {.key = "rotary_pct", .type = CS3_FIELD_REAL, .offset = offsetof(Extra, rotary_pct), .max = 1},
    CS3_FIELD_END,
};

static void defaults(Cs3Model *model) {
  model->activation = CS3_ACTIVATION_GELU;
  model->qkv_bias = model->mlp_bias = TRUE;
  model->parallel_residual = TRUE;
}

static gboolean derive(Cs3Model *model, json_t *object, const char *source, GError **error) {
  Extra extra = {.rotary_pct = 0.25};
  if (!cs3_config_read_fields(object, source, extra_fields, &extra, error))
    return FALSE;
  model->rotary_dim = (gint64)((double)model->head_dim * extra.rotary_pct);
  model->attn_out_bias = model->qkv_bias;
  return TRUE;
}

const Cs3Family cs3_family_gpt_neox = {"gpt_neox", fields, defaults, derive, &names};
