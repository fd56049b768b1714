/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mapper's choice against the recurrence run on every mapping there is; what --map forces. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <math.h>

#include "fabric/fabric-error.h"
#include "sim/machine/machine.h"
#include "sim/map/mapper.h"
#include "workloads/pattern.h"

static Cs3Machine *machine(const char *name) {
  g_autoptr(GError) error = NULL;
  Cs3Machine *m = cs3_machine_load(name, NULL, &error);
  ck_assert_msg(m != NULL, "%s", error ? error->message : "");
  return m;
}

static gint64 run(const Cs3Hardware *hw, const Cs3MapCandidate *c, const Cs3Mask *mask) {
  g_auto(Cs3WeightsLoan) loan = {0};
  if (mask != NULL)
    cs3_weights_lend_mask(mask, &loan);
  Cs3LayerWeights weights = cs3_map_weights(&c->shape, mask != NULL ? &loan : NULL, NULL);
  Cs3LayerResult result;
  ck_assert(cs3_layer_pass(hw, &c->shape, &c->mapping, &weights, (Cs3LayerWant){CS3_LAYER_CYCLES},
                           &result, NULL));
  return result.cycles;
}

static Cs3Mask *draw(gint64 rows, gint64 cols, double density, guint64 seed) {
  Cs3Pattern pattern;
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_pattern_parse(&pattern, "uniform", NULL));
  Cs3Mask *mask = cs3_pattern_mask(&pattern, rows, cols, density, seed, 0, 1, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  return mask;
}

static const gint64 shapes[][3] = {
    /* rows, features, tokens */
    {512, 768, 20000}, {1024, 1024, 65536}, {768, 3072, 40000}, {300, 5120, 100000}, {64, 64, 3000},
};
static const double densities[] = {1, 0.5, 0.3, 0.1};

/* The fastest of everything that fits, whatever the mapper takes into account: every fold there is,
 * both axes, all placements, both formats, both ways to compute dW. */
typedef struct {
  const Cs3Hardware *hw;
  const Cs3Mask *mask;
  Cs3MapCandidate best;
  guint fit;
} Everything;

static void try_mapping(Everything *all, Cs3LayerShape shape, Cs3Mapping mapping) {
  if (!cs3_mapping_check(all->hw, &shape, &mapping, NULL))
    return;
  Cs3MapCandidate c = {.shape = shape, .mapping = mapping};
  c.cycles = run(all->hw, &c, all->mask);
  if (all->fit++ == 0 || c.cycles < all->best.cycles)
    all->best = c;
}

static void try_folds(Everything *all, Cs3LayerShape shape, Cs3Mapping mapping) {
  gint64 last = mapping.axis == CS3_AXIS_X ? all->hw->wafer.pe_x : all->hw->wafer.pe_y;
  for (shape.dense = all->mask == NULL; shape.dense <= TRUE; shape.dense++)
    for (mapping.fold = 1; mapping.fold <= last; mapping.fold++)
      try_mapping(all, shape, mapping);
}

static void try_everything(Everything *all, const Cs3LayerShape *shape) {
  Cs3Mapping mapping = {.reduction = (Cs3Reduction)all->hw->kernel.reduction, .overlap = TRUE};
  Cs3DwAlgorithm last = cs3_pass_has_gradients(shape->pass) ? CS3_DW_BLOCK : CS3_DW_DOT;
  for (mapping.axis = CS3_AXIS_Y; mapping.axis <= CS3_AXIS_X; mapping.axis++)
    for (mapping.placement = CS3_ACC_CACHE; mapping.placement <= CS3_ACC_SRAM; mapping.placement++)
      for (mapping.dw = CS3_DW_DOT; mapping.dw <= last; mapping.dw++)
        try_folds(all, *shape, mapping);
}

static void assert_alike(const Cs3MapCandidate *x, const Cs3MapCandidate *y) {
  g_autofree char *text = cs3_map_describe(x), *other = cs3_map_describe(y);
  ck_assert_int_eq(x->cycles, y->cycles);
  if (x->cycles > 0)
    ck_assert_str_eq(text, other);
}

