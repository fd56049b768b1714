/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model of GPUs: near what was measured and kept back, fitted where it says it is, without
 * steps that get shorter with more work, and refused where nothing was measured. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <glib/gstdio.h>
#include <math.h>

#include "base/config-error.h"
#include "results/record.h"
#include "sim/gpu/gpu-step.h"
#include "sim/validation/validate.h"
#include "workloads/lora.h"
#include "workloads/model.h"

static Cs3Gpu *load(const char *name) {
  g_autoptr(GError) error = NULL;
  Cs3Gpu *gpu = cs3_gpu_load(name, &error);
  ck_assert_msg(gpu != NULL, "%s", error ? error->message : "");
  return gpu;
}

static int by_size(gconstpointer a, gconstpointer b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Median of |error| over the points of @suite whose group is @group. */
static double median(const json_t *suite, const char *group, guint *rows) {
  g_autoptr(GArray) errors = g_array_new(FALSE, FALSE, sizeof(double));
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(suite, "points"), i, point) {
    double error = fabs(cs3_record_number(point, "error"));
    if (strcmp(cs3_record_string(point, "group"), group) == 0)
      g_array_append_val(errors, error);
  }
  *rows = errors->len;
  ck_assert_uint_gt(errors->len, 0);
  g_array_sort(errors, by_size);
  return g_array_index(errors, double, errors->len / 2);
}

START_TEST(test_rows_kept_back) {
  static const Cs3ValidationSuite *const suites[] = {&cs3_suite_gpu, NULL};
  static const struct {
    const char *group;
    guint least;
  } groups[] = {{"products, kept back", 150},     {"misaligned products, kept back", 20},
                {"2:4 products, kept back", 25},  {"attention, kept back", 12},
                {"layers, kept back", 45},        {"steps, kept back", 25},
                {"products, H100, kept back", 3}, {"steps, H100, kept back", 2},
                {"CSR products, kept back", 37},  {"CSR products, H100, kept back", 14},
                {"block products, kept back", 30}};
  g_autoptr(GError) error = NULL;
  guint missed, rows;
  json_auto_t *record = cs3_validate(suites, 1, NULL, NULL, &missed, &error);
  ck_assert_msg(record != NULL, "%s", error ? error->message : "");
  const json_t *suite = json_array_get(json_object_get(record, "suites"), 0);
  for (guint g = 0; g < G_N_ELEMENTS(groups); g++) {
    double error_share = median(suite, groups[g].group, &rows);
    ck_assert_msg(error_share <= 0.1, "%s: median %g", groups[g].group, error_share);
    ck_assert_uint_ge(rows, groups[g].least);
  }
}
END_TEST

/* Sum over rows "product" of group "products, fitted" of one precision of |log error|. */
static double misfit(const GPtrArray *rows, const Cs3Gpu *gpu, Cs3GpuPrecision precision) {
  double sum = 0;
  for (guint i = 0; i < rows->len; i++) {
    const Cs3ValidationRow *row = rows->pdata[i];
    double v[4];
    gboolean fp8 = strstr(row->result, "fp8") != NULL;
    if (strcmp(row->group, "products, fitted") != 0 || fp8 != (precision == CS3_GPU_FP8))
      continue;
    ck_assert_int_eq(
        sscanf(row->arguments, "m=%lf n=%lf k=%lf repeats=%lf", &v[0], &v[1], &v[2], &v[3]), 4);
    double time_s = cs3_gpu_product_s(gpu, precision, v[0], v[1], v[2], v[3]);
    sum += fabs(log(1000 * time_s / row->published));
  }
  ck_assert(sum > 0);
  return sum;
}

START_TEST(test_fitted_where_it_says) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) rows = cs3_validation_load(&cs3_suite_gpu, &error);
  ck_assert(rows != NULL);
  for (int p = 0; p < CS3_N_GPU_PRECISIONS; p++) {
    g_autoptr(Cs3Gpu) gpu = load("h200");
    double best = misfit(rows, gpu, p), burst = gpu->products[p].burst;
    for (int sign = -1; sign <= 1; sign += 2) {
      gpu->products[p].burst = burst * (1 + 0.03 * sign);
      ck_assert_double_gt(misfit(rows, gpu, p), best);
    }
  }
}
END_TEST

