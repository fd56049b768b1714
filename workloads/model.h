/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decoder-only transformer, read from a Hugging Face style config.json. */
#pragma once

#include <glib.h>

typedef enum { CS3_NORM_LAYER, CS3_NORM_RMS } Cs3NormKind;
typedef enum { CS3_ACTIVATION_RELU, CS3_ACTIVATION_GELU, CS3_ACTIVATION_SILU } Cs3Activation;

typedef struct {
  char *name;           /* preset name or file stem */
  char *family;         /* model_type: "llama", "mistral", "gpt2", ... */
  gint64 layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_seq;
  gint64 embed_dim;     /* token embedding width where it differs from hidden (opt), else hidden */
  gint64 position_rows; /* rows of a learned position table; 0 with rotary positions */
  gint64 rotary_dim;    /* rotated dimensions per head; 0 without rotary positions */
  gboolean gated_mlp;   /* gate and up projections */
  gboolean tied_embedding;
  gboolean qkv_bias, attn_out_bias, mlp_bias, lm_head_bias;
  gboolean parallel_residual; /* attention and MLP read the same normalised input */
  gint64 norms_per_layer;     /* 1 (gpt-j) or 2 */
  gboolean final_norm;
  Cs3NormKind norm;
  Cs3Activation activation;
} Cs3Model;

/**
 * cs3_model_load: read @path (a config.json).
 * @name: name for the model, or %NULL for the file's stem.
 * Returns: (transfer full) (nullable): the model; %NULL with @error set in CS3_WORKLOAD_ERROR
 *   (no such file, malformed JSON with line and column, unknown model_type with the known ones,
 *   missing or absurd dimension naming the key, value and accepted range).
 */
Cs3Model *cs3_model_load(const char *path, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_model_free(Cs3Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Model, cs3_model_free)

/** cs3_model_parameters: exact parameter count (tied embeddings counted once). */
gint64 cs3_model_parameters(const Cs3Model *model);
