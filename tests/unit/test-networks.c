/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks of all families against the library that defines them: parameters to the last one,
 * weights of the blocks in shape and number, and what every layer graph must keep. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <math.h>

#include "base/datadir.h"
#include "workloads/family.h"
#include "workloads/graph-memory.h"
#include "workloads/sparsity.h"

static json_t *rows;

static void setup(void) {
  g_autofree char *path =
      g_build_filename(g_getenv("CS3SIM_SRCDIR"), "tests", "data", "networks.json", NULL);
  json_t *root = json_load_file(path, 0, NULL);
  rows = json_incref(json_object_get(root, "rows"));
  json_decref(root);
  ck_assert(json_array_size(rows) > 100);
}

static void teardown(void) {
  json_decref(rows);
}

static const char *name_of(json_t *row) {
  return json_string_value(json_object_get(row, "name"));
}

static Cs3Model *model_of(json_t *row) {
  char *text = json_dumps(json_object_get(row, "config"), 0);
  g_autoptr(GError) error = NULL;
  Cs3Model *model = cs3_model_parse(text, strlen(text), name_of(row), name_of(row), &error);
  ck_assert_msg(model != NULL, "%s", error ? error->message : "");
  free(text);
  return model;
}

START_TEST(test_parameters) {
  gsize i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    g_autoptr(Cs3Model) model = model_of(row);
    gint64 expected = json_integer_value(json_object_get(row, "parameters"));
    ck_assert_msg(model->parameters == expected, "%s: %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT,
                  name_of(row), model->parameters, expected);
    ck_assert(model->active_parameters > 0 && model->active_parameters <= model->parameters);
  }
}
END_TEST

/* The segment with layer @number in stack @stack, stacks counted in the order of execution. */
static const Cs3Segment *find_segment(const Cs3Graph *graph, int stack, gint64 number) {
  const char *last = NULL;
  int n = -1;
  for (guint s = 0; s < graph->segments->len; s++) {
    const Cs3Segment *segment = cs3_graph_segment(graph, s);
    if (!segment->block)
      continue;
    n += g_strcmp0(last, segment->stack) != 0;
    last = segment->stack;
    for (gint64 i = 0; n == stack && i < segment->repeat; i++)
      if (segment->number[i] == number)
        return segment;
  }
  return NULL;
}

