/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights of a network in checkpoints that name, fuse and split them as programs do, and in their
 * statistics. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <glib/gstdio.h>
#include <math.h>

#include "workloads/mask-draw.h"
#include "workloads/mask-order.h"
#include "workloads/random.h"
#include "workloads/sparsity.h"
#include "workloads/weight-match.h"

#define LLAMA                                                                                      \
  "{\"model_type\":\"llama\",\"hidden_size\":24,\"intermediate_size\":40,\"num_attention_heads\":" \
  "4,\"num_key_value_heads\":2,\"num_hidden_layers\":2,\"vocab_size\":70,\"max_position_"          \
  "embeddings\":32,\"tie_word_embeddings\":true}"
#define NEOX                                                                                       \
  "{\"model_type\":\"gpt_neox\",\"hidden_size\":24,\"intermediate_size\":40,\"num_attention_"      \
  "heads\":4,\"num_hidden_layers\":1,\"vocab_size\":70,\"max_position_embeddings\":32,"            \
  "\"rotary_pct\":1.0}"
#define MIXTRAL                                                                                    \
  "{\"model_type\":\"mixtral\",\"hidden_size\":24,\"intermediate_size\":40,\"num_attention_"       \
  "heads\":4,\"num_key_value_heads\":2,\"num_hidden_layers\":1,\"vocab_size\":70,\"max_position_"  \
  "embeddings\":32,\"num_local_experts\":3,\"num_experts_per_tok\":2}"

/* A safetensors file in the making: matrices of bytes 0 and 1. */
typedef struct {
  GString *header, *values;
} File;

static File file_new(void) {
  return (File){g_string_new("{"), g_string_new(NULL)};
}

static void add_rows(File *f, const char *name, gint64 rows, gint64 cols, const GString *bytes) {
  g_string_append_printf(f->header,
                         "%s\"%s\":{\"dtype\":\"BOOL\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]}",
                         f->header->len > 1 ? "," : "", name, (int)rows, (int)cols,
                         (int)f->values->len, (int)(f->values->len + bytes->len));
  g_string_append_len(f->values, bytes->str, (gssize)bytes->len);
}

/* Matrices of @extents[0] experts, each turned round if @turned. */
static void add_stack(File *f, const char *name, const int *extents, gboolean turned,
                      const GString *bytes) {
  int rows = extents[1], cols = extents[2];
  g_string_append_printf(
      f->header, "%s\"%s\":{\"dtype\":\"BOOL\",\"shape\":[%d,%d,%d],\"data_offsets\":[%d,%d]}",
      f->header->len > 1 ? "," : "", name, extents[0], turned ? cols : rows, turned ? rows : cols,
      (int)f->values->len, (int)(f->values->len + bytes->len));
  for (int i = 0; i < (int)bytes->len; i++) {
    int at = i % (rows * cols);
    int from = turned ? at % rows * cols + at / rows : at;
    g_string_append_c(f->values, bytes->str[i - at + from]);
  }
}

static char *file_write(File *f) {
  g_autofree char *folder = g_dir_make_tmp("cs3sim-match-XXXXXX", NULL);
  char *path = g_build_filename(folder, "m.safetensors", NULL);
  g_string_append_c(f->header, '}');
  guint64 length = GUINT64_TO_LE((guint64)f->header->len);
  g_autoptr(GString) all = g_string_new_len((const char *)&length, sizeof length);
  g_string_append_len(all, f->header->str, (gssize)f->header->len);
  g_string_append_len(all, f->values->str, (gssize)f->values->len);
  ck_assert(g_file_set_contents(path, all->str, (gssize)all->len, NULL));
  g_string_free(f->header, TRUE);
  g_string_free(f->values, TRUE);
  return path;
}

static void discard(const char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_remove(path);
  g_rmdir(folder);
}

typedef struct {
  Cs3Model *model;
  Cs3Graph *graph;
  GHashTable *bytes; /* tensor name -> GString of 0 and 1 */
} Network;

