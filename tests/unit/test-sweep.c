/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep shares between points changes no result; axes and keys; its file. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/output.h"
#include "sim/machine/machine.h"
#include "sim/map/mapper.h"
#include "sim/map/weights.h"
#include "sim/study/sweep-file.h"
#include "sim/study/sweep.h"

START_TEST(test_memo) {
  g_autoptr(Cs3Memo) memo = cs3_memo_new(4);
  const gint64 five[CS3_MEMO_VALUES] = {5, -1, 1LL << 60, 7};
  gint64 got[CS3_MEMO_VALUES];
  Cs3MemoKey parent = cs3_memo_key(NULL, "a", 1), key = cs3_memo_key(&parent, "b", 1);
  ck_assert(!cs3_memo_find(memo, &key, got));
  cs3_memo_keep(memo, &key, five);
  ck_assert(cs3_memo_find(memo, &key, got));
  ck_assert_mem_eq(got, five, sizeof five);
  /* Another question that falls into the same slot takes it; neither gets the other's answer. */
  Cs3MemoKey other = key;
  other.word[1]++;
  ck_assert(!cs3_memo_find(memo, &other, got));
  const gint64 six[CS3_MEMO_VALUES] = {6, 6, 6, 6};
  cs3_memo_keep(memo, &other, six);
  ck_assert(!cs3_memo_find(memo, &key, got));
  ck_assert(cs3_memo_find(memo, &other, got));
  ck_assert(!cs3_memo_find(NULL, &other, got));
}
END_TEST

START_TEST(test_memo_is_shared) {
  g_autoptr(Cs3Memo) memo = cs3_memo_new(64);
  const gint64 values[CS3_MEMO_VALUES] = {1, 2, 3, 4};
  gint64 got[CS3_MEMO_VALUES];
  Cs3MemoKey key = cs3_memo_key(NULL, "child", 5);
  pid_t child = fork();
  if (child == 0) {
    cs3_memo_keep(memo, &key, values);
    _exit(0);
  }
  ck_assert_int_eq(waitpid(child, NULL, 0), child);
  ck_assert(cs3_memo_find(memo, &key, got));
  ck_assert_mem_eq(got, values, sizeof values);
}
END_TEST

/* A random layer on a random mapping of a preset. */
typedef struct {
  Cs3Machine *machine;
  Cs3WeightsSpec spec;
  Cs3LayerShape shape;
  GArray *mappings;
} Layer;

static void layer_new(Layer *l, GRand *random) {
  g_autoptr(GError) error = NULL;
  l->machine = cs3_machine_load(g_rand_boolean(random) ? "cs2" : "cs3", NULL, &error);
  ck_assert(l->machine != NULL);
  l->spec = (Cs3WeightsSpec){
      .rows = g_rand_int_range(random, 50, 700),
      .cols = g_rand_int_range(random, 50, 900),
      .density = g_rand_double_range(random, 0.05, 0.9),
      .seed = g_rand_int(random),
      .stream = g_rand_int(random),
  };
  ck_assert(cs3_pattern_parse(&l->spec.pattern, "uniform", NULL));
  Cs3Pass pass = g_rand_int_range(random, 0, CS3_N_PASS_KINDS);
  gboolean dx = pass == CS3_PASS_DX;
  l->shape = (Cs3LayerShape){
      .pass = pass,
      .rows = dx ? l->spec.cols : l->spec.rows,
      .features = dx ? l->spec.rows : l->spec.cols,
      .tokens = g_rand_int_range(random, 500, 60000),
  };
  Cs3MapForce force = CS3_MAP_FREE;
  l->mappings = cs3_map_candidates(&l->machine->hw, &l->shape, l->spec.density, &force, &error);
  ck_assert_msg(l->mappings != NULL, "%s", error ? error->message : "");
}

static void layer_clear(Layer *l) {
  g_array_unref(l->mappings);
  cs3_machine_free(l->machine);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layer, layer_clear)

