/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The laws that the recurrences of fabric/layer/ obey, on random machines, shapes, masks and
 * mappings: causes add up, the bound is never above, every weight is counted once, scalar and
 * vector code agree. That they are the machine in which wavelets move, test-layer-event.c shows. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <math.h>

#include "fabric/fabric-error.h"
#include "fabric/layer/passes.h"
#include "fabric/layer/recurrence.h"
#include "fabric/layer/unhurried.h"
#include "sim/machine/machine.h"
#include "workloads/mask.h"

enum { RANDOM_CASES = 150, SLOW_CASES = 20000 };

typedef struct {
  Cs3Hardware hw;
  Cs3LayerShape shape;
  Cs3Mapping mapping;
  guint16 *counts; /* NULL: dense */
  gint64 lines;
} Case;

static Cs3Hardware preset(const char *name) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load(name, NULL, &error);
  ck_assert_msg(machine != NULL, "%s", error ? error->message : "");
  return machine->hw;
}

/* A machine whose every parameter is drawn around the presets'. */
static void draw_hardware(GRand *r, Cs3Hardware *hw) {
  hw->wafer.pe_x = g_rand_int_range(r, 1, 40);
  hw->wafer.pe_y = g_rand_int_range(r, 1, 40);
  hw->pe.acc_cache_bytes = g_rand_int_range(r, 0, 600);
  hw->fabric.hop_cycles = g_rand_int_range(r, 1, 4);
  hw->fabric.ramp_cycles = g_rand_int_range(r, 0, 4);
  hw->fabric.router_buffer = g_rand_int_range(r, 1, 6);
  hw->fabric.in_queue[2] = g_rand_int_range(r, 1, 30);
  hw->fabric.out_queue[2] = g_rand_int_range(r, 1, 30);
  hw->fabric.link_cycles = g_rand_boolean(r) ? 1 : 1.125;
  hw->io.rate_bits_per_s *= exp(g_rand_double_range(r, -6, 1));
  hw->io.edge_buffer_bytes = g_rand_int_range(r, 8, 4000);
  hw->kernel.weight_overhead = g_rand_int_range(r, 0, 17);
  hw->kernel.control_cycles = g_rand_int_range(r, 0, 5);
  hw->kernel.accumulator_slots = g_rand_int_range(r, 1, 20);
  hw->kernel.acc_precision = g_rand_int_range(r, 0, 2);
  hw->kernel.weight_format = g_rand_int_range(r, 0, 3);
  hw->kernel.reduce_lanes = 2 * g_rand_int_range(r, 1, 3);
  hw->kernel.reduce_issues = g_rand_int_range(r, 1, 3);
  hw->kernel.gradient_bits = 16 * g_rand_int_range(r, 1, 4);
  hw->pe.lanes_fp8 = 8 * g_rand_int_range(r, 1, 4);
  hw->kernel.weight_precision = g_rand_int_range(r, 0, 2);
  hw->kernel.activation_precision = g_rand_int_range(r, 0, 2);
  hw->kernel.gradient_precision = g_rand_int_range(r, 0, 2);
}

/* Binomial weights with one line heavier than the others now and then. */
static guint16 *draw_counts(GRand *r, const Case *c, double density) {
  g_autofree gint64 *starts = cs3_mapping_starts(c->shape.features, c->lines);
  guint16 *counts = g_new0(guint16, c->shape.rows * c->lines);
  gint64 heavy = g_rand_int_range(r, 0, (gint32)c->lines);
  for (gint64 i = 0; i < c->shape.rows; i++)
    for (gint64 l = 0; l < c->lines; l++)
      for (gint64 k = starts[l]; k < starts[l + 1]; k++)
        counts[i * c->lines + l] += g_rand_double(r) < (l == heavy ? sqrt(density) : density);
  return counts;
}

/* Now and then more rows than lie between two rebases. */
static gint64 draw_rows(GRand *r) {
  gint64 rows = g_rand_int_range(r, 1, 120);
  return g_rand_int_range(r, 0, 8) == 0 ? 6 * rows : rows;
}