/* What is left out by a shorter way to the best, or to both, is not missed. */
static void assert_same_wanted(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                               const Cs3WeightsLoan *live, const Cs3MapChoice *plain) {
  Cs3MapForce free_choice = CS3_MAP_FREE;
  Cs3MapChoice choice;
  for (int best_only = 0; best_only <= 1; best_only++) {
    const Cs3MapWant want = {best_only, .links_vary = TRUE};
    ck_assert(cs3_map_choose(hw, shape, live, NULL, &free_choice, want, &choice, NULL));
    assert_alike(&choice.best, &plain->best);
    if (!best_only)
      assert_alike(&choice.runner_up, &plain->runner_up);
  }
}

/* At most 1 % behind the best of all: mappings that cannot gain more are not run. */
static void assert_near_exhaustive(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                                   double density, guint32 seed) {
  g_autoptr(Cs3Mask) mask = density < 1 ? draw(shape->rows, shape->features, density, seed) : NULL;
  Cs3MapForce free_choice = CS3_MAP_FREE;
  Cs3MapChoice choice;
  g_autoptr(GError) error = NULL;
  g_auto(Cs3WeightsLoan) loan = {0};
  if (mask != NULL)
    cs3_weights_lend_mask(mask, &loan);
  ck_assert(cs3_map_choose(hw, shape, mask != NULL ? &loan : NULL, NULL, &free_choice,
                           (Cs3MapWant){0}, &choice, &error));
  assert_same_wanted(hw, shape, mask != NULL ? &loan : NULL, &choice);
  Everything all = {.hw = hw, .mask = mask};
  try_everything(&all, shape);
  gint64 best = all.best.cycles;
  g_autofree char *text = cs3_map_describe(&all.best);
  g_printerr("# %s, %d x %d, %d tokens, density %g: %d after %u runs of %u, best of %u mappings %d "
             "(%s)\n",
             cs3_pass_name(shape->pass), (int)shape->rows, (int)shape->features, (int)shape->tokens,
             density, (int)choice.best.cycles, choice.run, choice.considered, all.fit, (int)best,
             text);
  ck_assert_msg(choice.best.cycles <= best * 1.01, "%s pass, %d x %d, density %g: %d, best %d",
                cs3_pass_name(shape->pass), (int)shape->rows, (int)shape->features, density,
                (int)choice.best.cycles, (int)best);
}

/* One of the passes, or all of them. */
START_TEST(test_near_exhaustive) {
  guint32 seed = fixture_seed();
  g_autoptr(Cs3Machine) m = machine(_i % 2 ? "cs2" : "cs3");
  m->hw.kernel.dw_algorithm = CS3_DW_AUTO;
  const gint64 *s = shapes[_i % G_N_ELEMENTS(shapes)];
  for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
    if (!fixture_slow() && pass != _i % CS3_N_PASS_KINDS)
      continue;
    Cs3LayerShape shape = {.pass = pass, .rows = s[0], .features = s[1], .tokens = s[2]};
    assert_near_exhaustive(&m->hw, &shape, densities[(_i + pass) % G_N_ELEMENTS(densities)], seed);
  }
}
END_TEST

/* Any layer, down to a few features or tokens. */
static gint64 log_uniform(GRand *r, double low, double high) {
  return (gint64)(low * pow(high / low, g_rand_double(r)));
}

START_TEST(test_near_exhaustive_random) {
  static const char *const machines[] = {"cs1", "cs2", "cs3", "cs3-silicon"};
  guint32 seed = fixture_seed() + (guint32)_i;
  g_autoptr(GRand) r = g_rand_new_with_seed(seed);
  g_autoptr(Cs3Machine) m = machine(machines[g_rand_int_range(r, 0, 4)]);
  m->hw.kernel.dw_algorithm = CS3_DW_AUTO;
  m->hw.kernel.reduction = g_rand_int_range(r, 0, CS3_N_REDUCTIONS);
  Cs3LayerShape shape = {.pass = g_rand_int_range(r, 0, CS3_N_PASS_KINDS),
                         .rows = log_uniform(r, 16, 800),
                         .features = log_uniform(r, 16, 3000),
                         .tokens = log_uniform(r, 100, 100000)};
  assert_near_exhaustive(&m->hw, &shape, densities[g_rand_int_range(r, 0, 4)], seed);
}
END_TEST

/* The layers of a 7B model at full size: every mapping of every pass. */
static const gint64 llama_shapes[][2] = {{4096, 4096}, {11008, 4096}, {4096, 11008}};