static void lend(const Layer *l, Cs3WeightStore *store, Cs3WeightsLoan *loan) {
  ck_assert(cs3_weights_lend(store, &l->spec, l->shape.pass == CS3_PASS_DX, loan, NULL));
}

/* The same layer with everything remembered, with nothing, and with a store that keeps nothing. */
START_TEST(test_memory_changes_nothing) {
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed() + (guint)_i);
  g_auto(Layer) l = {NULL};
  layer_new(&l, random);
  g_autoptr(Cs3Memo) memo = cs3_memo_new(1024);
  g_autoptr(Cs3WeightStore) rich = cs3_weight_store_new(memo, 1 << 26);
  g_autoptr(Cs3WeightStore) poor = cs3_weight_store_new(NULL, 0);
  g_auto(Cs3WeightsLoan) kept = {0}, fresh = {0};
  lend(&l, rich, &kept);
  lend(&l, poor, &fresh);
  ck_assert_int_eq(kept.nonzeros, fresh.nonzeros);
  for (guint k = 0; k < l.mappings->len; k += 1 + l.mappings->len / 5) {
    const Cs3MapCandidate *c = &g_array_index(l.mappings, Cs3MapCandidate, k);
    Cs3LayerWeights known = cs3_map_weights(&c->shape, &kept, memo);
    Cs3LayerWeights unknown = cs3_map_weights(&c->shape, &fresh, NULL);
    Cs3LayerResult first, again, alone;
    const Cs3Hardware *hw = &l.machine->hw;
    const Cs3LayerWant all = {CS3_LAYER_CAUSES};
    ck_assert(cs3_layer_pass(hw, &c->shape, &c->mapping, &known, all, &first, NULL));
    ck_assert(cs3_layer_pass(hw, &c->shape, &c->mapping, &known, all, &again, NULL));
    ck_assert(cs3_layer_pass(hw, &c->shape, &c->mapping, &unknown, all, &alone, NULL));
    ck_assert_mem_eq(&first, &alone, sizeof first);
    ck_assert_mem_eq(&again, &alone, sizeof again);
  }
}
END_TEST

/* @give_up: 0: never. */
static gint64 cycles(const Cs3Hardware *hw, const Cs3MapCandidate *c,
                     const Cs3LayerWeights *weights, gint64 give_up) {
  Cs3LayerResult result;
  Cs3LayerWant want = {CS3_LAYER_CYCLES, give_up};
  ck_assert(cs3_layer_pass(hw, &c->shape, &c->mapping, weights, want, &result, NULL));
  return result.cycles;
}

/* Exact below the limit, at least the limit otherwise, whatever was asked before. */
START_TEST(test_give_up) {
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed() + (guint)_i);
  g_auto(Layer) l = {NULL};
  layer_new(&l, random);
  g_autoptr(Cs3Memo) memo = cs3_memo_new(1024);
  g_autoptr(Cs3WeightStore) store = cs3_weight_store_new(memo, 1 << 26);
  g_auto(Cs3WeightsLoan) loan = {0};
  lend(&l, store, &loan);
  guint pick = (guint)g_rand_int_range(random, 0, (gint32)l.mappings->len);
  const Cs3MapCandidate *c = &g_array_index(l.mappings, Cs3MapCandidate, pick);
  Cs3LayerWeights known = cs3_map_weights(&c->shape, &loan, memo), unknown = known;
  unknown.memo = NULL;
  const Cs3Hardware *hw = &l.machine->hw;
  gint64 exact = cycles(hw, c, &unknown, 0);
  for (int i = 0; i < 12; i++) {
    gint64 limit = i == 0   ? exact
                   : i == 1 ? exact + 1
                            : (gint64)((double)exact * g_rand_double_range(random, 0.1, 1.5));
    gint64 free = cycles(hw, c, &unknown, limit);
    gint64 remembered = cycles(hw, c, &known, limit);
    ck_assert_msg(limit > exact ? free == exact : free >= limit && free <= exact,
                  "limit %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT ", exact %" G_GINT64_FORMAT,
                  limit, free, exact);
    ck_assert(limit > exact ? remembered == exact : remembered >= limit && remembered <= exact);
  }
}
END_TEST

