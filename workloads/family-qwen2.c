/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Qwen2 (1.5 to 2.5): Llama with biases on the query, key and value projections; upper layers may
 * have a window. */
#include "config.h"

#include "workloads/compose.h"
#include "workloads/layer-kinds.h"

typedef struct {
  Cs3Dims d;
  gboolean use_window;
  gint64 full_layers; /* from the bottom, before the first with a window */
} Config;

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_OPTIONAL_DIM("sliding_window", window, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_FLAG("use_sliding_window", Config, use_window),
    CS3_FIELD_NULLABLE("max_window_layers", Config, full_layers, 0, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_READ("layer_types"),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  Config *c = config;
  c->d = (Cs3Dims){.layers = 32,
                   .hidden = 4096,
                   .heads = 32,
                   .kv_heads = 32,
                   .ffn = 22016,
                   .vocab = 151936,
                   .max_seq = 32768,
                   .window = 4096,
                   .activation = CS3_ACTIVATION_SILU,
                   .rotary_share = 1};
  c->full_layers = 28;
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  if (!c->use_window)
    c->d.window = 0;
  return cs3_layer_kinds_from(&c->d, c->full_layers, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Config *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = TRUE;
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

const Cs3Family cs3_family_qwen2 = {
    .name = "qwen2",
    .config_size = sizeof(Config),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
