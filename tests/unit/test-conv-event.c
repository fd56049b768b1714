/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What moves around a convolution: on the event fabric it takes exactly as many cycles as the
 * recurrence says, every PE gets the numbers that its tokens read, and what PEs compute from what
 * lies in their own memory is the convolution of a plain loop. On random machines and filters. */
#include "config.h"

#include "tests/unit/fixture.h"

#include "fabric/conv-event/conv-event.h"
#include "fabric/conv/moves.h"
#include "fabric/event/half.h"
#include "fabric/layer-event/layer-event.h"
#include "fabric/layer/costs.h"
#include "sim/machine/machine.h"

enum { RANDOM_CASES = 100, SLOW_CASES = 1000 };

typedef struct {
  Cs3Hardware hw;
  Cs3ConvLayout layout;
  gint64 words;
  guint64 seed;
} Case;

static int draw(GRand *r, int low, int high) {
  return g_rand_int_range(r, low, high + 1);
}

static Cs3Hardware draw_hardware(GRand *r) {
  static const char *const generations[] = {"cs2", "cs3", "cs1", "cs3-silicon"};
  static const double links[] = {1, 1.125, 1.5};
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load(generations[draw(r, 0, 3)], NULL, &error);
  ck_assert_msg(machine != NULL, "%s", error ? error->message : "");
  Cs3Hardware hw = machine->hw;
  hw.fabric.hop_cycles = draw(r, 1, 3);
  hw.fabric.ramp_cycles = draw(r, 1, 3);
  hw.fabric.router_buffer = draw(r, 1, 4);
  hw.fabric.in_queue[2] = draw(r, 1, 6);
  hw.fabric.out_queue[2] = draw(r, 1, 6);
  hw.fabric.link_cycles = links[draw(r, 0, 2)];
  return hw;
}

/* A filter that has at least one place in its map. */
static Cs3ConvShape draw_shape(GRand *r) {
  Cs3ConvShape s = {.transposed = draw(r, 0, 1)};
  for (int axis = 0; axis < 2; axis++) {
    s.map[axis] = draw(r, 1, 9);
    s.kernel[axis] = draw(r, 1, 4);
    s.stride[axis] = draw(r, 1, 3);
    s.dilation[axis] = draw(r, 1, 2);
    s.before[axis] = draw(r, 0, (int)(s.dilation[axis] * (s.kernel[axis] - 1)));
    gint64 reach = s.dilation[axis] * (s.kernel[axis] - 1) + 1, behind = draw(r, 0, 2);
    gint64 places = s.map[axis] + s.before[axis] + behind - reach;
    s.grid[axis] = places < 0 ? 1 : places / s.stride[axis] + 1;
  }
  return s;
}

static Case draw_case(guint32 seed) {
  g_autoptr(GRand) r = g_rand_new_with_seed(seed);
  Case c = {.hw = draw_hardware(r), .words = draw(r, 1, 5), .seed = seed};
  c.layout = (Cs3ConvLayout){.shape = draw_shape(r), .samples = draw(r, 1, 3), .rounds = 1};
  gint64 tokens = c.layout.samples * cs3_conv_tokens(&c.layout.shape);
  c.layout.pes = draw(r, 1, (int)MIN(tokens, 12));
  c.layout.tokens = (tokens + c.layout.pes - 1) / c.layout.pes;
  c.layout.entries = draw(r, 1, 5) * cs3_conv_taps(&c.layout.shape);
  c.layout.lines = draw(r, 1, (int)MIN(c.layout.entries, 6));
  return c;
}

static Cs3ConvEvent *run(const Case *c, const Cs3ConvEventConfig *config, gint64 *cycles) {
  g_autoptr(GError) error = NULL;
  Cs3ConvEventConfig singles = *config;
  singles.singles = TRUE;
  Cs3ConvEventResult result, plain;
  Cs3ConvEvent *event = cs3_conv_event_new(config, &error);
  g_autoptr(Cs3ConvEvent) other = cs3_conv_event_new(&singles, &error);
  ck_assert_msg(event && other && cs3_conv_event_run(event, &result, &error) &&
                    cs3_conv_event_run(other, &plain, &error),
                "seed %d: %s", (int)c->seed, error ? error->message : "");
  ck_assert_msg(result.wrong == 0, "seed %d: %d words are wrong", (int)c->seed, (int)result.wrong);
  ck_assert_msg(result.cycles == plain.cycles, "seed %d: %d cycles, in singles %d", (int)c->seed,
                (int)result.cycles, (int)plain.cycles);
  *cycles = result.cycles;
  return event;
}

