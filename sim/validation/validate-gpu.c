/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "gpu": products, attention, layers and steps that were measured on GPUs, against the model
 * of them (sim/gpu/gpu.h). Groups say which rows its constants were fitted to. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "sim/gpu/gpu-step.h"
#include "sim/validation/validate-measure.h"
#include "workloads/model.h"

/* row->result: "h200 bf16 fused checkpoint": the GPU, then how. */
typedef struct {
  Cs3Gpu *gpu;
  Cs3GpuWay way;
  gboolean backward; /* of attention */
  const char *family;
} Subject;

static void gpu_free(gpointer gpu) {
  cs3_gpu_free(gpu);
}

static Cs3Gpu *find_gpu(Cs3ValidationSession *session, const char *name, GError **error) {
  g_autofree char *key = g_strconcat("gpu ", name, NULL);
  gpointer *kept = cs3_validation_keep(session, key, gpu_free);
  if (*kept == NULL)
    *kept = cs3_gpu_load(name, error);
  return *kept;
}

/* "block-64" */
static gboolean read_blocks(const char *word, Subject *subject) {
  gint64 side = g_ascii_strtoll(word + strlen("block-"), NULL, 10);
  subject->way.kernels = CS3_GPU_BLOCKS;
  subject->way.side = cs3_gpu_block_side(subject->gpu, side, side);
  return side > 0 && subject->way.side >= 0;
}

static gboolean read_word(const char *word, Subject *subject) {
  if (strcmp(word, "fused") == 0)
    subject->way.fused = TRUE;
  else if (strcmp(word, "checkpoint") == 0)
    subject->way.checkpoint = TRUE;
  else if (strcmp(word, "2:4") == 0)
    subject->way.kernels = CS3_GPU_TWO_OF_FOUR;
  else if (strcmp(word, "csr") == 0)
    subject->way.kernels = CS3_GPU_CSR;
  else if (g_str_has_prefix(word, "block-"))
    return read_blocks(word, subject);
  else if (strcmp(word, "update") == 0)
    subject->way.update = TRUE;
  else if (strcmp(word, "fp8") == 0)
    subject->way.precision = CS3_GPU_FP8;
  else if (strcmp(word, "backward") == 0)
    subject->backward = TRUE;
  else if (strcmp(word, "gpt2") == 0)
    subject->family = "gpt2";
  else
    return FALSE;
  return TRUE;
}

static gboolean read_subject(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                             Subject *subject, GError **error) {
  g_auto(GStrv) words = g_strsplit(row->result, " ", -1);
  *subject = (Subject){.family = "llama"};
  if (words[0] == NULL || (subject->gpu = find_gpu(session, words[0], error)) == NULL) {
    g_prefix_error(error, "%s: result: ", row->where);
    return FALSE;
  }
  for (char **word = words + 1; *word != NULL; word++)
    if (!read_word(*word, subject)) {
      g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                  "%s: result: '%s' is not one of fused, checkpoint, 2:4, csr, block-SIDE, update, "
                  "fp8, backward, gpt2",
                  row->where, *word);
      return FALSE;
    }
  return cs3_gpu_check_precision(subject->gpu, subject->way.precision, error);
}

/* Method "product": m, n, k, and how many of them were run without a pause (0: without end); the
 * time of one [s]. */
static gboolean product(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                        GError **error) {
  static const char *const keys[] = {"m", "n", "k", "repeats", NULL};
  double v[4];
  Subject s;
  if (!cs3_validation_values(row, keys, v, NULL, error) || !read_subject(session, row, &s, error))
    return FALSE;
  *value = cs3_gpu_product_s(s.gpu, s.way.precision, v[0], v[1], v[2], v[3]);
  if (s.way.kernels == CS3_GPU_TWO_OF_FOUR)
    *value /= s.gpu->products[s.way.precision].two_of_four;
  return TRUE;
}