static void free_string(gpointer string) {
  g_string_free(string, TRUE);
}

static GString *random_bytes(GRand *rand, gint64 n, double density) {
  GString *bytes = g_string_new(NULL);
  for (gint64 i = 0; i < n; i++)
    g_string_append_c(bytes, i == 0 || g_rand_double(rand) < density);
  return bytes;
}

static Network network(const char *config, GRand *rand) {
  g_autoptr(GError) error = NULL;
  Network n = {.bytes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_string)};
  n.model = cs3_model_parse(config, strlen(config), "test", "net", &error);
  ck_assert_msg(n.model != NULL, "%s", error ? error->message : "");
  n.graph = cs3_graph_new(n.model, NULL, &error);
  for (guint i = 0; i < n.graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(n.graph, i);
    gint64 repeat = node->kind == CS3_NODE_LINEAR ? cs3_node_segment(n.graph, node)->repeat : 0;
    for (gint64 k = 0; k < repeat; k++)
      for (gint64 copy = 0; copy < node->copies; copy++)
        g_hash_table_insert(n.bytes, cs3_node_tensor(n.graph, node, k, copy),
                            random_bytes(rand, node->out_features * node->in_features,
                                         0.1 + 0.8 * g_rand_double(rand)));
  }
  return n;
}

static void network_free(Network *n) {
  g_hash_table_unref(n->bytes);
  cs3_graph_free(n->graph);
  cs3_model_free(n->model);
}

/* @name: its '*' stands for @number. */
static GString *bytes_of(const Network *n, const char *pattern, int number) {
  g_auto(GStrv) parts = g_strsplit(pattern, "*", 2);
  g_autofree char *digits = g_strdup_printf("%d", number);
  g_autofree char *name = g_strjoinv(digits, parts);
  GString *bytes = g_hash_table_lookup(n->bytes, name);
  ck_assert_msg(bytes != NULL, "%s", name);
  return bytes;
}

/* Every weight of the graph in the file at @path is the network's own. */
static void assert_all_match(const Network *n, const char *path) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(path, FALSE, &error);
  ck_assert_msg(set != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3WeightMatch) match = cs3_weight_match_new(n->graph, set);
  ck_assert_msg(cs3_weight_match_count(match, 2, &error), "%s", error ? error->message : "");
  for (guint i = 0; i < match->found->len; i++) {
    const Cs3WeightFound *found = &g_array_index(match->found, Cs3WeightFound, i);
    const Cs3Node *node = cs3_graph_node(n->graph, found->node);
    g_autofree char *name = cs3_node_tensor(n->graph, node, found->instance, found->copy);
    const GString *bytes = g_hash_table_lookup(n->bytes, name);
    g_autoptr(Cs3Mask) mask =
        cs3_weight_match_mask(match, found->node, found->instance, found->copy, 0, 1, &error);
    ck_assert_int_eq(cs3_mask_nnz(mask), found->live);
    for (gint64 k = 0; k < (gint64)bytes->len; k++)
      ck_assert_msg(cs3_mask_alive(mask, k / mask->cols, k % mask->cols) == bytes->str[k],
                    "%s, weight %d", name, (int)k);
  }
}

/* The rest of the weights under their own names. */
static void add_others(const Network *n, File *f, const char *prefix, const char *const *done) {
  for (guint i = 0; i < n->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(n->graph, i);
    gint64 repeat = node->kind == CS3_NODE_LINEAR ? cs3_node_segment(n->graph, node)->repeat : 0;
    gboolean skip = FALSE;
    for (const char *const *d = done; repeat > 0 && *d != NULL; d++)
      skip |= strstr(node->tensor, *d) != NULL;
    for (gint64 k = 0; !skip && k < repeat; k++)
      for (gint64 copy = 0; copy < node->copies; copy++) {
        g_autofree char *name = cs3_node_tensor(n->graph, node, k, copy);
        g_autofree char *stored = g_strconcat(prefix, name, NULL);
        add_rows(f, stored, node->out_features, node->in_features,
                 g_hash_table_lookup(n->bytes, name));
      }
  }
}

