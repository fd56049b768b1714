/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups of operators that many families share. */
#include "config.h"

#include "workloads/compose.h"

const Cs3AttentionPart cs3_llama_attention = {
    .q = "self_attn.q_proj.weight",
    .k = "self_attn.k_proj.weight",
    .v = "self_attn.v_proj.weight",
    .out = "self_attn.o_proj.weight",
    .qk_norm = CS3_NORM_RMS,
    .causal = TRUE,
};

const Cs3MlpPart cs3_llama_mlp = {
    .gate = "mlp.gate_proj.weight",
    .up = "mlp.up_proj.weight",
    .down = "mlp.down_proj.weight",
};

const Cs3DecoderParts cs3_llama_parts = {
    .embedding = "model.embed_tokens.weight",
    .blocks = "model.layers.*.",
    .final_norm = "model.norm.weight",
    .norm = CS3_NORM_RMS,
    .lm_head = "lm_head.weight",
};

const Cs3Head cs3_decoder_heads[] = {
    {"ForCausalLM", CS3_HEAD_LM}, {"DoubleHeadsModel", CS3_HEAD_REFUSED},
    {"LMHeadModel", CS3_HEAD_LM}, {"ForSequenceClassification", CS3_HEAD_CLASS},
    {"Model", CS3_HEAD_NONE},     {NULL, 0},
};

/* "q_proj" behind the part's prefix; valid until the next call's label is made by the caller. */
static char *label_of(const char *prefix, const char *label) {
  return g_strconcat(prefix ? prefix : "", label, NULL);
}

static Cs3Act labelled_linear(Cs3Builder *b, const char *prefix, const char *label,
                              const char *tensor, Cs3Act x, gint64 out, gboolean bias) {
  g_autofree char *full = label_of(prefix, label);
  return cs3_build_linear(b, full, tensor, x, out, bias);
}

static void project(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *part, Cs3Act x,
                    Cs3Act memory, Cs3Act qkv[3]) {
  gint64 q = d->heads * d->head_dim, kv = d->kv_heads * d->head_dim;
  Cs3Act keys = memory == CS3_NO_ACT ? x : memory;
  if (part->qkv) {
    g_autofree char *label = label_of(part->label, "qkv_proj");
    cs3_build_linear_split(b, label, part->qkv, x, 3, (gint64[]){q, kv, kv}, part->qkv_bias, qkv);
    return;
  }
  gboolean bias = part->qkv_bias;
  qkv[0] = labelled_linear(b, part->label, "q_proj", part->q, x, q, bias);
  if (memory != CS3_NO_ACT && cs3_build_lengths(b)->decoding) {
    qkv[1] = cs3_build_outside(b, "kept keys", kv, cs3_build_rows(b, memory));
    qkv[2] = cs3_build_outside(b, "kept values", kv, cs3_build_rows(b, memory));
    return;
  }
  qkv[1] = labelled_linear(b, part->label, "k_proj", part->k, keys, kv, bias && !part->k_unbiased);
  qkv[2] = labelled_linear(b, part->label, "v_proj", part->v, keys, kv, bias);
}

static Cs3Act norm_one(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *part,
                       const char *label, const char *tensor, gint64 heads, Cs3Act x) {
  gint64 width = part->qk_norm_whole ? heads * d->head_dim : d->head_dim;
  x = cs3_build_head_norm(b, label, tensor, x, width, part->qk_norm);
  if (part->qk_norm_each)
    cs3_build_last(b)->parameters *= heads;
  return x;
}

static void prepare_heads(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *part,
                          Cs3Act qkv[3]) {
  static const char *const clips[] = {"clip_q", "clip_k", "clip_v"};
  for (guint i = 0; part->clip && i < G_N_ELEMENTS(clips); i++)
    qkv[i] = cs3_build_activation(b, clips[i], CS3_ACTIVATION_CLIP, qkv[i]);
  if (part->q_norm)
    qkv[0] = norm_one(b, d, part, "q_norm", part->q_norm, d->heads, qkv[0]);
  if (part->k_norm)
    qkv[1] = norm_one(b, d, part, "k_norm", part->k_norm, d->kv_heads, qkv[1]);
}

