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
} Cs3DecodeWork;

/** cs3_decode_work: of @graph, a decoder; no embedding, of which a token reads a row. */
Cs3DecodeWork cs3_decode_work(const Cs3Graph *graph, const Cs3Sparsity *sparsity);

/** cs3_decode_weights_of: weights of all instances and copies of @node; 0: it is not linear. */
double cs3_decode_weights_of(const Cs3Graph *graph, const Cs3Node *node);

/** cs3_decode_weight_bytes: of the weights that @batch tokens read, in @storage: of experts those
 * that one of the tokens is expected to be sent to. INFINITY: of all. */
double cs3_decode_weight_bytes(const Cs3DecodeWork *work, const Cs3WeightStorage *storage,
                               double batch);

/** cs3_decode_kv_bytes: of keys and values of @tokens of one sequence, 16 bits each; windows cut.
 */
double cs3_decode_kv_bytes(const Cs3Graph *graph, double tokens);

/** cs3_decode_attention_macs: of one token over @tokens in the cache. */
double cs3_decode_attention_macs(const Cs3Graph *graph, double tokens);

typedef struct {
  char *name, *description, *source;
  double bandwidth; /* bytes/s that it reaches */
  double flops;     /* FLOP/s that it reaches, at 16 bits on a GPU, at 32 on a CPU */
  double layer_s;   /* a block's time beside them */
  gint64 skips;     /* 1: its kernels leave zeros out of the arithmetic */
  gint64 bytes;     /* of a weight as it comes: 4 or 2 */
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
