/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoder-decoders in the way of the original transformer (BART's names): what its families share.
 */
#pragma once

#include "workloads/compose.h"

/* Config of these families; `d` is the decoder's. */
typedef struct {
  Cs3Dims d;
  gint64 encoder_layers, encoder_heads, encoder_ffn, encoder_max;
  gint64 mels;            /* features of a frame that two convolutions read (whisper); 0: tokens */
  gint64 position_offset; /* rows of a position table that no position uses */
  gboolean fixed_positions; /* not learned, not stored */
  gboolean norm_before; /* norms before the layers and at either end; otherwise behind the layers */
  gboolean embedding_norm;
  gboolean k_unbiased;
} Cs3Seq2Seq;

/* Keys that these families share; ends the field table but for CS3_FIELD_END. */
#define CS3_FIELDS_SEQ2SEQ                                                                         \
  CS3_FIELD_DIM("d_model", hidden, CS3_MODEL_MAX_WIDTH),                                           \
      CS3_FIELD_DIM("decoder_layers", layers, CS3_MODEL_MAX_LAYERS),                               \
      CS3_FIELD_DIM("decoder_attention_heads", heads, CS3_MODEL_MAX_WIDTH),                        \
      CS3_FIELD_DIM("decoder_ffn_dim", ffn, CS3_MODEL_MAX_FFN),                                    \
      CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),                                     \
      CS3_FIELD_OF("encoder_layers", Cs3Seq2Seq, encoder_layers, 1, CS3_MODEL_MAX_LAYERS),         \
      CS3_FIELD_OF("encoder_attention_heads", Cs3Seq2Seq, encoder_heads, 1, CS3_MODEL_MAX_WIDTH),  \
      CS3_FIELD_OF("encoder_ffn_dim", Cs3Seq2Seq, encoder_ffn, 1, CS3_MODEL_MAX_FFN),              \
      CS3_FIELD_ACTIVATION("activation_function"), CS3_FIELD_TIED

/* Keys of these families that change nothing, to begin a list. */
#define CS3_HARMLESS_SEQ2SEQ                                                                       \
  "is_decoder", "num_hidden_layers", "extra_pos_embeddings", "static_position_embeddings",         \
      "gradient_checkpointing", "normalize_before", "normalize_embedding", "add_final_layer_norm", \
      "add_bias_logits", "classif_dropout"

extern const Cs3Head cs3_seq2seq_heads[];
extern const Cs3FactField cs3_seq2seq_facts[];

/** cs3_seq2seq_derive: what follows from other keys. Errors: as of Cs3Family.derive. */
gboolean cs3_seq2seq_derive(gpointer config, json_t *object, const char *source,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_seq2seq_lengths: lengths of source and target. */
void cs3_seq2seq_lengths(gconstpointer config, Cs3LengthRules *rules);
/** cs3_seq2seq_build: the whole network. */
void cs3_seq2seq_build(Cs3Builder *b, gconstpointer config);