START_TEST(test_bound) {
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed() + (guint)_i);
  g_auto(Layer) l = {NULL};
  layer_new(&l, random);
  g_autoptr(Cs3WeightStore) store = cs3_weight_store_new(NULL, 1 << 26);
  g_auto(Cs3WeightsLoan) loan = {0};
  lend(&l, store, &loan);
  const Cs3Hardware *hw = &l.machine->hw;
  for (guint k = 0; k < l.mappings->len; k += 1 + l.mappings->len / 10) {
    const Cs3MapCandidate *c = &g_array_index(l.mappings, Cs3MapCandidate, k);
    gint64 sent = c->shape.dense ? c->shape.rows * c->shape.features : loan.nonzeros, sum = 0;
    Cs3LayerResult bound;
    cs3_layer_bound_result(hw, &c->shape, &c->mapping, sent, &bound);
    for (int cause = 0; cause < CS3_N_CAUSES; cause++) {
      ck_assert_int_ge(bound.causes[cause], 0);
      sum += bound.causes[cause];
    }
    ck_assert_int_eq(sum, bound.cycles);
    ck_assert_int_eq(bound.cycles, cs3_layer_bound(hw, &c->shape, &c->mapping, sent));
    Cs3LayerWeights weights = cs3_map_weights(&c->shape, &loan, NULL);
    ck_assert_int_le(bound.cycles, cycles(hw, c, &weights, 0));
  }
}
END_TEST

static void add(Cs3Axes *axes, const char *key, const char *values) {
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_axes_add(axes, key, values, "test", &error), "%s", error ? error->message : "");
}

START_TEST(test_axes) {
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  add(axes, "sparsity", "0.1:0.5:0.1, 0.75");
  add(axes, "io.rate", "0.6:1.2:0.3 Tb/s");
  add(axes, "pattern", "uniform");
  guint64 points;
  ck_assert(cs3_axes_count(axes, &points, NULL));
  ck_assert_uint_eq(points, 6 * 3);
  ck_assert_str_eq(cs3_axes_value(axes, 0, 0)->text, "0.1");
  ck_assert_str_eq(cs3_axes_value(axes, 6, 0)->text, "0.3"); /* not 0.30000000000000004 */
  ck_assert_str_eq(cs3_axes_value(axes, 17, 0)->text, "0.75");
  ck_assert_str_eq(cs3_axes_value(axes, 17, 1)->text, "1.2 Tb/s");
  g_autofree char *text = cs3_axes_describe(axes, 4);
  ck_assert_str_eq(text, "sparsity=0.2 io.rate=900 Gb/s pattern=uniform");
}
END_TEST

/* Every point has a key of its own; the dense baseline's does not see what only sparsity needs. */
START_TEST(test_keys) {
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  add(axes, "sparsity", "0.5,0.7,0.9");
  add(axes, "hardware", "cs2,cs3");
  add(axes, "batch", "8:64:8");
  Cs3MemoKey base;
  guint64 points;
  ck_assert(cs3_scenario_identity(&cs3_scenario_defaults, &base, NULL));
  ck_assert(cs3_axes_count(axes, &points, NULL));
  for (guint64 i = 0; i < points; i++) {
    Cs3MemoKey key = cs3_axes_key(axes, i, &base, FALSE),
               dense = cs3_axes_key(axes, i, &base, TRUE);
    for (guint64 k = 0; k < points; k++) {
      Cs3MemoKey other = cs3_axes_key(axes, k, &base, FALSE);
      Cs3MemoKey other_dense = cs3_axes_key(axes, k, &base, TRUE);
      ck_assert((memcmp(&key, &other, sizeof key) == 0) == (i == k));
      ck_assert((memcmp(&dense, &other_dense, sizeof dense) == 0) == (i % 16 == k % 16));
    }
  }
}
END_TEST

