/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training step on a GPU: kernels one after the other. */
#include "config.h"

#include "sim/gpu/gpu-step.h"

#include <math.h>

#include "base/config-error.h"
#include "workloads/model.h"

enum {
  ELEMENT_BYTES = 2,
  PADDED_ROWS = 8, /* of an expert's tokens: to what kernels fetch at once */
};

/* Products of attention's backward over those of forward: dV, dP, dQ, dK and the scores again. */
#define ATTENTION_BACKWARD 2.5

double cs3_gpu_time_sum(const Cs3GpuTime *t) {
  return t->linear_s + t->attention_s + t->vector_s + t->cast_s + t->again_s + t->update_s;
}

/* What the loop over the operators works on. */
typedef struct {
  const Cs3Gpu *gpu;
  const Cs3Graph *graph;
  const Cs3GpuWay *way;
  double sequences;
  Cs3GpuTime forward, backward;
} Step;

static double moved_elements(const Cs3Graph *graph, const Cs3Node *node) {
  double elements = 0;
  for (int i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, node->reads[i]);
    elements += (double)tensor->elements * tensor->rows;
  }
  for (int i = 0; i < CS3_NODE_MAX_WRITES && node->writes[i] >= 0; i++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, node->writes[i]);
    elements += (double)tensor->elements * tensor->rows;
  }
  return elements;
}

static double trained(const Cs3Graph *graph) {
  return (double)cs3_model_parameters(graph->model) - cs3_graph_frozen_parameters(graph);
}

/* Frozen weights have no states beside them. */
static double state_bytes(const Cs3Gpu *gpu, const Cs3Graph *graph) {
  return gpu->state_bytes * trained(graph) + ELEMENT_BYTES * cs3_graph_frozen_parameters(graph);
}

/* A product with the weights of @node. */
static double weights_s(const Step *s, const Cs3Node *node, Cs3GpuPrecision precision, double m,
                        double n, double k) {
  const Cs3GpuWay *way = s->way;
  gboolean dense = !cs3_node_segment(s->graph, node)->block || !node->sparsifiable;
  double density = 1;
  if (way->density != NULL)
    density = way->density[node - cs3_graph_node(s->graph, 0)];
  if (!dense && way->kernels == CS3_GPU_CSR && density < 1)
    return cs3_gpu_csr_s(s->gpu, m, n, k, density);
  if (!dense && way->kernels == CS3_GPU_BLOCKS && density < 1)
    return cs3_gpu_blocks_s(s->gpu, way->side, m, n, k, density);
  double gain =
      !dense && way->kernels == CS3_GPU_TWO_OF_FOUR ? s->gpu->products[precision].two_of_four : 1;
  return cs3_gpu_product_s(s->gpu, precision, m, n, k, 0) / gain;
}

static void add_linear(Step *s, const Cs3Node *node, gboolean block, double times) {
  const Cs3GpuWay *way = s->way;
  Cs3GpuPrecision precision = block ? way->precision : CS3_GPU_BF16;
  double m = PADDED_ROWS * ceil(node->rows * s->sequences / PADDED_ROWS);
  double groups = (double)node->groups;
  double n = (double)node->out_features / groups, k = (double)node->in_features / groups;
  double many = times * (double)node->copies * groups;
  s->forward.linear_s += many * weights_s(s, node, precision, m, n, k);
  double dw_s = node->frozen ? 0 : cs3_gpu_product_s(s->gpu, precision, n, k, m, 0);
  s->backward.linear_s += many * (weights_s(s, node, precision, m, k, n) + dw_s);
  if (precision != CS3_GPU_FP8)
    return;
  double cast_s = s->gpu->cast_bytes / s->gpu->cast;
  s->forward.cast_s += many * (m + n) * k * cast_s;
  s->backward.cast_s += many * m * n * cast_s;
}

