/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer graph: published FLOP identities, exact parameter sums, activation memory. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <math.h>

#include "workloads/graph-memory.h"

static Cs3Graph *graph_of(const Cs3Model *model, gint64 seq, gboolean causal) {
  g_autoptr(GError) error = NULL;
  Cs3Lengths lengths = {.seq = seq,
                        .attention = causal ? CS3_MASK_CAUSAL : CS3_MASK_FULL,
                        .tiles = CS3_ATTENTION_MAX_TILES};
  Cs3Graph *graph = cs3_graph_new(model, &lengths, &error);
  ck_assert_msg(graph != NULL, "%s", error ? error->message : "");
  return graph;
}

static gboolean has(const Cs3Graph *graph, const char *label, Cs3Node *node) {
  for (guint i = 0; i < graph->nodes->len; i++) {
    *node = *cs3_graph_node(graph, i);
    if (g_str_equal(node->label, label))
      return TRUE;
  }
  return FALSE;
}

/* 16-bit elements per row that the node called @label keeps. */
static double saved(const Cs3Graph *graph, const char *label) {
  for (guint i = 0; i < graph->nodes->len; i++)
    if (g_str_equal(cs3_graph_node(graph, i)->label, label))
      return cs3_node_saved_elements(graph, cs3_graph_node(graph, i), 0);
  ck_abort_msg("no node %s", label);
}

static Cs3Node find(const Cs3Graph *graph, const char *label) {
  Cs3Node node = {0};
  ck_assert_msg(has(graph, label, &node), "no node %s", label);
  return node;
}

static const char *const presets[] = {
    "gpt-j-6b",  "gpt2-small", "gpt3-13b",   "gpt3-175b", "gpt3-2.7b", "gpt3-20b",
    "gpt3-256m", "gpt3-590m",  "gpt3-6.7b",  "gpt3-xl",   "llama13b",  "llama3-8b",
    "llama70b",  "llama7b",    "mistral-7b", "opt-6.7b",
};

/* Every instance of every segment is run once, blocks in the order of their numbers. */
START_TEST(test_order) {
  g_autoptr(Cs3Model) model = fixture_preset(presets[_i]);
  g_autoptr(Cs3Graph) graph = graph_of(model, 512, FALSE);
  gint64 next = 0;
  for (guint i = 0; i < graph->order->len; i++) {
    Cs3Stage stage = g_array_index(graph->order, Cs3Stage, i);
    const Cs3Segment *segment = cs3_graph_segment(graph, stage.segment);
    if (segment->block)
      ck_assert_int_eq(segment->number[stage.instance], next++);
  }
  ck_assert_int_eq(next, cs3_model_fact(model, "layers"));
  ck_assert_int_eq(next + 2, graph->order->len);
}
END_TEST

static double speedup(const Cs3Graph *graph, double sparsity) {
  double density[64];
  ck_assert_uint_le(graph->nodes->len, G_N_ELEMENTS(density));
  for (guint i = 0; i < graph->nodes->len; i++)
    density[i] = cs3_graph_node(graph, i)->sparsifiable ? 1 - sparsity : 1;
  return cs3_graph_theoretical_speedup(graph, density);
}

/* SPDF, arXiv 2303.10464 (2.5x at 75 %), iterative pruning blog (3x at 83.8 %); the others are
 * the same arithmetic, 1 / (1 - f s), done by hand. */
static const struct {
  const char *preset;
  gint64 seq;
  double sparsity, speedup;
} identities[] = {
    {"gpt3-xl", 2048, 0.75, 2.50}, {"gpt3-xl", 2048, 0.50, 1.66}, {"gpt3-xl", 2048, 0.838, 3.02},
    {"llama7b", 4096, 0.50, 1.73}, {"llama7b", 4096, 0.70, 2.44}, {"llama7b", 2048, 0.50, 1.83},
    {"llama7b", 2048, 0.70, 2.74},
};