static void append(GString *to, const GString *from) {
  g_string_append_len(to, from->str, (gssize)from->len);
}

START_TEST(test_own_names_and_wrappers) {
  static const char *const prefixes[] = {"", "module.", "_orig_mod.base_model."};
  static const char *const none[] = {NULL};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
    Network n = network(i == 2 ? MIXTRAL : LLAMA, rand);
    File f = file_new();
    add_others(&n, &f, prefixes[i], none);
    g_autofree char *path = file_write(&f);
    assert_all_match(&n, path);
    discard(path);
    network_free(&n);
  }
}
END_TEST

/* q, k, v and gate, up as one; the head is the embedding table. */
START_TEST(test_fused_and_tied) {
  static const char *const done[] = {"q_proj",  "k_proj",  "v_proj", "gate_proj",
                                     "up_proj", "lm_head", NULL};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  Network n = network(LLAMA, rand);
  File f = file_new();
  for (int layer = 0; layer < 2; layer++) {
    g_autoptr(GString) qkv = g_string_new(NULL), gate_up = g_string_new(NULL);
    append(qkv, bytes_of(&n, "model.layers.*.self_attn.q_proj.weight", layer));
    append(qkv, bytes_of(&n, "model.layers.*.self_attn.k_proj.weight", layer));
    append(qkv, bytes_of(&n, "model.layers.*.self_attn.v_proj.weight", layer));
    append(gate_up, bytes_of(&n, "model.layers.*.mlp.gate_proj.weight", layer));
    append(gate_up, bytes_of(&n, "model.layers.*.mlp.up_proj.weight", layer));
    g_autofree char *a = g_strdup_printf("model.layers.%d.self_attn.qkv_proj.weight", layer);
    g_autofree char *b = g_strdup_printf("model.layers.%d.mlp.gate_up_proj.weight", layer);
    add_rows(&f, a, 48, 24, qkv);
    add_rows(&f, b, 80, 24, gate_up);
  }
  add_rows(&f, "model.embed_tokens.weight", 70, 24, bytes_of(&n, "lm_head.weight", 0));
  add_others(&n, &f, "", done);
  g_autofree char *path = file_write(&f);
  assert_all_match(&n, path);
  discard(path);
  network_free(&n);
}
END_TEST

/* Experts as one tensor, gate and up fused: output x input features, as Mixtral and Qwen have them
 * since transformers 5, or turned round, as GPT-OSS does. */
START_TEST(test_stacked_experts) {
  enum { EXPERTS = 3, IN = 24, INNER = 40 };
  static const char *const done[] = {"experts", NULL};
  static const char *const parts[] = {"w1", "w3", "w2"};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  Network n = network(MIXTRAL, rand);
  g_autoptr(GString) fused = g_string_new(NULL), down = g_string_new(NULL);
  for (int expert = 0; expert < EXPERTS; expert++)
    for (guint k = 0; k < G_N_ELEMENTS(parts); k++) {
      g_autofree char *name =
          g_strdup_printf("model.layers.0.block_sparse_moe.experts.%d.%s.weight", expert, parts[k]);
      append(k < 2 ? fused : down, bytes_of(&n, name, 0));
    }
  File f = file_new();
  add_stack(&f, "model.layers.0.mlp.experts.gate_up_proj", (int[]){EXPERTS, 2 * INNER, IN}, _i,
            fused);
  add_stack(&f, "model.layers.0.mlp.experts.down_proj", (int[]){EXPERTS, IN, INNER}, _i, down);
  add_others(&n, &f, "", done);
  g_autofree char *path = file_write(&f);
  assert_all_match(&n, path);
  discard(path);
  network_free(&n);
}
END_TEST

