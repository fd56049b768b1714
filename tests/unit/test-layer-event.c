/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of the fidelities: a layer whose wavelets all move takes exactly as many cycles as
 * the recurrence says, computes what a plain loop computes, and executes live weights x tokens
 * multiply-adds; the closed-form bound is never above. On random machines, shapes, masks and
 * mappings. A case that fails is shrunk to a small one before it is shown. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <math.h>
#include <string.h>

#include "fabric/layer-event/layer-event.h"
#include "sim/machine/machine.h"

enum { RANDOM_CASES = 400, SLOW_CASES = 10000 };
/* Of so many cases one has a mesh and a layer of several times the size, or more rows than lie
 * between two rebases of the recurrence. */
enum { LARGE_EVERY = 200, LARGER = 4, LONG_EVERY = 20, LONGER = 8 };

typedef enum {
  GENERATION,
  PASS,
  WIDTH,
  HEIGHT,
  ROWS,
  FEATURES,
  TOKENS,
  DENSITY,
  MASK,
  DENSE,
  FOLD,
  AXIS,
  PLACEMENT,
  REDUCTION,
  BLOCKING,
  SLOTS,
  CACHE,
  HOP,
  RAMP,
  ROUTER_BUFFER,
  IN_QUEUE,
  LOW_QUEUE,
  OUT_QUEUE,
  WEIGHT_QUEUE,
  LINK,
  IO_SPEED,
  EDGE_BUFFER,
  OVERHEAD,
  DW_BLOCK,
  BACKWARD_OVERLAP,
  CONTROL,
  PRECISION,
  FORMAT,
  LANES,
  ISSUES,
  GRADIENT,
  DOT_TAIL,
  CHAIN_ADD,
  WEIGHT_BITS,
  VALUES,
  N_FIELDS
} Field;

/* What may be drawn, and the value that a small case has. */
static const struct {
  const char *name;
  int low, high, plain;
} fields[N_FIELDS] = {
    [GENERATION] = {"generation", 0, 3, 0},
    [PASS] = {"pass", 0, CS3_N_PASS_KINDS - 1, 0},
    [WIDTH] = {"width", 1, 9, 1},
    [HEIGHT] = {"height", 1, 26, 1},
    [ROWS] = {"rows", 1, 60, 1},
    [FEATURES] = {"features", 1, 60, 1},
    [TOKENS] = {"tokens", 1, 120, 1},
    [DENSITY] = {"density%", 0, 100, 0},
    [MASK] = {"mask", 0, 3, 0},
    [DENSE] = {"dense", 0, 3, 1},
    [FOLD] = {"fold", 1, 4, 1},
    [AXIS] = {"axis", 0, 1, 0},
    [PLACEMENT] = {"placement", CS3_ACC_CACHE, CS3_ACC_SRAM, CS3_ACC_SRAM},
    [REDUCTION] = {"reduction", 0, CS3_N_REDUCTIONS - 1, 0},
    [BLOCKING] = {"blocking", 0, 3, 1},
    [SLOTS] = {"slots", 1, 9, 16},
    [CACHE] = {"cache", 0, 600, 256},
    [HOP] = {"hop", 1, 3, 1},
    [RAMP] = {"ramp", 1, 3, 1},
    [ROUTER_BUFFER] = {"router buffer", 1, 4, 1},
    [IN_QUEUE] = {"in queue", 1, 6, 1},
    [LOW_QUEUE] = {"low queue", 1, 6, 1},
    [OUT_QUEUE] = {"out queue", 1, 6, 1},
    [WEIGHT_QUEUE] = {"weight queue", 1, 6, 1},
    [LINK] = {"link", 0, 3, 0},
    [IO_SPEED] = {"io speed", -6, 1, 1},
    [EDGE_BUFFER] = {"edge buffer", 4, 200, 1000},
    [OVERHEAD] = {"overhead", 0, 9, 0},
    [DW_BLOCK] = {"dw block", 0, 1, 0},
    [BACKWARD_OVERLAP] = {"backward overlap", 0, 1, 0},
    [CONTROL] = {"control", 0, 5, 1},
    [PRECISION] = {"precision", 0, 1, 0},
    [FORMAT] = {"format", 0, 2, 0},
    [LANES] = {"reduce lanes", 1, 2, 2},
    [ISSUES] = {"reduce issues", 1, 2, 1},
    [GRADIENT] = {"gradient", 1, 3, 1},
    [DOT_TAIL] = {"dot tail", 0, 9, 0},
    [CHAIN_ADD] = {"chain add", 0, 4, 0},
    [WEIGHT_BITS] = {"weight bits", 8, 32, 16},
    [VALUES] = {"values", 0, 1, 1},
};