START_TEST(test_flop_identities) {
  g_autoptr(Cs3Model) model = fixture_preset(identities[_i].preset);
  g_autoptr(Cs3Graph) graph = graph_of(model, identities[_i].seq, FALSE);
  double got = speedup(graph, identities[_i].sparsity);
  ck_assert_msg(fabs(got / identities[_i].speedup - 1) < 0.01, "%g for %g", got,
                identities[_i].speedup);
}
END_TEST

/* 75 % at 2048 tokens: the released GPT-2 has 1024 positions, so its table is made longer. */
START_TEST(test_gpt2_identity) {
  g_autoptr(Cs3Model) model = fixture_changed_preset("gpt2-small", "{\"n_positions\":2048}");
  g_autoptr(Cs3Graph) graph = graph_of(model, 2048, FALSE);
  ck_assert_double_eq_tol(speedup(graph, 0.75), 1.65, 0.0165);
}
END_TEST

/* VSPDF (Model Zoo recipe): 62,523 steps at 90 % and 9,379 dense, against 62,523 dense. */
START_TEST(test_vspdf_recipe) {
  g_autoptr(Cs3Model) model = fixture_preset("gpt3-6.7b");
  g_autoptr(Cs3Graph) graph = graph_of(model, 2048, FALSE);
  double flops = (62523 / speedup(graph, 0.9) + 9379) / 62523;
  ck_assert_double_eq_tol(1 - flops, 0.66, 0.0066);
}
END_TEST

START_TEST(test_dense_is_one) {
  g_autoptr(Cs3Model) model = fixture_preset("llama7b");
  g_autoptr(Cs3Graph) graph = graph_of(model, 4096, TRUE);
  ck_assert(speedup(graph, 0) == 1.0);
}
END_TEST

/* Llama-2 7B by hand. */
START_TEST(test_macs) {
  g_autoptr(Cs3Model) model = fixture_preset("llama7b");
  g_autoptr(Cs3Graph) full = graph_of(model, 4096, FALSE);
  g_autoptr(Cs3Graph) causal = graph_of(model, 4096, TRUE);
  double linear = 32.0 * (4 * 4096.0 * 4096 + 3 * 4096.0 * 11008), head = 32000.0 * 4096;
  double attention = 32 * 2 * 4096.0;
  ck_assert(cs3_graph_macs(full) == 4096 * (linear + head + attention * 4096));
  ck_assert(cs3_graph_macs(causal) == 4096 * (linear + head + attention * 4097 / 2));
}
END_TEST

/* The span of a sliding window against counting key by key. */
START_TEST(test_window) {
  static const gint64 windows[] = {0, 1, 7, 99, 100, 101, 4096};
  for (guint i = 0; i < G_N_ELEMENTS(windows); i++) {
    g_autofree char *changes = windows[i] == 0
                                   ? g_strdup("{\"sliding_window\":null}")
                                   : g_strdup_printf("{\"sliding_window\":%d}", (int)windows[i]);
    g_autoptr(Cs3Model) model = fixture_changed_preset("mistral-7b", changes);
    gint64 keys = 0, limit = windows[i] ? windows[i] : G_MAXINT64;
    for (gint64 token = 1; token <= 100; token++)
      keys += MIN(token, limit);
    g_autoptr(Cs3Graph) causal = graph_of(model, 100, TRUE);
    g_autoptr(Cs3Graph) full = graph_of(model, 100, FALSE);
    ck_assert_double_eq_tol(find(causal, "scores").macs, 4096.0 * (double)keys / 100, 1e-6);
    ck_assert(find(full, "values").macs == 4096.0 * (double)MIN(100, limit));
  }
}
END_TEST

/* 34 H bytes a token and layer without maps (Korthikanti et al., arXiv 2205.05198), of which 2 H
 * are dropout masks, which we do not have; plus the statistics of the norms and the softmax. */
