/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DeepSeek-V2: keys and values squeezed through a narrow layer, mixtures of experts beside shared
 * ones. */
#include "config.h"

#include "workloads/compose-decoder.h"
#include "workloads/compose-latent.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_FIELD_READ("num_key_value_heads"),
    CS3_FIELD_READ("head_dim"),
    CS3_FIELD_READ("qk_head_dim"),
    CS3_FIELD_NULLABLE("q_lora_rank", Cs3Latent, q_rank, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("kv_lora_rank", Cs3Latent, kv_rank, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("qk_nope_head_dim", Cs3Latent, nope, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("qk_rope_head_dim", Cs3Latent, rope, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("v_head_dim", Cs3Latent, value_dim, 1, CS3_MODEL_MAX_WIDTH),
    CS3_DECODER_EXPERTS("n_routed_experts"),
    CS3_DECODER_EXPERTS("num_local_experts"),
    CS3_DECODER_TOP_K,
    CS3_DECODER_INT("moe_intermediate_size", expert_ffn, 1, CS3_MODEL_MAX_FFN),
    CS3_DECODER_INT("n_shared_experts", shared, 1, CS3_MODEL_MAX_EXPERTS),
    CS3_DECODER_INT("first_k_dense_replace", dense_layers, 0, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_READ("moe_layer_freq"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {
    "aux_loss_alpha", "seq_aux",  "n_group",        "topk_group", "num_nextn_predict_layers",
    "ep_size",        "mlp_bias", "norm_topk_prob", NULL};

static void defaults(gpointer config) {
  *(Cs3Latent *)config = (Cs3Latent){.c = {.d = {.layers = 32,
                                                 .hidden = 4096,
                                                 .heads = 32,
                                                 .ffn = 11008,
                                                 .vocab = 102400,
                                                 .max_seq = 2048,
                                                 .activation = CS3_ACTIVATION_SILU},
                                           .experts = 64,
                                           .expert_ffn = 1407,
                                           .top_k = 6,
                                           .shared = 2},
                                     .q_rank = 1536,
                                     .kv_rank = 512,
                                     .nope = 128,
                                     .rope = 64,
                                     .value_dim = 128};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3Latent *c = config;
  json_t *step = json_object_get(object, "moe_layer_freq");
  if (json_is_integer(step) && json_integer_value(step) != 1)
    return cs3_config_fail(error, source, "moe_layer_freq", step, "1");
  if (c->c.top_k == 0) /* null in the class; what was released */
    c->c.top_k = 6;
  return cs3_latent_derive(config, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3Latent *c = config;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_latent_attention(b, c, y);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_shared_mixture(b, &c->c, kind, 0, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_latent_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_deepseek_v2 = {
    .name = "deepseek_v2",
    .config_size = sizeof(Cs3Latent),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .facts = cs3_mixture_facts,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