/* A layer of up to @features on @c->hw. */
static gboolean draw_layer(GRand *r, gint32 features, Case *c) {
  c->shape = (Cs3LayerShape){
      .pass = g_rand_int_range(r, 0, CS3_N_PASS_KINDS),
      .rows = draw_rows(r),
      .features = g_rand_int_range(r, 1, features),
      .tokens = g_rand_int_range(r, 1, 3000),
      .dense = g_rand_int_range(r, 0, 4) == 0,
  };
  c->mapping = (Cs3Mapping){
      .axis = g_rand_boolean(r) ? CS3_AXIS_X : CS3_AXIS_Y,
      .fold = g_rand_int_range(r, 1, 5),
      .placement = g_rand_int_range(r, CS3_ACC_CACHE, CS3_ACC_SRAM + 1),
      .reduction = g_rand_int_range(r, 0, CS3_N_REDUCTIONS),
      .overlap = g_rand_int_range(r, 0, 4) > 0,
      .dw = g_rand_int_range(r, CS3_DW_DOT, CS3_DW_AUTO),
  };
  if (!cs3_mapping_check(&c->hw, &c->shape, &c->mapping, NULL))
    return FALSE;
  c->lines = cs3_mapping_lines(&c->hw, &c->shape, &c->mapping);
  if (!c->shape.dense)
    c->counts = draw_counts(r, c, g_rand_double(r));
  return TRUE;
}

static gboolean draw_case(GRand *r, Case *c) {
  *c = (Case){.hw = preset(g_rand_boolean(r) ? "cs2" : "cs3")};
  draw_hardware(r, &c->hw);
  return draw_layer(r, 200, c);
}

/* The same on lines of hundreds of PEs. */
static gboolean draw_wafer(GRand *r, Case *c) {
  *c = (Case){.hw = preset("cs3")};
  draw_hardware(r, &c->hw);
  c->hw.wafer.pe_x = c->hw.wafer.pe_y = g_rand_int_range(r, 300, 1200);
  return draw_layer(r, 5000, c);
}

static char *describe(const Case *c) {
  Cs3LayerCosts k;
  cs3_layer_costs(&c->hw, &c->shape, &c->mapping, &k);
  return g_strdup_printf("%s %s%s: rows %d, features %d, lines %d, vector %d, service %d, slots "
                         "%d, stage %d, "
                         "edge rows %d, dense %d, wire %d",
                         cs3_pass_name(c->shape.pass), cs3_reduction_name(c->mapping.reduction),
                         c->mapping.overlap ? "" : " blocking", (int)c->shape.rows,
                         (int)c->shape.features, (int)c->lines, k.pass.vector, k.pass.service,
                         (int)k.pass.slots, k.pass.along.stage, (int)k.pass.edge_rows,
                         c->shape.dense, k.pass.wire);
}

static gboolean run(const Case *c, const Cs3LayerShape *shape, Cs3LayerDetail detail,
                    Cs3LayerResult *result, GError **error) {
  Cs3LayerCounts counts = {c->counts, c->lines};
  Cs3LayerWeights weights = cs3_layer_weights_given(c->counts ? &counts : NULL);
  return cs3_layer_pass(&c->hw, shape, &c->mapping, &weights, (Cs3LayerWant){detail}, result,
                        error);
}

static void check_laws(const Case *c) {
  Cs3LayerResult result, alone;
  ck_assert(run(c, &c->shape, CS3_LAYER_CAUSES, &result, NULL));
  gint64 sum = 0, live = 0;
  g_autofree char *text = describe(c);
  for (int i = 0; i < CS3_N_CAUSES; i++) {
    ck_assert_msg(result.causes[i] >= 0, "%s: %s is negative", text, cs3_cause_name(i));
    sum += result.causes[i];
  }
  ck_assert_msg(sum == result.cycles, "%s: causes add up to %d of %d", text, (int)sum,
                (int)result.cycles);
  for (gint64 i = 0; c->counts && i < c->shape.rows * c->lines; i++)
    live += c->counts[i];
  ck_assert_int_eq(result.nonzeros, c->counts ? live : c->shape.rows * c->shape.features);
  gint64 bound = cs3_layer_bound(&c->hw, &c->shape, &c->mapping, result.nonzeros);
  ck_assert_msg(bound <= result.cycles, "%s: bound %d above %d", text, (int)bound,
                (int)result.cycles);
  ck_assert(run(c, &c->shape, CS3_LAYER_CYCLES, &alone, NULL));
  ck_assert_int_eq(result.cycles, alone.cycles);
  ck_assert_int_eq(result.nonzeros, alone.nonzeros);
}