typedef struct {
  int v[N_FIELDS];
  guint32 seed;
} Case;

/* A case made into what the machines take. */
typedef struct {
  Cs3Hardware hw;
  Cs3LayerShape shape;
  Cs3Mapping mapping;
  guint8 *mask;
  gint64 lines;
  guint16 *counts;
} Layer;

static void layer_clear(Layer *l) {
  g_free(l->mask);
  g_free(l->counts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layer, layer_clear)

static Cs3Hardware preset(const char *name) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load(name, NULL, &error);
  ck_assert_msg(machine != NULL, "%s", error ? error->message : "");
  return machine->hw;
}

static Case draw(guint32 seed) {
  g_autoptr(GRand) r = g_rand_new_with_seed(seed);
  Case c = {.seed = seed};
  for (int i = 0; i < N_FIELDS; i++)
    c.v[i] = g_rand_int_range(r, fields[i].low, fields[i].high + 1);
  gboolean large = g_rand_int_range(r, 0, LARGE_EVERY) == 0;
  for (int i = WIDTH; large && i <= TOKENS; i++)
    c.v[i] *= g_rand_int_range(r, 1, LARGER + 1);
  if (g_rand_int_range(r, 0, LONG_EVERY) == 0)
    c.v[ROWS] *= LONGER;
  return c;
}

static Cs3Hardware hardware_of(const int *v) {
  static const char *const generations[] = {"cs2", "cs3", "cs1", "cs3-silicon"};
  static const double links[] = {0, 1, 1.125, 1.5};
  Cs3Hardware hw = preset(generations[v[GENERATION]]);
  hw.wafer.pe_x = v[WIDTH];
  hw.wafer.pe_y = v[HEIGHT];
  hw.pe.acc_cache_bytes = v[CACHE];
  hw.fabric.hop_cycles = v[HOP];
  hw.fabric.ramp_cycles = v[RAMP];
  hw.fabric.router_buffer = v[ROUTER_BUFFER];
  hw.fabric.in_queue[0] = v[WEIGHT_QUEUE];
  hw.fabric.in_queue[2] = v[IN_QUEUE];
  hw.fabric.in_queue[3] = v[LOW_QUEUE];
  hw.fabric.out_queue[2] = v[OUT_QUEUE];
  if (links[v[LINK]] > 0) /* else that of the generation */
    hw.fabric.link_cycles = links[v[LINK]];
  hw.io.rate_bits_per_s *= exp(v[IO_SPEED]);
  hw.io.edge_buffer_bytes = v[EDGE_BUFFER];
  hw.kernel.weight_overhead = v[OVERHEAD];
  hw.kernel.control_cycles = v[CONTROL];
  hw.kernel.accumulator_slots = v[SLOTS];
  hw.kernel.acc_precision = v[PRECISION];
  hw.kernel.backward_overlap = v[BACKWARD_OVERLAP];
  hw.kernel.weight_format = v[FORMAT];
  hw.kernel.dense_weight_bits = v[WEIGHT_BITS];
  hw.kernel.reduce_lanes = 2 * v[LANES];
  hw.kernel.reduce_issues = v[ISSUES];
  hw.kernel.gradient_bits = 16 * v[GRADIENT];
  hw.kernel.dot_tail = v[DOT_TAIL];
  hw.kernel.chain_add = v[CHAIN_ADD];
  return hw;
}

/* Uniform; one heavy column block; rows alive or empty; a band. */
static guint8 *mask_of(const Case *c) {
  const int *v = c->v;
  g_autoptr(GRand) r = g_rand_new_with_seed(c->seed ^ 0x5eed);
  guint8 *mask = g_malloc0(v[ROWS] * v[FEATURES]);
  double density = v[DENSITY] / 100.0;
  for (int i = 0; i < v[ROWS]; i++)
    for (int k = 0; k < v[FEATURES]; k++) {
      double here = density;
      if (v[MASK] == 1 && k < v[FEATURES] / 5)
        here = sqrt(density);
      if (v[MASK] == 2 && i % 3)
        here = 0;
      if (v[MASK] == 3)
        here = ABS(i * v[FEATURES] / v[ROWS] - k) < density * v[FEATURES] ? 1 : 0;
      mask[i * v[FEATURES] + k] = g_rand_double(r) < here;
    }
  return mask;
}

