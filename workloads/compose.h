/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups of operators that many families share: attention with its projections, feed-forward
 * networks, stacks of blocks, heads. What differs is said by the family. */
#pragma once

#include "workloads/family.h"

/* Attention with its projections; widths are those of Cs3Dims. Tensor names follow the segment's
 * prefix. */
typedef struct {
  const char *label; /* put before the labels: "cross_"; NULL: nothing */
  const char *qkv;   /* one weight for all three; NULL: q, k, v */
  const char *q, *k, *v, *out;
  gboolean qkv_bias, out_bias;
  gboolean k_unbiased;         /* k has no bias although q and v have (whisper) */
  const char *q_norm, *k_norm; /* NULL: none */
  Cs3NormKind qk_norm;
  gboolean qk_norm_whole; /* over a whole row; otherwise head by head with one scale */
  gboolean qk_norm_each;  /* every head with a scale of its own; otherwise one for all */
  gboolean clip, softcap; /* q, k and v are clamped; scores go through tanh */
  gint64 window;
  gboolean causal, score_bias, sinks, no_rotary;
} Cs3AttentionPart;

/**
 * cs3_compose_attention: projections of @x, rotary positions, attention, projection to the hidden
 * width.
 * @memory: what keys and values are made of, another sequence (cross attention); CS3_NO_ACT: @x.
 * Where Cs3Lengths.decoding is set they are not made of @memory again: they were kept.
 */
Cs3Act cs3_compose_attention(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *part,
                             Cs3Act x, Cs3Act memory);

/* A feed-forward network. Either `gate_up`, one weight, or `gate` and `up`, or `up` alone (no
 * gate). */
typedef struct {
  const char *label; /* put before the labels: "shared_"; NULL: nothing */
  const char *gate_up, *gate, *up, *down;
  gboolean bias;
  gint64 ffn; /* 0: Cs3Dims.ffn */
} Cs3MlpPart;

/** cs3_compose_mlp: up (and gate), activation, down to the width of @x. */
Cs3Act cs3_compose_mlp(Cs3Builder *b, const Cs3Dims *d, const Cs3MlpPart *part, Cs3Act x);

/* A mixture of experts: router, the experts' network, combination. */
typedef struct {
  const char *router;
  gboolean router_bias;
  gint64 router_extra; /* stored numbers that balance the load beside the router's weight */
  Cs3Mixture mixture;
  Cs3MlpPart expert;
} Cs3MixturePart;

/** cs3_compose_mixture: @x through the experts that its rows are sent to. */
Cs3Act cs3_compose_mixture(Cs3Builder *b, const Cs3Dims *d, const Cs3MixturePart *part, Cs3Act x);

/* One block of @kind: from its input @x to its output. */
typedef Cs3Act (*Cs3BlockBuild)(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x);

/* Blocks one after the other, of one or of several kinds. */
typedef struct {
  const char *name, *prefix; /* "decoder", "model.layers.*." */
  gint64 layers, hidden;
  double rows;
  const char *const
      *kinds; /* names, appended to `name` where layers are of more than one kind; NULL: one kind */
  int (*kind)(gconstpointer config, gint64 layer); /* index in `kinds`; NULL: 0 */
  Cs3BlockBuild block;
} Cs3Stack;

/** cs3_compose_stack: a segment for every kind of block that @stack has. */
void cs3_compose_stack(Cs3Builder *b, const Cs3Stack *stack, gconstpointer config);

/* ...ForCausalLM, ...LMHeadModel, ...ForSequenceClassification, ...Model. */
extern const Cs3Head cs3_decoder_heads[];

/* A decoder-only language model around its blocks. */
typedef struct {
  const char *embedding, *positions; /* positions: NULL without a learned table */
  gint64 position_rows;
  const char *embedding_norm; /* NULL: none */
  const char *blocks;         /* prefix of the blocks' tensor names */
  const char *final_norm;     /* NULL: none */
  Cs3NormKind norm;
  const char *lm_head, *score; /* score: NULL: "score.weight" */
  gboolean lm_head_bias;
  gboolean logit_cap; /* logits go through tanh */
  const char *const *kinds;
  int (*kind)(gconstpointer config, gint64 layer);
  Cs3BlockBuild block;
} Cs3DecoderParts;

/** cs3_compose_decoder: embedding, blocks and head of a decoder whose config begins with Cs3Dims.
 */
void cs3_compose_decoder(Cs3Builder *b, gconstpointer config, const Cs3DecoderParts *parts);

/** cs3_compose_decoder_head: final norm and head of a decoder, in a segment of its own. */
void cs3_compose_decoder_head(Cs3Builder *b, const Cs3Dims *d, const Cs3DecoderParts *parts);

/** cs3_compose_decoder_output: the head that @d names, on @x, and its loss. */
void cs3_compose_decoder_output(Cs3Builder *b, const Cs3Dims *d, const Cs3DecoderParts *parts,
                                Cs3Act x);

/* Names and choices of Llama and of those that follow it. */
extern const Cs3AttentionPart cs3_llama_attention; /* causal, rotary; no biases */
extern const Cs3MlpPart cs3_llama_mlp;
extern const Cs3DecoderParts cs3_llama_parts; /* without `block` */

/** cs3_compose_prenorm_block: x + attention(norm(x)), then x + mlp(norm(x)), norms called @norm1
 * and @norm2. */
Cs3Act cs3_compose_prenorm_block(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *attention,
                                 const Cs3MlpPart *mlp, Cs3NormKind norm, const char *norm1,
                                 const char *norm2, Cs3Act x);

/** cs3_compose_postnorm_block: the same with the norms behind the sums: norm(x + attention(x)),
 * then norm(x + mlp(x)). */
Cs3Act cs3_compose_postnorm_block(Cs3Builder *b, const Cs3Dims *d,
                                  const Cs3AttentionPart *attention, const Cs3MlpPart *mlp,
                                  Cs3NormKind norm, const char *norm1, const char *norm2, Cs3Act x);

/** cs3_compose_llama_block: cs3_compose_prenorm_block() under Llama's names. */
Cs3Act cs3_compose_llama_block(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *attention,
                               const Cs3MlpPart *mlp, Cs3NormKind norm, Cs3Act x);