Cs3Act cs3_compose_attention(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *part,
                             Cs3Act x, Cs3Act memory) {
  Cs3Act qkv[3];
  project(b, d, part, x, memory, qkv);
  prepare_heads(b, d, part, qkv);
  if (d->rotary_dim > 0 && !part->no_rotary)
    cs3_build_rotary(b, &qkv[0], d->heads * d->rotary_dim, &qkv[1], d->kv_heads * d->rotary_dim);
  Cs3AttentionSpec shape = {
      .prefix = part->label,
      .heads = d->heads,
      .kv_heads = d->kv_heads,
      .head_dim = d->head_dim,
      .window = part->window,
      .causal = part->causal,
      .cross = memory != CS3_NO_ACT,
      .bias = part->score_bias,
      .sinks = part->sinks,
      .softcap = part->softcap,
  };
  Cs3Act y = cs3_build_attention(b, &shape, qkv[0], qkv[1], qkv[2]);
  return labelled_linear(b, part->label, "o_proj", part->out, y, d->hidden, part->out_bias);
}

Cs3Act cs3_compose_mlp(Cs3Builder *b, const Cs3Dims *d, const Cs3MlpPart *part, Cs3Act x) {
  gint64 ffn = part->ffn > 0 ? part->ffn : d->ffn, width = cs3_build_width(b, x);
  g_autofree char *activation = label_of(part->label, "activation");
  Cs3Act y, gated[2];
  if (part->gate_up) {
    g_autofree char *label = label_of(part->label, "gate_up_proj");
    cs3_build_linear_split(b, label, part->gate_up, x, 2, (gint64[]){ffn, ffn}, part->bias, gated);
    y = cs3_build_gate(b, activation, d->activation, gated[0], gated[1]);
  } else if (part->gate) {
    gated[0] = labelled_linear(b, part->label, "gate_proj", part->gate, x, ffn, part->bias);
    gated[1] = labelled_linear(b, part->label, "up_proj", part->up, x, ffn, part->bias);
    y = cs3_build_gate(b, activation, d->activation, gated[0], gated[1]);
  } else {
    y = labelled_linear(b, part->label, "up_proj", part->up, x, ffn, part->bias);
    y = cs3_build_activation(b, activation, d->activation, y);
  }
  return labelled_linear(b, part->label, "down_proj", part->down, y, width, part->bias);
}

Cs3Act cs3_compose_mixture(Cs3Builder *b, const Cs3Dims *d, const Cs3MixturePart *part, Cs3Act x) {
  cs3_build_router(b, part->router, x, &part->mixture, part->router_bias);
  cs3_build_extra(b, part->router_extra);
  Cs3Act y = cs3_build_experts(b, x, &part->mixture);
  return cs3_build_combine(b, cs3_compose_mlp(b, d, &part->expert, y));
}

/* Segment of the layers of one kind. */
static void compose_kind(Cs3Builder *b, const Cs3Stack *stack, gconstpointer config, int kind,
                         const GArray *numbers) {
  gboolean all = (gint64)numbers->len == stack->layers;
  g_autofree char *name = all || !stack->kinds
                              ? g_strdup(stack->name)
                              : g_strconcat(stack->name, ".", stack->kinds[kind], NULL);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = name,
                                      .prefix = stack->prefix,
                                      .rows = stack->rows,
                                      .repeat = numbers->len,
                                      .numbers = (const gint64 *)(const void *)numbers->data,
                                      .block = TRUE});
  Cs3Act x = cs3_build_input(b, "hidden", stack->hidden);
  cs3_build_output(b, stack->block(b, config, kind, x));
}

void cs3_compose_stack(Cs3Builder *b, const Cs3Stack *stack, gconstpointer config) {
  for (int kind = 0; kind == 0 || (stack->kinds && stack->kinds[kind]); kind++) {
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (gint64 layer = 0; layer < stack->layers; layer++)
      if ((stack->kind ? stack->kind(config, layer) : 0) == kind)
        g_array_append_val(numbers, layer);
    if (numbers->len > 0)
      compose_kind(b, stack, config, kind, numbers);
  }
}

