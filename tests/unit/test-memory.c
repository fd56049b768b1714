/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory: lifetimes against sums by hand and laws; the choice of what is kept, made
 * again or sent away against trying everything. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <math.h>

#include "sim/machine/machine.h"
#include "sim/map/keep-chains.h"
#include "sim/map/plan-memory.h"
#include "workloads/lifetimes.h"

static Cs3Graph *graph_of(const Cs3Model *model, gint64 seq) {
  g_autoptr(GError) error = NULL;
  Cs3Graph *graph = cs3_graph_new(model, &(Cs3Lengths){.seq = seq}, &error);
  ck_assert_msg(graph != NULL, "%s", error ? error->message : "");
  return graph;
}

static double *bytes_of(const Cs3Graph *graph) {
  double *bytes = g_new(double, graph->tensors->len);
  for (guint t = 0; t < graph->tensors->len; t++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, (int)t);
    bytes[t] = 2 * (double)tensor->elements * tensor->rows;
  }
  return bytes;
}

static guint segment_named(const Cs3Graph *graph, const char *name) {
  for (guint s = 0; s < graph->segments->len; s++)
    if (g_str_equal(cs3_graph_segment(graph, s)->name, name))
      return s;
  ck_abort_msg("no segment %s", name);
}

/* The choice bits that leave exactly @kept (as cs3_lifetimes_text() says it). */
static guint64 mask_keeping(const Cs3Lifetimes *l, const char *kept) {
  for (guint64 again = 0; again <= cs3_lifetimes_everything(l); again++) {
    g_autofree char *text = cs3_lifetimes_text(l, again);
    if (g_str_equal(text, kept))
      return again;
  }
  ck_abort_msg("nothing keeps %s", kept);
}

/* The feed-forward half of a Llama block goes backward from the sum in front of it: that sum, the
 * norm made again and its statistics, gate, up and their product; the gradient of the residual
 * stream, and the product's, which is added up in 32 bits. */
START_TEST(test_llama_by_hand) {
  g_autoptr(Cs3Model) model = fixture_preset("llama7b");
  g_autoptr(Cs3Graph) graph = graph_of(model, 2048);
  g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(graph, segment_named(graph, "decoder"));
  g_autofree double *bytes = bytes_of(graph);
  Cs3Keep keep = {
      .again = mask_keeping(l, "hidden, residual_1"), .away = TRUE, .tiles = 1, .sums = 2};
  Cs3Footprint room;
  cs3_lifetimes_measure(l, &keep, bytes, &room);
  ck_assert_double_eq(room.kept, 2048 * 2.0 * 2 * 4096);
  ck_assert_double_eq(room.backward, 2048 * 2.0 * (3 * 4096 + 2 + 3 * 11008 + 2 * 11008));
  /* In parts, only what lies inside of the half shrinks. */
  keep.tiles = 4;
  cs3_lifetimes_measure(l, &keep, bytes, &room);
  ck_assert_double_eq(room.backward,
                      MAX(2048 * 2.0 * (2 * 4096 + (4096 + 2 + 5 * 11008) / 4.0), room.backward));
}
END_TEST

/* Keeping everything, a GPT block holds 16 h and its statistics (test-graph); at its widest,
 * backward of the second matrix, the gradients of its input (4 h) and of the stream beside them. */
START_TEST(test_gpt_by_hand) {
  g_autoptr(Cs3Model) model = fixture_preset("gpt3-13b");
  g_autoptr(Cs3Graph) graph = graph_of(model, 1024);
  g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(graph, segment_named(graph, "decoder"));
  g_autofree double *bytes = bytes_of(graph);
  Cs3Keep keep = {.tiles = 1, .sums = 1};
  Cs3Footprint room;
  cs3_lifetimes_measure(l, &keep, bytes, &room);
  double kept = 16 * 5120 + 4 + 2 * 40 + 4;
  ck_assert_double_eq(room.kept, 1024 * 2 * kept);
  ck_assert_double_eq(room.backward, 1024 * 2 * (kept + 5 * 5120));
}
END_TEST

static const char *const networks[] = {
    "llama7b",       "gpt3-13b",   "gpt-j-6b", "mixtral-8x7b", "deepseek-v2-lite", "t5-base",
    "whisper-small", "bert-large", "vit-b-16", "dit-xl-2",     "gemma2-9b",        "mpt-7b",
};