/* The Model Zoo's GPT-NeoX: three weights for one in which heads take turns. */
START_TEST(test_split_by_heads) {
  enum { HEADS = 4, ROWS = 24, COLS = 24, EACH = ROWS / HEADS };
  static const char *const done[] = {"query_key_value", NULL};
  static const char *const names[] = {"q", "k", "v"};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  Network n = network(NEOX, rand);
  const GString *fused = bytes_of(&n, "gpt_neox.layers.*.attention.query_key_value.weight", 0);
  File f = file_new();
  for (int part = 0; part < 3; part++) {
    g_autoptr(GString) rows = g_string_new(NULL);
    for (int head = 0; head < HEADS; head++)
      g_string_append_len(rows, fused->str + (3 * head + part) * EACH * COLS, EACH * COLS);
    g_autofree char *name = g_strdup_printf(
        "model.transformer_decoder.layers.0.self_attn.proj_%s_dense_layer.weight", names[part]);
    add_rows(&f, name, ROWS, COLS, rows);
  }
  add_others(&n, &f, "", done);
  g_autofree char *path = file_write(&f);
  assert_all_match(&n, path);
  discard(path);
  network_free(&n);
}
END_TEST

static void assert_refused(const Network *n, File *f, const char *text) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file_write(f);
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(path, FALSE, &error);
  g_autoptr(Cs3WeightMatch) match = cs3_weight_match_new(n->graph, set);
  ck_assert(!cs3_weight_match_count(match, 1, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, text);
  discard(path);
}

START_TEST(test_refused) {
  static const char *const down[] = {"down_proj", NULL}, *const none[] = {NULL};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  Network n = network(LLAMA, rand);
  GString *bytes = bytes_of(&n, "model.layers.*.mlp.down_proj.weight", 0);
  File missing = file_new();
  add_others(&n, &missing, "", down);
  assert_refused(&n, &missing, "no tensor of that name, fused, split or tied, and 1 more; 2 of 15");
  File turned = file_new();
  add_others(&n, &turned, "", down);
  add_rows(&turned, "model.layers.0.mlp.down_proj.weight", 40, 24, bytes);
  add_rows(&turned, "model.layers.1.mlp.down_proj.weight", 24, 40, bytes);
  assert_refused(&n, &turned, "is 40 x 24, the model needs 24 x 40");
  File twice = file_new();
  add_others(&n, &twice, "", none);
  add_rows(&twice, "module.model.layers.0.mlp.down_proj.weight", 24, 40, bytes);
  assert_refused(&n, &twice, "several tensors are called layers.0.mlp.down_proj");
  File zero = file_new();
  g_autoptr(GString) zeros = g_string_new(NULL);
  for (guint i = 0; i < bytes->len; i++)
    g_string_append_c(zeros, 0);
  add_others(&n, &zero, "", down);
  add_rows(&zero, "model.layers.0.mlp.down_proj.weight", 24, 40, bytes);
  add_rows(&zero, "model.layers.1.mlp.down_proj.weight", 24, 40, zeros);
  assert_refused(&n, &zero, "layers.1.mlp.down_proj.weight: all of its weights are zero");
  network_free(&n);
}
END_TEST

/* --- masks from counts ------------------------------------------------------------------------ */

static void count(const Cs3Mask *mask, guint32 *by_row, guint32 *by_col) {
  memset(by_row, 0, (gsize)mask->rows * sizeof *by_row);
  memset(by_col, 0, (gsize)mask->cols * sizeof *by_col);
  for (gint64 i = 0; i < mask->rows; i++)
    for (gint64 j = 0; j < mask->cols; j++)
      if (cs3_mask_alive(mask, i, j)) {
        by_row[i]++;
        by_col[j]++;
      }
}

