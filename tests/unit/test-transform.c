/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse Iso-FLOP Transformations: every layer keeps its FLOPs, on every preset; widths and ranks
 * are those of the authors' code. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <math.h>

#include "base/datadir.h"
#include "workloads/graph-check.h"
#include "workloads/graph-memory.h"
#include "workloads/transform.h"

static const Cs3TransformOps *find(const char *name) {
  for (const Cs3TransformOps *const *t = cs3_transform_registry(); *t; t++)
    if (g_str_equal((*t)->name, name))
      return *t;
  ck_abort_msg("no transformation %s", name);
}

/* Of layers that a transformation is meant for: dense before, with masks and what is beside them
 * behind. */
static double target_macs(const Cs3Graph *graph) {
  double macs = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (cs3_rewrite_is_target(node))
      macs += (double)cs3_node_segment(graph, node)->repeat * node->macs * cs3_node_rows(node);
  }
  return macs;
}

/* Dense layers that a doped network has beside the sparse ones. */
static double low_rank_macs(const Cs3Graph *graph) {
  double macs = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (node->kind == CS3_NODE_LINEAR &&
        (g_str_has_suffix(node->label, "_u") || g_str_has_suffix(node->label, "_v")) &&
        !node->sparsifiable)
      macs += (double)cs3_node_segment(graph, node)->repeat * node->macs * cs3_node_rows(node);
  }
  return macs;
}

/* What rounding may do: a width or rank of 64 is rounded by at most one, twice in a product. */
static double allowed(const Cs3TransformOps *ops) {
  return g_str_equal(ops->name, "sparse-wide")         ? 0.015
         : g_str_equal(ops->name, "sparse-parallel")   ? 1e-9
         : g_str_equal(ops->name, "sparse-factorized") ? 0.01
                                                       : 0.02;
}

static void check_iso(const char *name, const Cs3Graph *graph, const Cs3TransformOps *ops,
                      double sparsity) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = cs3_transform_model(ops, graph, sparsity, &error);
  ck_assert_msg(model != NULL, "%s %s: %s", name, ops->name, error ? error->message : "");
  g_autoptr(Cs3Graph) larger = cs3_graph_new(model, NULL, &error);
  double kept = (1 - sparsity) * target_macs(larger) + low_rank_macs(larger);
  double ratio = kept / target_macs(graph);
  ck_assert_msg(fabs(ratio - 1) <= allowed(ops), "%s %s %g: %.4f of the FLOPs", name, ops->name,
                sparsity, ratio);
  ck_assert(model->parameters > graph->model->parameters);
  Cs3Memory before = cs3_graph_memory(graph, CS3_RECOMPUTE_NONE, NULL);
  Cs3Memory behind = cs3_graph_memory(larger, CS3_RECOMPUTE_NONE, NULL);
  ck_assert(behind.resident_bytes + behind.working_bytes >=
            before.resident_bytes + before.working_bytes);
}

START_TEST(test_iso_flop) {
  static const double sparsities[] = {0.5, 0.75, 0.9};
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_MODELS);
  for (char **name = names; *name; name++) {
    g_autoptr(Cs3Model) model = fixture_preset(*name);
    g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
    for (const Cs3TransformOps *const *t = cs3_transform_registry(); *t; t++)
      for (guint i = 0; i < G_N_ELEMENTS(sparsities); i++)
        check_iso(*name, graph, *t, sparsities[i]);
  }
}
END_TEST

static Cs3Model *transform(const char *preset, const char *name, double sparsity) {
  g_autoptr(Cs3Model) model = fixture_preset(preset);
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
  g_autoptr(GError) error = NULL;
  Cs3Model *larger = cs3_transform_model(find(name), graph, sparsity, &error);
  ck_assert_msg(larger != NULL, "%s", error ? error->message : "");
  return larger;
}

static const Cs3Node *node_called(const Cs3Graph *graph, const char *label) {
  for (guint i = 0; i < graph->nodes->len; i++)
    if (g_str_equal(cs3_graph_node(graph, i)->label, label))
      return cs3_graph_node(graph, i);
  ck_abort_msg("no operator %s", label);
}

