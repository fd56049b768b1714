/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ministral: Mistral whose layers may see all tokens. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,   CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM, CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_WINDOW, CS3_FIELD_READ("layer_types"),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 36,
                                                         .hidden = 4096,
                                                         .heads = 32,
                                                         .kv_heads = 8,
                                                         .ffn = 12288,
                                                         .vocab = 131072,
                                                         .max_seq = 131072,
                                                         .window = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  return cs3_layer_kinds_from(&c->d, 0, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.window = kind == CS3_LAYER_WINDOW ? c->d.window : 0;
  return cs3_compose_llama_block(b, &c->d, &attention, &cs3_llama_mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_layer_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_ministral = {
    .name = "ministral",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
