/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OPT: learned positions behind an offset of 2, ReLU, tied embedding that may be narrower. */
#include "config.h"

#include "workloads/family.h"

/* The position table holds two rows that no position uses. */
enum { POSITION_OFFSET = 2 };

static const Cs3TensorNames names = {
    .block = "model.decoder.layers.*.",
    .embedding = "model.decoder.embed_tokens.weight",
    .positions = "model.decoder.embed_positions.weight",
    .project_in = "model.decoder.project_in.weight",
    .project_out = "model.decoder.project_out.weight",
    .final_norm = "model.decoder.final_layer_norm.weight",
    .lm_head = "lm_head.weight",
    .norm1 = "self_attn_layer_norm.weight",
    .norm2 = "final_layer_norm.weight",
    .q = "self_attn.q_proj.weight",
    .k = "self_attn.k_proj.weight",
    .v = "self_attn.v_proj.weight",
    .out = "self_attn.out_proj.weight",
    .up = "fc1.weight",
    .down = "fc2.weight",
};

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("ffn_dim", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_OPTIONAL_DIM("word_embed_proj_dim", embed_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_FLAG("tie_word_embeddings", Cs3Model, tied_embedding),
    CS3_FIELD_FLAG("layer_norm_elementwise_affine", Cs3Model, norm_affine),
    CS3_FIELD_FLAG("enable_bias", Cs3Model, qkv_bias),
    CS3_FIELD_END,
};

typedef struct {
  gboolean norm_before, remove_final_norm;
} Extra;

static const Cs3Field extra_fields[] = {
    CS3_FIELD_FLAG("do_layer_norm_before", Extra, norm_before),
    CS3_FIELD_FLAG("_remove_final_layer_norm", Extra, remove_final_norm),
    CS3_FIELD_END,
};

static void defaults(Cs3Model *model) {
  model->activation = CS3_ACTIVATION_RELU;
  model->tied_embedding = TRUE;
  model->qkv_bias = TRUE;
}

static gboolean derive(Cs3Model *model, json_t *object, const char *source, GError **error) {
  Extra extra = {.norm_before = TRUE};
  if (!cs3_config_read_fields(object, source, extra_fields, &extra, error))
    return FALSE;
  model->attn_out_bias = model->mlp_bias = model->qkv_bias;
  model->position_rows = model->max_seq + POSITION_OFFSET;
  model->final_norm = extra.norm_before && !extra.remove_final_norm;
  return TRUE;
}

const Cs3Family cs3_family_opt = {"opt", fields, defaults, derive, &names};