/* Base widths of ResNet-18: int(64 sqrt(k)) = 90, 128, 202, doubled from stage to stage; GPT 125M
 * of the Model Zoo: hidden 1092 and 1536, the feed-forward part four times that. */
START_TEST(test_wide) {
  static const struct {
    double sparsity;
    gint64 base, hidden;
  } cases[] = {{0.5, 90, 1092}, {0.75, 128, 1536}, {0.9, 202, 202 * 12}};
  for (guint i = 0; i < 3; i++) {
    g_autoptr(Cs3Model) net = transform("resnet-18", "sparse-wide", cases[i].sparsity);
    ck_assert_int_eq(node_called(net->graph, "stem")->out_features, cases[i].base);
    ck_assert_int_eq(node_called(net->graph, "stem")->in_features, 3 * 49);
    ck_assert_int_eq(node_called(net->graph, "classifier")->in_features, 8 * cases[i].base);
    ck_assert_int_eq(node_called(net->graph, "classifier")->out_features, 1000);
    g_autoptr(Cs3Model) gpt = transform("gpt2-small", "sparse-wide", cases[i].sparsity);
    ck_assert_int_eq(node_called(gpt->graph, "o_proj")->out_features, cases[i].hidden);
    ck_assert_int_eq(node_called(gpt->graph, "up_proj")->out_features, 4 * cases[i].hidden);
    ck_assert_int_eq(node_called(gpt->graph, "qkv_proj")->out_features, 3 * cases[i].hidden);
    ck_assert_int_eq(node_called(gpt->graph, "lm_head")->out_features, 50257);
    ck_assert_int_eq(node_called(gpt->graph, "lm_head")->parameters, 0);
  }
}
END_TEST

/* 9 x 64 x 64 convolutions of ResNet-18's first stage by the authors' isoflop_width_control(). */
START_TEST(test_inner_widths) {
  g_autoptr(Cs3Model) factorized = transform("resnet-18", "sparse-factorized", 0.75);
  const Cs3Node *u = NULL;
  for (guint i = 0; i < factorized->graph->nodes->len && !u; i++)
    if (g_str_has_suffix(cs3_graph_node(factorized->graph, i)->label, "_u"))
      u = cs3_graph_node(factorized->graph, i);
  ck_assert_int_eq(u->out_features, 231); /* ceil(9 64 64 / (0.25 (9 64 + 64))) */
  g_autoptr(Cs3Model) doped = transform("resnet-18", "sparse-doped", 0.75);
  for (guint i = 0; i < doped->graph->nodes->len; i++)
    if (g_str_has_suffix(cs3_graph_node(doped->graph, i)->label, "_u")) {
      ck_assert_int_eq(cs3_graph_node(doped->graph, i)->out_features, 43); /* floor(43.2) */
      return;
    }
  ck_abort_msg("no low rank");
}
END_TEST

/* A branch has a batch norm of its own in a ResNet, and is added up where it arises in a GPT. */
START_TEST(test_parallel) {
  g_autoptr(Cs3Model) net = transform("resnet-18", "sparse-parallel", 0.75);
  guint norms = 0;
  for (guint i = 0; i < net->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(net->graph, i);
    if (node->kind == CS3_NODE_NORM && node->copies == 4)
      norms++;
  }
  ck_assert_uint_gt(norms, 8);
  g_autoptr(Cs3Model) gpt = transform("gpt2-small", "sparse-parallel", 0.9);
  const Cs3Node *up = node_called(gpt->graph, "up_proj");
  ck_assert_int_eq(up->copies, 10);
  ck_assert(cs3_graph_tensor(gpt->graph, up->writes[0])->rows == up->rows);
  g_autofree char *name = cs3_node_tensor(gpt->graph, up, 3, 7);
  ck_assert_str_eq(name, "transformer.h.3.mlp.c_fc.weight.7");
}
END_TEST

START_TEST(test_refused) {
  g_autoptr(Cs3Model) model = fixture_preset("gpt2-small");
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_transform_model(find("sparse-wide"), graph, 0, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "expected a --sparsity above 0");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("transform");
  TCase *tc = tcase_create("transform");
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, test_iso_flop);
  tcase_add_test(tc, test_wide);
  tcase_add_test(tc, test_inner_widths);
  tcase_add_test(tc, test_parallel);
  tcase_add_test(tc, test_refused);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