/* The same of rows "sparse" of @group whose result is @subject. */
static double sparse_misfit(const GPtrArray *rows, const Cs3Gpu *gpu, const char *group,
                            const char *subject) {
  double sum = 0;
  for (guint i = 0; i < rows->len; i++) {
    const Cs3ValidationRow *row = rows->pdata[i];
    double m, n, k, density;
    if (strcmp(row->group, group) != 0 || strcmp(row->result, subject) != 0)
      continue;
    ck_assert_int_eq(sscanf(row->arguments, "m=%lf n=%lf k=%lf density=%lf", &m, &n, &k, &density),
                     4);
    gint64 side = strcmp(subject, "h200 csr") == 0 ? 0 : g_ascii_strtoll(subject + 11, NULL, 10);
    double time_s =
        side == 0 ? cs3_gpu_csr_s(gpu, m, n, k, density)
                  : cs3_gpu_blocks_s(gpu, cs3_gpu_block_side(gpu, side, side), m, n, k, density);
    sum += fabs(log(1000 * time_s / row->published));
  }
  ck_assert(sum > 0);
  return sum;
}

START_TEST(test_sparse_fitted_where_it_says) {
  static const char *const csr = "CSR products, fitted", *const blocks = "block products, fitted";
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) rows = cs3_validation_load(&cs3_suite_gpu, &error);
  g_autoptr(Cs3Gpu) gpu = load("h200");
  struct {
    double *constant;
    const char *group, *subject;
  } fits[] = {{&gpu->csr, csr, "h200 csr"},
              {&gpu->csr_outputs, csr, "h200 csr"},
              {&gpu->blocks[0], blocks, "h200 block-16"},
              {&gpu->blocks[1], blocks, "h200 block-32"},
              {&gpu->blocks[2], blocks, "h200 block-64"},
              {&gpu->blocks[3], blocks, "h200 block-128"}};
  for (guint i = 0; i < G_N_ELEMENTS(fits); i++) {
    double best = sparse_misfit(rows, gpu, fits[i].group, fits[i].subject);
    double constant = *fits[i].constant;
    for (int sign = -1; sign <= 1; sign += 2) {
      *fits[i].constant = constant * (1 + 0.03 * sign);
      ck_assert_double_gt(sparse_misfit(rows, gpu, fits[i].group, fits[i].subject), best);
    }
    *fits[i].constant = constant;
  }
}
END_TEST

/* Products with few tiles of output, as those of adapters and of gradients of narrow weights; our
 * own on an H200, PyTorch 2.11, 2026-11-30: medians of 7 graphs of 20 calls, the faster of a
 * reduction over rows and over columns. Nothing was fitted to them. Below 8 us a call takes what
 * its launch does. */
static const struct {
  double m, n, k, ms;
} few_tiles[] = {
    {8, 4096, 4096, 0.0084},    {8, 4096, 32768, 0.0651},    {64, 4096, 32768, 0.0690},
    {4096, 8, 32768, 0.0674},   {768, 768, 4096, 0.0105},    {768, 768, 32768, 0.0586},
    {768, 3072, 32768, 0.2047}, {1024, 1024, 65536, 0.1889}, {512, 512, 65536, 0.0512},
    {256, 256, 65536, 0.0232},  {128, 256, 131072, 0.0299},  {8, 768, 32768, 0.0166},
    {4096, 8, 4096, 0.0140},    {32768, 8, 4096, 0.0654},    {32768, 4096, 8, 0.0787},
    {32768, 64, 4096, 0.0652},  {32768, 4096, 64, 0.0767},   {2048, 2048, 16384, 0.1667},
    {1024, 2048, 16384, 0.0898}};

START_TEST(test_few_tiles) {
  g_autoptr(Cs3Gpu) gpu = load("h200");
  double errors[G_N_ELEMENTS(few_tiles)];
  for (guint i = 0; i < G_N_ELEMENTS(few_tiles); i++) {
    double time_s =
        cs3_gpu_product_s(gpu, CS3_GPU_BF16, few_tiles[i].m, few_tiles[i].n, few_tiles[i].k, 20);
    errors[i] = fabs(1e3 * time_s / few_tiles[i].ms - 1);
    ck_assert_msg(errors[i] < 0.5, "%g x %g x %g: %g", few_tiles[i].m, few_tiles[i].n,
                  few_tiles[i].k, errors[i]);
  }
  qsort(errors, G_N_ELEMENTS(errors), sizeof *errors, by_size);
  ck_assert_msg(errors[G_N_ELEMENTS(errors) / 2] <= 0.15, "median %g",
                errors[G_N_ELEMENTS(errors) / 2]);
}
END_TEST

