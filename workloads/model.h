/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decoder-only transformer, read from a Hugging Face style config.json. */
#pragma once

#include <glib.h>

typedef enum { CS3_NORM_LAYER, CS3_NORM_RMS } Cs3NormKind;
typedef enum { CS3_ACTIVATION_RELU, CS3_ACTIVATION_GELU, CS3_ACTIVATION_SILU } Cs3Activation;

/* Upper limits of the dimensions. With them every product and sum that this folder forms stays
 * below 2^62 (checked by tests/unit/test-model.c), so no count can overflow. */
#define CS3_MODEL_MAX_LAYERS ((gint64)10000)
#define CS3_MODEL_MAX_WIDTH ((gint64)1 << 20) /* hidden, and heads x head_dim */
#define CS3_MODEL_MAX_FFN ((gint64)1 << 22)
#define CS3_MODEL_MAX_VOCAB ((gint64)1 << 24)
#define CS3_MODEL_MAX_SEQ ((gint64)1 << 24)

typedef struct {
  char *name;           /* preset name or file stem */
  char *family;         /* model_type: "llama", "mistral", "gpt2", ... */
  gint64 layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_seq;
  gint64 embed_dim;     /* token embedding width; where it differs from hidden (opt), a linear layer
                           on either side converts */
  gint64 position_rows; /* rows of a learned position table; 0 with rotary positions */
  gint64 rotary_dim;    /* rotated dimensions per head; 0 without rotary positions */
  gint64 window;        /* sliding attention window in tokens; 0: a token sees all others */
  gboolean gated_mlp;   /* gate and up projections */
  gboolean tied_embedding;
  gboolean qkv_bias, attn_out_bias, mlp_bias, lm_head_bias;
  gboolean parallel_residual; /* attention and MLP read the block's input */
  gint64 norms_per_layer;     /* 1 (gpt-j) or 2 */
  gboolean final_norm;
  gboolean norm_affine; /* norms have learned parameters */
  Cs3NormKind norm;
  Cs3Activation activation;
} Cs3Model;

/**
 * cs3_model_load: read @path, a config.json or a directory that holds one.
 * @name: name for the model, or %NULL for the file's stem.
 * Files above 16 MiB are refused; unknown keys are ignored, as Hugging Face readers do.
 * Returns: (transfer full) (nullable): the model; %NULL with @error set in CS3_WORKLOAD_ERROR:
 *   NO_INPUT (no such file), DATA (malformed JSON with line and column, unknown model_type with
 *   the known ones, missing key, wrong type, dimension out of range naming key, value and range),
 *   TOO_LARGE (file size).
 */
Cs3Model *cs3_model_load(const char *path, const char *name,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_model_parse: as cs3_model_load(), from @size bytes of JSON at @text.
 * @source: names the text in messages.
 */
Cs3Model *cs3_model_parse(const char *text, gsize size, const char *source, const char *name,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_model_free(Cs3Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Model, cs3_model_free)

/** cs3_model_parameters: exact parameter count (tied embeddings counted once). */
gint64 cs3_model_parameters(const Cs3Model *model);

/** cs3_norm_parameters: learned values of one norm over the hidden width. */
gint64 cs3_norm_parameters(const Cs3Model *model);
