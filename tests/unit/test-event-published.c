/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event fabric against published cycle counts: one test a figure or table, which prints both.
 */
#include "config.h"

#include <math.h>

#include "fabric/closed-form.h"
#include "fabric/move.h"
#include "sim/machine/machine.h"
#include "tests/unit/event-fixture.h"

/* 512x1 PEs, FP32, WSE-2 fabric simulator of SDK 0.6: log of pr0f3ss/SpMM_Cerebras,
 * src/mpi_collectives/reduce_0_pe (146 runs; every distinct point). */
typedef struct {
  const char *program;
  guint words, group, cycles, wavelets;
} ReduceRun;
static const ReduceRun reduce_runs[] = {
    {"chain", 64, 512, 3186, 65408},
    {"chain", 4096, 512, 7218, 4186112},
    {"two-phase-v1", 1, 32, 820, 2447},
    {"two-phase-v1", 2, 32, 822, 3934},
    {"two-phase-v1", 4, 32, 826, 6908},
    {"two-phase-v1", 8, 32, 834, 12856},
    {"two-phase-v1", 16, 32, 850, 24752},
    {"two-phase-v1", 32, 32, 882, 48544},
    {"two-phase-v1", 64, 32, 946, 96128},
    {"two-phase-v1", 128, 32, 1074, 191296},
    {"two-phase-v1", 256, 32, 1330, 381632},
    {"two-phase-v1", 512, 32, 1842, 762304},
    {"two-phase-v1", 2048, 32, 4914, 3046336},
    {"two-phase-v1", 4096, 32, 9010, 6091712},
    {"two-phase-v1", 8192, 32, 17202, 12182464},
    {"two-phase", 64, 4, 1357, 90304},
    {"two-phase", 64, 8, 1053, 94400},
    {"two-phase", 64, 16, 925, 96064},
    {"two-phase", 64, 32, 909, 96128},
    {"two-phase", 64, 64, 997, 94624},
    {"two-phase", 64, 128, 1284, 90800},
    {"two-phase", 64, 256, 1914, 82744},
    {"two-phase", 256, 32, 1293, 381632},
    {"two-phase", 256, 64, 1381, 375520},
    {"two-phase", 2048, 32, 4877, 3046336},
    {"two-phase", 2048, 64, 4965, 2997216},
    {"two-phase", 4096, 4, 9421, 5747200},
    {"two-phase", 4096, 8, 9117, 5993216},
    {"two-phase", 4096, 16, 8989, 6091648},
    {"two-phase", 4096, 32, 8973, 6091712},
    {"two-phase", 4096, 64, 9061, 5993440},
    {"two-phase", 4096, 128, 9297, 5747696},
    {"two-phase", 4096, 256, 9800, 5231608},
};

/* W3 chain, W4 two-phase, W5 two-phase v1: every published row. */
START_TEST(reduce_run) {
  const ReduceRun *row = &reduce_runs[_i];
  Cs3EventTiming wse2 = fixture_timing("cs2");
  Cs3ProgramParams params = fixture_params(512, 1, row->words);
  params.group = row->group;
  g_autoptr(Cs3ProgramRun) run = fixture_done(row->program, &params, &wse2, TRUE);
  Cs3FabricStats stats;
  cs3_fabric_stats(run->fabric, &stats);
  guint version = strcmp(row->program, "chain") == 0       ? 0
                  : strcmp(row->program, "two-phase") == 0 ? 2
                                                           : 1;
  static const char *const suite[] = {"W3", "W5", "W4"};
  g_autofree char *what =
      g_strdup_printf("%s %s B=%u S=%u", suite[version], row->program, params.words, params.group);
  g_autofree char *wavelets = g_strconcat(what, ", wavelets", NULL);
  fixture_compare(what, row->cycles, (double)cs3_program_cycles(run), 1, 0);
  fixture_compare(wavelets, row->wavelets, (double)stats.wavelet_hops, 0, 0);
  ck_assert_uint_eq(cs3_program_cycles(run),
                    cs3_form_wse2_reduce(version, params.words, 512, params.group));
}
END_TEST