/* The number at @position of sample @sample; zeros around the map. */
static float map_value(const Case *c, gint64 sample, gint64 row, gint64 column, gint64 element) {
  const Cs3ConvShape *s = &c->layout.shape;
  if (row < 0 || column < 0 || row >= s->map[0] || column >= s->map[1])
    return 0;
  gint64 position = (sample * s->map[0] + row) * s->map[1] + column;
  return cs3_half_to_float(cs3_conv_event_value(c->seed, position, element));
}

/* The same out of PE @pe's memory: from below by @lower's exchange, from above by @upper's. */
static float held_value(const Case *c, Cs3ConvEvent *const exchange[2], gint64 pe, gint64 sample,
                        gint64 row, gint64 column, gint64 element) {
  const Cs3ConvShape *s = &c->layout.shape;
  if (row < 0 || column < 0 || row >= s->map[0] || column >= s->map[1])
    return 0;
  gint64 positions = c->layout.samples * cs3_conv_positions(s), pes = c->layout.pes;
  gint64 position = (sample * s->map[0] + row) * s->map[1] + column;
  gboolean above = position >= (pe + 1) * positions / pes;
  guint32 word = cs3_conv_event_word(exchange[above], above ? pes - 1 - pe : pe,
                                     above ? positions - 1 - position : position, element / 2);
  return cs3_half_to_float((guint16)(element % 2 ? word >> 16 : word & 0xffff));
}

/* Every output of every token of every PE, one channel, weights 1, 2, 3, ... */
static void check_convolution(const Case *c, Cs3ConvEvent *const exchange[2]) {
  const Cs3ConvLayout *l = &c->layout;
  const Cs3ConvShape *s = &l->shape;
  gint64 grid = cs3_conv_tokens(s), tokens = l->samples * grid;
  for (gint64 pe = 0; pe < l->pes; pe++)
    for (gint64 t = pe * tokens / l->pes; t < (pe + 1) * tokens / l->pes; t++) {
      float got = 0, want = 0;
      gint64 top = t % grid / s->grid[1] * s->stride[0] - s->before[0];
      gint64 left = t % s->grid[1] * s->stride[1] - s->before[1];
      for (gint64 tap = 0; tap < cs3_conv_taps(s); tap++) {
        gint64 row = top + tap / s->kernel[1] * s->dilation[0];
        gint64 column = left + tap % s->kernel[1] * s->dilation[1];
        gint64 element = tap % (2 * c->words);
        want += (float)(tap + 1) * map_value(c, t / grid, row, column, element);
        got += (float)(tap + 1) * held_value(c, exchange, pe, t / grid, row, column, element);
      }
      ck_assert_msg(got == want, "seed %d: token %d: %g, not %g", (int)c->seed, (int)t, got, want);
    }
}

static void check_exchange(const Case *c) {
  Cs3ConvEvent *exchange[2] = {NULL, NULL};
  for (int sums = 0; sums < 2; sums++)
    for (int mirrored = 0; mirrored < 2; mirrored++) {
      Cs3ConvEventConfig config = {.hw = &c->hw,
                                   .layout = &c->layout,
                                   .mirrored = mirrored,
                                   .words = c->words,
                                   .sums = sums,
                                   .seed = c->seed};
      gint64 cycles;
      g_autoptr(Cs3ConvEvent) event = run(c, &config, &cycles);
      g_autoptr(Cs3ExchangeLine) line = cs3_exchange_line(&c->layout, mirrored);
      Cs3ExchangeCosts costs = cs3_exchange_costs(&c->hw, c->words);
      gint64 want = cs3_exchange_cycles(line, &costs, sums);
      ck_assert_msg(cycles == want, "seed %d%s%s: event %d cycles, recurrence %d", (int)c->seed,
                    sums ? ", sums" : "", mirrored ? ", mirrored" : "", (int)cycles, (int)want);
      if (!sums)
        exchange[mirrored] = g_steal_pointer(&event);
    }
  check_convolution(c, exchange);
  cs3_conv_event_free(exchange[0]);
  cs3_conv_event_free(exchange[1]);
}

static void check_along_lines(const Case *c) {
  Cs3ConvHold hold = {.span = 2 + (gint64)(c->seed % 9)};
  for (int sums = 0; sums < 2; sums++) {
    Cs3ConvEventConfig config = {
        .hw = &c->hw, .span = hold.span, .words = c->words * 3, .sums = sums, .seed = c->seed};
    gint64 cycles;
    g_autoptr(Cs3ConvEvent) event = run(c, &config, &cycles);
    gint64 want = cs3_conv_along_lines(&c->hw, &hold, config.words, sums);
    ck_assert_msg(cycles == want, "seed %d%s: along lines: event %d cycles, closed form %d",
                  (int)c->seed, sums ? ", sums" : "", (int)cycles, (int)want);
  }
}

