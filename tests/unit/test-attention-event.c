/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of the fidelities: attention whose wavelets all move takes exactly as many cycles as
 * the recurrence says, computes what a plain attention computes within the rounding of the
 * precisions, and no pair more or less; the bound is never above. On random machines, shapes, masks
 * and mappings. A case that fails is shrunk to a small one before it is shown. */
#include "config.h"

#include "tests/unit/fixture.h"

#include "fabric/attention-event/attention-event.h"
#include "sim/machine/machine.h"

enum { RANDOM_CASES = 200, SLOW_CASES = 1000 };
/* Of so many cases one has a mesh and sequences of several times the size. */
enum { LARGE_EVERY = 50, LARGER = 4 };

typedef enum {
  GENERATION,
  BACKWARD,
  ALGORITHM,
  WIDTH,
  HEIGHT,
  AXIS,
  FOLD,
  LINES,
  PLACES,
  GROUP,
  KV_HEADS,
  HEAD_DIM,
  VALUE_DIM,
  SEQUENCES,
  TOKENS,
  KEYS,
  CAUSAL,
  WINDOW,
  DOCUMENT,
  TILE,
  ORDER,
  CHUNKS,
  SCORES,
  CACHE,
  HOP,
  RAMP,
  ROUTER_BUFFER,
  IN_QUEUE,
  OUT_QUEUE,
  LINK,
  OVERHEAD,
  CONTROL,
  PRECISION,
  LANES,
  DOT_TAIL,
  VECTOR_SETUP,
  FAST,
  N_FIELDS
} Field;

/* What may be drawn, and the value that a small case has. */
static const struct {
  const char *name;
  int low, high, plain;
} fields[N_FIELDS] = {
    [GENERATION] = {"generation", 0, 3, 0},
    [BACKWARD] = {"backward", 0, 1, 0},
    [ALGORITHM] = {"algorithm", 0, CS3_N_ATTENTION_ALGORITHMS - 1, 0},
    [WIDTH] = {"width", 1, 6, 1},
    [HEIGHT] = {"height", 1, 6, 1},
    [AXIS] = {"axis", 0, 1, 0},
    [FOLD] = {"fold", 1, 2, 1},
    [LINES] = {"lines", -3, 3, 0},
    [PLACES] = {"places", -12, 12, 0},
    [GROUP] = {"group", 1, 3, 1},
    [KV_HEADS] = {"kv heads", 1, 4, 1},
    [HEAD_DIM] = {"head dim", 1, 9, 1},
    [VALUE_DIM] = {"value dim", 1, 9, 1},
    [SEQUENCES] = {"sequences", 1, 4, 1},
    [TOKENS] = {"tokens", 1, 30, 1},
    [KEYS] = {"other keys", -20, 30, 0},
    [CAUSAL] = {"causal", 0, 2, 0},
    [WINDOW] = {"window", -30, 30, 0},
    [DOCUMENT] = {"document", -30, 30, 0},
    [TILE] = {"tile", -4, 5, 1},
    [ORDER] = {"order", 0, CS3_N_TOKEN_ORDERS - 1, 0},
    [CHUNKS] = {"chunks", 1, 5, 1},
    [SCORES] = {"scores", 0, CS3_N_SCORES - 1, 0},
    [CACHE] = {"cache", 0, 100, 64},
    [HOP] = {"hop", 1, 3, 1},
    [RAMP] = {"ramp", 1, 3, 1},
    [ROUTER_BUFFER] = {"router buffer", 1, 4, 1},
    [IN_QUEUE] = {"in queue", 1, 6, 1},
    [OUT_QUEUE] = {"out queue", 1, 6, 1},
    [LINK] = {"link", 0, 3, 0},
    [OVERHEAD] = {"overhead", 0, 4, 0},
    [CONTROL] = {"control", 0, 5, 1},
    [PRECISION] = {"precision", 0, 1, 0},
    [LANES] = {"lanes", 1, 4, 4},
    [DOT_TAIL] = {"dot tail", 0, 8, 0},
    [VECTOR_SETUP] = {"vector setup", 0, 9, 0},
    [FAST] = {"fast", 0, 1, 0},
};