START_TEST(test_near_exhaustive_llama) {
  g_autoptr(Cs3Machine) m = machine(_i % 2 ? "cs2" : "cs3");
  m->hw.kernel.dw_algorithm = CS3_DW_AUTO;
  const gint64 *s = llama_shapes[_i / 2];
  for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
    Cs3LayerShape shape = {.pass = pass, .rows = s[0], .features = s[1], .tokens = 65536};
    assert_near_exhaustive(&m->hw, &shape, 0.3, 1);
  }
}
END_TEST

START_TEST(test_forced) {
  g_autoptr(Cs3Machine) m = machine("cs3");
  Cs3LayerShape shape = {.pass = CS3_PASS_FORWARD, .rows = 256, .features = 1024, .tokens = 30000};
  Cs3MapForce force = CS3_MAP_FREE;
  const char *texts[] = {"fold=3", "axis=x", "placement=sram", "reduction=ring", "format=sparse"};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    ck_assert(cs3_map_force_parse(&force, texts[i], NULL));
  g_autoptr(Cs3Mask) mask = draw(256, 1024, 0.5, 1);
  Cs3MapChoice choice;
  g_auto(Cs3WeightsLoan) loan = {0};
  cs3_weights_lend_mask(mask, &loan);
  ck_assert(cs3_map_choose(&m->hw, &shape, &loan, NULL, &force, (Cs3MapWant){0}, &choice, NULL));
  ck_assert_int_eq(choice.considered, 1);
  ck_assert_int_eq(choice.best.mapping.fold, 3);
  ck_assert_int_eq(choice.best.mapping.axis, CS3_AXIS_X);
  ck_assert_int_eq(choice.best.mapping.placement, CS3_ACC_SRAM);
  ck_assert_int_eq(choice.best.mapping.reduction, CS3_REDUCTION_RING);
  ck_assert(!choice.best.shape.dense && choice.runner_up.cycles == 0);
}
END_TEST

/* The best is the first of all candidates, however few are looked at; and numbers of the wafer that
 * no closed form reads are no part of the question. */
START_TEST(test_best_is_first) {
  guint32 seed = fixture_seed() + (guint32)_i;
  g_autoptr(GRand) r = g_rand_new_with_seed(seed);
  g_autoptr(Cs3Machine) m = machine(_i % 2 ? "cs2" : "cs3-silicon");
  m->hw.kernel.dw_algorithm = CS3_DW_AUTO;
  m->hw.kernel.backward = _i % 3 ? CS3_BACKWARD_SHARED : CS3_BACKWARD_SEPARATE;
  m->hw.io.rate_bits_per_s *= (double)log_uniform(r, 10, 1000) / 100;
  Cs3LayerShape shape = {.pass = g_rand_int_range(r, 0, CS3_N_PASS_KINDS),
                         .rows = log_uniform(r, 16, 8000),
                         .features = log_uniform(r, 16, 12000),
                         .tokens = log_uniform(r, 100, 200000)};
  double density = densities[g_rand_int_range(r, 0, 4)];
  const Cs3MapForce force = CS3_MAP_FREE;
  g_autoptr(GArray) all = cs3_map_candidates(&m->hw, &shape, density, &force, NULL);
  g_autoptr(Cs3Memo) memo = cs3_memo_new(16);
  for (int k = 0; k < 2; k++) {
    Cs3MapWafer wafer = cs3_map_wafer(&m->hw);
    Cs3MapCandidate best;
    gboolean fits = cs3_map_best(&wafer, &shape, density, &force, memo, NULL, &best, NULL);
    ck_assert_int_eq(fits, all != NULL);
    if (fits) {
      const Cs3MapCandidate *first = &g_array_index(all, Cs3MapCandidate, 0);
      ck_assert_msg(best.estimate == first->estimate, "seed %u", seed);
      g_autofree char *text = cs3_map_describe(&best), *expected = cs3_map_describe(first);
      ck_assert_str_eq(text, expected);
    }
    m->hw.wafer.power_w *= 2;
    m->hw.pe.special_rate *= 2;
    m->hw.kernel.attention_efficiency /= 2;
    m->hw.io.edge_buffer_bytes *= 2;
    Cs3MapWafer other = cs3_map_wafer(&m->hw);
    for (int gradients = 0; gradients <= 1; gradients++)
      ck_assert_mem_eq(&wafer.of[gradients].key, &other.of[gradients].key, sizeof(Cs3MemoKey));
  }
}
END_TEST