static gint compare_text(gconstpointer a, gconstpointer b) {
  return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static char *join_sorted(GPtrArray *texts) {
  g_ptr_array_sort(texts, compare_text);
  g_ptr_array_add(texts, NULL);
  return g_strjoinv(" ", (char **)texts->pdata);
}

static char *weights_of(const Cs3Graph *graph, const Cs3Segment *segment, gint64 *parameters) {
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  *parameters = 0;
  for (guint i = segment->first; i < segment->first + segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    *parameters += node->parameters * node->copies;
    if (node->kind == CS3_NODE_LINEAR)
      g_ptr_array_add(texts, g_strdup_printf("%dx%dx%d", (int)node->out_features,
                                             (int)node->in_features, (int)node->copies));
  }
  return join_sorted(texts);
}

static char *weights_in(json_t *block) {
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  gsize i;
  json_t *w;
  json_array_foreach(json_object_get(block, "weights"), i, w) g_ptr_array_add(
      texts, g_strdup_printf("%dx%dx%d", (int)json_integer_value(json_array_get(w, 0)),
                             (int)json_integer_value(json_array_get(w, 1)),
                             (int)json_integer_value(json_array_get(w, 2))));
  return join_sorted(texts);
}

START_TEST(test_blocks) {
  gsize i, k;
  json_t *row, *block;
  json_array_foreach(rows, i, row) {
    g_autoptr(Cs3Model) model = model_of(row);
    g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
    const char *list = NULL;
    int stack = -1;
    json_array_foreach(json_object_get(row, "blocks"), k, block) {
      const char *name = json_string_value(json_object_get(block, "list"));
      stack += g_strcmp0(name, list) != 0;
      list = name;
      const Cs3Segment *segment =
          find_segment(graph, stack, json_integer_value(json_object_get(block, "first")));
      ck_assert_msg(segment != NULL, "%s: no block %s", name_of(row), name);
      gint64 parameters;
      g_autofree char *got = weights_of(graph, segment, &parameters);
      g_autofree char *expected = weights_in(block);
      ck_assert_msg(g_str_equal(got, expected), "%s: %s: %s, not %s", name_of(row), name, got,
                    expected);
      ck_assert_int_eq(parameters, json_integer_value(json_object_get(block, "parameters")));
    }
  }
}
END_TEST

static void check_acts(const Cs3Graph *graph, const int *list, int room) {
  for (int i = 0; i < room && list[i] >= 0; i++) {
    ck_assert_int_lt(list[i], (int)graph->tensors->len);
    ck_assert(cs3_graph_tensor(graph, list[i])->elements > 0);
    ck_assert(cs3_graph_tensor(graph, list[i])->rows > 0);
  }
}

/* Every stage once; activations exist; labels name one operator; what is kept is read or written;
 * nothing negative. */
START_TEST(test_structure) {
  gsize r;
  json_t *row;
  json_array_foreach(rows, r, row) {
    g_autoptr(Cs3Model) model = model_of(row);
    g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
    gint64 stages = 0;
    for (guint s = 0; s < graph->segments->len; s++) {
      const Cs3Segment *segment = cs3_graph_segment(graph, s);
      g_autoptr(GHashTable) labels = g_hash_table_new(g_str_hash, g_str_equal);
      stages += segment->repeat;
      for (guint i = segment->first; i < segment->first + segment->count; i++) {
        const Cs3Node *node = cs3_graph_node(graph, i);
        ck_assert_msg(g_hash_table_add(labels, (gpointer)node->label), "%s: %s: %s twice",
                      name_of(row), segment->name, node->label);
        check_acts(graph, node->reads, CS3_NODE_MAX_READS);
        check_acts(graph, node->writes, CS3_NODE_MAX_WRITES);
        check_acts(graph, node->keeps, CS3_NODE_MAX_KEEPS);
        ck_assert(node->rows > 0 && node->copies > 0 && node->macs >= 0 && node->parameters >= 0);
        ck_assert(node->vector_elements >= 0 && node->special_elements >= 0);
        ck_assert(!node->sparsifiable || (segment->block && node->kind == CS3_NODE_LINEAR));
        ck_assert(cs3_node_saved_elements(graph, node, 0) >= 0);
      }
    }
    ck_assert_int_eq(stages, graph->order->len);
    ck_assert(graph->tokens > 0 && cs3_graph_macs(graph) > 0);
    ck_assert(cs3_graph_memory(graph, CS3_RECOMPUTE_FULL, NULL).resident_bytes > 0);
  }
}
END_TEST

/* Forward MACs per sample by hand; G: 1e9. */
static double macs_of(const char *preset, Cs3Lengths lengths) {
  g_autoptr(Cs3Model) model = fixture_preset(preset);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, &lengths, &error);
  ck_assert_msg(graph != NULL, "%s", error ? error->message : "");
  return cs3_graph_macs(graph);
}

/* Encoder, decoder and cross attention of T5-base: 512 and 114 tokens, full square. */
START_TEST(test_encoder_decoder_macs) {
  double h = 768, f = 3072, e = 512, d = 114, v = 32128;
  double encoder = e * (4 * h * h + 2 * h * f) + 2 * e * e * h;
  double decoder = d * (4 * h * h + 2 * h * f) + 2 * d * d * h;
  double cross = 2 * d * h * h + 2 * e * h * h + 2 * d * e * h;
  double expected = 12 * (encoder + decoder + cross) + d * h * v;
  ck_assert_double_eq(
      macs_of("t5-base", (Cs3Lengths){.seq = 114, .encoder_seq = 512, .attention = CS3_MASK_FULL}),
      expected);
}
END_TEST

/* Mixtral: two of eight experts a token. */
START_TEST(test_mixture_macs) {
  double h = 4096, f = 14336, s = 1024;
  double layer = 2 * h * h + 2 * h * 1024 + 8 * h + 2 * 3 * h * f + 2 * s * h;
  double expected = s * (32 * layer + 32000 * h);
  ck_assert_double_eq(
      macs_of("mixtral-8x7b", (Cs3Lengths){.seq = 1024, .capacity = 1, .attention = CS3_MASK_FULL}),
      expected);
  g_autoptr(Cs3Model) model = fixture_preset("mixtral-8x7b");
  ck_assert_int_eq(model->parameters, 46702792704);
  ck_assert_int_eq(model->active_parameters, 12879925248);
}
END_TEST

/* Gemma 2: 21 layers of 42 see 4,096 tokens of 8,192. */
START_TEST(test_window_macs) {
  double h = 3584, f = 14336, s = 8192, q = 4096, kv = 2048;
  double linear = 2 * h * q + 2 * h * kv + 3 * h * f;
  double expected = s * (42 * linear + 21 * 2 * q * (s + 4096) + 256000 * h);
  ck_assert_double_eq(macs_of("gemma2-9b", (Cs3Lengths){.seq = 8192, .attention = CS3_MASK_FULL}),
                      expected);
}
END_TEST