/* W1: 8 words, one hop: SDK simulator trace of WSE-3 (FABRICA, arXiv 2608.25124). */
START_TEST(w1_message) {
  Cs3EventTiming wse3 = fixture_timing("cs3");
  fixture_compare("W1 message of 8 words, 1 hop", 19, fixture_cycles("message", 2, 1, 8, &wse3), 0,
                  0);
}
END_TEST

/* W2: a long stream to the neighbour: 1 cycle a word in the simulator, 9/8 on silicon. */
START_TEST(w2_stream) {
  Cs3EventTiming wse3 = fixture_timing(_i ? "cs3-silicon" : "cs3");
  fixture_compare(_i ? "W2 stream of 30,000 words, silicon"
                     : "W2 stream of 30,000 words, simulator",
                  _i ? 33750 : 30000, fixture_cycles("stream", 2, 1, 30000, &wse3), 0, 0.002);
}
END_TEST

/* W6: line multicast on CS-3 silicon (EPCC, WaferEngine notes): shortest run of a table, whose
 * clock correction took 1 cycle per hop where the hop takes 2. 2048 bytes to 16 receivers is marked
 * there as an outlier against the notes' own fit (611). */
START_TEST(w6_multicast) {
  static const struct {
    guint bytes, receivers;
    double cycles;
  } points[] = {{64, 1, 39},     {64, 16, 53},     {64, 64, 101},    {64, 256, 293},
                {64, 512, 549},  {256, 1, 93},     {256, 16, 107},   {256, 64, 155},
                {256, 256, 347}, {256, 512, 603},  {2048, 1, 597},   {2048, 16, 611},
                {2048, 64, 659}, {2048, 256, 851}, {2048, 512, 1107}};
  Cs3EventTiming silicon = fixture_timing("cs3-silicon");
  for (guint i = 0; i < G_N_ELEMENTS(points); i++) {
    guint receivers = points[i].receivers;
    double cycles = fixture_cycles("broadcast", receivers + 1, 1, points[i].bytes / 4, &silicon);
    g_autofree char *what =
        g_strdup_printf("W6 multicast of %u bytes to %u", points[i].bytes, receivers);
    fixture_compare(what, points[i].cycles, cycles - receivers, 3, 0.02);
  }
}
END_TEST

/* W7: single-clock round trip on CS-3 silicon, distance D against 1. */
START_TEST(w7_round_trip) {
  Cs3EventTiming silicon = fixture_timing("cs3-silicon");
  double near = fixture_cycles("ping-pong", 2, 1, 1, &silicon);
  fixture_compare("W7 round trip D=8, beyond D=1", 28,
                  fixture_cycles("ping-pong", 9, 1, 1, &silicon) - near, 0, 0);
  fixture_compare("W7 round trip D=32, beyond D=1", 124,
                  fixture_cycles("ping-pong", 33, 1, 1, &silicon) - near, 0, 0);
}
END_TEST

/* W8: whole-vector relay, WSE-3 simulator (FABRICA): 1.001 N B + 16.1 N + 16.5, error <= 4 %. */
START_TEST(w8_relay) {
  static const guint points[][2] = {{1, 64},  {2, 64},  {4, 64}, {8, 64},
                                    {1, 512}, {2, 512}, {4, 512}};
  Cs3EventTiming wse3 = fixture_timing("cs3");
  guint N = points[_i][0], B = points[_i][1];
  g_autofree char *what = g_strdup_printf("W8 relay of %u words over %u stages", B, N);
  fixture_compare(what, 1.001 * N * B + 16.1 * N + 16.5,
                  fixture_cycles("relay", N + 1, 1, B, &wse3), 0, 0.04);
}
END_TEST

/* W9: two senders on one link take the sum of their times (FABRICA: full serialisation, 1.3 %). */
START_TEST(w9_two_senders) {
  Cs3EventTiming silicon = fixture_timing("cs3-silicon");
  double far = fixture_cycles("message", 3, 1, 4096, &silicon);
  double near = fixture_cycles("message", 2, 1, 4096, &silicon);
  fixture_compare("W9 two senders of 4,096 words on one link", far + near,
                  fixture_cycles("two-senders", 3, 1, 4096, &silicon), 0, 0.013);
}
END_TEST

