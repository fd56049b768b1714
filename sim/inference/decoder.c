/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that decode out of a memory, and what a token needs. */
#include "config.h"

#include "sim/inference/decoder.h"

#include <math.h>
#include <stddef.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/plain-text.h"
#include "base/suggest.h"
#include "sim/machine/params.h"

enum { ELEMENT_BYTES = 2 };

/* --- what a token needs ---------------------------------------------------------------------- */

/* Operators whose input no earlier one of the segment reads: those that share an input run
 * together. Attention is two: the scores and the values behind their softmax. */
static double stages_of(const Cs3Graph *graph, const Cs3Segment *segment) {
  double stages = 0;
  for (guint i = segment->first; i < segment->first + segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    gboolean waits = node->kind == CS3_NODE_LINEAR || node->kind == CS3_NODE_SCORES ||
                     node->kind == CS3_NODE_VALUES || node->kind == CS3_NODE_NORM;
    for (guint k = segment->first; waits && node->kind == CS3_NODE_LINEAR && k < i; k++)
      waits = cs3_graph_node(graph, k)->kind != CS3_NODE_LINEAR ||
              cs3_graph_node(graph, k)->reads[0] != node->reads[0];
    stages += waits;
  }
  return stages;
}

double cs3_decode_weights_of(const Cs3Graph *graph, const Cs3Node *node) {
  if (node->kind != CS3_NODE_LINEAR)
    return 0;
  return (double)cs3_node_segment(graph, node)->repeat * (double)node->copies *
         (double)node->out_features * (double)node->in_features / (double)node->groups;
}

Cs3DecodeWork cs3_decode_work(const Cs3Graph *graph, const Cs3Sparsity *sparsity, double encoder) {
  Cs3DecodeWork work = {.graph = graph, .sparsity = sparsity, .encoder = encoder};
  for (guint s = 0; s < graph->segments->len; s++) {
    const Cs3Segment *segment = cs3_graph_segment(graph, s);
    work.stages += (double)segment->repeat * stages_of(graph, segment);
    work.blocks += segment->block ? (double)segment->repeat : 0;
  }
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (node->kind != CS3_NODE_LINEAR)
      continue;
    double weights = cs3_decode_weights_of(graph, node), macs = weights * MIN(node->rows, 1);
    work.weights += weights;
    work.live += weights * sparsity->node_density[i];
    work.macs += macs;
    work.live_macs += macs * sparsity->node_density[i];
  }
  return work;
}

/* Of the copies of @node that @batch tokens are sent to, the share of all that is expected. */
static double share_read(const Cs3Node *node, double batch) {
  return node->rows >= 1 ? 1 : 1 - pow(1 - node->rows, batch);
}

double cs3_decode_weight_bytes(const Cs3DecodeWork *work, const Cs3WeightStorage *storage,
                               double batch) {
  double bytes = 0;
  for (guint i = 0; i < work->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(work->graph, i);
    if (node->kind == CS3_NODE_LINEAR)
      bytes += share_read(node, batch) * cs3_decode_weights_of(work->graph, node) *
               cs3_weight_storage_bytes(storage, work->sparsity->node_density[i]);
  }
  return bytes;
}

double cs3_decode_weights_read(const Cs3DecodeWork *work, double batch, gboolean live) {
  double weights = 0;
  for (guint i = 0; i < work->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(work->graph, i);
    if (node->kind == CS3_NODE_LINEAR)
      weights += share_read(node, batch) * cs3_decode_weights_of(work->graph, node) *
                 (live ? work->sparsity->node_density[i] : 1);
  }
  return weights;
}

/* Sum over attentions of @term, of the tokens that a new one sees: its sequence's, or all that an
 * encoder has read. */
