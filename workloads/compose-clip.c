/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CLIP's towers: a causal one of text, a vision transformer; norms before the layers. */
#include "config.h"

#include "workloads/compose-clip.h"

const Cs3Field cs3_clip_text_fields[] = {
    CS3_FIELD_OF("hidden_size", Cs3Dims, hidden, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("intermediate_size", Cs3Dims, ffn, 1, CS3_MODEL_MAX_FFN),
    CS3_FIELD_OF("num_hidden_layers", Cs3Dims, layers, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_OF("num_attention_heads", Cs3Dims, heads, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("vocab_size", Cs3Dims, vocab, 1, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_OF("max_position_embeddings", Cs3Dims, max_seq, 1, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_END,
};

const Cs3Field cs3_clip_vision_fields[] = {
    CS3_FIELD_OF("hidden_size", Cs3Dims, hidden, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("intermediate_size", Cs3Dims, ffn, 1, CS3_MODEL_MAX_FFN),
    CS3_FIELD_OF("num_hidden_layers", Cs3Dims, layers, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_OF("num_attention_heads", Cs3Dims, heads, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("image_size", Cs3Vision, image, 1, 65536),
    CS3_FIELD_OF("patch_size", Cs3Vision, patch, 1, 65536),
    CS3_FIELD_OF("num_channels", Cs3Vision, channels, 1, 65536),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_END,
};

/* The projection is the whole network's, or none. */
const char *const cs3_clip_harmless[] = {"projection_dim", "tie_word_embeddings", NULL};

void cs3_clip_text_defaults(gpointer config) {
  *(Cs3Dims *)config = (Cs3Dims){.layers = 12,
                                 .hidden = 512,
                                 .heads = 8,
                                 .ffn = 2048,
                                 .vocab = 49408,
                                 .max_seq = 77,
                                 .activation = CS3_ACTIVATION_GELU};
}

void cs3_clip_vision_defaults(gpointer config) {
  *(Cs3Vision *)config = (Cs3Vision){.d = {.layers = 12,
                                           .hidden = 768,
                                           .heads = 12,
                                           .ffn = 3072,
                                           .activation = CS3_ACTIVATION_GELU},
                                     .image = 224,
                                     .patch = 32,
                                     .channels = 3};
}

static Cs3Act block(Cs3Builder *b, const Cs3Dims *d, gboolean causal, Cs3Act x) {
  Cs3AttentionPart attention = {.q = "self_attn.q_proj.weight",
                                .k = "self_attn.k_proj.weight",
                                .v = "self_attn.v_proj.weight",
                                .out = "self_attn.out_proj.weight",
                                .qkv_bias = TRUE,
                                .out_bias = TRUE,
                                .causal = causal};
  static const Cs3MlpPart mlp = {.up = "mlp.fc1.weight", .down = "mlp.fc2.weight", .bias = TRUE};
  return cs3_compose_prenorm_block(b, d, &attention, &mlp, CS3_NORM_LAYER, "layer_norm1.weight",
                                   "layer_norm2.weight", x);
}

static Cs3Act text_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  return block(b, config, TRUE, x);
}

static Cs3Act vision_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  return block(b, config, FALSE, x);
}

Cs3Act cs3_clip_text(Cs3Builder *b, const Cs3Dims *d, const char *prefix, const char *name) {
  double rows = (double)cs3_build_lengths(b)->seq;
  g_autofree char *embedding = g_strconcat(name, "embedding", NULL);
  g_autofree char *encoder = g_strconcat(name, "encoder", NULL);
  g_autofree char *head = g_strconcat(name, "head", NULL);
  g_autofree char *blocks = g_strconcat(prefix, "encoder.layers.*.", NULL);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = embedding, .prefix = prefix, .rows = rows});
  Cs3Act x = cs3_build_embedding(b, "embed_tokens", "embeddings.token_embedding.weight", d->vocab,
                                 d->hidden);
  x = cs3_build_positions(b, "embed_positions", "embeddings.position_embedding.weight", d->max_seq,
                          x);
  cs3_build_output(b, x);
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = encoder,
                                .prefix = blocks,
                                .layers = d->layers,
                                .hidden = d->hidden,
                                .rows = rows,
                                .block = text_block},
                    d);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = head, .rows = rows});
  g_autofree char *norm = g_strconcat(prefix, "final_layer_norm.weight", NULL);
  x = cs3_build_input(b, "hidden", d->hidden);
  return cs3_build_norm(b, "final_norm", norm, x, CS3_NORM_LAYER);
}

Cs3Act cs3_clip_vision(Cs3Builder *b, const Cs3Vision *c, const char *prefix, const char *name) {
  g_autofree char *patches = g_strconcat(prefix, "embeddings.patch_embedding.weight", NULL);
  g_autofree char *token = g_strconcat(prefix, "embeddings.class_embedding", NULL);
  g_autofree char *positions = g_strconcat(prefix, "embeddings.position_embedding.weight", NULL);
  g_autofree char *before = g_strconcat(prefix, "pre_layrnorm.weight", NULL);
  g_autofree char *blocks = g_strconcat(prefix, "encoder.layers.*.", NULL);
  g_autofree char *after = g_strconcat(prefix, "post_layernorm.weight", NULL);
  return cs3_compose_vision(b, c,
                            &(Cs3VisionParts){.patches = patches,
                                              .patches_unbiased = TRUE,
                                              .class_token = token,
                                              .specials = 1,
                                              .positions = positions,
                                              .position_rows = cs3_vision_table(c) + 1,
                                              .pre_norm = before,
                                              .blocks = blocks,
                                              .final_norm = after,
                                              .block = vision_block},
                            name);
}
