/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-J: parallel residual behind one norm, rotary positions on part of a head, untied biased head.
 */
#include "config.h"

#include "workloads/family.h"

static const Cs3TensorNames names = {
    .block = "transformer.h.*.",
    .embedding = "transformer.wte.weight",
    .final_norm = "transformer.ln_f.weight",
    .lm_head = "lm_head.weight",
    .norm1 = "ln_1.weight",
    .q = "attn.q_proj.weight",
    .k = "attn.k_proj.weight",
    .v = "attn.v_proj.weight",
    .out = "attn.out_proj.weight",
    .up = "mlp.fc_in.weight",
    .down = "mlp.fc_out.weight",
};

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("n_embd", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OPTIONAL_DIM("n_inner", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("n_layer", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("n_head", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("n_positions", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_DIM("rotary_dim", rotary_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_FLAG("tie_word_embeddings", Cs3Model, tied_embedding),
    CS3_FIELD_END,
};

static void defaults(Cs3Model *model) {
  model->activation = CS3_ACTIVATION_GELU;
  model->mlp_bias = TRUE;
  model->lm_head_bias = TRUE;
  model->parallel_residual = TRUE;
  model->norms_per_layer = 1;
}

const Cs3Family cs3_family_gptj = {"gptj", fields, defaults, NULL, &names};