static void random_cases(int n, gboolean (*draw)(GRand *, Case *), void (*check)(const Case *)) {
  g_autoptr(GRand) seeds = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < n;) {
    guint32 seed = g_rand_int(seeds);
    g_autoptr(GRand) r = g_rand_new_with_seed(seed);
    Case c;
    if (!draw(r, &c))
      continue;
    check(&c);
    g_free(c.counts);
    i++;
  }
}

START_TEST(test_laws) {
  random_cases(fixture_cases(RANDOM_CASES, SLOW_CASES), draw_case, check_laws);
}
END_TEST

static gboolean draw_backward(GRand *r, Case *c) {
  if (!draw_case(r, c))
    return FALSE;
  Cs3LayerShape forward = c->shape;
  forward.pass = CS3_PASS_FORWARD;
  c->shape.pass = CS3_PASS_BACKWARD;
  if (cs3_mapping_check(&c->hw, &c->shape, &c->mapping, NULL) &&
      cs3_mapping_check(&c->hw, &forward, &c->mapping, NULL))
    return TRUE;
  g_free(c->counts);
  return FALSE;
}

/* A shared backward pass brings in what forward does, lets out what dW does, and takes at least as
 * long as the dW that is part of it. */
static void check_backward(const Case *c) {
  Cs3LayerResult result[CS3_N_PASS_KINDS];
  g_autofree char *text = describe(c);
  for (Cs3Pass pass = CS3_PASS_FORWARD; pass < CS3_N_PASS_KINDS; pass++) {
    Cs3LayerShape shape = c->shape;
    shape.pass = pass;
    if (pass != CS3_PASS_DX)
      ck_assert(run(c, &shape, CS3_LAYER_CAUSES, &result[pass], NULL));
  }
  const Cs3LayerResult *backward = &result[CS3_PASS_BACKWARD], *dw = &result[CS3_PASS_DW];
  ck_assert_msg(backward->ingress_wavelets == result[CS3_PASS_FORWARD].ingress_wavelets,
                "%s: %d wavelets in, forward %d", text, (int)backward->ingress_wavelets,
                (int)result[CS3_PASS_FORWARD].ingress_wavelets);
  ck_assert_msg(backward->egress_wavelets == dw->egress_wavelets, "%s: %d wavelets out, dW %d",
                text, (int)backward->egress_wavelets, (int)dw->egress_wavelets);
  /* dW alone asks for an index of 16 bits a weight, more than its bit of a mask and 8 bits. */
  if (c->hw.kernel.weight_format == CS3_WEIGHTS_BITMASK &&
      c->hw.kernel.weight_precision == CS3_FACTOR_FP8)
    return;
  ck_assert_msg(backward->cycles >= dw->cycles, "%s: %d cycles, dW alone %d", text,
                (int)backward->cycles, (int)dw->cycles);
}

START_TEST(test_backward) {
  random_cases(fixture_cases(RANDOM_CASES, SLOW_CASES), draw_backward, check_backward);
}
END_TEST

/* Counts of a bit matrix for as many lines as are asked for. */
typedef struct {
  Cs3Mask *mask;
  guint16 *counts;
} Matrix;

static Cs3LayerCounts count_lines(gpointer source, gint64 lines) {
  Matrix *m = source;
  g_autofree gint64 *starts = cs3_mapping_starts(m->mask->cols, lines);
  g_free(m->counts);
  m->counts = g_new(guint16, m->mask->rows * lines);
  cs3_mask_line_counts(m->mask, 0, m->mask->rows, starts, lines, m->counts);
  return (Cs3LayerCounts){.counts = m->counts, .stride = lines};
}

static Cs3Mask *draw_mask(GRand *r, const Cs3LayerShape *shape) {
  Cs3Mask *mask = cs3_mask_new(shape->rows, shape->features, NULL);
  for (gint64 i = 0; i < shape->rows; i++)
    for (gint64 k = 0; k < shape->features; k++)
      cs3_mask_row(mask, i)[k / 64] |= (guint64)(g_rand_int_range(r, 0, 3) == 0) << (k % 64);
  return mask;
}

