/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Feature maps: what convolutions and what stands around them count, and the totals that the
 * convolutional presets' authors publish. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <math.h>

#include "workloads/builder-conv.h"
#include "workloads/graph-memory.h"

static const struct {
  const char *preset;
  gint64 parameters;
  double macs, tolerance;
} published[] = {
    /* torchvision's documentation of its weights: num_params, _ops */
    {"resnet-18", 11689512, 1.814e9, 0.001e9},
    {"resnet-34", 21797672, 3.664e9, 0.001e9},
    {"resnet-50", 25557032, 4.089e9, 0.001e9},
    {"mobilenet-v2", 3504872, 0.301e9, 0.001e9},
    {"vgg-16", 138357544, 15.47e9, 0.01e9},
    {"efficientnet-b0", 5288548, 0.386e9, 0.001e9},
    {"efficientnet-b7", 66347960, 37.746e9, 0.01e9},
    /* The model's card; multiply-adds by hand: no two published counts agree */
    {"unet", 859520964, 401.64e9, 0.01e9},
};

START_TEST(test_published) {
  g_autoptr(Cs3Model) model = fixture_preset(published[_i].preset);
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
  double macs = cs3_graph_macs(graph);
  ck_assert_int_eq(cs3_model_parameters(model), published[_i].parameters);
  ck_assert_msg(fabs(macs - published[_i].macs) <= published[_i].tolerance, "%s: %.6g",
                published[_i].preset, macs);
}
END_TEST

/* RevBiFPN's repository prints parameters and what the package thop counts, which adds two
 * operations an element of a batch norm and eleven an element that is enlarged. */
static const struct {
  const char *preset;
  gint64 parameters;
  double counted;
} pyramids[] = {
    {"revbifpn-s0", 3419196, 308039716},     {"revbifpn-s1", 5112300, 616781508},
    {"revbifpn-s2", 10576528, 1370329000},   {"revbifpn-s3", 19574184, 3330873312},
    {"revbifpn-s4", 48687336, 10632222080},  {"revbifpn-s5", 81998976, 21848995912},
    {"revbifpn-s6", 142307972, 38084434748},
};

START_TEST(test_pyramids) {
  g_autoptr(Cs3Model) model = fixture_preset(pyramids[_i].preset);
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
  double counted = cs3_graph_macs(graph);
  gboolean reversible = FALSE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    const Cs3Tensor *y = cs3_graph_tensor(graph, node->writes[0] >= 0 ? node->writes[0] : 0);
    double elements = (double)y->elements * y->rows;
    counted += node->kind == CS3_NODE_NORM     ? 2 * elements
               : node->kind == CS3_NODE_RESIZE ? 11 * elements
                                               : 0;
    reversible |= cs3_node_segment(graph, node)->reversible;
  }
  ck_assert_int_eq(cs3_model_parameters(model), pyramids[_i].parameters);
  ck_assert_msg(fabs(counted / pyramids[_i].counted - 1) < 1e-4, "%s: %.0f", pyramids[_i].preset,
                counted);
  ck_assert(reversible);
}
END_TEST

static Cs3Builder *open_builder(void) {
  Cs3Lengths lengths = {0};
  Cs3Builder *b = cs3_builder_new(NULL, &lengths);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "net", .rows = 7 * 10, .block = TRUE});
  return b;
}

/* Positions of the output by trying every place of the filter. */
static gint64 places(const Cs3Filter *f, int axis, gint64 input) {
  gint64 padded = input + f->before[axis] + f->after[axis], n = 0;
  for (gint64 at = 0; at + f->dilation[axis] * (f->kernel[axis] - 1) < padded;
       at += f->stride[axis])
    n++;
  return n;
}

START_TEST(test_positions) {
  for (gint64 kernel = 1; kernel < 5; kernel++)
    for (gint64 stride = 1; stride < 4; stride++)
      for (gint64 dilation = 1; dilation < 3; dilation++)
        for (gint64 zeros = 0; zeros < 3; zeros++)
          for (gint64 input = 1; input < 9; input++) {
            Cs3Filter f = {.kernel = {kernel, kernel},
                           .stride = {stride, stride},
                           .dilation = {dilation, dilation},
                           .before = {zeros, 0},
                           .after = {0, zeros}};
            ck_assert_int_eq(cs3_filter_positions(&f, 0, input), places(&f, 0, input));
            ck_assert_int_eq(cs3_filter_positions(&f, 1, input), places(&f, 1, input));
          }
}
END_TEST

/* 12 channels of 7 x 10 positions to 18 channels in three groups, 3 x 5, stride 2 x 1. */
START_TEST(test_grouped) {
  Cs3Builder *b = open_builder();
  Cs3Map x = cs3_build_map(b, "x", 12, 7, 10);
  Cs3Filter f = {.out = 18,
                 .kernel = {3, 5},
                 .stride = {2, 1},
                 .before = {1, 0},
                 .after = {1, 0},
                 .groups = 3,
                 .bias = TRUE};
  Cs3Map y = cs3_build_conv(b, "conv", "conv.weight", x, &f);
  cs3_build_output(b, y.act);
  g_autoptr(Cs3Graph) graph = cs3_builder_finish(b);
  const Cs3Node *node = cs3_graph_node(graph, 0);
  const Cs3Convolution *c = cs3_graph_convolution(graph, node);
  ck_assert(y.height == 4 && y.width == 6 && c->output[0] == 4 && c->output[1] == 6);
  ck_assert_int_eq(node->out_features, 18);
  ck_assert_int_eq(node->in_features, 12 * 15);
  ck_assert_int_eq(node->parameters, 18 * 4 * 15 + 18);
  ck_assert_double_eq(cs3_graph_macs(graph), 4 * 6 * 18 * 4 * 15);
  ck_assert_double_eq(cs3_graph_tensor(graph, y.act)->rows, 24);
  ck_assert_int_eq(cs3_graph_tensor(graph, y.act)->elements, 18);
}
END_TEST