typedef struct {
  int v[N_FIELDS];
  guint32 seed;
} Case;

typedef struct {
  Cs3Hardware hw;
  Cs3AttentionShape shape;
  Cs3AttentionMapping mapping;
} Pass;

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
  if (g_rand_int_range(r, 0, LARGE_EVERY) != 0)
    return c;
  int times = g_rand_int_range(r, 1, LARGER + 1);
  c.v[WIDTH] *= times;
  c.v[HEIGHT] *= times;
  c.v[TOKENS] *= times;
  return c;
}

static const char *const generations[] = {"cs2", "cs3", "cs1", "cs3-silicon"};

static Cs3Hardware hardware_of(const int *v) {
  static const double links[] = {0, 1, 1.125, 1.5};
  Cs3Hardware hw = preset(generations[v[GENERATION]]);
  hw.wafer.pe_x = v[WIDTH];
  hw.wafer.pe_y = v[HEIGHT];
  hw.wafer.cores_peak = hw.wafer.pe_x * hw.wafer.pe_y;
  hw.pe.acc_cache_bytes = v[CACHE];
  hw.pe.vector_setup = v[VECTOR_SETUP];
  if (v[FAST]) /* what moves decides, not what is computed */
    hw.pe.vector_rate = hw.pe.special_rate = 64;
  hw.fabric.hop_cycles = v[HOP];
  hw.fabric.ramp_cycles = v[RAMP];
  hw.fabric.router_buffer = v[ROUTER_BUFFER];
  hw.fabric.in_queue[2] = v[IN_QUEUE];
  hw.fabric.out_queue[2] = v[OUT_QUEUE];
  hw.fabric.in_queue[3] = v[OUT_QUEUE]; /* grid: of the sums */
  hw.fabric.out_queue[3] = v[IN_QUEUE];
  if (links[v[LINK]] > 0) /* else that of the generation */
    hw.fabric.link_cycles = links[v[LINK]];
  hw.kernel.weight_overhead = v[OVERHEAD];
  hw.kernel.control_cycles = v[CONTROL];
  hw.kernel.acc_precision = v[PRECISION];
  hw.kernel.reduce_lanes = v[LANES];
  hw.kernel.dot_tail = v[DOT_TAIL];
  return hw;
}

/* Half of the cases have no window, no documents, no other keys, all places. */
static gint64 drawn_or(int value, gint64 none) {
  return value > 0 ? value : none;
}

static gboolean pass_of(const Case *c, Pass *p) {
  const int *v = c->v;
  *p = (Pass){.hw = hardware_of(v)};
  p->shape = (Cs3AttentionShape){.backward = v[BACKWARD],
                                 .heads = (gint64)v[GROUP] * v[KV_HEADS],
                                 .kv_heads = v[KV_HEADS],
                                 .head_dim = v[HEAD_DIM],
                                 .value_dim = v[VALUE_DIM],
                                 .sequences = v[SEQUENCES],
                                 .queries = v[TOKENS],
                                 .keys = v[TOKENS],
                                 .tile = drawn_or(v[TILE], 1)};
  if (v[CAUSAL] == 0 && v[KEYS] > 0) {
    p->shape.keys = v[KEYS];
  } else {
    p->shape.causal = v[CAUSAL] > 0;
    p->shape.window = MIN(drawn_or(v[WINDOW], 0), v[TOKENS]);
    p->shape.document = MIN(drawn_or(v[DOCUMENT], 0), v[TOKENS]);
  }
  p->mapping =
      (Cs3AttentionMapping){.algorithm = (Cs3AttentionAlgorithm)v[ALGORITHM],
                            .axis = v[AXIS] ? CS3_AXIS_X : CS3_AXIS_Y,
                            .fold = v[FOLD],
                            .lines = v[ALGORITHM] == CS3_ATTENTION_GRID ? drawn_or(v[LINES], 0) : 0,
                            .places = drawn_or(v[PLACES], 0),
                            .order = (Cs3TokenOrder)v[ORDER],
                            .chunks = v[CHUNKS],
                            .scores = (Cs3Scores)v[SCORES]};
  return cs3_attention_check(&p->hw, &p->shape, &p->mapping, NULL);
}