static void compose_embedding(Cs3Builder *b, const Cs3Dims *d, const Cs3DecoderParts *parts) {
  cs3_build_open(b,
                 &(Cs3SegmentSpec){.name = "embedding", .rows = (double)cs3_build_lengths(b)->seq});
  Cs3Act x = cs3_build_embedding(b, "embed_tokens", parts->embedding, d->vocab, d->hidden);
  if (parts->positions)
    x = cs3_build_positions(b, "embed_positions", parts->positions, parts->position_rows, x);
  if (parts->embedding_norm)
    x = cs3_build_norm(b, "embedding_norm", parts->embedding_norm, x, parts->norm);
  cs3_build_output(b, x);
}

void cs3_compose_decoder_output(Cs3Builder *b, const Cs3Dims *d, const Cs3DecoderParts *parts,
                                Cs3Act x) {
  if (d->head == CS3_HEAD_CLASS) {
    x = cs3_build_pool(b, "last_token", x, FALSE);
    x = cs3_build_linear(b, "score", parts->score ? parts->score : "score.weight", x, d->labels,
                         FALSE);
  } else if (d->head == CS3_HEAD_LM) {
    x = (d->tied ? cs3_build_tied_linear : cs3_build_linear)(b, "lm_head", parts->lm_head, x,
                                                             d->vocab, parts->lm_head_bias);
    if (parts->logit_cap)
      x = cs3_build_activation(b, "logit_cap", CS3_ACTIVATION_TANH, x);
  }
  if (d->head != CS3_HEAD_NONE)
    cs3_build_loss(b, x);
}

void cs3_compose_decoder_head(Cs3Builder *b, const Cs3Dims *d, const Cs3DecoderParts *parts) {
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "head", .rows = (double)cs3_build_lengths(b)->seq});
  Cs3Act x = cs3_build_input(b, "hidden", d->hidden);
  if (parts->final_norm)
    x = cs3_build_norm(b, "final_norm", parts->final_norm, x, parts->norm);
  cs3_compose_decoder_output(b, d, parts, x);
}

void cs3_compose_decoder(Cs3Builder *b, gconstpointer config, const Cs3DecoderParts *parts) {
  const Cs3Dims *d = config;
  compose_embedding(b, d, parts);
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = "decoder",
                                .prefix = parts->blocks,
                                .layers = d->layers,
                                .hidden = d->hidden,
                                .rows = (double)cs3_build_lengths(b)->seq,
                                .kinds = parts->kinds,
                                .kind = parts->kind,
                                .block = parts->block},
                    config);
  cs3_compose_decoder_head(b, d, parts);
}

Cs3Act cs3_compose_prenorm_block(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *attention,
                                 const Cs3MlpPart *mlp, Cs3NormKind norm, const char *norm1,
                                 const char *norm2, Cs3Act x) {
  Cs3Act y = cs3_build_norm(b, "norm_1", norm1, x, norm);
  y = cs3_compose_attention(b, d, attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", norm2, x, norm);
  y = cs3_compose_mlp(b, d, mlp, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

Cs3Act cs3_compose_postnorm_block(Cs3Builder *b, const Cs3Dims *d,
                                  const Cs3AttentionPart *attention, const Cs3MlpPart *mlp,
                                  Cs3NormKind norm, const char *norm1, const char *norm2,
                                  Cs3Act x) {
  Cs3Act y = cs3_compose_attention(b, d, attention, x, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  x = cs3_build_norm(b, "norm_1", norm1, x, norm);
  y = cs3_compose_mlp(b, d, mlp, x);
  x = cs3_build_residual(b, "residual_2", x, y);
  return cs3_build_norm(b, "norm_2", norm2, x, norm);
}

Cs3Act cs3_compose_llama_block(Cs3Builder *b, const Cs3Dims *d, const Cs3AttentionPart *attention,
                               const Cs3MlpPart *mlp, Cs3NormKind norm, Cs3Act x) {
  return cs3_compose_prenorm_block(b, d, attention, mlp, norm, "input_layernorm.weight",
                                   "post_attention_layernorm.weight", x);
}