static double step_s(const Cs3Gpu *gpu, const Cs3Graph *graph, gint64 batch) {
  g_autoptr(GError) error = NULL;
  Cs3GpuRun run;
  ck_assert(cs3_gpu_run(gpu, graph, (Cs3GpuWay){.fused = TRUE}, 1, batch, &run, &error));
  return run.step_s;
}

/* Adapters save the gradients of what they adapt: with thousands of tokens no step gets longer. */
START_TEST(test_adapters_are_no_slower) {
  static const char *const configs[] = {
      "{\"model_type\":\"gpt2\",\"n_layer\":2,\"n_embd\":768,\"n_head\":12}",
      "{\"model_type\":\"llama\",\"num_hidden_layers\":2,\"hidden_size\":2048,"
      "\"intermediate_size\":5632,\"num_attention_heads\":16,\"vocab_size\":32000}"};
  static const char *const ranks[] = {"4", "16", "64"};
  g_autoptr(Cs3Gpu) gpu = load("h200");
  g_autoptr(GError) error = NULL;
  Cs3Lengths lengths = {.seq = 1024};
  for (guint i = 0; i < G_N_ELEMENTS(configs) * G_N_ELEMENTS(ranks); i++) {
    const char *config = configs[i / G_N_ELEMENTS(ranks)], *rank = ranks[i % G_N_ELEMENTS(ranks)];
    g_autoptr(Cs3Model) model = cs3_model_parse(config, strlen(config), "config", "config", &error);
    g_autoptr(Cs3Graph) full = cs3_graph_new(model, &lengths, &error);
    g_autoptr(Cs3Model) adapted = cs3_lora_model(full, rank, &error);
    ck_assert_msg(adapted != NULL, "%s", error ? error->message : "");
    g_autoptr(Cs3Graph) lora = cs3_graph_new(adapted, &lengths, &error);
    ck_assert_msg(lora != NULL, "%s", error ? error->message : "");
    for (gint64 batch = 4; batch <= 64; batch *= 4)
      ck_assert_msg(step_s(gpu, lora, batch) <= step_s(gpu, full, batch), "%s, rank %s, %d", config,
                    rank, (int)batch);
  }
}
END_TEST

START_TEST(test_block_sides) {
  g_autoptr(Cs3Gpu) gpu = load("h200");
  static const struct {
    gint64 rows, columns, side;
  } cases[] = {{128, 128, 128}, {256, 64, 64}, {48, 16, 16}, {96, 32, 32}, {8, 128, 0}, {1, 1, 0}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    int place = cs3_gpu_block_side(gpu, cases[i].rows, cases[i].columns);
    ck_assert_int_eq(place < 0 ? 0 : cs3_gpu_block_sides[place], cases[i].side);
  }
  gpu->blocks[3] = 0; /* not measured: in blocks half as wide */
  ck_assert_int_eq(cs3_gpu_block_sides[cs3_gpu_block_side(gpu, 128, 128)], 64);
}
END_TEST

START_TEST(test_more_work_takes_longer) {
  g_autoptr(Cs3Gpu) gpu = load("h200");
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed());
  for (int round = 0; round < 500; round++) {
    double m = 128 * g_rand_int_range(random, 1, 200), n = 256 * g_rand_int_range(random, 1, 100);
    double k = 64 * g_rand_int_range(random, 1, 200), repeats = g_rand_int_range(random, 0, 30);
    double time_s = cs3_gpu_product_s(gpu, CS3_GPU_BF16, m, n, k, repeats);
    double slow_s = cs3_gpu_product_s(gpu, CS3_GPU_BF16, m, n, k, 0);
    ck_assert_double_ge(time_s * gpu->products[CS3_GPU_BF16].burst, 2 * m * n * k * (1 - 1e-12));
    ck_assert_double_le(time_s, slow_s * (1 + 1e-12));
    ck_assert_double_le(cs3_gpu_product_s(gpu, CS3_GPU_FP8, m, n, k, 0), slow_s);
    ck_assert_double_ge(cs3_gpu_product_s(gpu, CS3_GPU_BF16, m, n, 2 * k, repeats), time_s);
    ck_assert_double_ge(cs3_gpu_product_s(gpu, CS3_GPU_BF16, m, n + 1, k, 0), slow_s * (1 - 1e-12));
  }
}
END_TEST

