/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of a followed ONNX graph, and its work. */
#include "config.h"

#include "workloads/onnx/onnx-net.h"

#include <string.h>

gpointer cs3_onnx_keep(Cs3OnnxNet *net, gpointer memory) {
  g_ptr_array_add(net->memory, memory);
  return memory;
}

Cs3OnnxValue *cs3_onnx_value_new(Cs3OnnxNet *net, const char *name) {
  Cs3OnnxValue *value = cs3_onnx_keep(net, g_new0(Cs3OnnxValue, 1));
  value->name = name != NULL ? name : "";
  value->rank = -1;
  return value;
}

gint64 cs3_onnx_value_elements(const Cs3OnnxValue *value) {
  gint64 n = 1;
  for (int i = 0; i < value->rank; i++)
    if (value->dims[i] < 0 || __builtin_mul_overflow(n, value->dims[i], &n) || n > (gint64)1 << 48)
      return -1;
  return value->rank < 0 ? -1 : n;
}

Cs3OnnxValue *cs3_onnx_value_of_tensor(Cs3OnnxNet *net, const char *name,
                                       const Cs3OnnxTensor *tensor) {
  Cs3OnnxValue *value = cs3_onnx_value_new(net, name);
  value->constant = TRUE;
  value->tensor = tensor;
  value->type = tensor->type;
  value->rank = (int)tensor->rank;
  memcpy(value->dims, tensor->dims, sizeof value->dims);
  if (tensor->elements > CS3_ONNX_NUMBERS || tensor->bytes == NULL)
    return value;
  value->n_numbers = tensor->elements;
  value->numbers = cs3_onnx_keep(net, g_new(double, MAX(1, tensor->elements)));
  for (gint64 i = 0; i < tensor->elements; i++)
    value->numbers[i] = cs3_onnx_tensor_number(tensor, i);
  return value;
}

/* --- work ------------------------------------------------------------------------------------- */

double cs3_onnx_attention_macs(const Cs3OnnxAttention *a) {
  return (double)(a->batch * a->heads) * (double)a->queries * (double)a->keys *
         (double)(a->head_dim + a->value_dim);
}

double cs3_onnx_work_macs(const Cs3OnnxWork *work) {
  double macs = work->attends ? cs3_onnx_attention_macs(&work->attention) : 0;
  for (guint i = 0; i < work->n_products; i++)
    macs += cs3_onnx_product_macs(&work->products[i]);
  return macs;
}

double cs3_onnx_range_macs(const Cs3OnnxNet *net, guint first, guint end) {
  double macs = 0;
  for (guint i = first; i < end; i++)
    macs += cs3_onnx_work_macs(&g_array_index(net->works, Cs3OnnxWork, i));
  return macs;
}

double cs3_onnx_net_macs(const Cs3OnnxNet *net) {
  return cs3_onnx_range_macs(net, 0, net->works->len);
}

void cs3_onnx_net_free(Cs3OnnxNet *net) {
  if (net == NULL)
    return;
  g_array_unref(net->works);
  g_ptr_array_unref(net->inputs);
  g_ptr_array_unref(net->outputs);
  g_ptr_array_unref(net->notes);
  g_ptr_array_unref(net->memory);
  g_hash_table_unref(net->unknown);
  g_hash_table_unref(net->opsets);
  g_hash_table_unref(net->given_values);
  g_hash_table_unref(net->given_used);
  cs3_onnx_file_free(net->file);
  g_free(net);
}