/* Faults put into the wavelets' machine alone, to show that they are found. */
typedef enum { HONEST, LONGER_HOPS, SLOWER_CONTROL } Tamper;

static void put_in(Tamper tamper, Cs3Hardware *hw) {
  if (tamper == LONGER_HOPS)
    hw->fabric.hop_cycles++;
  else if (tamper == SLOWER_CONTROL)
    hw->kernel.control_cycles++;
}

static char *otherwise_in_singles(Cs3AttentionEventConfig config,
                                  const Cs3AttentionEventResult *got) {
  Cs3AttentionEventResult plain;
  config.singles = TRUE;
  g_autoptr(Cs3AttentionEvent) other = cs3_attention_event_new(&config, NULL);
  if (other == NULL || !cs3_attention_event_run(other, &plain, NULL))
    return g_strdup("fails in singles");
  cs3_attention_event_compare(other, &plain);
  if (plain.cycles != got->cycles)
    return g_strdup_printf("%d cycles, in singles %d", (int)got->cycles, (int)plain.cycles);
  if (plain.error != got->error || plain.stats.wavelet_hops != got->stats.wavelet_hops)
    return g_strdup_printf("error %g, in singles %g; %d hops, %d", got->error, plain.error,
                           (int)got->stats.wavelet_hops, (int)plain.stats.wavelet_hops);
  return NULL;
}

/* What of the two machines' results differs. */
static char *difference(const Pass *p, const Cs3AttentionEventResult *got,
                        const Cs3AttentionResult *want) {
  gint64 jobs = p->shape.kv_heads * p->shape.sequences;
  if (got->cycles != want->cycles)
    return g_strdup_printf("event %d cycles, recurrence %d", (int)got->cycles, (int)want->cycles);
  if (got->wrong > 0)
    return g_strdup_printf("%d outputs are wrong, by up to %g", (int)got->wrong, got->error);
  if (got->pairs * jobs != want->pairs * want->jobs)
    return g_strdup_printf("%d pairs in %d jobs, want %d of %d", (int)got->pairs, (int)want->jobs,
                           (int)want->pairs, (int)jobs);
  if ((gint64)got->stats.injected * jobs != want->wavelets * want->jobs)
    return g_strdup_printf("%d wavelets in %d jobs, want %d of %d", (int)got->stats.injected,
                           (int)want->jobs, (int)want->wavelets, (int)jobs);
  gint64 bound = cs3_attention_bound(&p->hw, &p->shape, &p->mapping);
  if (bound > want->cycles)
    return g_strdup_printf("bound %d above %d cycles", (int)bound, (int)want->cycles);
  return NULL;
}

