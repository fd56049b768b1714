/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Llama (1, 2 and 3): rotary positions, RMS norms, gated MLP, grouped-query attention. */
#include "config.h"

#include "workloads/family.h"

const Cs3TensorNames cs3_llama_names = {
    .block = "model.layers.*.",
    .embedding = "model.embed_tokens.weight",
    .final_norm = "model.norm.weight",
    .lm_head = "lm_head.weight",
    .norm1 = "input_layernorm.weight",
    .norm2 = "post_attention_layernorm.weight",
    .q = "self_attn.q_proj.weight",
    .k = "self_attn.k_proj.weight",
    .v = "self_attn.v_proj.weight",
    .out = "self_attn.o_proj.weight",
    .gate = "mlp.gate_proj.weight",
    .up = "mlp.up_proj.weight",
    .down = "mlp.down_proj.weight",
};

void cs3_llama_defaults(Cs3Model *model) {
  model->norm = CS3_NORM_RMS;
  model->activation = CS3_ACTIVATION_SILU;
  model->gated_mlp = TRUE;
}

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_OPTIONAL_DIM("num_key_value_heads", kv_heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("head_dim", head_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_FLAG("tie_word_embeddings", Cs3Model, tied_embedding),
    CS3_FIELD_FLAG("attention_bias", Cs3Model, qkv_bias),
    CS3_FIELD_FLAG("mlp_bias", Cs3Model, mlp_bias),
    CS3_FIELD_END,
};

static gboolean derive(Cs3Model *model, json_t *object, const char *source, GError **error) {
  model->rotary_dim = model->head_dim;
  model->attn_out_bias = model->qkv_bias;
  return TRUE;
}

const Cs3Family cs3_family_llama = {"llama", fields, cs3_llama_defaults, derive, &cs3_llama_names};
