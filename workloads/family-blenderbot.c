/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blenderbot: norms before the layers, learned positions without an offset. */
#include "config.h"

#include "workloads/compose-seq2seq.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_SEQ2SEQ,
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_SEQ2SEQ, "encoder_no_repeat_ngram_size", NULL};

static void defaults(gpointer config) {
  *(Cs3Seq2Seq *)config = (Cs3Seq2Seq){.d = {.layers = 24,
                                             .hidden = 2560,
                                             .heads = 32,
                                             .ffn = 10240,
                                             .vocab = 8008,
                                             .max_seq = 128,
                                             .activation = CS3_ACTIVATION_GELU,
                                             .tied = TRUE},
                                       .encoder_layers = 2,
                                       .encoder_heads = 32,
                                       .encoder_ffn = 10240,
                                       .norm_before = TRUE};
}

const Cs3Family cs3_family_blenderbot = {
    .name = "blenderbot",
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