/* W10: westward messages: 42, 44, 48, 56, 72, 104 cycles at 1..32 hops = 40 + 2 h (FABRICA); the
 * length of the messages is not stated, so only the slope is compared. */
START_TEST(w10_west) {
  Cs3EventTiming silicon = fixture_timing("cs3-silicon");
  double first = fixture_cycles("message", 2, 1, 4, &silicon);
  for (guint h = 2; h <= 32; h *= 2) {
    g_autofree char *what = g_strdup_printf("W10 westward message, %u hops", h);
    fixture_compare(what, 40 + 2.0 * h,
                    fixture_cycles("message", h + 1, 1, 4, &silicon) - first + 42, 0, 0);
  }
}
END_TEST

/* W11: scalar all-reduce over about 380,000 WSE-1 cores in 1.5 us (Rocki et al., SC'20): rows to
 * the centre columns, those to the centre, then broadcast. Hop 1; the clock is a parameter, 0.85
 * GHz to 0.94 GHz in the sources: the lower one is used. */
START_TEST(w11_centre) {
  Cs3EventTiming wse1 = fixture_timing("cs1");
  double cycles = fixture_cycles("centre", 600, 595, 1, &wse1);
  fixture_compare("W11 scalar all-reduce, 600x595, ns at 0.85 GHz", 1500, cycles / 0.85, 0, 0.1);
}
END_TEST

/* W12: all-to-all of 2 words per pair in a row of 512 (half of an FFT's transposes on the CS-2).
 * The middle links carry 256 x 256 x 2 wavelets: a lower bound, which no run may undercut. The
 * timetable leaves an eighth of the slots free. */
START_TEST(w12_transpose) {
  Cs3EventTiming wse2 = fixture_timing("cs2");
  double cycles = fixture_cycles("transpose", 512, 1, 2, &wse2);
  fixture_compare("W12 row all-to-all, 512 PEs, 2 words (lower bound)", 131072, cycles, 0, 0.15);
  ck_assert(cycles >= 131072);
}
END_TEST

/* The closed form of a change of layout is the timetable's own: within eight cycles, a message's
 * latency, and 2 % of the program that runs it, on lines long enough that links, not the issue of
 * wavelets, decide. */
START_TEST(move_is_transpose) {
  Cs3EventTiming timing = fixture_timing(_i % 2 ? "cs3" : "cs2");
  g_autoptr(Cs3Machine) machine = cs3_machine_load(_i % 2 ? "cs3" : "cs2", NULL, NULL);
  guint pes = (guint[]){8, 13, 16, 31, 48, 64}[_i / 2], words = (guint[]){16, 3, 9}[_i % 3];
  double cycles = fixture_cycles("transpose", pes, 1, words, &timing);
  gint64 form = cs3_move_cycles(&machine->hw, pes, (gint64)words * pes);
  ck_assert_msg(fabs(cycles - (double)form) <= 8 + 0.02 * cycles,
                "%u PEs, %u words: %.0f, form %ld", pes, words, cycles, (long)form);
}
END_TEST

/* W13: HPDC 2024 cost model plus 56 cycles of start-up against every chain and version-2 point: 2 %
 * for chains and groups up to 32, 5 % beyond. */
START_TEST(w13_model) {
  Cs3EventTiming wse2 = fixture_timing("cs2");
  guint words = reduce_runs[_i].words, group = reduce_runs[_i].group;
  if (strcmp(reduce_runs[_i].program, "two-phase-v1") == 0)
    return;
  Cs3ProgramParams params = fixture_params(512, 1, words);
  params.group = group;
  g_autoptr(Cs3ProgramRun) run = fixture_done("two-phase", &params, &wse2, TRUE);
  Cs3ClosedForm form = cs3_form_two_phase(words, 512, group, 2, 1);
  g_autofree char *what = g_strdup_printf("W13 model, B=%u S=%u", words, group);
  fixture_compare(what, form.cycles + 56, (double)cs3_program_cycles(run), 0,
                  group <= 32 || group == 512 ? 0.02 : 0.05);
}
END_TEST

/* The paper's own grid (2^0..2^12 words on 512 PEs, 256 words on 4..512): chain, and two-phase with
 * its groups of sqrt P, against the same model. It has no term for the second operation that the
 * head of a group dispatches: a constant, seen where the line is short. */