/* A lower bound is none above the exchange; nothing moves for a 1 x 1 filter. */
static void check_closed(const Case *c) {
  for (int sums = 0; sums < 2; sums++) {
    gint64 exact = cs3_conv_moves(&c->hw, &c->layout, 2, sums, FALSE);
    gint64 least = cs3_conv_moves(&c->hw, &c->layout, 2, sums, TRUE);
    ck_assert_msg(least <= exact, "seed %d: at least %d, exactly %d", (int)c->seed, (int)least,
                  (int)exact);
  }
}

/* A whole pass: rounds of the layer's programs and what moves around them. */
typedef struct {
  Cs3Hardware hw;
  Cs3LayerShape shape;
  Cs3Mapping mapping;
  guint32 seed;
} Layer;

static gboolean alive(gconstpointer mask, gint64 row, gint64 feature) {
  const Layer *l = mask;
  guint64 z = l->seed + (guint64)row * 7919 + (guint64)feature * 104729;
  return (z * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> 40) % 3 != 0;
}

static Layer draw_layer(guint32 seed) {
  g_autoptr(GRand) r = g_rand_new_with_seed(seed);
  Layer l = {.hw = draw_hardware(r), .seed = seed};
  l.hw.wafer.pe_x = draw(r, 1, 6);
  l.hw.wafer.pe_y = draw(r, 1, 8);
  l.hw.wafer.cores_peak = l.hw.wafer.pe_x * l.hw.wafer.pe_y;
  l.shape.conv = draw_shape(r);
  gboolean transposed = l.shape.conv.transposed != 0;
  gint64 taps = cs3_conv_taps(&l.shape.conv);
  gint64 out = draw(r, 1, 3) * (transposed ? taps : 1),
         in = draw(r, 1, 4) * (transposed ? 1 : taps);
  l.shape.pass = (Cs3Pass)draw(r, 0, CS3_N_PASS_KINDS - 1);
  l.shape.rows = l.shape.pass == CS3_PASS_DX ? in : out;
  l.shape.features = l.shape.pass == CS3_PASS_DX ? out : in;
  l.shape.groups = draw(r, 1, 5);
  l.shape.tokens = draw(r, 1, 3) * cs3_conv_tokens(&l.shape.conv);
  l.shape.dense = draw(r, 0, 1);
  l.mapping = (Cs3Mapping){.axis = draw(r, 0, 1) ? CS3_AXIS_X : CS3_AXIS_Y,
                           .fold = draw(r, 1, 2),
                           .placement = (Cs3AccPlacement)draw(r, CS3_ACC_CACHE, CS3_ACC_SRAM),
                           .overlap = TRUE,
                           .lowering = (Cs3Lowering)draw(r, 0, 1)};
  return l;
}

static Cs3LayerCounts count_weights(const Layer *l, guint16 **counts) {
  gint64 lines = cs3_mapping_lines(&l->hw, &l->shape, &l->mapping);
  g_autofree gint64 *starts = cs3_mapping_starts(l->shape.features, lines);
  *counts = g_new0(guint16, l->shape.rows * lines);
  for (gint64 row = 0; row < l->shape.rows; row++)
    for (gint64 line = 0; line < lines; line++)
      for (gint64 k = starts[line]; k < starts[line + 1]; k++)
        (*counts)[row * lines + line] += l->shape.dense || alive(l, row, k);
  return (Cs3LayerCounts){.counts = *counts, .stride = lines};
}

static gint64 event_cycles(const Layer *l, gint64 *macs) {
  g_autoptr(GError) error = NULL;
  Cs3LayerEventConfig config = {.hw = &l->hw,
                                .shape = l->shape,
                                .mapping = l->mapping,
                                .alive = l->shape.dense ? NULL : alive,
                                .mask = l,
                                .seed = l->seed,
                                .values = CS3_LAYER_VALUES_EXACT};
  g_autoptr(Cs3LayerEvent) event = cs3_layer_event_new(&config, &error);
  Cs3LayerEventResult got;
  Cs3ConvEventResult moved = {0};
  ck_assert_msg(event && cs3_layer_event_run(event, &got, &error), "seed %u: %s", l->seed,
                error ? error->message : "");
  cs3_layer_event_compare(event, &got);
  ck_assert_msg(got.wrong == 0, "seed %u: %d outputs are wrong", l->seed, (int)got.wrong);
  Cs3LayerCosts costs;
  cs3_layer_costs(&l->hw, &l->shape, &l->mapping, &costs);
  Cs3LayerMoves moves = cs3_layer_moves_of(&l->hw, &l->shape, &l->mapping, &costs);
  ck_assert(!moves.gathers ||
            cs3_conv_event_moves(&l->hw, &moves.layout, 2, FALSE, l->seed, &moved, &error));
  ck_assert(moves.sum_bytes == 0 || cs3_conv_event_moves(&l->hw, &moves.layout, moves.sum_bytes,
                                                         TRUE, l->seed, &moved, &error));
  ck_assert_msg(moved.wrong == 0, "seed %u: %d words are wrong", l->seed, (int)moved.wrong);
  *macs = got.macs * l->shape.groups;
  return costs.rounds * got.cycles + moved.cycles;
}

