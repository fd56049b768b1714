/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An execution trace, read back: nodes that wait for nodes before them, and all bytes and cycles of
 * the step. */
#include "config.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "chakra.pb-c.h"
#include "sim/step/step-chakra.h"
#include "tests/unit/step-fixture.h"

typedef struct {
  double loads, stores, cycles, micros;
  guint64 nodes;
} Sums;

/* The bytes of the message at @at, which moves behind it. */
static const guint8 *message(const guint8 *bytes, gsize n, gsize *at, gsize *length) {
  *length = 0;
  for (guint shift = 0;; shift += 7) {
    ck_assert_uint_lt(*at, n);
    guint8 digit = bytes[(*at)++];
    *length |= (gsize)(digit & 0x7f) << shift;
    if ((digit & 0x80) == 0)
      break;
  }
  ck_assert_uint_le(*at + *length, n);
  const guint8 *found = bytes + *at;
  *at += *length;
  return found;
}

static void add_node(const ChakraProtoMsg__Node *node, Sums *sums) {
  ck_assert_uint_eq(node->id, ++sums->nodes);
  for (gsize i = 0; i < node->n_data_deps; i++) {
    ck_assert_uint_gt(node->data_deps[i], 0);
    ck_assert_uint_lt(node->data_deps[i], node->id);
  }
  ck_assert_uint_eq(node->n_attr, 2);
  double amount = (double)node->attr[1]->uint64_val;
  switch (node->type) {
  case CHAKRA_PROTO_MSG__NODE_TYPE__MEM_LOAD_NODE:
    sums->loads += amount;
    break;
  case CHAKRA_PROTO_MSG__NODE_TYPE__MEM_STORE_NODE:
    sums->stores += amount;
    break;
  case CHAKRA_PROTO_MSG__NODE_TYPE__COMP_NODE:
    sums->cycles += amount;
    sums->micros += (double)node->duration_micros;
    break;
  default:
    ck_abort_msg("node %lu is of type %d", (gulong)node->id, (int)node->type);
  }
}

static void read_back(const char *path, Sums *sums) {
  g_autofree char *text = NULL;
  gsize n, at = 0, length;
  ck_assert(g_file_get_contents(path, &text, &n, NULL));
  const guint8 *bytes = (const guint8 *)text, *part = message(bytes, n, &at, &length);
  ChakraProtoMsg__GlobalMetadata *metadata =
      chakra_proto_msg__global_metadata__unpack(NULL, length, part);
  ck_assert_ptr_nonnull(metadata);
  ck_assert_str_eq(metadata->attr[0]->string_val, "cs3sim " PACKAGE_VERSION);
  chakra_proto_msg__global_metadata__free_unpacked(metadata, NULL);
  while (at < n) {
    part = message(bytes, n, &at, &length);
    ChakraProtoMsg__Node *node = chakra_proto_msg__node__unpack(NULL, length, part);
    ck_assert_ptr_nonnull(node);
    add_node(node, sums);
    chakra_proto_msg__node__free_unpacked(node, NULL);
  }
}

START_TEST(all_of_a_step) {
  Model model;
  model_init(&model, 3);
  model.uses[5].activation_out_bytes = 1e6;
  model.uses[400].activation_in_bytes = 1e6;
  g_autoptr(GPtrArray) labels = g_ptr_array_new();
  double down = 0, up = 0, cycles = 0;
  for (guint u = 0; u < model.schedule.n_uses; u++) {
    const Cs3Use *use = &model.uses[u];
    g_ptr_array_add(labels, (gpointer) "use");
    down += 3 * (ceil(use->stream_bytes) + use->activation_in_bytes);
    up += 3 * (ceil(use->gradient_bytes) + use->activation_out_bytes);
    cycles += 3 * use->compute_cycles;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Output) output = cs3_output_new("step.et", &error);
  ck_assert(cs3_step_chakra(&model.schedule, (const char *const *)labels->pdata, output, &error));
  ck_assert(cs3_output_finish(output, &error));
  Sums sums = {0};
  read_back("step.et", &sums);
  g_unlink("step.et");
  ck_assert_double_eq(sums.loads, down);
  ck_assert_double_eq(sums.stores, up);
  /* Cycles of each use are rounded up; microseconds as one sum. */
  ck_assert(sums.cycles >= cycles && sums.cycles < cycles + 3.0 * model.schedule.n_uses);
  ck_assert_double_eq_tol(sums.micros, 1e6 * cycles / model.schedule.clock_hz, 1);
}
END_TEST

START_TEST(too_long) {
  Model model;
  model_init(&model, CS3_CHAKRA_MAX_USES);
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_step_chakra(&model.schedule, NULL, NULL, &error));
  ck_assert(g_error_matches(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("chakra");
  TCase *all = tcase_create("all");
  tcase_add_test(all, all_of_a_step);
  tcase_add_test(all, too_long);
  suite_add_tcase(suite, all);
  return fixture_run(suite);
}