/* Some bytes of @hw from @other: machines that differ in little, which a key might mistake. */
static void cross_hardware(GRand *r, Cs3Hardware *hw, const Cs3Hardware *other) {
  Cs3Hardware crossed = *hw;
  if (g_rand_boolean(r))
    crossed.fabric = other->fabric;
  if (g_rand_int_range(r, 0, 3) == 0)
    crossed.io = other->io;
  if (g_rand_int_range(r, 0, 3) == 0)
    crossed.kernel.weight_overhead = other->kernel.weight_overhead;
  if (g_rand_int_range(r, 0, 3) == 0)
    crossed.kernel.control_cycles = other->kernel.control_cycles;
  if (g_rand_int_range(r, 0, 3) == 0)
    crossed.kernel.accumulator_slots = other->kernel.accumulator_slots;
  if (g_rand_int_range(r, 0, 3) == 0)
    crossed.kernel.gradient_bits = other->kernel.gradient_bits;
  if (g_rand_int_range(r, 0, 3) == 0)
    crossed.kernel.weight_format = other->kernel.weight_format;
  if (g_rand_int_range(r, 0, 3) == 0)
    crossed.kernel.reduce_issues = other->kernel.reduce_issues;
  *hw = crossed;
}

static void assert_remembered(const Case *c, Cs3LayerWeights *weights, Cs3Memo *memo) {
  const Cs3LayerWant all = {CS3_LAYER_CAUSES};
  Cs3LayerResult fresh, remembered;
  weights->memo = NULL;
  ck_assert(cs3_layer_pass(&c->hw, &c->shape, &c->mapping, weights, all, &fresh, NULL));
  weights->memo = memo;
  ck_assert(cs3_layer_pass(&c->hw, &c->shape, &c->mapping, weights, all, &remembered, NULL));
  g_autofree char *text = describe(c);
  ck_assert_msg(fresh.cycles == remembered.cycles && fresh.nonzeros == remembered.nonzeros &&
                    memcmp(fresh.causes, remembered.causes, sizeof fresh.causes) == 0,
                "%s: %d fresh, %d remembered", text, (int)fresh.cycles, (int)remembered.cycles);
}

/* One memory for many machines that are much alike: it never answers with another pass. */
START_TEST(test_memory) {
  g_autoptr(GRand) r = g_rand_new_with_seed(fixture_seed());
  for (int round = 0; round < 20; round++) {
    g_autoptr(Cs3Memo) memo = cs3_memo_new(4096);
    Case c, other;
    while (!draw_case(r, &c)) {
    }
    g_autoptr(Cs3Mask) mask = draw_mask(r, &c.shape);
    Matrix matrix = {.mask = mask};
    Cs3LayerWeights weights = {.counts = count_lines, .source = &matrix};
    for (int i = 0; i < 50; i++) {
      if (cs3_mapping_check(&c.hw, &c.shape, &c.mapping, NULL))
        assert_remembered(&c, &weights, memo);
      if (draw_case(r, &other)) {
        cross_hardware(r, &c.hw, &other.hw);
        if (g_rand_boolean(r))
          c.mapping = other.mapping;
        g_free(other.counts);
      }
    }
    g_free(matrix.counts);
    g_free(c.counts);
  }
}
END_TEST

START_TEST(test_scans_agree) {
  g_autoptr(GRand) r = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 2000; i++) {
    gint64 n = g_rand_int_range(r, 0, 100), step = g_rand_boolean(r) ? 1 : -1;
    gint32 ready[100], fast[100] = {0}, plain[100] = {0}, stage = g_rand_int_range(r, 0, 20);
    for (int k = 0; k < 100; k++)
      ready[k] = g_rand_int_range(r, -1000000, 1000000);
    gint64 head = step > 0 || n == 0 ? 0 : n - 1;
    gint32 a = cs3_chain_scan(n, step, stage, ready + head, fast + head);
    gint32 b = cs3_chain_scan_plain(n, step, stage, ready + head, plain + head);
    ck_assert_int_eq(a, b);
    ck_assert_mem_eq(fast, plain, sizeof fast);
  }
}
END_TEST

/* The copy of the loops without vector instructions (plain-loops.h). */
Cs3PassTimes plain_cs3_axpy_pass(const Cs3PassCosts *costs, const Cs3LayerCounts *counts,
                                 gint64 give_up);
Cs3PassTimes plain_cs3_dot_pass(const Cs3PassCosts *costs, const Cs3LayerCounts *counts,
                                gint64 give_up);