/* Every input position meets every weight: 2 x 2, stride 2. */
START_TEST(test_transposed) {
  Cs3Builder *b = open_builder();
  Cs3Map x = cs3_build_map(b, "x", 12, 7, 10);
  Cs3Filter f = {.out = 5, .kernel = {2, 2}, .stride = {2, 2}, .transposed = TRUE, .bias = TRUE};
  Cs3Map y = cs3_build_conv(b, "up", "up.weight", x, &f);
  cs3_build_output(b, y.act);
  g_autoptr(Cs3Graph) graph = cs3_builder_finish(b);
  const Cs3Node *node = cs3_graph_node(graph, 0);
  ck_assert(y.height == 14 && y.width == 20);
  ck_assert_int_eq(node->parameters, 12 * 5 * 4 + 5);
  ck_assert_double_eq(cs3_graph_macs(graph), 70.0 * 12 * 5 * 4);
  /* a bias for every output, a sum for all that falls on it */
  ck_assert_double_eq(node->vector_elements * node->rows, 5 * 280 + 5 * 4 * 70);
}
END_TEST

/* A norm keeps its input, a maximum a place, an excitation both factors; views keep nothing. */
START_TEST(test_kept) {
  Cs3Builder *b = open_builder();
  Cs3Map x = cs3_build_map(b, "x", 8, 7, 10);
  Cs3Window window = {{2, 2}, {2, 2}, {0, 0}, {0, 0}, TRUE};
  Cs3Map y = cs3_build_batch_norm(b, "norm", "norm.weight", x);
  Cs3Map p = cs3_build_window_pool(b, "pool", y, &window);
  Cs3Map s = cs3_build_adaptive_pool(b, "mean", p, 1, 1);
  Cs3Map e = cs3_build_excite(b, "excite", p, s);
  Cs3Map up = cs3_build_resize(b, "up", e, 6, 10, CS3_RESIZE_BILINEAR);
  Cs3Act both[] = {up.act, e.act}, parts[2];
  Cs3Act packed = cs3_build_pack(b, "pack", both, 2);
  cs3_build_unpack(b, "unpack", packed, both, 2, parts);
  cs3_build_output(b, parts[0]);
  g_autoptr(Cs3Graph) graph = cs3_builder_finish(b);
  static const double kept[] = {8 * 70 + 2 * 8 * 2, 8 * 15, 0, 8 * 15 + 8, 0, 0, 0};
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double elements = cs3_node_saved_elements(graph, node, 0) * cs3_node_rows(node);
    ck_assert_msg(fabs(elements - kept[i]) < 1e-9, "%s keeps %g", node->label, elements);
  }
  ck_assert_int_eq(cs3_graph_tensor(graph, packed)->elements, 8 * 60 + 8 * 15);
  ck_assert_double_eq(cs3_graph_tensor(graph, parts[1])->rows, 15);
  ck_assert_double_eq(cs3_graph_node(graph, 1)->vector_elements, 4 * 8);
}
END_TEST

/* What a larger image takes: a stride of 32 in all, rounded up stage by stage. */
START_TEST(test_image) {
  g_autoptr(Cs3Model) model = fixture_preset("resnet-18");
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, &(Cs3Lengths){.image = 65}, NULL);
  ck_assert_double_eq(cs3_graph_segment(graph, graph->segments->len - 1)->rows, 3 * 3);
  ck_assert_double_eq(graph->tokens, 1);
}
END_TEST

static void check_refused(const char *changes, const char *text) {
  g_autofree char *json =
      g_strdup_printf("{\"model_type\":\"resnet\",\"num_labels\":9,%s}", changes);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = cs3_model_parse(json, strlen(json), "f.json", NULL, &error);
  ck_assert_ptr_null(model);
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, text);
}

START_TEST(test_refused) {
  check_refused("\"depths\":[1,2]", "depths: expected as many values as hidden_sizes has (4)");
  check_refused("\"depths\":4", "depths: expected a list of 1 to 16 integers from 1 to 10000");
  check_refused("\"depths\":[3,4,6.5,3]", "expected a list of 1 to 16 integers");
  check_refused("\"depths\":[3,4,0,3]", "expected a list of 1 to 16 integers");
  check_refused("\"hidden_sizes\":[256,512,1024,2046]", "multiples of 4");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("convolution");
  TCase *tc = tcase_create("convolution");
  tcase_add_loop_test(tc, test_published, 0, G_N_ELEMENTS(published));
  tcase_add_loop_test(tc, test_pyramids, 0, G_N_ELEMENTS(pyramids));
  tcase_add_test(tc, test_positions);
  tcase_add_test(tc, test_grouped);
  tcase_add_test(tc, test_transposed);
  tcase_add_test(tc, test_kept);
  tcase_add_test(tc, test_image);
  tcase_add_test(tc, test_refused);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