/* One memory for questions that differ in density, rate and what is forced, placements included
 * that no mapping has: what one leaves there spares the others work, no more. */
START_TEST(test_best_shares) {
  static const double rates[] = {4e10, 1.2e12, 1e13};
  guint32 seed = fixture_seed() + (guint32)_i;
  g_autoptr(GRand) r = g_rand_new_with_seed(seed);
  g_autoptr(Cs3Machine) m = machine("cs3-silicon");
  g_autoptr(Cs3Memo) memo = cs3_memo_new(1 << 10);
  Cs3LayerShape shape = {.pass = g_rand_int_range(r, 0, CS3_N_PASS_KINDS),
                         .rows = log_uniform(r, 16, 3000),
                         .features = log_uniform(r, 16, 3000),
                         .tokens = log_uniform(r, 4, 30000)};
  for (int k = 0; k < 24; k++) {
    Cs3MapForce force = CS3_MAP_FREE;
    if (k > 0) {
      force.axis = g_rand_int_range(r, -1, 3);
      force.placement = g_rand_int_range(r, -1, CS3_ACC_SRAM + 1);
      force.axis = force.axis == 0 ? -1 : force.axis;
      force.placement = force.placement == CS3_ACC_AUTO ? -1 : force.placement;
    }
    m->hw.io.rate_bits_per_s = rates[g_rand_int_range(r, 0, G_N_ELEMENTS(rates))];
    double density = densities[g_rand_int_range(r, 0, 4)];
    Cs3MapWafer wafer = cs3_map_wafer(&m->hw);
    Cs3MapCandidate best, alone;
    gboolean fits = cs3_map_best(&wafer, &shape, density, &force, memo, NULL, &best, NULL);
    ck_assert_int_eq(fits, cs3_map_best(&wafer, &shape, density, &force, NULL, NULL, &alone, NULL));
    if (!fits)
      continue;
    ck_assert_msg(best.estimate == alone.estimate, "seed %u", seed);
    g_autofree char *text = cs3_map_describe(&best), *expected = cs3_map_describe(&alone);
    ck_assert_str_eq(text, expected);
  }
}
END_TEST

static const struct {
  const char *text, *message;
} bad[] = {
    {"fold", "expected KEY=VALUE"},     {"folds=2", "with KEY one of fold"},
    {"fold=0", "not a whole number"},   {"fold=2.5", "not a whole number"},
    {"axis=z", "accepted: auto, y, x"}, {"reduction=tree", "accepted: chain, two-way, ring"},
    {"placement=", "accepted: auto"},   {"micro-batch=-1", "not a whole number"},
};

START_TEST(test_bad_force) {
  Cs3MapForce force = CS3_MAP_FREE;
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_map_force_parse(&force, bad[_i].text, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID, bad[_i].message);
}
END_TEST

START_TEST(test_does_not_fit) {
  g_autoptr(Cs3Machine) m = machine("cs3");
  Cs3LayerShape shape = {
      .pass = CS3_PASS_FORWARD, .rows = 4096, .features = 4096, .tokens = 1 << 30};
  Cs3MapForce force = CS3_MAP_FREE;
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_map_candidates(&m->hw, &shape, 0.5, &force, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE, "bytes of SRAM");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("mapper");
  TCase *t = tcase_create("mapper");
  tcase_set_timeout(t, 300);
  gboolean slow = fixture_slow();
  tcase_add_loop_test(t, test_near_exhaustive, 0, slow ? 10 : 5);
  tcase_add_loop_test(t, test_near_exhaustive_random, 0, slow ? 60 : 5);
  if (slow)
    tcase_add_loop_test(t, test_near_exhaustive_llama, 0, 2 * (int)G_N_ELEMENTS(llama_shapes));
  tcase_add_loop_test(t, test_best_is_first, 0, slow ? 2000 : 100);
  tcase_add_loop_test(t, test_best_shares, 0, slow ? 500 : 20);
  tcase_add_test(t, test_forced);
  tcase_add_loop_test(t, test_bad_force, 0, G_N_ELEMENTS(bad));
  tcase_add_test(t, test_does_not_fit);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