/* What is wrong with the case; %NULL: nothing, or it cannot be run. */
static char *fault(const Case *c, Tamper tamper) {
  Pass p;
  g_autoptr(GError) error = NULL;
  if (!pass_of(c, &p))
    return NULL;
  Cs3Hardware moved = p.hw;
  put_in(tamper, &moved);
  Cs3AttentionEventConfig config = {
      .hw = &moved, .shape = p.shape, .mapping = p.mapping, .seed = c->seed};
  g_autoptr(Cs3AttentionEvent) event = cs3_attention_event_new(&config, &error);
  Cs3AttentionEventResult got;
  if (!event || !cs3_attention_event_run(event, &got, &error))
    return g_strdup(error->message);
  cs3_attention_event_compare(event, &got);
  char *otherwise = otherwise_in_singles(config, &got);
  if (otherwise)
    return otherwise;
  Cs3AttentionResult want;
  if (!cs3_attention_pass(&p.hw, &p.shape, &p.mapping, FALSE, &want, &error))
    return g_strdup(error->message);
  return difference(&p, &got, &want);
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

static void show_smallest(const Case *c) {
  g_autofree char *what = fault(c, HONEST), *whole = describe(c);
  Case small = shrink(*c, HONEST);
  g_autofree char *still = fault(&small, HONEST), *text = describe(&small);
  ck_abort_msg("%s\n  of: %s\n  shrunk: %s: %s", what, whole, text, still);
}

/* One case by hand: CS3SIM_ATTENTION_CASE="seed 5, tokens 2"; the rest is plain. */
static gboolean given_case(Case *c) {
  const char *text = g_getenv("CS3SIM_ATTENTION_CASE");
  if (!text)
    return FALSE;
  *c = (Case){0};
  for (int i = 0; i < N_FIELDS; i++)
    c->v[i] = fields[i].plain;
  g_auto(GStrv) parts = g_strsplit(text, ", ", -1);
  for (char **part = parts; *part; part++) {
    char *blank = strrchr(*part, ' ');
    ck_assert_msg(blank != NULL, "CS3SIM_ATTENTION_CASE: '%s' is not 'NAME VALUE'", *part);
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
  Pass p;
  if (given_case(&given)) {
    g_autofree char *what = fault(&given, HONEST);
    ck_assert_msg(what == NULL, "%s", what);
    return;
  }
  const char *number = g_getenv("CS3SIM_ATTENTION_CASES");
  int cases = number ? atoi(number) : fixture_cases(RANDOM_CASES, SLOW_CASES);
  g_autoptr(GRand) seeds = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < cases;) {
    Case c = draw(g_rand_int(seeds));
    if (!pass_of(&c, &p))
      continue;
    g_autofree char *what = fault(&c, HONEST);
    if (what)
      show_smallest(&c);
    i++;
  }
}
END_TEST

/* The comparison is worth something only if it fails when the machines differ. */
START_TEST(test_finds_faults) {
  g_autoptr(GRand) seeds = g_rand_new_with_seed(fixture_seed());
  int found[SLOWER_CONTROL + 1] = {0}, cases = 0;
  while (cases < 20) {
    Case c = draw(g_rand_int(seeds));
    Pass p;
    c.v[FAST] = c.v[CHUNKS] = 1; /* where latencies and queues matter */
    c.v[OVERHEAD] = c.v[DOT_TAIL] = c.v[VECTOR_SETUP] = 0;
    c.v[TOKENS] = c.v[WIDTH] = c.v[HEIGHT] = 6;
    c.v[SEQUENCES] = c.v[KV_HEADS] = c.v[GROUP] = 1;
    c.v[HEAD_DIM] = c.v[VALUE_DIM] = 9;
    if (!pass_of(&c, &p))
      continue;
    cases++;
    for (Tamper t = LONGER_HOPS; t <= SLOWER_CONTROL; t++) {
      g_autofree char *what = fault(&c, t);
      found[t] += what != NULL;
    }
  }
  ck_assert_int_eq(found[SLOWER_CONTROL], cases);
  ck_assert_int_ge(found[LONGER_HOPS], cases / 4);
}
END_TEST

/* A rectangle of 20 x 24 PEs, 475 places: ring and grid forward and backward, gather. */
START_TEST(test_large_mesh) {
  if (!fixture_slow())
    return;
  for (int i = 0; i < 5; i++) {
    Case c = {.seed = fixture_seed()};
    for (int field = 0; field < N_FIELDS; field++)
      c.v[field] = fields[field].plain;
    c.v[GENERATION] = 1;
    c.v[BACKWARD] = i % 2;
    c.v[ALGORITHM] = i == 4  ? CS3_ATTENTION_GATHER
                     : i > 1 ? CS3_ATTENTION_GRID
                             : CS3_ATTENTION_RING;
    c.v[WIDTH] = 20;
    c.v[HEIGHT] = 24;
    c.v[TOKENS] = 950;
    c.v[HEAD_DIM] = c.v[VALUE_DIM] = 8;
    c.v[CAUSAL] = c.v[PRECISION] = 1;
    c.v[ORDER] = CS3_TOKENS_ZIGZAG;
    c.v[HOP] = c.v[OVERHEAD] = 2;
    g_autofree char *what = fault(&c, HONEST);
    ck_assert_msg(what == NULL, "case %d: %s", i, what);
  }
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("attention-event");
  TCase *t = tcase_create("random");
  tcase_set_timeout(t, 300);
  tcase_add_test(t, test_event_equals_recurrence);
  tcase_add_test(t, test_finds_faults);
  tcase_add_test(t, test_large_mesh);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
