/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mistral: Llama with a sliding attention window and no biases. */
#include "config.h"

#include "workloads/compose.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_OPTIONAL_DIM("sliding_window", window, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3Dims *)config = (Cs3Dims){.layers = 32,
                                 .hidden = 4096,
                                 .heads = 32,
                                 .kv_heads = 8,
                                 .ffn = 14336,
                                 .vocab = 32000,
                                 .max_seq = 4096 * 32,
                                 .window = 4096,
                                 .activation = CS3_ACTIVATION_SILU,
                                 .rotary_share = 1};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3Dims *d = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.window = d->window;
  return cs3_compose_llama_block(b, d, &attention, &cs3_llama_mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_mistral = {
    .name = "mistral",
    .config_size = sizeof(Cs3Dims),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