/* Whatever an option or a constant is changed to, the configuration has another identity. */
START_TEST(test_identity) {
  static const char *const changes[][2] = {
      {"model", "gpt2-small"}, {"hardware", "cs2"},     {"sparsity", "0.5"},
      {"pattern", "2:4"},      {"batch", "8"},          {"seq", "128"},
      {"seed", "2"},           {"attention", "causal"}, {"map", "fold=4"},
      {"io.rate", "1 Tb/s"},   {"fidelity", "bound"},
  };
  Cs3MemoKey base;
  ck_assert(cs3_scenario_identity(&cs3_scenario_defaults, &base, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
    g_auto(Cs3ScenarioOptions) options = {0};
    cs3_scenario_options_copy(&options, &cs3_scenario_defaults);
    Cs3MemoKey same, changed;
    options.jobs = 7; /* workers are no part of it */
    ck_assert(cs3_scenario_identity(&options, &same, NULL));
    ck_assert_mem_eq(&same, &base, sizeof base);
    ck_assert(cs3_setting_apply(&options, changes[i][0], changes[i][1], NULL));
    ck_assert(cs3_scenario_identity(&options, &changed, NULL));
    ck_assert_msg(memcmp(&changed, &base, sizeof base) != 0, "%s", changes[i][0]);
  }
}
END_TEST

static Cs3SweepFile *open_file(const char *path, GError **error) {
  Cs3Sweep sweep = {.after = 1};
  guint64 done;
  return cs3_sweep_file_open(path, &sweep, TRUE, &done, error);
}

/* A sweep that opens @path and starts a worker; both then wait. Tells @ready the worker. */
static void wait_with_worker(const char *path, int ready) {
  g_autoptr(Cs3SweepFile) file = open_file(path, NULL);
  alarm(60); /* should the test fail */
  pid_t worker = file != NULL ? fork() : -1;
  if (worker == 0)
    alarm(60);
  else if (write(ready, &worker, sizeof worker) != sizeof worker)
    _exit(EXIT_FAILURE);
  for (;;)
    pause();
}

/* One sweep at a time writes a file; one that was killed leaves it to the next at once, whatever
 * its workers still do. */
START_TEST(test_lock) {
  g_autofree char *dir = g_dir_make_tmp("cs3sim-sweep-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "s.jsonl", NULL);
  int ready[2];
  ck_assert_int_eq(pipe(ready), 0);
  pid_t writer = fork(), worker = -1;
  if (writer == 0)
    wait_with_worker(path, ready[1]);
  ck_assert_int_eq(read(ready[0], &worker, sizeof worker), sizeof worker);
  ck_assert_int_gt(worker, 0); /* to kill -1 would be to kill everybody */
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3SweepFile) refused = open_file(path, &error);
  ck_assert_ptr_null(refused);
  fixture_error_in(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_CREATE,
                   "s.jsonl is being written by another process");
  kill(writer, SIGKILL);
  waitpid(writer, NULL, 0);
  ck_assert_int_eq(kill(worker, 0), 0);
  g_autoptr(Cs3SweepFile) next = open_file(path, NULL);
  kill(worker, SIGKILL);
  ck_assert_ptr_nonnull(next);
  g_unlink(path);
  g_rmdir(dir);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {test_memo, test_memo_is_shared, test_axes,
                                test_keys, test_identity,       test_lock};
  Suite *suite = suite_create("sweep");
  TCase *plain = tcase_create("plain"), *drawn = tcase_create("drawn");
  for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
    tcase_add_test(plain, tests[i]);
  tcase_set_timeout(drawn, 60);
  tcase_add_loop_test(drawn, test_memory_changes_nothing, 0, 20);
  tcase_add_loop_test(drawn, test_give_up, 0, 40);
  tcase_add_loop_test(drawn, test_bound, 0, 20);
  suite_add_tcase(suite, plain);
  suite_add_tcase(suite, drawn);
  return fixture_run(suite);
}
