/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine that reads all weights for every token: bytes over its bandwidth, or the arithmetic
 * where that takes longer, and a fixed time a block. CPUs and GPUs; for the wafer wafer-decode.h.
 */
#pragma once

#include "sim/gpu/gpu.h"
#include "sim/inference/format.h"
#include "workloads/sparsity.h"

/* What decoding one token reads and computes. */
typedef struct {
  const Cs3Graph *graph;       /* borrowed */
  const Cs3Sparsity *sparsity; /* borrowed */
  double weights, live;        /* of linear layers, the head's included; experts: of all */
  double macs, live_macs;      /* of one token; of its experts alone */
  double blocks;               /* instances of blocks */
  double stages;               /* operators of a token that wait for each other, all instances */
  double encoder; /* tokens or frames whose keys and values are kept beside the sequence's own; 0 */
} Cs3DecodeWork;

/** cs3_decode_work: of @graph, a decoder (Cs3Lengths.decoding); no embedding, of which a token
 * reads a row. @encoder: tokens that an encoder has read; 0: there is none. */
Cs3DecodeWork cs3_decode_work(const Cs3Graph *graph, const Cs3Sparsity *sparsity, double encoder);

/** cs3_decode_weights_of: weights of all instances and copies of @node; 0: it is not linear. */
double cs3_decode_weights_of(const Cs3Graph *graph, const Cs3Node *node);

/** cs3_decode_weight_bytes: of the weights that @batch tokens read, in @storage: of E experts, k a
 * token, those that one of the tokens is expected to be sent to where all are as likely,
 * E (1 - (1 - k/E)^batch). INFINITY: of all. */
double cs3_decode_weight_bytes(const Cs3DecodeWork *work, const Cs3WeightStorage *storage,
                               double batch);

/** cs3_decode_weights_read: how many weights that are, zeros counted or, @live, not. */
double cs3_decode_weights_read(const Cs3DecodeWork *work, double batch, gboolean live);

/** cs3_decode_kv_bytes: of keys and values of @tokens of one sequence and of its encoder's, 16 bits
 * each; windows cut. */
double cs3_decode_kv_bytes(const Cs3DecodeWork *work, double tokens);

/** cs3_decode_attention_macs: of one token over @tokens in the cache, and over the encoder's. */
double cs3_decode_attention_macs(const Cs3DecodeWork *work, double tokens);

/** cs3_decode_held_bytes: of all parameters of @graph, the whole network: matrices in @storage at
 * their densities, embeddings, norms and biases at @each bytes. */
double cs3_decode_held_bytes(const Cs3Graph *graph, const Cs3Sparsity *sparsity,
                             const Cs3WeightStorage *storage, double each);

/** cs3_decode_activation_bytes: of what the operator of a block of @graph that has most reads and
 * writes for one sample, elements of @each bytes. Scores are never held whole. */
double cs3_decode_activation_bytes(const Cs3Graph *graph, double each);

/** cs3_prefill_macs: of one sample of @graph, attention as its masks leave it. @sparsity:
 * (nullable): of live weights alone. */
double cs3_prefill_macs(const Cs3Graph *graph, const Cs3Sparsity *sparsity);

typedef struct {
  char *name, *description, *source;
  double bandwidth;    /* bytes/s that it reaches */
  double flops;        /* FLOP/s that it reaches, at 16 bits on a GPU, at 32 on a CPU */
  double memory_bytes; /* for weights, keys, values and activations */
  double layer_s;      /* a block's time beside what bytes and arithmetic take */
  gint64 skips;        /* 1: its kernels leave zeros out of the arithmetic */
  gint64 bytes;        /* of a weight as it comes: 4 or 2 */
} Cs3Decoder;

/** cs3_decoder_load: a GPU (sim/gpu/gpu.h), or decoders/NAME.ini. Fails as cs3_gpu_load(). */
Cs3Decoder *cs3_decoder_load(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_decoder_free(Cs3Decoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Decoder, cs3_decoder_free)

typedef struct {
  double token_s;                      /* of one token of each of a batch's sequences */
  double memory_s, compute_s, fixed_s; /* the larger of the first two, and the third, are it */
} Cs3DecodeTime;

/**
 * cs3_decoder_time: a token of each of @batch sequences with @cache tokens each.
 * Dequantization and unpacking of a format are not counted: what its bytes alone allow.
 */
Cs3DecodeTime cs3_decoder_time(const Cs3Decoder *decoder, const Cs3DecodeWork *work,
                               const Cs3WeightStorage *storage, double batch, double cache);