static Cs3Graph *small(Cs3Model **model) {
  g_autoptr(GError) error = NULL;
  const char *text = "{\"model_type\":\"llama\",\"num_hidden_layers\":2,\"hidden_size\":1024,"
                     "\"num_attention_heads\":8,\"intermediate_size\":2816,"
                     "\"max_position_embeddings\":2048,\"vocab_size\":32000}";
  *model = cs3_model_parse(text, strlen(text), "small", "small", &error);
  Cs3Graph *graph = *model != NULL ? cs3_graph_new(*model, NULL, &error) : NULL;
  ck_assert_msg(graph != NULL, "%s", error ? error->message : "");
  return graph;
}

START_TEST(test_step) {
  g_autoptr(Cs3Gpu) gpu = load("h200");
  g_autoptr(Cs3Model) model = NULL;
  g_autoptr(Cs3Graph) graph = small(&model);
  Cs3GpuWay way = {.fused = TRUE}, again = {.fused = TRUE, .checkpoint = TRUE};
  Cs3GpuTime plain = cs3_gpu_step(gpu, graph, &way, 4), more = cs3_gpu_step(gpu, graph, &again, 4);
  /* 6 FLOP a weight and token at least, at the rate that the power limit leaves */
  double weights = (double)cs3_model_parameters(model) - 32000.0 * 1024;
  ck_assert_double_ge(plain.linear_s * gpu->products[CS3_GPU_BF16].sustained,
                      6 * weights * 4 * 2048 * 0.999);
  double share = more.again_s / cs3_gpu_time_sum(&plain);
  ck_assert(share > 0.03 && share < 1.0 / 3); /* the rest is the head's */
  ck_assert_double_lt(cs3_gpu_memory(gpu, graph, &again, 4), cs3_gpu_memory(gpu, graph, &way, 4));
  Cs3GpuRun one, eight;
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_gpu_run(gpu, graph, way, 1, 32, &one, &error));
  ck_assert(cs3_gpu_run(gpu, graph, way, 8, 32, &eight, &error));
  double ideal = cs3_gpu_time_sum(&one.time) / 8;
  ck_assert_double_ge(eight.step_s, ideal);
  ck_assert_double_eq_tol(eight.step_s, cs3_gpu_time_sum(&eight.time) / pow(gpu->scaling, 3),
                          1e-12);
  ck_assert(!cs3_gpu_run(gpu, graph, way, 3, 32, &eight, &error));
  ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT));
}
END_TEST

/* What is alive costs in forward and dX; dW is dense, and so are the head and the embedding. */
START_TEST(test_sparse_step) {
  g_autoptr(Cs3Gpu) gpu = load("h200");
  g_autoptr(Cs3Model) model = NULL;
  g_autoptr(Cs3Graph) graph = small(&model);
  g_autofree double *density = g_new(double, graph->nodes->len);
  Cs3GpuWay way = {.fused = TRUE, .blocks = TRUE, .density = density};
  double dense_s = cs3_gpu_step(gpu, graph, &way, 4).linear_s, last_s = 0, dw_s = 0, products = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double n = (double)node->out_features, k = (double)node->in_features;
    density[i] = 1;
    if (node->kind != CS3_NODE_LINEAR || !cs3_node_segment(graph, node)->block)
      continue;
    dw_s += 2 * cs3_gpu_product_s(gpu, CS3_GPU_BF16, n, k, 4 * 2048, 0);
    products += 2 * 2 * 2 * 4 * 2048 * n * k;
  }
  for (int kernels = CS3_GPU_CSR; kernels <= CS3_GPU_BLOCKS; kernels++) {
    double rate = kernels == CS3_GPU_CSR ? gpu->csr : gpu->blocks[3];
    way.kernels = (Cs3GpuKernels)kernels;
    way.side = 3;
    for (guint i = 0; i < graph->nodes->len; i++)
      density[i] = 1;
    ck_assert_double_eq(cs3_gpu_step(gpu, graph, &way, 4).linear_s, dense_s);
    for (int percent = 0; percent < 100; percent += 50) {
      for (guint i = 0; i < graph->nodes->len; i++)
        density[i] = percent / 100.0;
      double linear_s = cs3_gpu_step(gpu, graph, &way, 4).linear_s;
      if (percent > 0)
        ck_assert_double_eq_tol(linear_s - last_s, 0.5 * products / rate, 1e-9 * dense_s);
      ck_assert_double_gt(linear_s, dw_s);
      last_s = linear_s;
    }
  }
}
END_TEST