START_TEST(w13_grid) {
  Cs3EventTiming wse2 = fixture_timing("cs2");
  guint words = _i < 13 ? 1u << _i : 256, pes = _i < 13 ? 512 : 4u << (_i - 13);
  guint group = (guint)sqrt(pes);
  Cs3ProgramParams params = fixture_params(pes, 1, words);
  params.group = group;
  g_autoptr(Cs3ProgramRun) chain = fixture_done("chain", &params, &wse2, TRUE);
  g_autoptr(Cs3ProgramRun) groups = fixture_done("two-phase", &params, &wse2, TRUE);
  g_autofree char *what = g_strdup_printf("W13 chain, %u PEs, B=%u", pes, words);
  g_autofree char *two = g_strdup_printf("W13 two-phase, %u PEs, B=%u", pes, words);
  fixture_compare(what, cs3_form_two_phase(words, pes, pes, 2, 1).cycles + 56,
                  (double)cs3_program_cycles(chain), 0, 0.02);
  fixture_compare(two, cs3_form_two_phase(words, pes, group, 2, 1).cycles + 56,
                  (double)cs3_program_cycles(groups), wse2.fabric_setup, 0.02);
}
END_TEST

/* MeshGEMM, FP16, P x P PEs, tiles Mt x 8 and 8 x 8, L products per step, with and without
 * communication: junesookang/WaferLLM on the WSE-3 fabric simulator, mean of five repetitions. */
static const struct {
  guint pes, rows, products, communicates;
  double cycles;
} gemm_runs[] = {
    {3, 1, 0, 1, 523.98},    {3, 1, 1, 1, 2095.84},  {3, 1, 2, 1, 3715.98},  {3, 2, 0, 1, 530.42},
    {3, 2, 1, 1, 2104.8},    {3, 2, 2, 1, 3724.22},  {3, 3, 0, 1, 544.51},   {3, 3, 1, 1, 2128.96},
    {3, 3, 2, 1, 3794.38},   {3, 4, 0, 1, 557.13},   {3, 4, 1, 1, 2148.71},  {3, 4, 2, 1, 3813.71},
    {3, 5, 0, 1, 568.27},    {3, 5, 1, 1, 2166.71},  {3, 5, 2, 1, 3831.69},  {3, 6, 0, 1, 581.07},
    {3, 6, 1, 1, 2184.09},   {3, 6, 2, 1, 3849.67},  {3, 7, 0, 1, 602.36},   {3, 7, 1, 1, 2201.96},
    {3, 7, 2, 1, 3866.96},   {3, 8, 0, 1, 619.87},   {3, 8, 1, 1, 2211.71},  {3, 8, 2, 1, 3831.67},
    {3, 9, 0, 1, 641.4},     {3, 9, 1, 1, 2560.47},  {3, 9, 2, 1, 4544.51},  {3, 10, 0, 1, 661.82},
    {3, 10, 1, 1, 2543.58},  {3, 10, 2, 1, 4487.58}, {3, 11, 0, 1, 682.93},  {3, 11, 1, 1, 2679.8},
    {3, 11, 2, 1, 4736.4},   {3, 12, 0, 1, 707.71},  {3, 12, 1, 1, 2631.11}, {3, 12, 2, 1, 4615.42},
    {3, 13, 0, 1, 736.02},   {3, 13, 1, 1, 2743.56}, {3, 13, 2, 1, 4820.0},  {3, 14, 0, 1, 762.53},
    {3, 14, 1, 1, 2759.78},  {3, 14, 2, 1, 4829.02}, {3, 15, 0, 1, 790.67},  {3, 15, 1, 1, 2941.87},
    {3, 15, 2, 1, 5173.87},  {3, 16, 0, 1, 813.58},  {3, 16, 1, 1, 2801.44}, {3, 16, 2, 1, 4823.89},
    {6, 1, 0, 1, 1032.76},   {6, 1, 1, 1, 4171.06},  {6, 1, 2, 1, 7412.32},  {6, 2, 0, 1, 1050.98},
    {6, 2, 1, 1, 4191.97},   {6, 2, 2, 1, 7432.32},  {6, 3, 0, 1, 1083.39},  {6, 3, 1, 1, 4248.37},
    {6, 3, 2, 1, 7578.26},   {6, 4, 0, 1, 1108.64},  {6, 4, 1, 1, 4283.93},  {6, 4, 2, 1, 7614.43},
    {6, 5, 0, 1, 1142.97},   {6, 5, 1, 1, 4333.73},  {6, 5, 2, 1, 7663.81},  {6, 6, 0, 1, 1175.87},
    {6, 6, 1, 1, 4373.16},   {6, 6, 2, 1, 7702.52},  {6, 7, 0, 1, 1222.77},  {6, 7, 1, 1, 4416.46},
    {6, 7, 2, 1, 7746.02},   {6, 8, 0, 1, 1262.8},   {6, 8, 1, 1, 4444.65},  {6, 8, 2, 1, 7684.91},
    {6, 9, 0, 1, 1320.9},    {6, 9, 1, 1, 5139.0},   {6, 9, 2, 1, 9101.26},  {6, 10, 0, 1, 1365.27},
    {6, 10, 1, 1, 5118.74},  {6, 10, 2, 1, 9006.74}, {6, 11, 0, 1, 1415.21}, {6, 11, 1, 1, 5398.52},
    {6, 11, 2, 1, 9515.22},  {6, 12, 0, 1, 1467.72}, {6, 12, 1, 1, 5303.8},  {6, 12, 2, 1, 9275.8},
    {6, 13, 0, 1, 1528.78},  {6, 13, 1, 1, 5537.43}, {6, 13, 2, 1, 9689.43}, {6, 14, 0, 1, 1592.88},
    {6, 14, 1, 1, 5575.81},  {6, 14, 2, 1, 9715.81}, {6, 15, 0, 1, 1654.57}, {6, 15, 1, 1, 5965.12},
    {6, 15, 2, 1, 10435.06}, {6, 16, 0, 1, 1723.06}, {6, 16, 1, 1, 5675.79}, {6, 16, 2, 1, 9727.57},
    {3, 1, 0, 0, 215.02},    {3, 1, 1, 0, 1846.02},  {3, 1, 2, 0, 3469.02},
};