static void check_plain(const Case *c) {
  Cs3LayerCounts counts = {c->counts, c->lines};
  const Cs3LayerCounts *live = c->counts ? &counts : NULL;
  Cs3LayerCosts k;
  cs3_layer_costs(&c->hw, &c->shape, &c->mapping, &k);
  for (Cs3PassLimits limits = CS3_LIMIT_SLOTS; limits <= CS3_LIMIT_EGRESS; limits++) {
    Cs3PassCosts costs = cs3_pass_limited(&k.pass, limits);
    Cs3PassTimes fast = costs.gradients ? cs3_dot_pass(&costs, live, G_MAXINT64)
                                        : cs3_axpy_pass(&costs, live, G_MAXINT64);
    Cs3PassTimes plain = costs.gradients ? plain_cs3_dot_pass(&costs, live, G_MAXINT64)
                                         : plain_cs3_axpy_pass(&costs, live, G_MAXINT64);
    g_autofree char *text = describe(c);
    ck_assert_msg(memcmp(&fast, &plain, sizeof fast) == 0, "%s: %d cycles, without vectors %d",
                  text, (int)fast.end, (int)plain.end);
  }
}

/* Whole passes by vector and by plain code: on small meshes, and on lines as long as a wafer's. */
START_TEST(test_vectors_agree) {
  gboolean slow = fixture_slow();
  random_cases(slow ? 10000 : 150, draw_case, check_plain);
  random_cases(slow ? 500 : 5, draw_wafer, check_plain);
}
END_TEST

/* Weights all alive, none alive, or one line full and the others empty: lines drift apart. */
static guint16 *extreme_counts(const Case *c, int kind) {
  g_autofree gint64 *starts = cs3_mapping_starts(c->shape.features, c->lines);
  guint16 *counts = g_new0(guint16, c->shape.rows * c->lines);
  for (gint64 i = 0; i < c->shape.rows; i++)
    for (gint64 l = 0; l < c->lines; l++)
      if (kind == 0 || (kind == 1 && l == c->lines - 1))
        counts[i * c->lines + l] = (guint16)(starts[l + 1] - starts[l]);
  return counts;
}

/* Turns of dense rows that repeat are not run; where the same weights are given as counts, every
 * row is. */

static gboolean draw_turns(GRand *r, Case *c) {
  *c = (Case){.hw = preset(g_rand_boolean(r) ? "cs2" : "cs3")};
  draw_hardware(r, &c->hw);
  if (g_rand_boolean(r)) /* lines wait for one another, and less for the edge */
    c->hw.io.rate_bits_per_s *= exp(g_rand_double_range(r, 1, 6));
  if (g_rand_boolean(r)) /* turns in which rows wait come between others */
    c->hw.io.edge_buffer_bytes *= 4;
  if (!draw_layer(r, 200, c))
    return FALSE;
  c->shape.rows = g_rand_int_range(r, 100, 1500);
  c->shape.dense = TRUE;
  g_clear_pointer(&c->counts, g_free);
  return cs3_mapping_check(&c->hw, &c->shape, &c->mapping, NULL);
}

static Cs3PassTimes run_costs(const Cs3PassCosts *costs, const Cs3LayerCounts *counts,
                              gint64 give_up) {
  return costs->gradients ? cs3_dot_pass(costs, counts, give_up)
                          : cs3_axpy_pass(costs, counts, give_up);
}

static Cs3PassTimes run_limited(const Case *c, const Cs3LayerCounts *counts, Cs3PassLimits limits,
                                gint64 give_up) {
  Cs3LayerCosts k;
  cs3_layer_costs(&c->hw, &c->shape, &c->mapping, &k);
  Cs3PassCosts costs = cs3_pass_limited(&k.pass, limits);
  return run_costs(&costs, counts, give_up);
}

static gboolean same_times(const Cs3PassTimes *a, const Cs3PassTimes *b) {
  return a->threads == b->threads && a->end == b->end && a->lines == b->lines &&
         a->ingress_wavelets == b->ingress_wavelets && a->egress_wavelets == b->egress_wavelets;
}

static void check_turns(const Case *c) {
  g_autofree guint16 *full = extreme_counts(c, 0);
  Cs3LayerCounts counts = {full, c->lines};
  g_autofree char *text = describe(c);
  for (Cs3PassLimits limits = CS3_LIMIT_SLOTS; limits <= CS3_LIMIT_EGRESS; limits++) {
    Cs3PassTimes whole = run_limited(c, &counts, limits, G_MAXINT64);
    Cs3PassTimes turns = run_limited(c, NULL, limits, G_MAXINT64);
    ck_assert_msg(same_times(&whole, &turns), "%s: limits %d: %ld cycles, not %ld", text, limits,
                  (long)turns.end, (long)whole.end);
    Cs3PassTimes least = run_limited(c, NULL, limits, whole.end);
    ck_assert_int_ge(least.end, MIN(whole.end, G_MAXINT64 - 1));
  }
}

