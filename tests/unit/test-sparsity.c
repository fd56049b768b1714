/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparsity per tensor: the default's reach, filters, and every way to get them wrong. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <math.h>

#include "workloads/sparsity.h"

typedef struct {
  Cs3Model *model;
  Cs3Graph *graph;
} Fixture;

static Fixture fixture;

static void setup(void) {
  fixture.model = fixture_preset("llama7b");
  fixture.graph =
      cs3_graph_new(fixture.model, &(Cs3Lengths){.seq = 4096, .attention = CS3_MASK_FULL}, NULL);
  ck_assert_ptr_nonnull(fixture.graph);
}

static void teardown(void) {
  cs3_graph_free(fixture.graph);
  cs3_model_free(fixture.model);
}

static Cs3Sparsity *assign(double sparsity, const char *const *filters) {
  g_autoptr(GError) error = NULL;
  Cs3Sparsity *s = cs3_sparsity_new(fixture.graph, sparsity, filters, NULL, &error);
  ck_assert_msg(s != NULL, "%s", error ? error->message : "");
  return s;
}

static guint index_of(const char *label) {
  for (guint i = 0; i < fixture.graph->nodes->len; i++)
    if (g_str_equal(cs3_graph_node(fixture.graph, i)->label, label))
      return i;
  ck_abort_msg("no node %s", label);
}

/* Exactly the linear weights of the blocks. */
START_TEST(test_default_reach) {
  g_autoptr(Cs3Sparsity) s = assign(0.7, NULL);
  static const char *const sparse[] = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                       "gate_proj", "up_proj", "down_proj"};
  guint n = 0;
  for (guint i = 0; i < fixture.graph->nodes->len; i++)
    n += s->node_density[i] != 1;
  ck_assert_uint_eq(n, G_N_ELEMENTS(sparse));
  for (guint i = 0; i < G_N_ELEMENTS(sparse); i++)
    ck_assert(s->node_density[index_of(sparse[i])] == 1 - 0.7);
  ck_assert_double_eq_tol(cs3_graph_theoretical_speedup(fixture.graph, s->node_density), 2.44,
                          0.01);
}
END_TEST

START_TEST(test_zero_is_dense) {
  g_autoptr(Cs3Sparsity) s = assign(0, NULL);
  ck_assert(cs3_graph_theoretical_speedup(fixture.graph, s->node_density) == 1.0);
}
END_TEST

START_TEST(test_later_filter_wins) {
  g_autoptr(Cs3Sparsity) s = assign(
      0.7, (const char *const[]){"*proj*=0.5", "*.q_proj.*=0.25", "*.o_proj.weight=0", NULL});
  ck_assert(s->node_density[index_of("q_proj")] == 0.75);
  ck_assert(s->node_density[index_of("k_proj")] == 0.5);
  ck_assert(s->node_density[index_of("o_proj")] == 1);
  g_autoptr(Cs3Sparsity) reversed =
      assign(0.7, (const char *const[]){"*.q_proj.*=0.25", "*proj*=0.5", NULL});
  ck_assert(reversed->node_density[index_of("q_proj")] == 0.5);
}
END_TEST

/* What the default spares, a filter may name. */
START_TEST(test_filter_reaches_head) {
  g_autoptr(Cs3Sparsity) s = assign(0.7, (const char *const[]){"lm_head.weight=0.9", NULL});
  ck_assert_double_eq_tol(s->node_density[index_of("lm_head")], 0.1, 1e-12);
}
END_TEST

/* The name as `inspect` prints it, with '*' for the layer, means all layers. */
START_TEST(test_printed_name_is_a_filter) {
  g_autoptr(Cs3Sparsity) s =
      assign(0, (const char *const[]){"model.layers.*.mlp.up_proj.weight=0.5", NULL});
  ck_assert(s->node_density[index_of("up_proj")] == 0.5);
  ck_assert(s->node_density[index_of("gate_proj")] == 1);
}
END_TEST

/* First and last layer dense. */
START_TEST(test_single_layers) {
  g_autoptr(Cs3Sparsity) s =
      assign(0.75, (const char *const[]){"model.layers.0.*=0", "model.layers.31.*=0", NULL});
  guint q = index_of("q_proj");
  ck_assert(cs3_sparsity_density(s, q, 0) == 1 && cs3_sparsity_density(s, q, 31) == 1);
  ck_assert(cs3_sparsity_density(s, q, 1) == 0.25 && cs3_sparsity_density(s, q, 30) == 0.25);
  ck_assert(s->node_density[q] == (2 + 30 * 0.25) / 32);
  g_autoptr(GArray) groups = cs3_sparsity_groups(s, q);
  ck_assert_uint_eq(groups->len, 2);
  Cs3SparsityGroup a = g_array_index(groups, Cs3SparsityGroup, 0);
  Cs3SparsityGroup b = g_array_index(groups, Cs3SparsityGroup, 1);
  ck_assert(a.density == 1 && a.count == 2 && a.first == 0);
  ck_assert(b.density == 0.25 && b.count == 30 && b.first == 1);
}
END_TEST