/* Random masks of uneven rows and columns: what is drawn from their counts has the same. */
START_TEST(test_draw_counts) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 60; i++) {
    gint64 rows = g_rand_int_range(rand, 1, 200), cols = g_rand_int_range(rand, 1, 200);
    g_autoptr(Cs3Mask) mask = cs3_mask_new(rows, cols, NULL);
    g_autofree float *row = g_new(float, rows), *col = g_new(float, cols);
    for (gint64 k = 0; k < rows; k++)
      row[k] = (float)exp(4 * g_rand_double(rand) - 3);
    for (gint64 k = 0; k < cols; k++)
      col[k] = g_rand_int_range(rand, 0, 10) == 0 ? 0 : (float)exp(3 * g_rand_double(rand) - 2);
    cs3_mask_draw_odds(mask, 0, rows, row, col, g_rand_int(rand));
    g_autofree guint32 *by_row = g_new(guint32, rows), *by_col = g_new(guint32, cols);
    g_autofree guint32 *rows_of = g_new(guint32, rows), *cols_of = g_new(guint32, cols);
    count(mask, by_row, by_col);
    g_autoptr(Cs3Mask) drawn = cs3_mask_draw_counts(rows, cols, by_row, by_col, 1, 2, NULL);
    count(drawn, rows_of, cols_of);
    ck_assert_mem_eq(by_row, rows_of, (gsize)rows * sizeof *by_row);
    gint64 off = 0;
    for (gint64 k = 0; k < cols; k++)
      off += ABS((gint64)by_col[k] - (gint64)cols_of[k]);
    ck_assert_int_eq(off, 0);
  }
}
END_TEST

/* Weight by weight, whatever the processor: 16 random bits u, alive when odds (1 - u) > u. */
START_TEST(test_draw_bits) {
  enum { ROWS = 9, COLS = 200, KEY = 11 };
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(Cs3Mask) mask = cs3_mask_new(ROWS, COLS, NULL);
  float row[ROWS], col[COLS];
  for (int i = 0; i < ROWS; i++)
    row[i] = i == 0 ? 0 : (float)exp(6 * g_rand_double(rand) - 3);
  for (int j = 0; j < COLS; j++)
    col[j] = (float)exp(6 * g_rand_double(rand) - 3);
  cs3_mask_draw_odds(mask, 0, ROWS, row, col, KEY);
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLS; j++) {
      Cs3RandomBlock block;
      cs3_random_draw(KEY, (guint64)i, (guint32)(8 * (j / 128)), 0, &block);
      guint16 bits = (guint16)(block.slice[j % 128 / 32][j / 4 % 8] >> (16 * (j % 4)));
      float u = ((float)bits + 0.5f) / 65536;
      ck_assert_int_eq(cs3_mask_alive(mask, i, j), row[i] * col[j] * (1 - u) > u);
    }
}
END_TEST

/* Odds of 1 and of 1/3: shares of 1/2 and 1/4 within five deviations, columns apart. */
START_TEST(test_draw_odds) {
  enum { ROWS = 1000, COLS = 128 };
  g_autoptr(Cs3Mask) mask = cs3_mask_new(ROWS, COLS, NULL);
  g_autofree float *row = g_new(float, ROWS);
  float col[COLS];
  for (int i = 0; i < ROWS; i++)
    row[i] = 0.5f;
  for (int j = 0; j < COLS; j++)
    col[j] = j < COLS / 2 ? 2.0f : 2.0f / 3;
  cs3_mask_draw_odds(mask, 0, ROWS, row, col, 7);
  gint64 live[2] = {0};
  for (int i = 0; i < ROWS; i++)
    for (int half = 0; half < 2; half++)
      live[half] += __builtin_popcountll(cs3_mask_row(mask, i)[half]);
  ck_assert_double_lt(fabs((double)live[0] - 32000), 5 * sqrt(16000));
  ck_assert_double_lt(fabs((double)live[1] - 16000), 5 * sqrt(12000));
}
END_TEST

/* A drawn mask has the density that was asked for and, where there are many rows and columns, about
 * the spreads. */