START_TEST(test_turns_repeat) {
  random_cases(fixture_slow() ? 5000 : 100, draw_turns, check_turns);
}
END_TEST

/* Lines that wait for nothing are added up; where there is a stream, however fast, every row is
 * run. */
static void check_alone(const Case *c) {
  Cs3LayerCounts counts = {c->counts, c->lines};
  const Cs3LayerCounts *live = c->counts ? &counts : NULL;
  Cs3LayerCosts k;
  cs3_layer_costs(&c->hw, &c->shape, &c->mapping, &k);
  if (!k.pass.gradients)
    return;
  Cs3PassCosts costs = cs3_pass_limited(&k.pass, CS3_LIMIT_SLOTS);
  Cs3PassTimes alone = cs3_dot_pass(&costs, live, G_MAXINT64);
  costs.ingress_cycles = 1e-12;
  Cs3PassTimes whole = cs3_dot_pass(&costs, live, G_MAXINT64);
  g_autofree char *text = describe(c);
  ck_assert_msg(same_times(&whole, &alone), "%s: %ld cycles, not %ld", text, (long)alone.end,
                (long)whole.end);
}

START_TEST(test_alone) {
  random_cases(fixture_slow() ? 5000 : 200, draw_case, check_alone);
}
END_TEST

/* A pass that does not wait for a link is the one without it. Returns: whether it was one, inwards.
 */
static gboolean check_waits(const Case *c) {
  Cs3LayerCounts counts = {c->counts, c->lines};
  const Cs3LayerCounts *live = c->counts ? &counts : NULL;
  Cs3PassTimes all = run_limited(c, live, CS3_LIMIT_EGRESS, G_MAXINT64);
  Cs3PassTimes inwards = run_limited(c, live, CS3_LIMIT_INGRESS, G_MAXINT64);
  Cs3PassTimes none = run_limited(c, live, CS3_LIMIT_REDUCTION, G_MAXINT64);
  g_autofree char *text = describe(c);
  if (!all.waits_out)
    ck_assert_msg(all.lines == inwards.threads, "%s: %ld cycles, without egress %ld", text,
                  (long)all.lines, (long)inwards.threads);
  if (!inwards.waits_in)
    ck_assert_msg(inwards.threads - inwards.begin == none.threads &&
                      inwards.end - inwards.begin == none.end,
                  "%s: %ld cycles from %ld on, without ingress %ld", text, (long)inwards.end,
                  (long)inwards.begin, (long)none.end);
  return !inwards.waits_in && inwards.ingress_wavelets > 0;
}

START_TEST(test_waits) {
  g_autoptr(GRand) r = g_rand_new_with_seed(fixture_seed());
  int free = 0, cases = fixture_slow() ? 5000 : 200;
  for (int i = 0; i < cases;) {
    Case c;
    if (!(g_rand_boolean(r) ? draw_turns : draw_case)(r, &c))
      continue;
    free += check_waits(&c);
    g_free(c.counts);
    i++;
  }
  ck_assert_int_gt(free, cases / 20);
}
END_TEST

/* Links of a pass, of some the same and of some a little faster. */
static Cs3PassCosts draw_faster(GRand *r, const Cs3PassCosts *slow) {
  Cs3PassCosts fast = *slow;
  double share = g_rand_boolean(r) ? 1 : exp10(-g_rand_double_range(r, 0, 6));
  fast.ingress_cycles *= 1 - share * g_rand_double(r);
  fast.egress_cycles *= 1 - share * g_rand_double(r);
  return fast;
}

/* What is found of a pass on faster links is what it takes there, and no links are faster than what
 * lines take at least. Returns: how many were found. */