START_TEST(mesh_gemm) {
  Cs3EventTiming wse3 = fixture_timing("cs3");
  Cs3ProgramParams params = fixture_params(gemm_runs[_i].pes, gemm_runs[_i].pes, 1);
  params.tile_m = gemm_runs[_i].rows;
  params.products = gemm_runs[_i].products;
  params.no_communication = !gemm_runs[_i].communicates;
  params.rounds = 5;
  g_autoptr(Cs3ProgramRun) run = fixture_done("mesh-gemm", &params, &wse3, TRUE);
  g_autofree char *what =
      g_strdup_printf("MeshGEMM P=%u Mt=%u L=%u%s", gemm_runs[_i].pes, gemm_runs[_i].rows,
                      gemm_runs[_i].products, gemm_runs[_i].communicates ? "" : ", silent");
  fixture_compare(what, gemm_runs[_i].cycles, (double)cs3_program_cycles(run), 0,
                  gemm_runs[_i].products ? 0.05 : 0.02);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("event-published");
  TCase *tests = tcase_create("published");
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, reduce_run, 0, G_N_ELEMENTS(reduce_runs));
  tcase_add_test(tests, w1_message);
  tcase_add_loop_test(tests, w2_stream, 0, 2);
  tcase_add_test(tests, w6_multicast);
  tcase_add_test(tests, w7_round_trip);
  tcase_add_loop_test(tests, w8_relay, 0, 7);
  tcase_add_test(tests, w9_two_senders);
  tcase_add_test(tests, w10_west);
  tcase_add_test(tests, w11_centre);
  tcase_add_test(tests, w12_transpose);
  tcase_add_loop_test(tests, move_is_transpose, 0, 12);
  tcase_add_loop_test(tests, w13_model, 0, G_N_ELEMENTS(reduce_runs));
  tcase_add_loop_test(tests, w13_grid, 0, 13 + 8);
  tcase_add_loop_test(tests, mesh_gemm, 0, G_N_ELEMENTS(gemm_runs));
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
