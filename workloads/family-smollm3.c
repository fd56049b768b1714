/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SmolLM3: Llama without rotary positions in every fourth layer. */
#include "config.h"

#include "workloads/compose-decoder.h"

enum { ROTARY, NO_ROTARY };
static const char *const kinds[] = {"rotary", "plain", NULL};

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_FLAG("mlp_bias", mlp_bias),
    CS3_DECODER_WINDOW,
    CS3_DECODER_FLAG("use_sliding_window", use_window),
    CS3_DECODER_INT("max_window_layers", full_layers, 0, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_READ("layer_types"),
    CS3_DECODER_INT("no_rope_layer_interval", period, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_READ("no_rope_layers"),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 36,
                                                         .hidden = 2048,
                                                         .heads = 16,
                                                         .kv_heads = 4,
                                                         .ffn = 11008,
                                                         .vocab = 128256,
                                                         .max_seq = 32768,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1,
                                                         .tied = TRUE},
                                                   .period = 4};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  json_t *rotated = json_object_get(object, "no_rope_layers");
  if (c->use_window)
    return cs3_config_fail(error, source, "use_sliding_window",
                           json_object_get(object, "use_sliding_window"), "false");
  c->d.window = 0;
  if (json_is_array(rotated) && (gint64)json_array_size(rotated) != c->d.layers)
    return cs3_config_fail(error, source, "no_rope_layers", rotated, "a number for every layer");
  c->d.kinds = g_new0(guint8, c->d.layers);
  for (gint64 i = 0; i < c->d.layers; i++) {
    gboolean turns = json_is_array(rotated)
                         ? json_integer_value(json_array_get(rotated, (gsize)i)) != 0
                         : (i + 1) % MAX(c->period, 1) != 0;
    c->d.kinds[i] = turns ? ROTARY : NO_ROTARY;
  }
  return TRUE;
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  Cs3MlpPart mlp = cs3_llama_mlp;
  mlp.bias = c->mlp_bias;
  attention.no_rotary = kind == NO_ROTARY;
  return cs3_compose_llama_block(b, &c->d, &attention, &mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = kinds;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_smollm3 = {
    .name = "smollm3",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