START_TEST(test_plain_gpt_memory) {
  g_autoptr(Cs3Model) model = fixture_preset("gpt3-13b");
  g_autoptr(Cs3Graph) graph = graph_of(model, 2048, FALSE);
  Cs3Memory memory = cs3_graph_memory(graph, CS3_RECOMPUTE_NONE, NULL);
  double per_layer = memory.resident_bytes / 2048 / 40, statistics = 2 * (4 + 2 * 40 + 4);
  ck_assert(per_layer == 32.0 * 5120 + statistics);
  ck_assert(memory.extra_forwards == 0);
}
END_TEST

START_TEST(test_recompute_policies) {
  g_autoptr(Cs3Model) model = fixture_preset(presets[_i]);
  g_autoptr(Cs3Graph) graph = graph_of(model, 1024, FALSE);
  Cs3Memory none = cs3_graph_memory(graph, CS3_RECOMPUTE_NONE, NULL);
  Cs3Memory layer = cs3_graph_memory(graph, CS3_RECOMPUTE_LAYER, NULL);
  Cs3Memory full = cs3_graph_memory(graph, CS3_RECOMPUTE_FULL, NULL);
  gint64 layers = cs3_model_fact(model, "layers"), hidden = cs3_model_fact(model, "hidden");
  ck_assert(layer.resident_bytes == 1024 * 2.0 * (double)(layers * hidden));
  ck_assert(none.resident_bytes > layer.resident_bytes);
  ck_assert(layer.resident_bytes > full.resident_bytes);
  ck_assert(none.working_bytes <= layer.working_bytes);
  ck_assert(layer.working_bytes <= full.working_bytes);
  ck_assert(layer.extra_forwards == 1 && full.extra_forwards == 2);
  /* The logits of a token are part of every policy's peak. */
  ck_assert(none.working_bytes >= 1024 * 2.0 * (double)cs3_model_fact(model, "vocab"));
}
END_TEST

/* 40 layers: a checkpoint every 7 blocks; while the last block of a stretch goes backward: the
 * inputs of the 5 between it and the checkpoint, its activations (16 H and statistics), the
 * gradients of the residual stream and of the widest activation (4 H). */
START_TEST(test_full_recompute_stride) {
  g_autoptr(Cs3Model) model = fixture_preset("gpt3-13b");
  g_autoptr(Cs3Graph) graph = graph_of(model, 1024, FALSE);
  Cs3Memory full = cs3_graph_memory(graph, CS3_RECOMPUTE_FULL, NULL);
  ck_assert(full.resident_bytes == 1024 * 2.0 * 6 * 5120);
  double block = 16 * 5120 + 4 + 2 * 40 + 4, widest = 4 * 5120;
  ck_assert_double_eq_tol(full.working_bytes, 1024 * 2 * (5 * 5120 + block + 5120 + widest + 2), 1);
}
END_TEST

START_TEST(test_seq_limits) {
  g_autoptr(Cs3Model) gpt = fixture_preset("gpt3-xl");
  g_autoptr(Cs3Model) llama = fixture_preset("llama7b");
  static const gint64 bad[] = {-1, G_MININT64, ((gint64)1 << 24) + 1, G_MAXINT64};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(cs3_graph_new(llama, &(Cs3Lengths){.seq = bad[i]}, &error));
    fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "expected 1 to 16777216, got ");
  }
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_graph_new(gpt, &(Cs3Lengths){.seq = 2049}, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID,
                "1 to 2048 (the model's learned position table)");
  cs3_graph_free(graph_of(gpt, 2048, FALSE));
  cs3_graph_free(graph_of(llama, 8192, FALSE));
}
END_TEST

START_TEST(test_structure) {
  g_autoptr(Cs3Model) llama = fixture_preset("llama70b");
  g_autoptr(Cs3Graph) graph = graph_of(llama, 1024, FALSE);
  Cs3Node k = find(graph, "k_proj"), head = find(graph, "lm_head"),
          softmax = find(graph, "softmax");
  ck_assert_str_eq(k.tensor, "model.layers.*.self_attn.k_proj.weight");
  ck_assert_int_eq(k.out_features, 1024);
  ck_assert_int_eq(k.in_features, 8192);
  ck_assert_int_eq(cs3_node_segment(graph, &k)->repeat, 80);
  ck_assert(k.sparsifiable && !head.sparsifiable && cs3_node_segment(graph, &head)->repeat == 1);
  g_autofree char *name = cs3_node_tensor(graph, &k, 17, 0);
  ck_assert_str_eq(name, "model.layers.17.self_attn.k_proj.weight");
  g_autofree char *head_name = cs3_node_tensor(graph, &head, 0, 0);
  ck_assert_str_eq(head_name, "lm_head.weight");
  g_autofree char *none = cs3_node_tensor(graph, &softmax, 0, 0);
  ck_assert_ptr_null(none);
}
END_TEST