/* %FALSE: the mapping does not hold the layer. */
static gboolean layer_of(const Case *c, Layer *l) {
  const int *v = c->v;
  *l = (Layer){.hw = hardware_of(v)};
  l->shape = (Cs3LayerShape){.pass = (Cs3Pass)v[PASS],
                             .rows = v[ROWS],
                             .features = v[FEATURES],
                             .tokens = v[TOKENS],
                             .dense = v[DENSE] == 0};
  l->mapping = (Cs3Mapping){.axis = v[AXIS] ? CS3_AXIS_X : CS3_AXIS_Y,
                            .fold = v[FOLD],
                            .placement = (Cs3AccPlacement)v[PLACEMENT],
                            .reduction = (Cs3Reduction)v[REDUCTION],
                            .overlap = v[BLOCKING] != 0,
                            .dw = (Cs3DwAlgorithm)v[DW_BLOCK]};
  if (!cs3_mapping_check(&l->hw, &l->shape, &l->mapping, NULL))
    return FALSE;
  l->lines = cs3_mapping_lines(&l->hw, &l->shape, &l->mapping);
  l->mask = mask_of(c);
  g_autofree gint64 *starts = cs3_mapping_starts(v[FEATURES], l->lines);
  l->counts = g_new0(guint16, v[ROWS] * l->lines);
  for (int i = 0; i < v[ROWS]; i++)
    for (gint64 line = 0; line < l->lines; line++)
      for (gint64 k = starts[line]; k < starts[line + 1]; k++)
        l->counts[i * l->lines + line] += l->mask[i * v[FEATURES] + k];
  return TRUE;
}

typedef struct {
  const guint8 *mask;
  gint64 features;
} MaskView;

static gboolean alive(gconstpointer mask, gint64 row, gint64 feature) {
  const MaskView *view = mask;
  return view->mask[row * view->features + feature];
}

/* Faults put into the wavelets' machine alone, to show that they are found. */
typedef enum { HONEST, LONGER_HOPS, SLOWER_CONTROL, FASTER_EDGE } Tamper;

static void put_in(Tamper tamper, Cs3Hardware *hw) {
  if (tamper == LONGER_HOPS)
    hw->fabric.hop_cycles++;
  else if (tamper == SLOWER_CONTROL)
    hw->kernel.control_cycles = 2 + hw->kernel.control_cycles;
  else if (tamper == FASTER_EDGE)
    hw->io.rate_bits_per_s *= 1.5;
}

/* The first PE at which two runs differ in what left a port, or waited in the router. */
static char *different_pe(const Cs3Fabric *a, const Cs3Fabric *b, guint width, guint height) {
  for (guint x = 0; x < width; x++)
    for (guint y = 0; y < height; y++) {
      guint64 waited = cs3_fabric_pe_waited(a, x, y), waited_singly = cs3_fabric_pe_waited(b, x, y);
      if (waited != waited_singly)
        return g_strdup_printf("PE (%u,%u): %d cycles waited, in singles %d", x, y, (int)waited,
                               (int)waited_singly);
      for (guint port = 0; port < CS3_N_PORTS; port++)
        if (cs3_fabric_link_count(a, x, y, port) != cs3_fabric_link_count(b, x, y, port))
          return g_strdup_printf("PE (%u,%u), port %u: another count in singles", x, y, port);
    }
  return NULL;
}

/* The same wavelets one by one and without the processor's FP16, to the bit: every output counts in
 * the largest error. */
static char *otherwise_in_singles(Cs3LayerEventConfig config, Cs3LayerEvent *layer,
                                  const Cs3LayerEventResult *got) {
  Cs3LayerEventResult plain;
  guint width, height;
  config.plain = config.singles = TRUE;
  g_autoptr(Cs3LayerEvent) other = cs3_layer_event_new(&config, NULL);
  if (other == NULL || !cs3_layer_event_run(other, &plain, NULL))
    return g_strdup("fails in singles");
  cs3_layer_event_compare(other, &plain);
  if (plain.cycles != got->cycles)
    return g_strdup_printf("%d cycles, in singles %d", (int)got->cycles, (int)plain.cycles);
  if (plain.error != got->error || plain.stats.wavelet_hops != got->stats.wavelet_hops)
    return g_strdup_printf("error %g, in singles %g; %d hops, %d", got->error, plain.error,
                           (int)got->stats.wavelet_hops, (int)plain.stats.wavelet_hops);
  cs3_layer_event_size(layer, &width, &height);
  return different_pe(cs3_layer_event_fabric(layer), cs3_layer_event_fabric(other), width, height);
}

/* Multiply-adds for each token: a local block multiplies zeros too, a shared backward pass does two
 * things with each weight. */