START_TEST(test_uneven) {
  enum { ROWS = 3000, COLS = 4000 };
  Cs3Pattern pattern;
  ck_assert(cs3_pattern_parse(&pattern, "uneven:40:20:50", NULL));
  for (int i = 0; i < 3; i++) {
    const double density = (double[]){0.5, 0.3, 0.1}[i];
    g_autoptr(Cs3Mask) mask =
        cs3_pattern_mask(&pattern, ROWS, COLS, density, 1, (guint64)i, 2, NULL);
    g_auto(Cs3WeightCounts) counts = {0};
    ck_assert(cs3_mask_counts(mask, &counts, NULL));
    ck_assert_double_lt(fabs((double)counts.live / ROWS / COLS / density - 1), 0.005);
    Cs3MaskSpread cols = cs3_mask_spread(counts.by_col, COLS, ROWS);
    Cs3MaskSpread rows = cs3_mask_spread(counts.by_row, ROWS, COLS);
    ck_assert_double_lt(fabs(cols.spread - 0.4), 0.05);
    ck_assert_double_lt(fabs(rows.spread - 0.2), 0.025);
    ck_assert_double_lt(fabs(cols.shared - 0.5), 0.12);
  }
  /* None at all: as anywhere. */
  ck_assert(cs3_pattern_parse(&pattern, "uneven:0:0:0", NULL));
  g_autoptr(Cs3Mask) mask = cs3_pattern_mask(&pattern, ROWS, COLS, 0.3, 1, 9, 2, NULL);
  g_auto(Cs3WeightCounts) counts = {0};
  ck_assert(cs3_mask_counts(mask, &counts, NULL));
  ck_assert_double_lt(cs3_mask_spread(counts.by_col, COLS, ROWS).spread, 0.02);
}
END_TEST

/* A folder of mask files is as many matrices, each called as its file. */
START_TEST(test_mask_folder) {
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("cs3sim-match-XXXXXX", NULL);
  g_autofree char *a = g_build_filename(folder, "b.smtx", NULL);
  g_autofree char *b = g_build_filename(folder, "a.q.weight.smtx", NULL);
  ck_assert(g_file_set_contents(a, "2, 3, 2\n0 2 2\n0 2\n", -1, NULL));
  ck_assert(g_file_set_contents(b, "1, 4, 1\n0 1\n3\n", -1, NULL));
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(folder, FALSE, &error);
  ck_assert_msg(set != NULL, "%s", error ? error->message : "");
  ck_assert_int_eq(set->entries->len, 2);
  ck_assert_str_eq(cs3_weight_set_entry(set, 0)->name, "a.q.weight");
  ck_assert(cs3_weight_set_count(set, 1, 1, &error));
  const Cs3WeightCounts *counts = &cs3_weight_set_entry(set, 1)->counts;
  ck_assert_int_eq(counts->rows, 2);
  ck_assert_int_eq(counts->by_row[0], 2);
  ck_assert_int_eq(counts->by_col[2], 1);
  g_autoptr(Cs3Mask) rows = cs3_weight_set_rows(set, 1, 0, 1, 0, 0, &error);
  ck_assert(rows->rows == 1 && cs3_mask_alive(rows, 0, 2) && !cs3_mask_alive(rows, 0, 1));
  ck_assert_ptr_null(cs3_weight_set_open(folder, TRUE, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "has no NaN");
  g_remove(a);
  discard(b);
}
END_TEST

/* A permutation of the columns that evens stretches of them. */
START_TEST(test_balanced_order) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  Cs3Pattern pattern;
  ck_assert(cs3_pattern_parse(&pattern, "uneven:100:10:60", NULL));
  for (int i = 0; i < 20; i++) {
    enum { LINES = 8 };
    gint64 cols = g_rand_int_range(rand, 200, 600), most[2] = {0};
    g_autoptr(Cs3Mask) mask = cs3_pattern_mask(&pattern, 300, cols, 0.3, 1, (guint64)i, 1, NULL);
    gint64 starts[LINES + 1];
    for (int line = 0; line <= LINES; line++)
      starts[line] = cols * line / LINES;
    g_autofree gint64 *order = cs3_mask_balanced_order(mask, starts, LINES);
    g_autofree gboolean *seen = g_new0(gboolean, cols);
    for (gint64 j = 0; j < cols; j++) {
      ck_assert(order[j] >= 0 && order[j] < cols && !seen[order[j]]);
      seen[order[j]] = TRUE;
    }
    g_autoptr(Cs3Mask) ordered = cs3_mask_reorder(mask, order, NULL);
    ck_assert_int_eq(cs3_mask_nnz(ordered), cs3_mask_nnz(mask));
    for (int which = 0; which < 2; which++)
      for (int line = 0; line < LINES; line++) {
        gint64 live = 0;
        for (gint64 j = cols * line / LINES; j < cols * (line + 1) / LINES; j++)
          for (gint64 row = 0; row < 300; row++)
            live += cs3_mask_alive(which ? ordered : mask, row, j);
        most[which] = MAX(most[which], live);
      }
    double mean = (double)cs3_mask_nnz(mask) / LINES;
    ck_assert_int_lt(most[1], most[0]);
    ck_assert_double_lt((double)most[1] / mean, 1.02);
  }
}
END_TEST