/* Published for one image: ViT-B/16 17.6 G and DiT-XL/2 118.6 G (their tables say FLOPs and count a
 * multiply-add once). */
START_TEST(test_image_macs) {
  double h = 768, f = 3072, p = 196, t = 197;
  double expected = p * h * h + 12 * (t * (4 * h * h + 2 * h * f) + 2 * t * t * h) + 1000 * h;
  ck_assert_double_eq(macs_of("vit-b-16", (Cs3Lengths){0}), expected);
  ck_assert_double_eq_tol(macs_of("vit-b-16", (Cs3Lengths){0}), 17.6e9, 0.1e9);
  ck_assert_double_eq_tol(macs_of("dit-xl-2", (Cs3Lengths){0}), 118.64e9, 0.1e9);
}
END_TEST

/* DeepSeek's latent attention: scores over 192 elements a head, values over 128; one dense layer;
 * six experts and two shared. */
START_TEST(test_latent_macs) {
  double h = 2048, s = 1024, heads = 16;
  double attention =
      h * heads * 192 + h * 576 + 512 * heads * 256 + heads * 128 * h + heads * s * (192 + 128);
  double experts = 64 * h + (6 + 2) * 3 * h * 1408;
  double expected = s * (27 * attention + 3 * h * 10944 + 26 * experts + 102400 * h);
  ck_assert_double_eq(macs_of("deepseek-v2-lite",
                              (Cs3Lengths){.seq = 1024, .capacity = 1, .attention = CS3_MASK_FULL}),
                      expected);
}
END_TEST

/* A BERT block keeps, in elements a token: q, k, v, what attention puts out and its input (5 h),
 * the sums before both norms and the input of the feed-forward network (3 h), both sides of its
 * activation (8 h); statistics beside them. */
START_TEST(test_postnorm_memory) {
  g_autoptr(Cs3Model) model = fixture_preset("bert-large");
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
  Cs3Memory memory = cs3_graph_memory(graph, CS3_RECOMPUTE_NONE, NULL);
  ck_assert_double_eq(memory.resident_bytes / 512 / 24, 2 * (16 * 1024 + 2 * 16 + 2 * 4));
}
END_TEST

/* Dense over sparse MACs of a sample when three quarters of the weights that --sparsity reaches are
 * zero: @linear of them by hand, @rest of everything else. */
static void check_theory(const char *preset, Cs3Lengths lengths, double linear, double rest) {
  g_autoptr(Cs3Model) model = fixture_preset(preset);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, &lengths, &error);
  ck_assert_msg(graph != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3Sparsity) sparsity = cs3_sparsity_new(graph, 0.75, NULL, NULL, &error);
  ck_assert_msg(sparsity != NULL, "%s", error ? error->message : "");
  double expected = (linear + rest) / (linear / 4 + rest);
  double theory = cs3_graph_theoretical_speedup(graph, sparsity->node_density);
  ck_assert_msg(fabs(theory / expected - 1) < 1e-12, "%s: %.9g, not %.9g", preset, theory,
                expected);
}

/* One network of each kind. */
START_TEST(test_theory_by_hand) {
  double h = 4096, f = 11008, s = 2048; /* decoder: Llama-2 7B */
  check_theory("llama7b", (Cs3Lengths){.seq = 2048, .attention = CS3_MASK_FULL},
               s * 32 * (4 * h * h + 3 * h * f), s * (32 * 2 * s * h + 32000 * h));
  h = 768,
  f = 3072; /* encoder and decoder: T5-base, cross attention's keys of the encoder's rows */
  double e = 512, d = 114;
  double block = 4 * h * h + 2 * h * f;
  check_theory("t5-base", (Cs3Lengths){.seq = 114, .encoder_seq = 512, .attention = CS3_MASK_FULL},
               12 * (e * block + d * block + 2 * d * h * h + 2 * e * h * h),
               12 * 2 * h * (e * e + d * d + d * e) + d * h * 32128);
  h = 1024, f = 4096, s = 512; /* encoder: BERT-large with its masked language head */
  check_theory("bert-large", (Cs3Lengths){.seq = 512, .attention = CS3_MASK_FULL},
               s * 24 * (4 * h * h + 2 * h * f), s * (24 * 2 * s * h + h * h + 30522 * h));
  h = 768, f = 3072, s = 197; /* classifier: ViT-B/16 */
  check_theory("vit-b-16", (Cs3Lengths){0}, s * 12 * (4 * h * h + 2 * h * f),
               196 * h * h + 12 * 2 * s * s * h + 1000 * h);
  h = 1152, f = 4608,
  s = 256; /* diffusion: DiT-XL/2; one row of each image conditions its blocks */
  check_theory("dit-xl-2", (Cs3Lengths){0}, 28 * (s * (4 * h * h + 2 * h * f) + 6 * h * h),
               s * (16 * h + 28 * 2 * s * h + 32 * h) + 256 * h + h * h + 2 * h * h);
  h = 4096, f = 14336, s = 1024; /* mixture: Mixtral, two experts of eight; the router is dense */
  check_theory("mixtral-8x7b", (Cs3Lengths){.seq = 1024, .capacity = 1, .attention = CS3_MASK_FULL},
               s * 32 * (2 * h * h + 2 * h * 1024 + 2 * 3 * h * f),
               s * (32 * (2 * s * h + 8 * h) + 32000 * h));
}
END_TEST

