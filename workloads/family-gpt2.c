/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-2 and the GPT-3 style series: learned positions, fused QKV, biases, tied embedding. */
#include "config.h"

#include "workloads/family.h"

static const Cs3TensorNames names = {
    .block = "transformer.h.*.",
    .embedding = "transformer.wte.weight",
    .positions = "transformer.wpe.weight",
    .final_norm = "transformer.ln_f.weight",
    .lm_head = "lm_head.weight",
    .norm1 = "ln_1.weight",
    .norm2 = "ln_2.weight",
    .qkv = "attn.c_attn.weight",
    .out = "attn.c_proj.weight",
    .up = "mlp.c_fc.weight",
    .down = "mlp.c_proj.weight",
};

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("n_embd", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("n_inner", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("n_layer", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("n_head", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("n_positions", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_FLAG("tie_word_embeddings", Cs3Model, tied_embedding),
    CS3_FIELD_END,
};

static void defaults(Cs3Model *model) {
  model->activation = CS3_ACTIVATION_GELU;
  model->tied_embedding = TRUE;
  model->qkv_bias = model->attn_out_bias = model->mlp_bias = TRUE;
}

static gboolean derive(Cs3Model *model, json_t *object, const char *source, GError **error) {
  model->position_rows = model->max_seq;
  return TRUE;
}

const Cs3Family cs3_family_gpt2 = {"gpt2", fields, defaults, derive, &names};