static void assert_bad_statistics(const char *text, const char *message) {
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("cs3sim-match-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "s.json", NULL);
  ck_assert(g_file_set_contents(path, text, -1, NULL));
  ck_assert_ptr_null(cs3_weight_set_open(path, FALSE, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, message);
  discard(path);
}

START_TEST(test_bad_statistics) {
#define STATISTICS(ROWS, COLUMNS)                                                                  \
  "{\"schema\":\"cs3sim.masks/1\",\"weights\":[{\"name\":\"w\",\"layout\":\"plain\","              \
  "\"out_features\":2,\"in_features\":3,\"nonzeros\":3,\"masked_nan\":0,\"digest\":\"1f\","        \
  "\"row_counts\":" ROWS ",\"column_counts\":" COLUMNS "}]}"
  assert_bad_statistics("{}", "neither a checkpoint nor statistics");
  assert_bad_statistics("{\"schema\":\"cs3sim.masks/1\",\"weights\":[]}", "neither");
  assert_bad_statistics("{\"schema\":\"cs3sim.masks/1\",\"weights\":[{}]}", "without a name");
  assert_bad_statistics("{\"schema\":\"cs3sim.masks/1\",\"weights\":[{\"name\":\"w\"}]}",
                        "w: expected out_features");
  assert_bad_statistics(STATISTICS("[1,1]", "[1,1,1]"), "do not fit its shape and its 3 live");
  assert_bad_statistics(STATISTICS("[4,-1]", "[1,1,1]"), "do not fit");
  assert_bad_statistics(STATISTICS("[1,2]", "[3,0,0]"), "do not fit");
  assert_bad_statistics(STATISTICS("[1,2]", "[1,2]"), "do not fit");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("weight-match");
  TCase *names = tcase_create("names");
  tcase_add_test(names, test_own_names_and_wrappers);
  tcase_add_test(names, test_fused_and_tied);
  tcase_add_loop_test(names, test_stacked_experts, 0, 2);
  tcase_add_test(names, test_split_by_heads);
  tcase_add_test(names, test_refused);
  suite_add_tcase(suite, names);
  TCase *draws = tcase_create("statistics");
  tcase_add_test(draws, test_draw_counts);
  tcase_add_test(draws, test_draw_bits);
  tcase_add_test(draws, test_draw_odds);
  tcase_add_test(draws, test_bad_statistics);
  tcase_add_test(draws, test_uneven);
  tcase_add_test(draws, test_mask_folder);
  tcase_add_test(draws, test_balanced_order);
  suite_add_tcase(suite, draws);
  return fixture_run(suite);
}