/* Method "sparse": m, n, k, and the live share of k x n; CSR or blocks; the time of one [s]. */
static gboolean sparse(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                       GError **error) {
  static const char *const keys[] = {"m", "n", "k", "density", NULL};
  double v[4];
  Subject s;
  if (!cs3_validation_values(row, keys, v, NULL, error) || !read_subject(session, row, &s, error))
    return FALSE;
  *value = s.way.kernels == CS3_GPU_BLOCKS
               ? cs3_gpu_blocks_s(s.gpu, s.way.side, v[0], v[1], v[2], v[3])
               : cs3_gpu_csr_s(s.gpu, v[0], v[1], v[2], v[3]);
  return TRUE;
}

/* Method "attention": causal, self; the time of all tokens' [s]. */
static gboolean attention(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                          GError **error) {
  static const char *const keys[] = {"heads", "width", "seq", "tokens", NULL};
  double v[4];
  Subject s;
  if (!cs3_validation_values(row, keys, v, NULL, error) || !read_subject(session, row, &s, error))
    return FALSE;
  double flops = 2 * v[0] * v[1] * v[2] * v[3]; /* of both products, half the square */
  *value = cs3_gpu_attention_s(s.gpu, flops * (s.backward ? 2.5 : 1), v[2], v[1], s.backward);
  return TRUE;
}

static Cs3Graph *one_layer(const char *family, const double *v, Cs3Model **model, GError **error) {
  g_autofree char *text =
      strcmp(family, "gpt2") == 0
          ? g_strdup_printf(
                "{\"model_type\":\"gpt2\",\"n_layer\":1,\"n_embd\":%.0f,\"n_head\":%.0f,"
                "\"n_inner\":%.0f,\"n_positions\":%.0f,\"vocab_size\":512}",
                v[0], v[1], v[2], v[3])
          : g_strdup_printf(
                "{\"model_type\":\"llama\",\"num_hidden_layers\":1,\"hidden_size\":%.0f,"
                "\"num_attention_heads\":%.0f,\"intermediate_size\":%.0f,"
                "\"max_position_embeddings\":%.0f,\"num_key_value_heads\":%.0f,"
                "\"vocab_size\":512}",
                v[0], v[1], v[2], v[3], v[5]);
  *model = cs3_model_parse(text, strlen(text), "layer", "layer", error);
  Cs3Lengths lengths = {.seq = (gint64)v[3]};
  return *model != NULL ? cs3_graph_new(*model, &lengths, error) : NULL;
}

/* Method "layer": forward and backward of one decoder block; the time of all tokens' [s]. */
static gboolean layer(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error) {
  static const char *const keys[] = {"hidden", "heads", "ffn", "seq", "tokens", "kv", NULL};
  double v[6];
  Subject s;
  if (!cs3_validation_values(row, keys, v, NULL, error) || !read_subject(session, row, &s, error))
    return FALSE;
  g_autoptr(Cs3Model) model = NULL;
  g_autoptr(Cs3Graph) graph = one_layer(s.family, v, &model, error);
  if (graph == NULL)
    return FALSE;
  s.way.blocks = TRUE;
  Cs3GpuTime time = cs3_gpu_step(s.gpu, graph, &s.way, v[4] / v[3]);
  *value = cs3_gpu_time_sum(&time);
  return TRUE;
}

/* Method "step": options of `cs3sim run`; the time of a step [s]. */
static gboolean step(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                     GError **error) {
  g_auto(GStrv) words = cs3_validation_words(row, error);
  Subject s;
  if (words == NULL || !read_subject(session, row, &s, error))
    return FALSE;
  g_autoptr(Cs3Scenario) scenario =
      cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (scenario == NULL)
    return FALSE;
  Cs3GpuTime time = cs3_gpu_step(s.gpu, scenario->graph, &s.way, (double)scenario->config.batch);
  *value = cs3_gpu_time_sum(&time);
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {{"attention", attention}, {"layer", layer},
                                              {"product", product},     {"sparse", sparse},
                                              {"step", step},           {NULL, NULL}};

const Cs3ValidationSuite cs3_suite_gpu = {
    .name = "gpu",
    .summary = "products, attention, layers and steps measured on GPUs, against the model of them",
    .methods = methods,
};