static const struct {
  const char *filter, *message;
} bad_filters[] = {
    {"", "expected GLOB=SPARSITY"},
    {"*proj*", "expected GLOB=SPARSITY"},
    {"=0.5", "expected GLOB=SPARSITY"},
    {"*proj*=", "\"*proj*=\": expected a share of zeros from 0 up to but not 1, got nothing"},
    {"*proj*=1", "got 1"},
    {"*proj*=-0.5", "got -0.5"},
    {"*proj*=nan", "got nan"},
    {"*proj*=inf", "got inf"},
    {"*proj*=0.5x", "got 0.5x"},
    {"*proj*=0,5", "got 0,5"},
    {"*proj*=70", "got 70; 70 % is 0.7"},
    {"*qproj*=0.5", "no weight of a linear layer is called *qproj*; names are model.layers.*.self_"
                    "attn.q_proj.weight, "},
    {"*norm*=0.5", "no weight of a linear layer is called *norm*"},
    {"model.layers.32.*=0.5", "no weight of a linear layer"},
};

START_TEST(test_bad_filter) {
  g_autoptr(GError) error = NULL;
  const char *const filters[] = {"*proj*=0.5", bad_filters[_i].filter, NULL};
  ck_assert_ptr_null(cs3_sparsity_new(fixture.graph, 0.5, filters, NULL, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, bad_filters[_i].message);
}
END_TEST

START_TEST(test_bad_sparsity) {
  static const double wrong[] = {1, -0.1, NAN, INFINITY, -INFINITY, 70, 1e300};
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_sparsity_new(fixture.graph, wrong[_i], NULL, NULL, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "sparsity: expected a share of zeros");
}
END_TEST

START_TEST(test_parse) {
  double value = -1;
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_sparsity_parse("0.7", "--sparsity", &value, &error) && value == 0.7);
  ck_assert(cs3_sparsity_parse("-0", "--sparsity", &value, &error) && !signbit(value));
  ck_assert(cs3_sparsity_parse("7e-1", "--sparsity", &value, &error) && value == 0.7);
  ck_assert(!cs3_sparsity_parse(" 0.7", "--sparsity", &value, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "--sparsity: expected");
}
END_TEST

static Cs3Sparsity *with_pattern(const char *text, double sparsity, const char *const *filters,
                                 GError **error) {
  Cs3Pattern pattern;
  ck_assert(cs3_pattern_parse(&pattern, text, NULL));
  return cs3_sparsity_new(fixture.graph, sparsity, filters, &pattern, error);
}

START_TEST(test_pattern_agrees) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Sparsity) s =
      with_pattern("2:4", 0.5, (const char *const[]){"*.q_proj.*=0", NULL}, &error);
  ck_assert_ptr_nonnull(s);
  ck_assert_ptr_null(with_pattern("2:4", 0.7, NULL, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID,
                "model.layers.*.self_attn.q_proj.weight: the pattern makes a share of 0.5 zero;"
                " expected sparsity 0.5 or 0, got 0.7");
  g_autoptr(GError) width = NULL;
  ck_assert_ptr_null(with_pattern("6:24", 0.75, NULL, &width));
  fixture_error(width, CS3_WORKLOAD_ERROR_INVALID,
                "q_proj.weight: pattern 6:24: expected rows of a multiple of 24 weights, got 4096");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sparsity");
  TCase *tc = tcase_create("sparsity");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, test_default_reach);
  tcase_add_test(tc, test_zero_is_dense);
  tcase_add_test(tc, test_later_filter_wins);
  tcase_add_test(tc, test_filter_reaches_head);
  tcase_add_test(tc, test_printed_name_is_a_filter);
  tcase_add_test(tc, test_single_layers);
  tcase_add_loop_test(tc, test_bad_filter, 0, G_N_ELEMENTS(bad_filters));
  tcase_add_loop_test(tc, test_bad_sparsity, 0, 7);
  tcase_add_test(tc, test_parse);
  tcase_add_test(tc, test_pattern_agrees);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