static gint64 products(const Layer *l, gint64 nonzeros) {
  gboolean block = cs3_pass_has_gradients(l->shape.pass) && l->mapping.dw == CS3_DW_BLOCK;
  gint64 of_weights = block ? l->shape.rows * l->shape.features : nonzeros;
  return of_weights + (l->shape.pass == CS3_PASS_BACKWARD ? nonzeros : 0);
}

/* What is wrong with the case; %NULL: nothing, or it cannot be run. */
static char *fault(const Case *c, Tamper tamper) {
  g_auto(Layer) l = {0};
  g_autoptr(GError) error = NULL;
  if (!layer_of(c, &l))
    return NULL;
  MaskView view = {l.mask, l.shape.features};
  Cs3Hardware moved = l.hw;
  put_in(tamper, &moved);
  Cs3LayerEventConfig config = {.hw = &moved,
                                .shape = l.shape,
                                .mapping = l.mapping,
                                .alive = alive,
                                .mask = &view,
                                .seed = c->seed,
                                .values = (Cs3LayerValues)c->v[VALUES]};
  g_autoptr(Cs3LayerEvent) layer = cs3_layer_event_new(&config, &error);
  Cs3LayerEventResult got;
  if (!layer || !cs3_layer_event_run(layer, &got, &error))
    return g_strdup(error->message);
  cs3_layer_event_compare(layer, &got);
  char *otherwise = otherwise_in_singles(config, layer, &got);
  if (otherwise)
    return otherwise;
  Cs3LayerCounts counts = {l.counts, l.lines};
  Cs3LayerWeights weights = cs3_layer_weights_given(l.shape.dense ? NULL : &counts);
  Cs3LayerResult want;
  if (!cs3_layer_pass(&l.hw, &l.shape, &l.mapping, &weights, (Cs3LayerWant){CS3_LAYER_CAUSES},
                      &want, &error))
    return g_strdup(error->message);
  if (got.cycles != want.cycles)
    return g_strdup_printf("event %d cycles, recurrence %d", (int)got.cycles, (int)want.cycles);
  gint64 macs = products(&l, want.nonzeros) * l.shape.tokens;
  if (got.macs != macs)
    return g_strdup_printf("%d multiply-adds, want %d", (int)got.macs, (int)macs);
  if (got.wrong > 0)
    return g_strdup_printf("%d outputs are wrong, by up to %g", (int)got.wrong, got.error);
  if (got.ingress_wavelets != want.ingress_wavelets || got.egress_wavelets != want.egress_wavelets)
    return g_strdup_printf("wavelets in %d, want %d; out %d, want %d", (int)got.ingress_wavelets,
                           (int)want.ingress_wavelets, (int)got.egress_wavelets,
                           (int)want.egress_wavelets);
  gint64 bound = cs3_layer_bound(&l.hw, &l.shape, &l.mapping, want.nonzeros);
  if (bound > want.cycles)
    return g_strdup_printf("bound %d above %d cycles", (int)bound, (int)want.cycles);
  return NULL;
}

/* Moves one field towards its plain value as far as the case still fails. */
static gboolean shrink_field(Case *c, int field, Tamper tamper) {
  int from = c->v[field], plain = fields[field].plain;
  for (int step = from - plain; step != 0; step /= 2) {
    Case smaller = *c;
    smaller.v[field] = from - step;
    g_autofree char *still = fault(&smaller, tamper);
    if (still) {
      *c = smaller;
      return TRUE;
    }
  }
  return FALSE;
}

static Case shrink(Case c, Tamper tamper) {
  for (gboolean smaller = TRUE; smaller;) {
    smaller = FALSE;
    for (int field = 0; field < N_FIELDS; field++)
      while (shrink_field(&c, field, tamper))
        smaller = TRUE;
  }
  return c;
}

static char *describe(const Case *c) {
  GString *text = g_string_new(NULL);
  g_string_printf(text, "seed %u", c->seed);
  for (int i = 0; i < N_FIELDS; i++)
    if (c->v[i] != fields[i].plain)
      g_string_append_printf(text, ", %s %d", fields[i].name, c->v[i]);
  return g_string_free(text, FALSE);
}

static void show_smallest(const Case *c, Tamper tamper) {
  g_autofree char *what = fault(c, tamper), *whole = describe(c);
  Case small = shrink(*c, tamper);
  g_autofree char *still = fault(&small, tamper), *text = describe(&small);
  ck_abort_msg("%s\n  of: %s\n  shrunk: %s: %s", what, whole, text, still);
}