START_TEST(test_what_was_not_measured) {
  g_autoptr(Cs3Gpu) gpu = load("h100");
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_gpu_check_precision(gpu, CS3_GPU_FP8, &error));
  ck_assert_str_eq(error->message, "h100: no fp8 products were measured; take bf16");
  static const struct {
    const char *text;
    gint64 count;
  } names[] = {{"h200", 1},       {"h200x8", 8}, {"h200x0", 0}, {"h200x", 0}, {"h200x-1", 0},
               {"h200x65537", 0}, {"x8", 0},     {"cs3", 0},    {"", 0},      {"h200 x8", 0}};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *name = NULL;
    ck_assert_int_eq(cs3_gpu_several(names[i].text, &name), names[i].count);
  }
}
END_TEST

/* A GPU's file with @old replaced is refused with @message. */
static void refused(const char *old, const char *new, const char *message) {
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("cs3sim-gpu-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename(dir, "gpus", NULL);
  g_autofree char *path = g_build_filename(folder, "odd.ini", NULL);
  g_autofree char *known =
      g_build_filename(g_getenv("CS3SIM_DATA_DIR"), "sim/gpu/gpus/h200.ini", NULL);
  g_autofree char *before = g_strdup(g_getenv("CS3SIM_DATA_DIR"));
  g_autofree char *text = NULL;
  ck_assert(g_file_get_contents(known, &text, NULL, NULL));
  g_auto(GStrv) pieces = g_strsplit(text, old, 2);
  ck_assert_uint_eq(g_strv_length(pieces), 2);
  g_autofree char *odd = g_strconcat(pieces[0], new, pieces[1], NULL);
  ck_assert_int_eq(g_mkdir(folder, 0700), 0);
  ck_assert(g_file_set_contents(path, odd, -1, NULL));
  g_setenv("CS3SIM_DATA_DIR", dir, TRUE);
  ck_assert(cs3_gpu_load("odd", &error) == NULL);
  g_setenv("CS3SIM_DATA_DIR", before, TRUE);
  ck_assert_msg(strstr(error->message, message) != NULL, "%s", error->message);
  ck_assert(g_unlink(path) == 0 && g_rmdir(folder) == 0 && g_rmdir(dir) == 0);
}

START_TEST(test_wrong_files) {
  refused("scaling = 0.97", "", "odd.ini: no value for several.scaling");
  refused("scaling = 0.97", "scaling = 2",
          "several.scaling: 2 is out of range; accepted: 0.1 .. 1");
  refused("power = 690 W", "power = 690", "device.power: ");
  refused("[attention]", "[attention]\nspeed = 1", "unknown key 'speed' in [attention]");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("gpu");
  TCase *tests = tcase_create("model of GPUs");
  tcase_add_test(tests, test_rows_kept_back);
  tcase_add_test(tests, test_fitted_where_it_says);
  tcase_add_test(tests, test_sparse_fitted_where_it_says);
  tcase_add_test(tests, test_few_tiles);
  tcase_add_test(tests, test_adapters_are_no_slower);
  tcase_add_test(tests, test_block_sides);
  tcase_add_test(tests, test_sparse_step);
  tcase_add_test(tests, test_more_work_takes_longer);
  tcase_add_test(tests, test_step);
  tcase_add_test(tests, test_what_was_not_measured);
  tcase_add_test(tests, test_wrong_files);
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