/* The count that a preset's authors publish, "46.7 B, 12.9 B active", is ours as they round it. */
START_TEST(test_published_parameters) {
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_MODELS);
  guint found = 0;
  for (char **name = names; *name; name++) {
    g_autoptr(Cs3Model) model = fixture_preset(*name);
    g_autofree char *path = cs3_datadir_locate(CS3_DATA_MODELS, *name);
    json_t *file = json_load_file(path, 0, NULL);
    const char *published = json_string_value(json_object_get(file, "_parameters"));
    if (published) {
      char *unit;
      double count = g_ascii_strtod(published, &unit) * (g_str_has_prefix(unit, " M") ? 1e6 : 1e9);
      ck_assert_msg(fabs((double)model->parameters / count - 1) < 0.05,
                    "%s: %" G_GINT64_FORMAT " parameters, published: %s", *name, model->parameters,
                    published);
      found++;
    }
    json_decref(file);
  }
  ck_assert_uint_ge(found, 30);
}
END_TEST

/* A length that a network does not have, or beyond its table, is refused. */
START_TEST(test_lengths) {
  static const struct {
    const char *preset;
    Cs3Lengths lengths;
    const char *message;
  } bad[] = {
      {"llama7b", {.encoder_seq = 5}, "encoder length: a llama network has no such length, got 5"},
      {"llama7b", {.image = 224}, "image: a llama network has no such length, got 224"},
      {"vit-b-16", {.seq = 197}, "sequence length: a vit network has no such length"},
      {"vit-b-16",
       {.image = 225},
       "image: expected a multiple of 16 (the model's patches), got 225"},
      {"whisper-small",
       {.encoder_seq = 1501},
       "encoder length: expected 1 to 1500 (the model's position table)"},
      {"bert-base", {.seq = 513}, "expected 1 to 512 (the model's learned position table)"},
      {"mixtral-8x7b", {.capacity = 0.5}, "experts' capacity: expected 1 to"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(Cs3Model) model = fixture_preset(bad[i].preset);
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(cs3_graph_new(model, &bad[i].lengths, &error));
    fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, bad[i].message);
  }
}
END_TEST

/* A family without a row would go unnoticed. */
START_TEST(test_every_family) {
  static const char *const without[] = {"albert",       "btlm",         "camembert", "dit",
                                        "efficientnet", "mobilenet_v2", "resnet",    "revbifpn",
                                        "unet",         "vgg",          NULL};
  for (const Cs3Family *const *f = cs3_family_registry(); *f; f++) {
    gboolean found = g_strv_contains(without, (*f)->name);
    gsize i;
    json_t *row;
    json_array_foreach(rows, i, row) {
      json_t *type = json_object_get(json_object_get(row, "config"), "model_type");
      found = found || g_str_equal(json_string_value(type), (*f)->name);
    }
    ck_assert_msg(found, "no row of %s", (*f)->name);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("networks");
  TCase *tc = tcase_create("networks");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, test_parameters);
  tcase_add_test(tc, test_blocks);
  tcase_add_test(tc, test_structure);
  tcase_add_test(tc, test_encoder_decoder_macs);
  tcase_add_test(tc, test_mixture_macs);
  tcase_add_test(tc, test_window_macs);
  tcase_add_test(tc, test_image_macs);
  tcase_add_test(tc, test_latent_macs);
  tcase_add_test(tc, test_postnorm_memory);
  tcase_add_test(tc, test_theory_by_hand);
  tcase_add_test(tc, test_published_parameters);
  tcase_add_test(tc, test_lengths);
  tcase_add_test(tc, test_every_family);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