/* One case by hand: CS3SIM_LAYER_CASE="seed 5, rows 2, reduction 1"; the rest is plain. */
static gboolean given_case(Case *c) {
  const char *text = g_getenv("CS3SIM_LAYER_CASE");
  if (!text)
    return FALSE;
  *c = (Case){0};
  for (int i = 0; i < N_FIELDS; i++)
    c->v[i] = fields[i].plain;
  g_auto(GStrv) parts = g_strsplit(text, ", ", -1);
  for (char **part = parts; *part; part++) {
    char *blank = strrchr(*part, ' ');
    ck_assert_msg(blank != NULL, "CS3SIM_LAYER_CASE: '%s' is not 'NAME VALUE'", *part);
    *blank = '\0';
    if (g_str_equal(*part, "seed"))
      c->seed = (guint32)g_ascii_strtoull(blank + 1, NULL, 10);
    for (int i = 0; i < N_FIELDS; i++)
      if (g_str_equal(*part, fields[i].name))
        c->v[i] = atoi(blank + 1);
  }
  return TRUE;
}

START_TEST(test_event_equals_recurrence) {
  Case given;
  if (given_case(&given)) {
    g_autofree char *what = fault(&given, HONEST);
    ck_assert_msg(what == NULL, "%s", what);
    return;
  }
  const char *number = g_getenv("CS3SIM_LAYER_CASES");
  int cases = number ? atoi(number) : fixture_cases(RANDOM_CASES, SLOW_CASES);
  g_autoptr(GRand) seeds = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < cases;) {
    Case c = draw(g_rand_int(seeds));
    Layer l;
    gboolean fits = layer_of(&c, &l);
    if (fits)
      layer_clear(&l);
    if (!fits)
      continue;
    g_autofree char *what = fault(&c, HONEST);
    if (what)
      show_smallest(&c, HONEST);
    i++;
  }
}
END_TEST

/* The comparison is worth something only if it fails when the machines differ. */
START_TEST(test_finds_faults) {
  g_autoptr(GRand) seeds = g_rand_new_with_seed(fixture_seed());
  int found[FASTER_EDGE + 1] = {0}, cases = 0;
  while (cases < 20) {
    Case c = draw(g_rand_int(seeds));
    Layer l;
    if (!layer_of(&c, &l))
      continue;
    layer_clear(&l);
    cases++;
    for (Tamper t = LONGER_HOPS; t <= FASTER_EDGE; t++) {
      g_autofree char *what = fault(&c, t);
      found[t] += what != NULL;
    }
  }
  ck_assert_int_ge(found[LONGER_HOPS], cases - 2); /* where nothing waits for what hops */
  ck_assert_int_ge(found[SLOWER_CONTROL], cases / 2);
  ck_assert_int_ge(found[FASTER_EDGE], 1);
}
END_TEST

/* A failing case becomes a small one: most fields end at their plain values. */
START_TEST(test_shrinks) {
  Case c;
  char *what = NULL;
  for (guint32 seed = 1; what == NULL; seed++) {
    c = draw(seed);
    what = fault(&c, LONGER_HOPS);
  }
  g_free(what);
  Case small = shrink(c, LONGER_HOPS);
  int plain = 0;
  for (int i = 0; i < N_FIELDS; i++)
    plain += small.v[i] == fields[i].plain;
  ck_assert_int_ge(plain, N_FIELDS - 3);
}
END_TEST

/* A mesh of 48 x 64 PEs, 1,024 features, from dense to 90 % sparse. */
START_TEST(test_large_mesh) {
  static const int densities[] = {100, 50, 30, 10};
  if (!fixture_slow())
    return;
  for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++)
    for (guint i = 0; i < G_N_ELEMENTS(densities); i++) {
      Case c = {.seed = 1};
      for (int field = 0; field < N_FIELDS; field++)
        c.v[field] = fields[field].plain;
      c.v[GENERATION] = c.v[CONTROL] = 1;
      c.v[PASS] = pass;
      c.v[WIDTH] = 48;
      c.v[HEIGHT] = 64;
      c.v[ROWS] = 128;
      c.v[FEATURES] = 1024;
      c.v[TOKENS] = 192;
      c.v[DENSITY] = densities[i];
      c.v[HOP] = c.v[RAMP] = 2;
      c.v[OVERHEAD] = 2;
      g_autofree char *what = fault(&c, HONEST);
      ck_assert_msg(what == NULL, "pass %d, %d %% alive: %s", pass, densities[i], what);
    }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("layer-event");
  TCase *t = tcase_create("random");
  tcase_set_timeout(t, 900);
  tcase_add_test(t, test_event_equals_recurrence);
  tcase_add_test(t, test_finds_faults);
  tcase_add_test(t, test_shrinks);
  tcase_add_test(t, test_large_mesh);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