/* Scores and values as their masks leave them, the causal half. */
static void add_attention(Step *s, const Cs3Node *node, double times) {
  const Cs3AttentionSize *size = cs3_graph_attention(s->graph, node);
  double flops = 2 * times * node->macs * cs3_node_rows(node) * s->sequences;
  double seq = size != NULL ? (double)size->keys : 1;
  double width = size != NULL ? (double)size->head_dim : 128;
  s->forward.attention_s += cs3_gpu_attention_s(s->gpu, flops, seq, width, FALSE);
  s->backward.attention_s +=
      cs3_gpu_attention_s(s->gpu, ATTENTION_BACKWARD * flops, seq, width, TRUE);
}

static void add_vector(Step *s, const Cs3Node *node, double times) {
  double factor = s->way->fused ? s->gpu->fused : s->gpu->eager;
  double bytes = ELEMENT_BYTES * factor * times * moved_elements(s->graph, node) * s->sequences;
  s->forward.vector_s += bytes / s->gpu->stream;
  s->backward.vector_s += 2 * bytes / s->gpu->stream;
}

/* Its operand alone, the logits, counts: `loss_bytes` is measured over them. */
static void add_loss(Step *s, const Cs3Node *node, double times) {
  const Cs3Tensor *logits = cs3_graph_tensor(s->graph, node->reads[0]);
  double elements = times * (double)logits->elements * logits->rows * s->sequences;
  double time_s = elements * s->gpu->loss_bytes / s->gpu->stream;
  s->forward.vector_s += time_s / 2;
  s->backward.vector_s += time_s / 2;
}

static void add_node(Step *s, const Cs3Node *node) {
  const Cs3Segment *segment = cs3_node_segment(s->graph, node);
  double times = (double)segment->repeat;
  if (s->way->blocks && !segment->block)
    return;
  switch (node->kind) {
  case CS3_NODE_LINEAR:
    add_linear(s, node, segment->block, times);
    break;
  case CS3_NODE_SCORES:
  case CS3_NODE_VALUES:
    add_attention(s, node, times);
    break;
  case CS3_NODE_LOSS:
    add_loss(s, node, times);
    break;
  case CS3_NODE_SOFTMAX: /* in attention's kernel */
    break;
  default:
    add_vector(s, node, times);
  }
}

/* Forward of the blocks again. */
static double again(const Step *whole) {
  Cs3GpuWay way = *whole->way;
  way.blocks = TRUE;
  way.checkpoint = FALSE;
  Step s = {whole->gpu, whole->graph, &way, whole->sequences, {0}, {0}};
  for (guint i = 0; i < s.graph->nodes->len; i++)
    add_node(&s, cs3_graph_node(s.graph, i));
  return cs3_gpu_time_sum(&s.forward);
}

Cs3GpuTime cs3_gpu_step(const Cs3Gpu *gpu, const Cs3Graph *graph, const Cs3GpuWay *way,
                        double sequences) {
  Step s = {gpu, graph, way, sequences, {0}, {0}};
  for (guint i = 0; i < graph->nodes->len; i++)
    add_node(&s, cs3_graph_node(graph, i));
  Cs3GpuTime time = {
      .linear_s = s.forward.linear_s + s.backward.linear_s,
      .attention_s = s.forward.attention_s + s.backward.attention_s,
      .vector_s = s.forward.vector_s + s.backward.vector_s,
      .cast_s = s.forward.cast_s + s.backward.cast_s,
      .again_s = way->checkpoint ? again(&s) : 0,
  };
  if (way->update)
    time.update_s = trained(graph) * gpu->update_bytes / gpu->update;
  return time;
}

double cs3_gpu_forward_s(const Cs3Gpu *gpu, const Cs3Graph *graph, const Cs3GpuWay *way,
                         double sequences) {
  Step s = {gpu, graph, way, sequences, {0}, {0}};
  for (guint i = 0; i < graph->nodes->len; i++)
    add_node(&s, cs3_graph_node(graph, i));
  return cs3_gpu_time_sum(&s.forward);
}

/* --- memory ---------------------------------------------------------------------------------- */

/* What one instance of @segment keeps, bytes a sample. */
static double kept(const Cs3Graph *graph, const Cs3Segment *segment) {
  double elements = 0;
  for (guint i = segment->first; i < segment->first + segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    elements += cs3_node_saved_elements(graph, node, 0) * cs3_node_rows(node);
  }
  return ELEMENT_BYTES * elements;
}

