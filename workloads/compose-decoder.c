/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choices that decoders after Llama make. */
#include "config.h"

#include "workloads/compose-decoder.h"

#include "workloads/workload-error.h"

const Cs3FactField cs3_mixture_facts[] = {
    {"experts", offsetof(Cs3DecoderConfig, experts)},
    {"experts_per_token", offsetof(Cs3DecoderConfig, top_k)},
    {"expert_ffn", offsetof(Cs3DecoderConfig, expert_ffn)},
    {"shared_experts", offsetof(Cs3DecoderConfig, shared)},
    {"dense_layers", offsetof(Cs3DecoderConfig, dense_layers)},
    {NULL, 0},
};

const char *const cs3_mixture_kind_names[] = {"full", "window", "experts", "window.experts", NULL};

static gboolean is_listed(json_t *list, gint64 layer) {
  gsize i;
  json_t *value;
  json_array_foreach(list, i, value) if (json_integer_value(value) == layer) return TRUE;
  return FALSE;
}

gboolean cs3_decoder_check_experts(Cs3DecoderConfig *c, json_t *object, const char *source,
                                   GError **error) {
  static const char *const counts[] = {"num_local_experts", "num_experts", "n_routed_experts"};
  for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
    if (json_object_get(object, counts[i]) && !json_object_get(object, "num_experts_per_tok")) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                  "%s: num_experts_per_tok: expected beside %s (%" G_GINT64_FORMAT
                  "), 1 to as many; got no such key",
                  source, counts[i], c->experts);
      return FALSE;
    }
  if (c->experts == 0 || c->top_k == 0 || c->top_k > c->experts) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: num_experts_per_tok: expected 1 to the number of experts (%" G_GINT64_FORMAT
                "), got %" G_GINT64_FORMAT,
                source, c->experts, c->top_k);
    return FALSE;
  }
  if (!c->d.kinds)
    c->d.kinds = g_new0(guint8, c->d.layers);
  json_t *dense = json_object_get(object, "mlp_only_layers");
  for (gint64 i = 0; i < c->d.layers; i++)
    if (i >= c->dense_layers && (i + 1) % MAX(c->sparse_step, 1) == 0 && !is_listed(dense, i))
      c->d.kinds[i] |= CS3_LAYER_EXPERTS;
  return TRUE;
}

Cs3MixturePart cs3_decoder_mixture(const Cs3DecoderConfig *c) {
  return (Cs3MixturePart){
      .router = "mlp.gate.weight",
      .mixture = {.experts = c->experts, .top_k = c->top_k},
      .expert = {.label = "expert_",
                 .gate = "mlp.experts.*.gate_proj.weight",
                 .up = "mlp.experts.*.up_proj.weight",
                 .down = "mlp.experts.*.down_proj.weight",
                 .ffn = c->expert_ffn > 0 ? c->expert_ffn : c->d.ffn},
  };
}