static int check_unhurried(GRand *r, const Case *c, Cs3Memo *memo, const Cs3MemoKey *name) {
  Cs3LayerCounts counts = {c->counts, c->lines};
  const Cs3LayerCounts *live = c->counts ? &counts : NULL;
  Cs3LayerCosts k;
  cs3_layer_costs(&c->hw, &c->shape, &c->mapping, &k);
  Cs3PassCosts slow = cs3_pass_limited(&k.pass, CS3_LIMIT_EGRESS);
  Cs3PassTimes took = run_costs(&slow, live, G_MAXINT64), found;
  Cs3PassTimes part = run_costs(&slow, live, MAX(took.end / g_rand_int_range(r, 1, 4), 1));
  g_autofree char *text = describe(c);
  int n = 0;
  cs3_unhurried_keep(memo, name, &slow, &took);
  if (part.given_up)
    cs3_unhurried_keep_least(memo, name, &slow, &part);
  for (int i = 0; i < 8; i++) {
    Cs3PassCosts fast = draw_faster(r, &slow);
    Cs3PassTimes whole = run_costs(&fast, live, G_MAXINT64);
    ck_assert_msg(cs3_unhurried_least(memo, name, &fast) <= whole.lines, "%s: least", text);
    if (!cs3_unhurried_find(memo, name, &fast, &found))
      continue;
    ck_assert_msg(same_times(&whole, &found) && whole.begin == found.begin,
                  "%s: links %.9g, %.9g: %ld cycles, found %ld of %.9g, %.9g", text,
                  fast.ingress_cycles, fast.egress_cycles, (long)whole.end, (long)found.end,
                  slow.ingress_cycles, slow.egress_cycles);
    n++;
  }
  return n;
}

START_TEST(test_unhurried) {
  g_autoptr(GRand) r = g_rand_new_with_seed(fixture_seed());
  g_autoptr(Cs3Memo) memo = cs3_memo_new(1 << 14);
  int found[2] = {0, 0}, cases = fixture_slow() ? 5000 : 200;
  for (gint64 i = 0; i < cases;) {
    Case c;
    if (!(g_rand_boolean(r) ? draw_turns : draw_case)(r, &c))
      continue;
    c.hw.io.rate_bits_per_s *= exp(g_rand_double_range(r, 0, 5));
    Cs3MemoKey name = cs3_memo_key(NULL, &i, sizeof i);
    found[cs3_pass_has_gradients(c.shape.pass)] += check_unhurried(r, &c, memo, &name);
    g_free(c.counts);
    i++;
  }
  ck_assert_int_gt(found[0], cases / 10);
  ck_assert_int_gt(found[1], cases / 10);
}
END_TEST

/* More rows than could be run in a year. */
static void check_endless(const Cs3Hardware *hw, Cs3Pass pass, Cs3Reduction reduction) {
  Cs3LayerShape shape = {.pass = pass, .rows = 1000, .features = 100, .tokens = 100, .dense = TRUE};
  Cs3Mapping mapping = {.fold = 1,
                        .axis = CS3_AXIS_X,
                        .placement = CS3_ACC_SRAM,
                        .reduction = reduction,
                        .overlap = TRUE};
  Cs3LayerCosts k;
  cs3_layer_costs(hw, &shape, &mapping, &k);
  gint64 million = 1000 * 1000, end[2];
  for (int i = 0; i < 2; i++) {
    Cs3PassCosts costs = cs3_pass_limited(&k.pass, CS3_LIMIT_REDUCTION);
    costs.rows = (i + 1) * million * million * costs.lines;
    end[i] = (costs.gradients ? cs3_dot_pass : cs3_axpy_pass)(&costs, NULL, G_MAXINT64).threads;
  }
  ck_assert_int_gt(end[0], million * million * k.pass.lines);
  ck_assert_int_lt(ABS(end[1] - 2 * end[0]), million);
}

START_TEST(test_endless) {
  Cs3Hardware hw = preset("cs3");
  hw.wafer.pe_x = hw.wafer.pe_y = 40;
  for (int reduction = 0; reduction < CS3_N_REDUCTIONS; reduction++)
    check_endless(&hw, CS3_PASS_FORWARD, (Cs3Reduction)reduction);
  check_endless(&hw, CS3_PASS_DW, CS3_REDUCTION_CHAIN);
}
END_TEST

/* Ranges: every parameter at both ends of what it accepts, on small and on wide meshes. A layer is
 * refused in words, or obeys the laws. */

static void set_param(const Cs3Param *param, Cs3Hardware *hw, gboolean high) {
  void *member = (char *)hw + param->offset;
  double value = high ? param->max : param->min;
  if (param->type == CS3_PARAM_REAL)
    *(double *)member = value;
  else if (param->type == CS3_PARAM_ENUM)
    *(int *)member = (int)value;
  else
    *(gint64 *)member = (gint64)value;
}

static void check_extreme(const Case *c) {
  Cs3LayerResult result;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = describe(c);
  if (!run(c, &c->shape, CS3_LAYER_CAUSES, &result, &error)) {
    ck_assert_msg(g_error_matches(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE), "%s: %s",
                  text, error->message);
    return;
  }
  gint64 sum = 0;
  for (int i = 0; i < CS3_N_CAUSES; i++)
    sum += result.causes[i];
  ck_assert_msg(sum == result.cycles, "%s: causes add up to another time", text);
}

