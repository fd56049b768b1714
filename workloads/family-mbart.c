/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mBART: BART with norms before the layers and at either end. */
#include "config.h"

#include "workloads/compose-seq2seq.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_SEQ2SEQ,
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_SEQ2SEQ, NULL};

static void defaults(gpointer config) {
  *(Cs3Seq2Seq *)config = (Cs3Seq2Seq){.d = {.layers = 12,
                                             .hidden = 1024,
                                             .heads = 16,
                                             .ffn = 4096,
                                             .vocab = 50265,
                                             .max_seq = 1024,
                                             .activation = CS3_ACTIVATION_GELU,
                                             .tied = TRUE},
                                       .encoder_layers = 12,
                                       .encoder_heads = 16,
                                       .encoder_ffn = 4096,
                                       .position_offset = 2,
                                       .embedding_norm = TRUE,
                                       .norm_before = TRUE};
}

const Cs3Family cs3_family_mbart = {
    .name = "mbart",
    .config_size = sizeof(Cs3Seq2Seq),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_seq2seq_heads,
    .facts = cs3_seq2seq_facts,
    .defaults = defaults,
    .derive = cs3_seq2seq_derive,
    .lengths = cs3_seq2seq_lengths,
    .build = cs3_seq2seq_build,
};