/* Returns: whether the layer could be run. */
static gboolean check_layer(const Layer *l) {
  g_autoptr(GError) error = NULL;
  g_autofree guint16 *counts = NULL;
  Cs3LayerResult want;
  if (l->mapping.fold > cs3_mapping_most_folds(&l->hw, &l->shape, &l->mapping) ||
      !cs3_mapping_check(&l->hw, &l->shape, &l->mapping, NULL))
    return FALSE;
  Cs3LayerCounts live = count_weights(l, &counts);
  Cs3LayerWeights weights = cs3_layer_weights_given(&live);
  ck_assert_msg(cs3_layer_pass(&l->hw, &l->shape, &l->mapping, &weights,
                               (Cs3LayerWant){CS3_LAYER_CAUSES}, &want, &error),
                "seed %u: %s", l->seed, error ? error->message : "");
  gint64 macs, cycles = event_cycles(l, &macs), sum = 0;
  ck_assert_msg(cycles == want.cycles, "seed %u: event %d cycles, recurrence %d", l->seed,
                (int)cycles, (int)want.cycles);
  ck_assert_int_eq(macs, want.nonzeros * l->shape.tokens * cs3_pass_products(l->shape.pass));
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    sum += want.causes[cause];
  ck_assert_msg(sum == want.cycles, "seed %u: causes add up to %d of %d", l->seed, (int)sum,
                (int)want.cycles);
  gint64 bound = cs3_layer_bound(&l->hw, &l->shape, &l->mapping, want.nonzeros);
  ck_assert_msg(bound <= cycles, "seed %u: bound %d above %d", l->seed, (int)bound, (int)cycles);
  return TRUE;
}

/* 3 x 3 over 8 x 8 positions of two channels, a row of them a PE of a line of eight. A PE's tokens
 * may begin anywhere in a row, so that they reach four rows of ten with their zeros; a copy for
 * every tap is nine vectors beside the own. A shared backward has FP32 sums of as many. */
START_TEST(test_around) {
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, NULL);
  Cs3Hardware hw = machine->hw;
  hw.wafer.pe_x = 8;
  hw.wafer.pe_y = 1;
  hw.kernel.acc_precision = CS3_ACC_FP32;
  Cs3LayerShape shape = {.pass = CS3_PASS_FORWARD, .rows = 4, .features = 18, .tokens = 64};
  shape.conv = (Cs3ConvShape){.kernel = {3, 3},
                              .stride = {1, 1},
                              .dilation = {1, 1},
                              .before = {1, 1},
                              .map = {8, 8},
                              .grid = {8, 8}};
  Cs3Mapping mapping = {.fold = 1, .axis = CS3_AXIS_Y, .lowering = CS3_LOWERING_HALO};
  double own = 2 * 2 * 8, halo = 2 * 2 * 40 - own, copies = 2 * 18 * 8;
  ck_assert_double_eq(cs3_layer_around_bytes(&hw, &shape, &mapping), 8 * halo);
  mapping.lowering = CS3_LOWERING_COPIES;
  ck_assert_double_eq(cs3_layer_around_bytes(&hw, &shape, &mapping), 8 * copies);
  shape.pass = CS3_PASS_BACKWARD;
  mapping.lowering = CS3_LOWERING_HALO;
  ck_assert_double_eq(cs3_layer_around_bytes(&hw, &shape, &mapping), 8 * 3 * halo);
  shape.conv.kernel[0] = shape.conv.kernel[1] = 1;
  shape.conv.before[0] = shape.conv.before[1] = 0;
  ck_assert_double_eq(cs3_layer_around_bytes(&hw, &shape, &mapping), 0);
}
END_TEST

START_TEST(test_layers) {
  guint32 seed = fixture_seed();
  int cases = fixture_cases(RANDOM_CASES, SLOW_CASES), run = 0;
  for (guint32 i = 0; run < cases && i < 20 * (guint32)cases; i++) {
    Layer l = draw_layer(seed + i);
    run += check_layer(&l);
  }
  ck_assert_int_eq(run, cases);
}
END_TEST

START_TEST(test_random) {
  guint32 seed = fixture_seed();
  int cases = fixture_cases(RANDOM_CASES, SLOW_CASES);
  for (int i = 0; i < cases; i++) {
    Case c = draw_case(seed + (guint32)i);
    check_exchange(&c);
    check_along_lines(&c);
    check_closed(&c);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("conv-event");
  TCase *tc = tcase_create("conv-event");
  tcase_set_timeout(tc, 300);
  tcase_add_test(tc, test_random);
  tcase_add_test(tc, test_around);
  tcase_add_test(tc, test_layers);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