/* Returns: whether the machine can hold some layer. */
static gboolean try_extremes(GRand *r, const Cs3Hardware *hw) {
  gboolean any = FALSE;
  for (int i = 0; i < (fixture_slow() ? 4 : 1) * CS3_N_PASS_KINDS; i++) {
    Case c = {.hw = *hw};
    if (!draw_layer(r, i % 2 ? 70000 : 200, &c))
      continue;
    any = TRUE;
    for (int kind = 0; kind < 3; kind++) {
      g_free(c.counts);
      c.counts = extreme_counts(&c, kind);
      check_extreme(&c);
    }
    g_free(c.counts);
  }
  return any;
}

START_TEST(test_ends_of_ranges) {
  g_autoptr(GRand) r = g_rand_new_with_seed(fixture_seed());
  const Cs3ParamTable *table = cs3_hardware_table();
  guint held = 0;
  for (gsize i = 0; i < 2 * table->n_params; i++) {
    Cs3Hardware hw = preset("cs3");
    hw.wafer.pe_x = hw.wafer.pe_y = g_rand_int_range(r, 1, 40);
    hw.pe.sram_bytes = hw.pe.sram_data_bytes = g_rand_boolean(r) ? 44976 : 1 << 24;
    set_param(&table->params[i / 2], &hw, i % 2);
    hw.wafer.pe_x = MIN(hw.wafer.pe_x, 3000);
    hw.wafer.pe_y = MIN(hw.wafer.pe_y, 3000);
    held += try_extremes(r, &hw);
    /* and another one beside it */
    set_param(&table->params[g_rand_int_range(r, 0, (gint32)table->n_params)], &hw, i % 4 < 2);
    hw.wafer.pe_x = MIN(hw.wafer.pe_x, 3000);
    hw.wafer.pe_y = MIN(hw.wafer.pe_y, 3000);
    held += try_extremes(r, &hw);
  }
  ck_assert_uint_gt(held, 2 * table->n_params);
}
END_TEST

/* A line of more features than are counted, a row longer than times reach: refused with numbers. */
START_TEST(test_beyond) {
  Cs3Hardware hw = preset("cs3");
  hw.wafer.pe_x = hw.wafer.pe_y = 1;
  hw.pe.sram_data_bytes = 1 << 24;
  Cs3Mapping mapping = {.axis = CS3_AXIS_Y, .fold = 1, .placement = CS3_ACC_SRAM};
  Cs3LayerShape wide = {.pass = CS3_PASS_FORWARD, .rows = 8, .features = 100000, .tokens = 1};
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_mapping_check(&hw, &wide, &mapping, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE, "up to 65535");
  g_clear_error(&error);
  hw.kernel.weight_overhead = 10000;
  wide.features = 60000;
  ck_assert(!cs3_mapping_check(&hw, &wide, &mapping, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE, "cycles (accepted");
  g_clear_error(&error);
  Cs3LayerShape long_rows = {.pass = CS3_PASS_FORWARD, .rows = 512, .features = 4096, .tokens = 1};
  ck_assert(cs3_mapping_check(&hw, &long_rows, &mapping, NULL));
  Cs3LayerResult result;
  ck_assert(cs3_layer_pass(&hw, &long_rows, &mapping, NULL, (Cs3LayerWant){CS3_LAYER_CAUSES},
                           &result, NULL));
  ck_assert_int_ge(result.cycles, (gint64)512 * 4096 * 10000);
  ck_assert(!cs3_layer_above_bound(&hw, &long_rows, &mapping, 512 * 4096, 7, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_MISTAKE, "lower bound");
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("layer");
  TCase *t = tcase_create("random");
  tcase_set_timeout(t, 600);
  tcase_add_test(t, test_laws);
  tcase_add_test(t, test_backward);
  tcase_add_test(t, test_memory);
  tcase_add_test(t, test_scans_agree);
  tcase_add_test(t, test_vectors_agree);
  tcase_add_test(t, test_turns_repeat);
  tcase_add_test(t, test_alone);
  tcase_add_test(t, test_waits);
  tcase_add_test(t, test_unhurried);
  tcase_add_test(t, test_endless);
  tcase_add_test(t, test_ends_of_ranges);
  tcase_add_test(t, test_beyond);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
