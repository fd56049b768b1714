/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DeepSeek's layers. */
#include "config.h"

#include "workloads/compose-latent.h"

#include "workloads/workload-error.h"

const char *const cs3_latent_kind_names[] = {"dense", "window", "experts", "window.experts", NULL};

gboolean cs3_latent_derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3Latent *c = config;
  c->c.d.kv_heads = c->c.d.heads;
  c->c.d.head_dim = c->nope + c->rope;
  c->c.d.rotary_dim = c->rope;
  if (c->c.d.heads * MAX(c->c.d.head_dim, c->nope + c->value_dim) > CS3_MODEL_MAX_WIDTH) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: num_attention_heads x widths of a head: expected at most %" G_GINT64_FORMAT,
                source, CS3_MODEL_MAX_WIDTH);
    return FALSE;
  }
  return cs3_decoder_check_experts(&c->c, object, source, error);
}

static Cs3Act queries(Cs3Builder *b, const Cs3Latent *c, Cs3Act x) {
  gint64 width = c->c.d.heads * c->c.d.head_dim;
  if (c->q_rank == 0)
    return cs3_build_linear(b, "q_proj", "self_attn.q_proj.weight", x, width, FALSE);
  x = cs3_build_linear(b, "q_a_proj", "self_attn.q_a_proj.weight", x, c->q_rank, c->c.qkv_bias);
  x = cs3_build_norm(b, "q_a_norm", "self_attn.q_a_layernorm.weight", x, CS3_NORM_RMS);
  return cs3_build_linear(b, "q_b_proj", "self_attn.q_b_proj.weight", x, width, FALSE);
}

Cs3Act cs3_compose_latent_attention(Cs3Builder *b, const Cs3Latent *c, Cs3Act x) {
  const Cs3Dims *d = &c->c.d;
  Cs3Act q = queries(b, c, x), latent[2], kv[2];
  cs3_build_linear_split(b, "kv_a_proj", "self_attn.kv_a_proj_with_mqa.weight", x, 2,
                         (gint64[]){c->kv_rank, c->rope}, c->c.qkv_bias, latent);
  Cs3Act y =
      cs3_build_norm(b, "kv_a_norm", "self_attn.kv_a_layernorm.weight", latent[0], CS3_NORM_RMS);
  cs3_build_linear_split(b, "kv_b_proj", "self_attn.kv_b_proj.weight", y, 2,
                         (gint64[]){d->heads * c->nope, d->heads * c->value_dim}, FALSE, kv);
  cs3_build_rotary(b, &q, d->heads * c->rope, &latent[1], c->rope);
  Cs3Act k = cs3_build_join(b, "k", kv[0], latent[1]);
  Cs3AttentionSpec shape = {.heads = d->heads,
                            .kv_heads = d->heads,
                            .head_dim = d->head_dim,
                            .value_dim = c->value_dim,
                            .causal = TRUE};
  y = cs3_build_attention(b, &shape, q, k, kv[1]);
  return cs3_build_linear(b, "o_proj", "self_attn.o_proj.weight", y, d->hidden, c->c.qkv_bias);
}

Cs3Act cs3_compose_shared_mixture(Cs3Builder *b, const Cs3DecoderConfig *c, int kind,
                                  gint64 router_extra, Cs3Act x) {
  if (!(kind & CS3_LAYER_EXPERTS))
    return cs3_compose_mlp(b, &c->d, &cs3_llama_mlp, x);
  Cs3MixturePart mixture = cs3_decoder_mixture(c);
  mixture.router_extra = router_extra;
  Cs3Act y = cs3_compose_mixture(b, &c->d, &mixture, x);
  if (c->shared == 0)
    return y;
  Cs3MlpPart shared = {.label = "shared_",
                       .gate = "mlp.shared_experts.gate_proj.weight",
                       .up = "mlp.shared_experts.up_proj.weight",
                       .down = "mlp.shared_experts.down_proj.weight",
                       .ffn = c->shared * c->expert_ffn};
  return cs3_build_residual(b, "shared_sum", y, cs3_compose_mlp(b, &c->d, &shared, x));
}