static double input(const Cs3Graph *graph, const Cs3Segment *segment) {
  if (segment->input < 0)
    return 0;
  const Cs3Tensor *tensor = cs3_graph_tensor(graph, segment->input);
  return ELEMENT_BYTES * (double)tensor->elements * tensor->rows;
}

/* With checkpoints every block keeps its input, the one at work all. */
static double activations(const Cs3Graph *graph, gboolean checkpoint) {
  double sum = 0, working = 0;
  for (guint s = 0; s < graph->segments->len; s++) {
    const Cs3Segment *segment = cs3_graph_segment(graph, s);
    gboolean again = checkpoint && segment->block;
    double all = kept(graph, segment);
    sum += (double)segment->repeat * (again ? input(graph, segment) : all);
    working = again ? MAX(working, all) : working;
  }
  return sum + working;
}

double cs3_gpu_memory(const Cs3Gpu *gpu, const Cs3Graph *graph, const Cs3GpuWay *way,
                      double sequences) {
  return state_bytes(gpu, graph) + sequences * activations(graph, way->checkpoint);
}

/* --- several --------------------------------------------------------------------------------- */

/* Sequences at a time that fit, at most @share; 0: none. */
static gint64 fitting(const Cs3Gpu *gpu, const Cs3Graph *graph, gboolean checkpoint, gint64 gpus,
                      gint64 share) {
  double states = state_bytes(gpu, graph) / (double)gpus;
  double room = (gpu->memory_bytes - states) / activations(graph, checkpoint);
  return room < 1 ? 0 : (gint64)MIN(room, (double)share);
}

static gboolean check(const Cs3Gpu *gpu, const Cs3GpuWay *way, gint64 gpus, gint64 batch,
                      GError **error) {
  if (!cs3_gpu_check_precision(gpu, way->precision, error))
    return FALSE;
  if (!cs3_gpu_has_kernels(gpu, way->kernels, way->precision)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "%s: no %s products in %s were measured; take dense", gpu->name,
                cs3_gpu_kernel_names[way->kernels], cs3_gpu_precision_names[way->precision]);
    return FALSE;
  }
  if (batch % gpus == 0)
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
              "--batch %" G_GINT64_FORMAT ": does not divide over %" G_GINT64_FORMAT " %ss", batch,
              gpus, gpu->name);
  return FALSE;
}

gboolean cs3_gpu_run(const Cs3Gpu *gpu, const Cs3Graph *graph, Cs3GpuWay way, gint64 gpus,
                     gint64 batch, Cs3GpuRun *run, GError **error) {
  if (!check(gpu, &way, gpus, batch, error))
    return FALSE;
  gint64 share = batch / gpus;
  way.update = FALSE;
  way.checkpoint = fitting(gpu, graph, FALSE, gpus, share) < 1;
  gint64 micro = fitting(gpu, graph, way.checkpoint, gpus, share);
  if (micro < 1) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "%s: a sequence and the states of %.3g B parameters do not fit the memory of "
                "%" G_GINT64_FORMAT " (%.4g GB each); take more of them, as in %sx8",
                graph->model->name, (double)cs3_model_parameters(graph->model) / 1e9, gpus,
                gpu->memory_bytes / 1e9, gpu->name);
    return FALSE;
  }
  run->gpus = gpus;
  run->micro = micro;
  run->checkpoint = way.checkpoint;
  run->time = cs3_gpu_step(gpu, graph, &way, (double)share);
  run->time.update_s = trained(graph) * gpu->update_bytes / gpu->update / (double)gpus;
  run->memory =
      state_bytes(gpu, graph) / (double)gpus + (double)micro * activations(graph, way.checkpoint);
  run->step_s = cs3_gpu_time_sum(&run->time) / pow(gpu->scaling, log2((double)gpus));
  run->joules = run->step_s * gpu->power_w * (double)gpus;
  return TRUE;
}