static double over_attentions(const Cs3DecodeWork *work, double tokens,
                              double (*term)(const Cs3AttentionSize *size, double seen)) {
  double sum = 0;
  for (guint i = 0; i < work->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(work->graph, i);
    const Cs3AttentionSize *size = cs3_graph_attention(work->graph, node);
    if (node->kind != CS3_NODE_SCORES || size == NULL)
      continue;
    double seen = size->window > 0 ? MIN(tokens, (double)size->window) : tokens;
    seen = size->causal ? seen : work->encoder;
    sum += (double)cs3_node_segment(work->graph, node)->repeat * term(size, seen);
  }
  return sum;
}

static double kv_term(const Cs3AttentionSize *size, double seen) {
  return ELEMENT_BYTES * (double)size->kv_heads * (double)(size->head_dim + size->value_dim) * seen;
}

static double mac_term(const Cs3AttentionSize *size, double seen) {
  return (double)size->heads * (double)(size->head_dim + size->value_dim) * seen;
}

double cs3_decode_kv_bytes(const Cs3DecodeWork *work, double tokens) {
  return over_attentions(work, tokens, kv_term);
}

double cs3_decode_attention_macs(const Cs3DecodeWork *work, double tokens) {
  return over_attentions(work, tokens, mac_term);
}

/* --- what a machine holds, what a prompt needs ------------------------------------------------ */

double cs3_decode_held_bytes(const Cs3Graph *graph, const Cs3Sparsity *sparsity,
                             const Cs3WeightStorage *storage, double each) {
  double bytes = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double times = node->shared ? 1 : (double)cs3_node_segment(graph, node)->repeat;
    double all = times * (double)node->copies * (double)node->parameters, matrix = 0;
    if (node->kind == CS3_NODE_LINEAR && node->parameters > 0)
      matrix = cs3_decode_weights_of(graph, node) * times /
               (double)cs3_node_segment(graph, node)->repeat;
    bytes += matrix * cs3_weight_storage_bytes(storage, sparsity->node_density[i]);
    bytes += MAX(all - matrix, 0) * each;
  }
  return bytes;
}

static double elements_of(const Cs3Graph *graph, const int *tensors, int most) {
  double elements = 0;
  for (int i = 0; i < most && tensors[i] >= 0; i++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, tensors[i]);
    elements += (double)tensor->elements * tensor->rows;
  }
  return elements;
}

double cs3_decode_activation_bytes(const Cs3Graph *graph, double each) {
  double most = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (cs3_node_segment(graph, node)->block)
      most = MAX(most, elements_of(graph, node->reads, CS3_NODE_MAX_READS) +
                           elements_of(graph, node->writes, CS3_NODE_MAX_WRITES));
  }
  return each * most;
}

double cs3_prefill_macs(const Cs3Graph *graph, const Cs3Sparsity *sparsity) {
  double macs = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    gboolean linear = node->kind == CS3_NODE_LINEAR;
    macs += (double)cs3_node_segment(graph, node)->repeat * cs3_node_rows(node) * node->macs *
            (linear && sparsity != NULL ? sparsity->node_density[i] : 1);
  }
  return macs;
}

/* --- machines -------------------------------------------------------------------------------- */

#define ROW(type, unit, key, member, min, max, evidence, source, help)                             \
  {                                                                                                \
    "decoder", key, CS3_PARAM_##type, CS3_UNIT_##unit, offsetof(Cs3Decoder, member), min, max, 0,  \
        0, NULL, CS3_EVIDENCE_##evidence, source, help, NULL                                       \
  }

static const Cs3Param params[] = {
    ROW(REAL, BYTES_PER_S, "bandwidth", bandwidth, 1e9, 1e16, MEASURED, "comment in the file",
        "Bytes a second out of memory."),
    ROW(REAL, BYTES, "memory", memory_bytes, 1e8, 1e15, VENDOR, "comment in the file",
        "Memory for weights, keys, values and activations."),
    ROW(REAL, NONE, "flops", flops, 1e9, 1e17, MEASURED, "comment in the file",
        "FLOP a second of the linear layers."),
    ROW(REAL, SECONDS, "layer", layer_s, 0, 1, MEASURED, "comment in the file",
        "Time of a block beside what its bytes take."),
    ROW(INT, NONE, "skips_zeros", skips, 0, 1, VENDOR, "comment in the file",
        "1: kernels leave zeros out of the arithmetic."),
    ROW(INT, NONE, "bytes", bytes, 2, 4, VENDOR, "comment in the file",
        "Bytes of a weight as it comes."),
};

