/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of a config.json that change no shape, no count and no work of a training step, whatever the
 * family. */
#include "config.h"

#include "workloads/config-reader.h"

/* Names, '*' for any text. Grouped by why they change nothing. */
static const char *const harmless[] = {
    /* what the file is, who wrote it, how it is loaded */
    "_*",
    "architectures",
    "model_type",
    "auto_map",
    "*_version",
    "torch_dtype",
    "dtype",
    "torchscript",
    "name_or_path",
    "tokenizer_class",
    "processor_class",
    "feature_extractor_type",
    "license",
    "finetuning_task",
    "task_specific_params",
    "language*",
    "custom_pipelines",
    "use_bfloat16",
    "tf_legacy_loss",
    "model_name",
    "architecture",
    "backbone_config",
    "init_device",
    "device_map",
    "onnx_*",
    "gradient_checkpointing",
    "use_flash*",
    "*flash_attn*",
    "attn_implementation",
    "attention_implementation",
    "fused_*",
    "reshape_hidden_states",
    "transformers.js_config",
    "quantization_config",
    "compression_config",
    "sparsity_config",
    "use_reentrant",
    "unsloth_*",
    "model_max_length",
    "max_sequence_length",
    "max_length",
    "tensor_parallel_degree",
    "pretraining_tp",
    "*_world_size",
    /* token numbers, labels, generation */
    "*_token_id",
    "*_token_ids",
    "*_token_index",
    "*_token",
    "*_tokens_id",
    "id2label",
    "label2id",
    "num_labels",
    "suppress_tokens",
    "begin_suppress_tokens",
    "forced_decoder_ids",
    "min_length",
    "num_beams",
    "num_beam_groups",
    "early_stopping",
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
    "repetition_penalty",
    "length_penalty",
    "no_repeat_ngram_size",
    "normalize_*",
    "*_no_repeat_ngram_size",
    "num_return_sequences",
    "diversity_penalty",
    "return_dict*",
    "bad_words_ids",
    "exponential_decay_length_penalty",
    "remove_invalid_values",
    "output_scores",
    "force_bos_token_to_be_generated",
    "prefix",
    "problem_type",
    "use_cache",
    "cache_implementation",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_router_logits",
    "keys_to_ignore_at_inference",
    "max_batch_size",
    "chunk_size_feed_forward",
    "out_features",
    "out_indices",
    "stage_names",
    "is_encoder_decoder",
    "generation_config",
    "chat_template",
    "padding_side",
    "padding_idx",
    /* dropout and other noise: drawn on the wafer at no cost that is modelled */
    "*dropout*",
    "*_pdrop",
    "*pdrop",
    "*layerdrop",
    "drop_path_rate",
    "*_jitter_noise",
    "*jitter*",
    "apply_spec_augment",
    "mask_time_*",
    "mask_feature_*",
    /* how parameters start, constants of norms and losses */
    "*initializer*",
    "init_*",
    "*_init_std",
    "initial_*",
    "rescale_prenorm_residual",
    "*_eps",
    "*_epsilon",
    "*_loss_coef",
    "*_loss_weight",
    "label_smoothing",
    "z_loss*",
    "*_alpha_factor",
    "*_beta_factor",
    "semantic_loss_ignore_index",
    /* factors by which something is multiplied that is multiplied anyway (scores, logits,
       embeddings) */
    "scale_embedding",
    "scale_embeddings",
    "scale_attn_weights",
    "scale_attn_by_inverse_layer_idx",
    "reorder_and_upcast_attn",
    "attention_softmax_in_fp32",
    "scale_attention_softmax_in_fp32",
    "logit_scale",
    "query_pre_attn_scalar",
    "*_multiplier",
    "logits_scaling",
    "routed_scaling_factor",
    "norm_topk_prob",
    "scoring_func",
    "topk_method",
    "attention_softmax_*",
    "masked_softmax_fusion",
    "bias_dropout_fusion",

    "fp32_residual_connection",
    "residual_in_fp32",
    "attn_scale",
    "scale_fmap",
    /* angles of rotary positions; the share of a head that turns is read elsewhere */
    "rope_theta",
    "rope_scaling",
    "rope_parameters",
    "rope_local_base_freq",
    "rope_interleave",
    "rotary_emb_base",
    "rotary_base",
    "original_max_position_embeddings",
    "rope_ratio",
    "max_window_layers_*",
};

/* What every configuration class writes although most families have none of it. */
static const char *const harmless_off[] = {
    "add_cross_attention", "is_decoder", "pruned_heads",       "tie_encoder_decoder",
    "use_mrope",           "alibi",      "use_sliding_window",
};

gboolean cs3_config_is_harmless_off(const char *key) {
  for (guint i = 0; i < G_N_ELEMENTS(harmless_off); i++)
    if (g_str_equal(harmless_off[i], key))
      return TRUE;
  return FALSE;
}

gboolean cs3_config_matches(const char *pattern, const char *key) {
  for (; *pattern != '*'; pattern++, key++)
    if (*pattern != *key || *key == '\0')
      return *pattern == *key;
  if (pattern[1] == '\0')
    return TRUE;
  for (; *key; key++)
    if (cs3_config_matches(pattern + 1, key))
      return TRUE;
  return FALSE;
}

gboolean cs3_config_is_harmless(const char *key) {
  for (guint i = 0; i < G_N_ELEMENTS(harmless); i++)
    if (cs3_config_matches(harmless[i], key))
      return TRUE;
  return FALSE;
}
