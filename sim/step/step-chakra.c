/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step as an execution trace of Chakra. */
#include "config.h"

#include "sim/step/step-chakra.h"

#include <math.h>

#include "chakra.pb-c.h"

/* Links and the wafer: each does one thing after the other. */
enum { DOWN, UP, OUT, IN, WAFER, N_LANES };

typedef struct {
  Cs3Output *output;
  guint64 next;          /* identity of the next node */
  guint64 last[N_LANES]; /* the node before on each; 0: none */
  double busy_s;         /* arithmetic so far: rounded sums, not summed roundings */
  const char *label;
  gint64 micro_batch;
} Writer;

static void put_message(Cs3Output *output, const ProtobufCMessage *message) {
  gsize n = protobuf_c_message_get_packed_size(message), digits = 0;
  g_autofree guint8 *bytes = g_malloc(n + 10);
  for (gsize rest = n;; rest >>= 7) {
    bytes[digits++] = (guint8)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f)
      break;
  }
  protobuf_c_message_pack(message, bytes + digits);
  cs3_output_write(output, bytes, n + digits);
}

static void put_metadata(Cs3Output *output, const Cs3Schedule *schedule) {
  ChakraProtoMsg__AttributeProto from = CHAKRA_PROTO_MSG__ATTRIBUTE_PROTO__INIT, systems = from;
  ChakraProtoMsg__AttributeProto *all[] = {&from, &systems};
  ChakraProtoMsg__GlobalMetadata metadata = CHAKRA_PROTO_MSG__GLOBAL_METADATA__INIT;
  from.name = (char *)"generator";
  from.value_case = CHAKRA_PROTO_MSG__ATTRIBUTE_PROTO__VALUE_STRING_VAL;
  from.string_val = (char *)"cs3sim " PACKAGE_VERSION;
  systems.name = (char *)"systems";
  systems.value_case = CHAKRA_PROTO_MSG__ATTRIBUTE_PROTO__VALUE_INT64_VAL;
  systems.int64_val = MAX(schedule->systems, 1);
  metadata.version = (char *)"0.0.4";
  metadata.n_attr = G_N_ELEMENTS(all);
  metadata.attr = all;
  put_message(output, &metadata.base);
}

/* A node on @lane behind the one before there, and behind @needs where that is one. @amount: bytes,
 * or of arithmetic cycles. Returns: its identity. */
static guint64 put_node(Writer *to, int lane, const char *what, const guint64 needs[2],
                        double amount, guint64 micros) {
  static const ChakraProtoMsg__NodeType types[N_LANES] = {
      [DOWN] = CHAKRA_PROTO_MSG__NODE_TYPE__MEM_LOAD_NODE,
      [IN] = CHAKRA_PROTO_MSG__NODE_TYPE__MEM_LOAD_NODE,
      [UP] = CHAKRA_PROTO_MSG__NODE_TYPE__MEM_STORE_NODE,
      [OUT] = CHAKRA_PROTO_MSG__NODE_TYPE__MEM_STORE_NODE,
      [WAFER] = CHAKRA_PROTO_MSG__NODE_TYPE__COMP_NODE};
  ChakraProtoMsg__AttributeProto host = CHAKRA_PROTO_MSG__ATTRIBUTE_PROTO__INIT, size = host;
  ChakraProtoMsg__AttributeProto *attributes[] = {&host, &size};
  ChakraProtoMsg__Node node = CHAKRA_PROTO_MSG__NODE__INIT;
  g_autofree char *name =
      g_strdup_printf("%s %s, micro-batch %" G_GINT64_FORMAT, what, to->label, to->micro_batch);
  guint64 deps[3];
  const guint64 wanted[] = {to->last[lane], needs[0], needs[1]};
  for (guint i = 0; i < G_N_ELEMENTS(wanted); i++)
    if (wanted[i] != 0)
      deps[node.n_data_deps++] = wanted[i];
  host.name = (char *)"is_cpu_op";
  host.value_case = CHAKRA_PROTO_MSG__ATTRIBUTE_PROTO__VALUE_BOOL_VAL;
  size.name = (char *)(lane == WAFER ? "cycles" : "tensor_size");
  size.value_case = CHAKRA_PROTO_MSG__ATTRIBUTE_PROTO__VALUE_UINT64_VAL;
  size.uint64_val = (guint64)ceil(amount);
  node.id = to->next++;
  node.name = name;
  node.type = types[lane];
  node.data_deps = deps;
  node.duration_micros = micros;
  node.n_attr = G_N_ELEMENTS(attributes);
  node.attr = attributes;
  put_message(to->output, &node.base);
  return to->last[lane] = node.id;
}

static void put_use(Writer *to, const Cs3Schedule *schedule, const Cs3Use *use) {
  static const guint64 nothing[2] = {0, 0};
  const guint64 sent[2] = {to->last[OUT], 0};
  guint64 weights =
      use->stream_bytes > 0 ? put_node(to, DOWN, "weights", nothing, use->stream_bytes, 0) : 0;
  guint64 back = use->activation_in_bytes > 0
                     ? put_node(to, IN, "activations back", sent, use->activation_in_bytes, 0)
                     : 0;
  double begin_us = floor(1e6 * to->busy_s);
  to->busy_s += use->compute_cycles / schedule->clock_hz;
  guint64 micros = (guint64)(floor(1e6 * to->busy_s) - begin_us);
  const guint64 done[2] = {
      put_node(to, WAFER, "compute", (guint64[]){weights, back}, use->compute_cycles, micros), 0};
  if (use->gradient_bytes > 0)
    put_node(to, UP, "gradient", done, use->gradient_bytes, 0);
  if (use->activation_out_bytes > 0)
    put_node(to, OUT, "activations away", done, use->activation_out_bytes, 0);
}

gboolean cs3_step_chakra(const Cs3Schedule *schedule, const char *const *labels, Cs3Output *output,
                         GError **error) {
  double uses = (double)schedule->n_uses * (double)schedule->micro_batches;
  if (uses > CS3_CHAKRA_MAX_USES) {
    g_set_error(
        error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
        "an execution trace of %.3g uses of weights is too long, at most %d; take a smaller "
        "--batch or more --systems",
        uses, CS3_CHAKRA_MAX_USES);
    return FALSE;
  }
  Writer to = {.output = output, .next = 1};
  put_metadata(output, schedule);
  for (; to.micro_batch < schedule->micro_batches; to.micro_batch++)
    for (guint u = 0; u < schedule->n_uses; u++) {
      to.label = labels[u];
      put_use(&to, schedule, &schedule->uses[u]);
    }
  return TRUE;
}
