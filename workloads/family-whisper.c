/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whisper: an encoder of audio frames behind two convolutions, a decoder of text; keys without
 * bias. */
#include "config.h"

#include "workloads/compose-seq2seq.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_SEQ2SEQ,
    CS3_FIELD_DIM("max_target_positions", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_OF("max_source_positions", Cs3Seq2Seq, encoder_max, 1, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_OF("num_mel_bins", Cs3Seq2Seq, mels, 1, 65536),
    CS3_FIELD_END,
};

static const char *const harmless[] = {
    CS3_HARMLESS_SEQ2SEQ, "median_filter_width",   "use_weighted_layer_sum", "classifier_proj_size",
    "lang_ids",           "begin_suppress_tokens", "alignment_heads",        NULL};

static void defaults(gpointer config) {
  *(Cs3Seq2Seq *)config = (Cs3Seq2Seq){.d = {.layers = 4,
                                             .hidden = 384,
                                             .heads = 6,
                                             .ffn = 1536,
                                             .vocab = 51865,
                                             .max_seq = 448,
                                             .activation = CS3_ACTIVATION_GELU,
                                             .tied = TRUE},
                                       .encoder_layers = 4,
                                       .encoder_heads = 6,
                                       .encoder_ffn = 1536,
                                       .encoder_max = 1500,
                                       .mels = 80,
                                       .norm_before = TRUE,
                                       .k_unbiased = TRUE};
}

const Cs3Family cs3_family_whisper = {
    .name = "whisper",
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
