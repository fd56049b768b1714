/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of weights. The fused forms are those of vLLM and of the checkpoints of Baichuan, Phi-3 and
 * GPT-NeoX; the Model Zoo's are those of its checkpoint converters (github.com/Cerebras/modelzoo,
 * tools/checkpoint_converters); wq, w1 and the like are those of Meta's own Llama files; blk,
 * attn_q and the like those of GGUF (github.com/ggml-org/llama.cpp, gguf-py/gguf/constants.py). */
#include "config.h"

#include "workloads/weight-names.h"

#include <string.h>

/* Before the name proper. A network has one of each at most, so nothing becomes ambiguous; where it
 * does, matching says so. */
static const char *const wrappers[] = {
    "module",
    "_forward_module",
    "_orig_mod",
    "base_model",
    "model",
    "backbone",
    "transformer",
    "bert",
    "roberta",
    "electra",
    "distilbert",
    "esm",
    "vit",
    "deit",
    "dinov2",
    "gpt_neox",
    "language_model",
    "text_model",
    "transformer_decoder",
    "params",
};

static const char *const lists[] = {"h", "blk", "block", "blocks", "layer", "layers"};
static const char *const endings[] = {"weight", "kernel"};

static const Cs3WeightRule rules[] = {
    {"self_attn.q_proj+self_attn.k_proj+self_attn.v_proj", "self_attn.qkv_proj"},
    {"self_attn.q_proj+self_attn.k_proj+self_attn.v_proj", "self_attn.W_pack"},
    {"self_attn.qkv_proj", "self_attn.q_proj+self_attn.k_proj+self_attn.v_proj"},
    {"mlp.gate_proj+mlp.up_proj", "mlp.gate_up_proj"},
    {"mlp.gate_up_proj", "mlp.gate_proj+mlp.up_proj"},
    {"mlp.experts.*.gate_proj+mlp.experts.*.up_proj", "mlp.experts.gate_up_proj"},
    {"mlp.experts.*.gate_proj+mlp.experts.*.up_proj", "mlp.experts.*.gate_up_proj"},
    {"mlp.experts.*.down_proj", "mlp.experts.down_proj"},
    {"block_sparse_moe.experts.*.w1+block_sparse_moe.experts.*.w3", "mlp.experts.gate_up_proj"},
    {"block_sparse_moe.experts.*.w1+block_sparse_moe.experts.*.w3", "mlp.experts.*.gate_up_proj"},
    {"block_sparse_moe.experts.*.w2", "mlp.experts.down_proj"},
    {"block_sparse_moe.experts.*.w1", "mlp.experts.*.gate_proj"},
    {"block_sparse_moe.experts.*.w3", "mlp.experts.*.up_proj"},
    {"block_sparse_moe.experts.*.w2", "mlp.experts.*.down_proj"},
    {"block_sparse_moe.gate", "mlp.gate"},
    /* Meta's Llama */
    {"self_attn.q_proj", "attention.wq"},
    {"self_attn.k_proj", "attention.wk"},
    {"self_attn.v_proj", "attention.wv"},
    {"self_attn.o_proj", "attention.wo"},
    {"mlp.gate_proj", "feed_forward.w1"},
    {"mlp.up_proj", "feed_forward.w3"},
    {"mlp.down_proj", "feed_forward.w2"},
    {"lm_head", "output"},
    /* Model Zoo */
    {"self_attn.q_proj", "self_attn.proj_q_dense_layer"},
    {"self_attn.k_proj", "self_attn.proj_k_dense_layer"},
    {"self_attn.v_proj", "self_attn.proj_v_dense_layer"},
    {"self_attn.o_proj", "self_attn.proj_output_dense_layer"},
    {"mlp.gate_proj", "ffn.ffn.0.linear_layer_for_glu"},
    {"mlp.up_proj", "ffn.ffn.0.linear_layer"},
    {"mlp.down_proj", "ffn.ffn.1.linear_layer"},
    /* GGUF */
    {"embed_tokens", "tok_embeddings"},
    {"embed_tokens", "token_embd"},
    {"wte", "token_embd"},
    {"embed_in", "token_embd"},
    {"word_embeddings", "token_embd"},
    {"lm_head", "output"},
    {"embed_out", "output"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.qkv_proj", "attn_qkv"},
    {"self_attn.qkv_proj", "attn_q+attn_k+attn_v"},
    {"self_attn.q_proj+self_attn.k_proj+self_attn.v_proj", "attn_qkv"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.dense", "attn_output"},
    {"attn.c_attn", "attn_qkv"},
    {"attn.c_proj", "attn_output"},
    {"attention.query_key_value", "attn_qkv"},
    {"self_attention.query_key_value", "attn_qkv"},
    {"attention.dense", "attn_output"},
    {"self_attention.dense", "attn_output"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.gate_up_proj", "ffn_up"},
    {"mlp.gate_up_proj", "ffn_gate+ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"mlp.fc1", "ffn_up"},
    {"mlp.fc2", "ffn_down"},
    {"mlp.c_fc", "ffn_up"},
    {"mlp.c_proj", "ffn_down"},
    {"mlp.dense_h_to_4h", "ffn_up"},
    {"mlp.dense_4h_to_h", "ffn_down"},
    {"mlp.gate", "ffn_gate_inp"},
    {"mlp.router", "ffn_gate_inp"},
    {"block_sparse_moe.gate", "ffn_gate_inp"},
    {"mlp.experts.*.gate_proj", "*.ffn_gate_exps"},
    {"mlp.experts.*.up_proj", "*.ffn_up_exps"},
    {"mlp.experts.*.down_proj", "*.ffn_down_exps"},
    {"mlp.experts.*.gate_up_proj", "*.ffn_gate_exps+*.ffn_up_exps"},
    {"block_sparse_moe.experts.*.w1", "*.ffn_gate_exps"},
    {"block_sparse_moe.experts.*.w3", "*.ffn_up_exps"},
    {"block_sparse_moe.experts.*.w2", "*.ffn_down_exps"},
    {NULL, NULL},
};

const Cs3WeightRule *cs3_weight_rules(void) {
  return rules;
}

static gboolean is_one_of(const char *word, const char *const *words, gsize n) {
  for (gsize i = 0; i < n; i++)
    if (strcmp(word, words[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean is_number(const char *word) {
  return *word != '\0' && word[strspn(word, "0123456789")] == '\0';
}

char *cs3_weight_name_canonical(const char *name) {
  g_auto(GStrv) words = g_strsplit_set(name, "./", -1);
  guint n = g_strv_length(words), first = 0;
  if (n > 1 && is_one_of(words[n - 1], endings, G_N_ELEMENTS(endings)))
    n--;
  while (first + 1 < n && is_one_of(words[first], wrappers, G_N_ELEMENTS(wrappers)))
    first++;
  g_autoptr(GString) out = g_string_new(NULL);
  for (guint i = first; i < n; i++) {
    gboolean list =
        i + 1 < n && is_number(words[i + 1]) && is_one_of(words[i], lists, G_N_ELEMENTS(lists));
    g_string_append_printf(out, "%s%s", i > first ? "." : "", list ? "layers" : words[i]);
  }
  return g_strdup(out->str);
}

char *cs3_weight_name_of_expert(const char *name, gint64 expert) {
  gsize length = strlen(name);
  for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
    gsize ending = strlen(endings[i]);
    if (length > ending + 1 && g_str_has_suffix(name, endings[i]) &&
        name[length - ending - 1] == '.')
      length -= ending + 1;
  }
  while (length > 0 && name[length - 1] != '.')
    length--;
  return g_strdup_printf("%.*s%" G_GINT64_FORMAT ".%s", (int)length, name, expert, name + length);
}

const char *cs3_weight_name_ends(const char *name, const char *part, gint64 *number) {
  const char *at = name + strlen(name), *p = part + strlen(part);
  *number = -1;
  while (p > part) {
    p--;
    if (*p != '*') {
      if (at == name || *--at != *p)
        return NULL;
      continue;
    }
    const char *end = at;
    while (at > name && g_ascii_isdigit(at[-1]))
      at--;
    if (at == end || end - at > 9)
      return NULL;
    *number = g_ascii_strtoll(at, NULL, 10);
  }
  return at == name || at[-1] == '.' ? at : NULL;
}