/* Of any segment: what is made again is not kept; sending away, parts and smaller sums never need
 * more; a peak holds at least what is kept on the wafer; the walk is the measure. */
static void check_segment(const Cs3Graph *graph, guint s, GRand *rand) {
  g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(graph, s);
  g_autofree double *bytes = bytes_of(graph);
  guint64 all = cs3_lifetimes_everything(l);
  for (int i = 0; i < 40; i++) {
    Cs3Keep keep = {.again = g_rand_int(rand) & all, .tiles = 1, .sums = 2}, other = keep;
    Cs3Footprint room, less;
    cs3_lifetimes_measure(l, &keep, bytes, &room);
    ck_assert_double_eq_tol(room.kept, cs3_lifetimes_kept(l, &keep, bytes), 1 + 1e-6 * room.kept);
    ck_assert(room.backward >= room.kept && (room.forward == 0 || room.forward >= room.kept));
    other.again |= g_rand_int(rand) & all;
    cs3_lifetimes_measure(l, &other, bytes, &less);
    ck_assert(less.kept <= room.kept + 0.1 * room.kept); /* statistics of what is not made again */
    other = keep;
    other.away = TRUE;
    cs3_lifetimes_measure(l, &other, bytes, &less);
    ck_assert(less.forward <= room.forward && less.backward <= room.backward);
    other = keep;
    other.sums = 1;
    cs3_lifetimes_measure(l, &other, bytes, &less);
    ck_assert(less.backward <= room.backward);
    other = keep;
    other.tiles = 8;
    cs3_lifetimes_measure(l, &other, bytes, &less);
    ck_assert(less.backward <= room.backward && less.kept == room.kept);
    g_autofree double *around = g_new(double, graph->nodes->len);
    for (guint n = 0; n < graph->nodes->len; n++)
      around[n] = g_rand_int_range(rand, 0, 3) * bytes[g_rand_int_range(rand, 0, 2)];
    for (int d = 0; d < 2; d++)
      keep.around[d] = around;
    cs3_lifetimes_measure(l, &keep, bytes, &less);
    ck_assert(less.kept == room.kept && less.backward >= room.backward);
    room = less;
    g_autoptr(GArray) moments = cs3_lifetimes_walk(l, &keep, bytes);
    double peak = 0;
    for (guint m = 0; m < moments->len; m++) {
      const Cs3Moment *at = &g_array_index(moments, Cs3Moment, m);
      peak = MAX(peak, at->kept + at->values + at->gradients);
    }
    ck_assert_double_eq(peak, MAX(room.forward, room.backward));
  }
}

START_TEST(test_laws) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed() + (guint32)_i);
  g_autoptr(Cs3Model) model = fixture_preset(networks[_i]);
  g_autoptr(Cs3Graph) graph = graph_of(model, 0);
  for (guint s = 0; s < graph->segments->len; s++)
    check_segment(graph, s, rand);
}
END_TEST

/* The layout takes at least the bytes, and less than one more feature and one more row a PE. */
START_TEST(test_wafer_bytes) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, NULL);
  ck_assert_ptr_nonnull(machine);
  for (int i = 0; i < 1000; i++) {
    double elements = g_rand_int_range(rand, 1, 40000), rows = g_rand_int_range(rand, 1, 300000);
    double bytes = cs3_wafer_bytes(&machine->hw, elements, rows);
    ck_assert_msg(bytes >= 2 * elements * rows, "%g x %g: %g", elements, rows, bytes);
    ck_assert(bytes >= cs3_wafer_bytes(&machine->hw, elements, MAX(rows - 1, 1)));
    ck_assert(bytes >= cs3_wafer_bytes(&machine->hw, MAX(elements - 1, 1), rows));
  }
  ck_assert_double_eq(
      cs3_wafer_bytes(&machine->hw, (double)machine->hw.wafer.pe_x, (double)machine->hw.wafer.pe_y),
      2.0 * (double)machine->hw.wafer.pe_x * (double)machine->hw.wafer.pe_y);
}
END_TEST

/* Random costs of a node in one part; parts stream the weights again. */
typedef struct {
  double forward[256], backward[256], in[256];
} Costs;