static Cs3Decoder *of_gpu(const char *name, GError **error) {
  g_autoptr(Cs3Gpu) gpu = cs3_gpu_load(name, error);
  if (gpu == NULL)
    return NULL;
  Cs3Decoder *decoder = g_new0(Cs3Decoder, 1);
  *decoder = (Cs3Decoder){.name = g_strdup(name),
                          .description = g_strdup(gpu->description),
                          .source = g_strdup(gpu->source),
                          .bandwidth = gpu->stream,
                          .flops = gpu->products[CS3_GPU_BF16].sustained,
                          .memory_bytes = gpu->memory_bytes,
                          .layer_s = gpu->layer_s,
                          .bytes = 2};
  return decoder;
}

static Cs3Decoder *unknown(const char *name, GError **error) {
  g_auto(GStrv) decoders = cs3_datadir_list(CS3_DATA_DECODERS);
  g_auto(GStrv) gpus = cs3_datadir_list(CS3_DATA_GPUS);
  g_autoptr(GPtrArray) names = g_ptr_array_new(); /* borrowed */
  for (char **decoder = decoders; *decoder != NULL; decoder++)
    g_ptr_array_add(names, *decoder);
  for (char **gpu = gpus; *gpu != NULL; gpu++)
    g_ptr_array_add(names, *gpu);
  g_ptr_array_add(names, NULL);
  g_autofree char *hint = cs3_suggestion(name, (const char *const *)names->pdata);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
              "unknown machine that decodes '%s'%s", CS3_CUT(name), hint);
  return NULL;
}

static const Cs3ParamTable table = {params, G_N_ELEMENTS(params)};

Cs3Decoder *cs3_decoder_load(const char *name, GError **error) {
  if (cs3_gpu_exists(name))
    return of_gpu(name, error);
  g_autofree char *path = cs3_datadir_locate(CS3_DATA_DECODERS, name);
  if (path == NULL)
    return unknown(name, error);
  g_autofree char *file = g_path_get_basename(path);
  g_autoptr(Cs3Ini) ini = cs3_ini_load(path, file, error);
  if (ini == NULL)
    return NULL;
  g_autoptr(Cs3Decoder) decoder = g_new0(Cs3Decoder, 1);
  decoder->name = g_strdup(name);
  decoder->description = g_strdup(cs3_ini_take(ini, "decoder", "description"));
  decoder->source = g_strdup(cs3_ini_take(ini, "decoder", "source"));
  return cs3_params_take(&table, decoder, ini, error) ? g_steal_pointer(&decoder) : NULL;
}

void cs3_decoder_free(Cs3Decoder *decoder) {
  if (decoder == NULL)
    return;
  g_free(decoder->name);
  g_free(decoder->description);
  g_free(decoder->source);
  g_free(decoder);
}

Cs3DecodeTime cs3_decoder_time(const Cs3Decoder *decoder, const Cs3DecodeWork *work,
                               const Cs3WeightStorage *storage, double batch, double cache) {
  double kv = batch * cs3_decode_kv_bytes(work, cache);
  gboolean skips = decoder->skips != 0 && storage->store != CS3_STORE_DENSE;
  double macs = skips ? work->live_macs : work->macs;
  macs = batch * (macs + cs3_decode_attention_macs(work, cache));
  Cs3DecodeTime time = {
      .memory_s = (cs3_decode_weight_bytes(work, storage, batch) + kv) / decoder->bandwidth,
      .compute_s = 2 * macs / decoder->flops,
      .fixed_s = work->blocks * decoder->layer_s,
  };
  time.token_s = MAX(time.memory_s, time.compute_s) + time.fixed_s;
  return time;
}