/* Attention and MLP of GPT-J read one norm's output: it is kept once. */
START_TEST(test_single_norm) {
  g_autoptr(Cs3Model) model = fixture_preset("gpt-j-6b");
  g_autoptr(Cs3Graph) graph = graph_of(model, 1024, FALSE);
  Cs3Node second;
  ck_assert(!has(graph, "norm_2", &second));
  ck_assert(saved(graph, "q_proj") == 4096);
  ck_assert(saved(graph, "up_proj") == 0);
}
END_TEST

/* With a parallel residual both norms of a block read its input: it is kept once. */
START_TEST(test_parallel_residual) {
  static const char text[] =
      "{\"model_type\":\"gpt_neox\",\"hidden_size\":4096,\"intermediate_size\":16384,"
      "\"num_hidden_layers\":32,\"num_attention_heads\":32,\"vocab_size\":50432,"
      "\"max_position_embeddings\":2048}";
  g_autoptr(Cs3Model) model = cs3_model_parse(text, strlen(text), "neox.json", "neox", NULL);
  g_autoptr(Cs3Graph) graph = graph_of(model, 1024, FALSE);
  ck_assert(saved(graph, "norm_1") == 4096 + 4);
  ck_assert(saved(graph, "norm_2") == 4);
}
END_TEST

/* A tied head has no parameters of its own and all of its work. */
START_TEST(test_tied_head) {
  g_autoptr(Cs3Model) model = fixture_preset("gpt2-small");
  g_autoptr(Cs3Graph) graph = graph_of(model, 1024, FALSE);
  Cs3Node head = find(graph, "lm_head");
  ck_assert_int_eq(head.parameters, 0);
  ck_assert(head.macs == 50257.0 * 768);
}
END_TEST

/* OPT-350m style: a narrower embedding brings a projection on either side. */
START_TEST(test_projected_embedding) {
  g_autoptr(Cs3Model) model = fixture_changed_preset("opt-6.7b", "{\"word_embed_proj_dim\":512}");
  g_autoptr(Cs3Graph) graph = graph_of(model, 1024, FALSE);
  ck_assert_int_eq(find(graph, "project_in").in_features, 512);
  ck_assert_int_eq(find(graph, "project_out").out_features, 512);
  ck_assert_int_eq(find(graph, "lm_head").in_features, 512);
  ck_assert(!find(graph, "project_in").sparsifiable);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("graph");
  TCase *tc = tcase_create("graph");
  tcase_add_loop_test(tc, test_order, 0, G_N_ELEMENTS(presets));
  tcase_add_loop_test(tc, test_flop_identities, 0, G_N_ELEMENTS(identities));
  tcase_add_test(tc, test_gpt2_identity);
  tcase_add_test(tc, test_vspdf_recipe);
  tcase_add_test(tc, test_dense_is_one);
  tcase_add_test(tc, test_macs);
  tcase_add_test(tc, test_window);
  tcase_add_test(tc, test_plain_gpt_memory);
  tcase_add_loop_test(tc, test_recompute_policies, 0, G_N_ELEMENTS(presets));
  tcase_add_test(tc, test_full_recompute_stride);
  tcase_add_test(tc, test_seq_limits);
  tcase_add_test(tc, test_structure);
  tcase_add_test(tc, test_single_norm);
  tcase_add_test(tc, test_parallel_residual);
  tcase_add_test(tc, test_tied_head);
  tcase_add_test(tc, test_projected_embedding);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