static Cs3NodeCost cost_of(guint node, gint64 tiles, gpointer data) {
  const Costs *c = data;
  double n = (double)tiles;
  return (Cs3NodeCost){c->forward[node] + n * c->in[node] / 8,
                       c->backward[node] + n * c->in[node] / 4, n * c->in[node],
                       2 * n * c->in[node]};
}

typedef struct {
  double cycles, kept, forward, backward;
} Way;

/* What one stage of @s may do, from the definition in plan-memory.h. */
static GArray *all_ways(const Cs3Graph *graph, guint s, const Cs3Machine *machine, double *bytes,
                        double *real, Costs *costs) {
  GArray *ways = g_array_new(FALSE, FALSE, sizeof(Way));
  g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(graph, s);
  const Cs3Segment *segment = cs3_graph_segment(graph, s);
  double rate = machine->hw.io.rate_bits_per_s * machine->hw.io.factor * machine->hw.io.efficiency;
  for (gint64 tiles = 1; tiles <= (segment->block ? 1 : 64); tiles *= 2)
    for (guint64 again = 0; again <= cs3_lifetimes_everything(l); again++)
      for (int away = 0; away <= 1; away++) {
        Cs3Keep keep = {.again = again, .away = away, .tiles = tiles, .sums = 2};
        Cs3Footprint room;
        cs3_lifetimes_measure(l, &keep, bytes, &room);
        double sent =
            away ? cs3_lifetimes_kept(l, &keep, real) * 8 / rate * machine->hw.wafer.clock_hz : 0;
        double forward = 0, backward = 0, in = 0;
        for (guint i = segment->first; i < segment->first + segment->count; i++) {
          Cs3NodeCost c = cost_of(i, cs3_lifetimes_tiled(l, i) ? tiles : 1, costs);
          gboolean runs = cs3_set_has(cs3_lifetimes_nodes(l, again), i - segment->first);
          forward += c.forward;
          backward += c.backward + (runs ? c.forward : 0);
          in += c.backward_in + (runs ? c.forward_in : 0);
        }
        Way way = {CS3_KEEP_SENDING * sent + MAX(forward, sent) +
                       MAX(backward, sent > 0 ? in + sent : 0),
                   away ? 0 : room.kept, room.forward, room.backward};
        g_array_append_val(ways, way);
      }
  return ways;
}

/* The fastest choice for stages @k and later with @resident bytes kept by earlier ones. */
static double fastest(const Cs3Graph *graph, GArray **ways, guint k, double resident,
                      double capacity) {
  if (k == graph->order->len)
    return 0;
  const GArray *mine = ways[g_array_index(graph->order, Cs3Stage, k).segment];
  double best = INFINITY;
  for (guint w = 0; w < mine->len; w++) {
    const Way *way = &g_array_index(mine, Way, w);
    if (resident + MAX(way->forward, way->backward) > capacity || way->cycles >= best)
      continue;
    best = MIN(best, way->cycles + fastest(graph, ways, k + 1, resident + way->kept, capacity));
  }
  return best;
}

/* Two blocks, every mask, kept or sent, every number of parts of the head. */
START_TEST(test_chosen_is_fastest) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed() + (guint32)_i);
  static const char *const presets[] = {"gpt3-256m", "llama7b", "gpt-j-6b"};
  g_autoptr(Cs3Model) model = fixture_changed_preset(
      presets[_i % 3], _i % 3 == 1 ? "{\"num_hidden_layers\": 2}" : "{\"n_layer\": 2}");
  g_autoptr(Cs3Graph) graph = graph_of(model, 512);
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, NULL);
  ck_assert_ptr_nonnull(machine);
  machine->hw.kernel.backward = CS3_BACKWARD_SHARED;
  machine->hw.kernel.acc_precision = CS3_ACC_FP32;
  machine->system.activations.servers = 1000;
  gint64 samples = g_rand_int_range(rand, 50, 400);
  Costs costs;
  for (int i = 0; i < 256; i++) {
    costs.forward[i] = g_rand_double_range(rand, 1e4, 1e6);
    costs.backward[i] = g_rand_double_range(rand, 1e4, 2e6);
    costs.in[i] = g_rand_double_range(rand, 0, 2e5);
  }
  machine->hw.io.rate_bits_per_s = exp(g_rand_double_range(rand, log(1e11), log(1e13)));
  g_autofree double *bytes = g_new(double, graph->tensors->len);
  g_autofree double *real = bytes_of(graph);
  for (guint t = 0; t < graph->tensors->len; t++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, (int)t);
    bytes[t] = cs3_wafer_bytes(&machine->hw, (double)tensor->elements, tensor->rows * samples);
    real[t] *= samples;
  }
  Cs3KeepInput input = {.graph = graph, .machine = machine, .policy = -1, .away = -1};
  g_autoptr(Cs3KeepSearch) search = cs3_keep_search_new(&input);
  double least = cs3_keep_least(search, samples);
  machine->hw.pe.sram_data_bytes =
      g_rand_double_range(rand, 0.9, 3) * least / machine->hw.wafer.pe_x / machine->hw.wafer.pe_y;
  double capacity =
      (double)machine->hw.wafer.pe_x * machine->hw.wafer.pe_y * machine->hw.pe.sram_data_bytes;
  Cs3PlanMemory memory = {0};
  gboolean fits;
  double found = cs3_keep_choose(search, samples, cost_of, &costs, INFINITY, &fits, &memory);
  g_autofree GArray **ways = g_new0(GArray *, graph->segments->len);
  for (guint s = 0; s < graph->segments->len; s++)
    ways[s] = all_ways(graph, s, machine, bytes, real, &costs);
  double expected = fastest(graph, ways, 0, 0, capacity);
  if (isfinite(expected))
    ck_assert_double_eq_tol(found, expected, 1e-9 * expected);
  else
    ck_assert(!isfinite(found) && !fits);
  ck_assert(!isfinite(found) || memory.peak_bytes <= capacity);
  for (guint s = 0; s < graph->segments->len; s++)
    g_array_unref(ways[s]);
  cs3_plan_memory_clear(&memory);
}
END_TEST

/* Chains that are remembered: the last used stay, up to so many bytes; that none is within a limit
 * says nothing of larger limits. */
START_TEST(test_chains_are_bounded) {
  enum { STAGES = 100, ROOM = 1200 }; /* for two of them */
  g_autoptr(Cs3KeepChains) chains = cs3_keep_chains_new(ROOM);
  guint chosen[STAGES], found[STAGES];
  Cs3MemoKey keys[3];
  double cycles;
  for (guint k = 0; k < 3; k++) {
    keys[k] = cs3_memo_key(NULL, &k, sizeof k);
    for (guint i = 0; i < STAGES; i++)
      chosen[i] = 7 * k + i;
    cs3_keep_chains_keep(chains, &keys[k], 100, STAGES, 50 + k, chosen);
    ck_assert(cs3_keep_chains_find(chains, &keys[0], 1, STAGES, &cycles, found) && cycles == 50);
  }
  ck_assert(!cs3_keep_chains_find(chains, &keys[1], 1, STAGES, &cycles, found));
  ck_assert(cs3_keep_chains_find(chains, &keys[2], 1, STAGES, &cycles, found) && cycles == 52);
  ck_assert_mem_eq(found, chosen, sizeof chosen);
  cs3_keep_chains_keep(chains, &keys[1], 100, STAGES, INFINITY, chosen);
  ck_assert(cs3_keep_chains_find(chains, &keys[1], 99, STAGES, &cycles, found) && isinf(cycles));
  ck_assert(!cs3_keep_chains_find(chains, &keys[1], 101, STAGES, &cycles, found));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("memory");
  TCase *t = tcase_create("lifetimes");
  tcase_add_test(t, test_llama_by_hand);
  tcase_add_test(t, test_gpt_by_hand);
  tcase_add_loop_test(t, test_laws, 0, G_N_ELEMENTS(networks));
  suite_add_tcase(suite, t);
  TCase *c = tcase_create("choice");
  tcase_set_timeout(c, 60);
  tcase_add_test(c, test_wafer_bytes);
  tcase_add_test(c, test_chains_are_bounded);
  tcase_add_loop_test(c, test_chosen_is_fastest, 0, 12);
  suite_add_tcase(suite, c);
  return fixture_run(suite);
}
