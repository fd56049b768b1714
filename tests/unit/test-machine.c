/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines: the shipped presets against the facts, files of users, everything that is refused. */
#include "config.h"

#include <check.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/ini.h"
#include "sim/machine/machine.h"

/* A directory of the running test, for the files it writes. */
static char *directory;

static void make_directory(void) {
  directory = g_dir_make_tmp("cs3sim-XXXXXX", NULL);
  ck_assert_ptr_nonnull(directory);
}

static void remove_directory(void) {
  g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
  for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_remove(path);
  }
  g_rmdir(directory);
  g_free(directory);
}

/* The path of a file called @name with @content. */
static char *write_file(const char *name, const char *content) {
  char *path = g_build_filename(directory, name, NULL);
  ck_assert(g_file_set_contents(path, content, -1, NULL));
  return path;
}

static Cs3Machine *load(const char *name, const char *const *overrides) {
  g_autoptr(GError) error = NULL;
  Cs3Machine *machine = cs3_machine_load(name, overrides, &error);
  ck_assert_msg(machine != NULL, "%s", error != NULL ? error->message : "no error");
  return machine;
}

static const Cs3Param *row(const char *name) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  const Cs3Param *param = cs3_params_find_name(bindings, name, NULL, NULL);
  ck_assert_ptr_nonnull(param);
  return param;
}

static void check_error(const GError *error, Cs3ConfigError code, const char *message) {
  ck_assert_ptr_nonnull(error);
  ck_assert_msg(g_error_matches(error, CS3_CONFIG_ERROR, code), "%d: %s", error->code,
                error->message);
  ck_assert_msg(strstr(error->message, message) != NULL, "'%s' lacks '%s'", error->message,
                message);
  ck_assert_msg(strchr(error->message, '\n') == NULL, "%s", error->message);
}

/* --- the presets -------------------------------------------------------------------------- */

/* hardware facts, one row a preset: mesh, cores, clock, peak [PFLOP/s] as quoted, ingress */
static const struct {
  const char *name;
  gint64 pe_x, pe_y, cores;
  double clock_hz;
  double peak_pflops, tolerance;
  gint64 cache, lanes, mixed;
  double fp32, link;
  gint64 hop, in_queue_0, in_queue_7, out_queue_2, out_queue_7;
} presets[] = {
    {"cs1", 602, 595, 381276, 0.94e9, 2.9, 0.015, 0, 4, 2, 1, 1, 1, 6, 2, 6, 0},
    {"cs2", 750, 994, 850000, 1.1e9, 7.5, 0.01, 256, 4, 2, 1, 1, 1, 6, 2, 6, 0},
    {"cs2-silicon", 750, 994, 850000, 0.85e9, 5.8, 0.01, 256, 4, 2, 1, 1, 1, 6, 2, 6, 0},
    {"cs3", 755, 1170, 900000, 1.1e9, 15.8, 0.01, 512, 8, 4, 0.5, 1, 2, 8, 4, 8, 8},
    {"cs3-silicon", 755, 1170, 900000, 0.75e9, 10.8, 0.01, 512, 8, 4, 0.5, 1.125, 2, 8, 4, 8, 8},
};

START_TEST(preset_values) {
  g_autoptr(Cs3Machine) machine = load(presets[_i].name, NULL);
  const Cs3Hardware *hw = &machine->hw;
  ck_assert_str_eq(machine->name, presets[_i].name);
  ck_assert_int_eq(hw->wafer.pe_x, presets[_i].pe_x);
  ck_assert_int_eq(hw->wafer.pe_y, presets[_i].pe_y);
  ck_assert_int_eq(hw->wafer.cores_peak, presets[_i].cores);
  ck_assert_double_eq(hw->wafer.clock_hz, presets[_i].clock_hz);
  ck_assert_double_eq_tol(cs3_hardware_peak_flops(hw) / 1e15, presets[_i].peak_pflops,
                          presets[_i].tolerance * presets[_i].peak_pflops);
  ck_assert_int_eq(hw->pe.sram_bytes, 49152);
  ck_assert_int_eq(hw->pe.sram_data_bytes, 43000);
  ck_assert_int_eq(hw->pe.acc_cache_bytes, presets[_i].cache);
  ck_assert_int_eq(hw->pe.lanes_fp16, presets[_i].lanes);
  ck_assert_int_eq(hw->pe.lanes_mixed, presets[_i].mixed);
  ck_assert_double_eq(hw->pe.fp32_fmac, presets[_i].fp32);
  ck_assert_double_eq(hw->fabric.link_cycles, presets[_i].link);
  ck_assert_int_eq(hw->fabric.hop_cycles, presets[_i].hop);
  ck_assert_int_eq(hw->fabric.ramp_cycles, 2);
  ck_assert_int_eq(hw->fabric.in_queue[0], presets[_i].in_queue_0);
  ck_assert_int_eq(hw->fabric.in_queue[7], presets[_i].in_queue_7);
  ck_assert_int_eq(hw->fabric.out_queue[2], presets[_i].out_queue_2);
  ck_assert_int_eq(hw->fabric.out_queue[7], presets[_i].out_queue_7);
  ck_assert_double_eq(hw->io.rate_bits_per_s, 1.2e12);
}
END_TEST

START_TEST(ingress) {
  g_autoptr(Cs3Machine) machine = load("cs3", NULL);
  /* 1.2 Tb/s at 1.1 GHz is 34 wavelets per cycle, 43 at 875 MHz, less the headers. */
  ck_assert_double_eq_tol(cs3_hardware_io_wavelets(&machine->hw) / machine->hw.io.efficiency, 34.09,
                          0.01);
  static const char *const slow[] = {"wafer.clock=875 MHz", "io.efficiency=1", NULL};
  g_autoptr(Cs3Machine) slower = load("cs3", slow);
  ck_assert_double_eq_tol(cs3_hardware_io_wavelets(&slower->hw), 42.86, 0.01);
  /* A faster network meets the entry points: 124, each a wavelet every 9/8 cycles on silicon. */
  static const char *const fast[] = {"io.rate=100 Tb/s", NULL};
  g_autoptr(Cs3Machine) faster = load("cs3-silicon", fast);
  ck_assert_double_eq(cs3_hardware_io_wavelets(&faster->hw), 124 / 1.125);
}
END_TEST

/* Every constant of every preset file says where it comes from, and lies in its ranges. */
START_TEST(preset_sources) {
  g_autoptr(Cs3Machine) machine = load(presets[_i].name, NULL);
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++) {
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *param = &b->table->params[i];
      g_autofree char *name = cs3_param_name(param);
      const char *source = cs3_machine_source(machine, param);
      ck_assert_msg(source != NULL && strlen(source) > 10, "%s: no source for %s", presets[_i].name,
                    name);
      ck_assert_msg(strstr(cs3_machine_origin(machine, param), ".ini:") != NULL, "%s", name);
      double value = cs3_machine_get(machine, param);
      ck_assert(cs3_param_check(param, value, NULL));
      /* What the table calls uncertain is so on every machine, unless a preset gives a range or
       * leaves the choice between the plausible ones to the mapper. */
      gboolean outside = value < param->plausible_min || value > param->plausible_max;
      if (param->choices != NULL)
        outside &= !g_str_equal(param->choices[(int)value], "auto");
      ck_assert_msg(!cs3_param_uncertain(param) || !outside ||
                        g_hash_table_contains(machine->ranges, name),
                    "%s: %s lies outside the plausible range of its row", presets[_i].name, name);
    }
  }
}
END_TEST

/* Machines that do not exist, for comparisons. */
static const char *const hypothetical[] = {"cs3-16-lanes", "cs3-big-sram", "cs3-double-ingress",
                                           "cs3-fast", "cs3-fp8"};

/* Published installations: a wafer's preset and how many there are. */
static const struct {
  const char *name, *wafer;
  gint64 systems;
} installations[] = {
    {"andromeda", "cs2", 16},
    {"condor-galaxy-1", "cs2", 64},
    {"condor-galaxy-3", "cs3", 64},
    {"alcf-cs3", "cs3", 4},
};

START_TEST(test_hypothetical) {
  g_autoptr(Cs3Machine) machine = load(hypothetical[_i], NULL);
  g_autoptr(Cs3Machine) cs3 = load("cs3", NULL);
  ck_assert_msg(memcmp(&machine->hw, &cs3->hw, sizeof cs3->hw) != 0, "%s is a CS-3",
                hypothetical[_i]);
}
END_TEST

START_TEST(installation) {
  g_autoptr(Cs3Machine) machine = load(installations[_i].name, NULL);
  g_autoptr(Cs3Machine) wafer = load(installations[_i].wafer, NULL);
  ck_assert_int_eq(machine->system.swarmx.systems, installations[_i].systems);
  ck_assert_mem_eq(&machine->hw, &wafer->hw, sizeof machine->hw);
  /* Together its MemoryX units stream and update as fast as the single one of the wafer's preset.
   */
  ck_assert_double_eq(cs3_system_stream_rate(&machine->system),
                      cs3_system_stream_rate(&wafer->system));
  ck_assert_double_eq(cs3_system_optimizer_rate(&machine->system),
                      cs3_system_optimizer_rate(&wafer->system));
}
END_TEST

START_TEST(listed) {
  g_autoptr(GArray) machines = cs3_machine_list();
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < machines->len; i++) {
    const Cs3MachineInfo *info = &g_array_index(machines, Cs3MachineInfo, i);
    g_string_append_printf(names, "%s ", info->name);
    g_autoptr(Cs3Machine) machine = load(info->name, NULL);
    ck_assert_str_eq(machine->description, info->description);
  }
  ck_assert_str_eq(names->str,
                   "alcf-cs3 andromeda condor-galaxy-1 condor-galaxy-3 cs1 cs2 cs2-silicon cs3 "
                   "cs3-16-lanes cs3-big-sram cs3-double-ingress cs3-fast cs3-fp8 cs3-silicon ");
}
END_TEST

/* A machine as measured is the preset but for what was measured on silicon, and the edge of its
 * step. */
static const struct {
  const char *stated, *measured, *differing;
} measured[] = {{"cs2", "cs2-silicon", "clock edge "},
                {"cs3", "cs3-silicon", "clock vector_rate copy_rate sram_efficiency link edge "}};

START_TEST(silicon_differs_where_measured) {
  g_autoptr(Cs3Machine) plain = load(measured[_i].stated, NULL);
  g_autoptr(Cs3Machine) silicon = load(measured[_i].measured, NULL);
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(plain, bindings);
  g_autoptr(GString) differing = g_string_new(NULL);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++)
      if (cs3_machine_get(plain, &b->table->params[i]) !=
          cs3_machine_get(silicon, &b->table->params[i]))
        g_string_append_printf(differing, "%s ", b->table->params[i].key);
  ck_assert_str_eq(differing->str, measured[_i].differing);
}
END_TEST

/* --- files of users ------------------------------------------------------------------------- */

START_TEST(own_file) {
  g_autofree char *path = write_file("big.ini", "[machine]\n"
                                                "base = cs3\n"
                                                "description = twice the ingress\n"
                                                "[io]\n"
                                                "# We wish.\n"
                                                "rate = 2.4 Tb/s\n");
  g_autoptr(Cs3Machine) machine = load(path, NULL);
  ck_assert_str_eq(machine->name, "big");
  ck_assert_str_eq(machine->description, "twice the ingress");
  ck_assert_double_eq(machine->hw.io.rate_bits_per_s, 2.4e12);
  ck_assert_int_eq(machine->hw.wafer.pe_x, 755);
  g_autofree char *origin = g_strconcat(path, ":6", NULL);
  ck_assert_str_eq(cs3_machine_origin(machine, row("io.rate")), origin);
  ck_assert_str_eq(cs3_machine_source(machine, row("io.rate")), "We wish.");
  ck_assert_str_eq(g_hash_table_lookup(machine->origins, "io.rate"), origin);
  ck_assert(g_str_has_prefix(cs3_machine_origin(machine, row("wafer.pe_x")), "cs3.ini:"));
}
END_TEST

START_TEST(chain_of_files) {
  g_free(write_file("first.ini", "[machine]\nbase = cs2\n"
                                 "[wafer]\nclock = 1 GHz\npe_x = 10\n"));
  g_autofree char *second = write_file("second.ini", "[machine]\nbase = ./first.ini\n"
                                                     "[wafer]\npe_x = 20\n");
  g_autoptr(Cs3Machine) machine = load(second, NULL);
  ck_assert_double_eq(machine->hw.wafer.clock_hz, 1e9);
  ck_assert_int_eq(machine->hw.wafer.pe_x, 20);
  ck_assert_int_eq(machine->hw.wafer.pe_y, 994);
}
END_TEST

START_TEST(user_directory) {
  g_autofree char *hardware = g_build_filename(directory, "cs3sim", "hardware", NULL);
  ck_assert_int_eq(g_mkdir_with_parents(hardware, 0700), 0);
  g_autofree char *mine = g_build_filename(hardware, "mine.ini", NULL);
  ck_assert(g_file_set_contents(mine, "[machine]\nbase = cs3\n[wafer]\npe_x = 99\n", -1, NULL));
  g_autofree char *broken = g_build_filename(hardware, "broken.ini", NULL);
  ck_assert(g_file_set_contents(broken, "nonsense", -1, NULL));
  g_setenv("XDG_CONFIG_HOME", directory, TRUE);
  g_autoptr(Cs3Machine) machine = load("mine", NULL);
  ck_assert_int_eq(machine->hw.wafer.pe_x, 99);

  /* One that cannot be read does not hide the others: alcf-cs3, andromeda, broken. */
  g_autoptr(GArray) machines = cs3_machine_list();
  ck_assert_uint_eq(machines->len, G_N_ELEMENTS(presets) + G_N_ELEMENTS(installations) +
                                       G_N_ELEMENTS(hypothetical) + 2);
  const Cs3MachineInfo *info = &g_array_index(machines, Cs3MachineInfo, 2);
  ck_assert_str_eq(info->name, "broken");
  ck_assert_ptr_nonnull(strstr(info->description, "neither [group]"));
  g_remove(mine);
  g_remove(broken);
  g_rmdir(hardware);
  g_autofree char *parent = g_path_get_dirname(hardware);
  g_rmdir(parent);
}
END_TEST

START_TEST(overrides) {
  static const char *const set[] = {"wafer.clock=850MHz", " pe.sram = 64 KiB ",
                                    "wafer.clock=1 GHz",  "kernel.acc_precision=fp32",
                                    "swarmx.fan_out=8",   NULL};
  g_autoptr(Cs3Machine) machine = load("cs2", set);
  ck_assert_double_eq(machine->hw.wafer.clock_hz, 1e9);
  ck_assert_int_eq(machine->hw.pe.sram_bytes, 65536);
  ck_assert_int_eq(machine->hw.kernel.acc_precision, CS3_ACC_FP32);
  ck_assert_int_eq(machine->system.swarmx.fan_out, 8);
  ck_assert_str_eq(cs3_machine_origin(machine, row("wafer.clock")), "--set");
  ck_assert_ptr_null(cs3_machine_source(machine, row("wafer.clock")));
}
END_TEST

/* What a machine says of itself is a file that gives the same machine. */
START_TEST(format_round_trip) {
  static const char *const set[] = {"wafer.clock=1.0123456789 GHz", "kernel.acc_placement=sram",
                                    "kernel.acc_precision=fp32", NULL};
  g_autoptr(Cs3Machine) machine = load("cs3-silicon", set);
  g_autofree char *text = cs3_machine_format(machine);
  g_autofree char *path = write_file("same.ini", text);
  g_autoptr(Cs3Machine) again = load(path, NULL);
  ck_assert_mem_eq(&machine->hw, &again->hw, sizeof machine->hw);
  ck_assert_mem_eq(&machine->system, &again->system, sizeof machine->system);
  ck_assert_str_eq(machine->description, again->description);
  g_autoptr(GArray) before = cs3_machine_uncertain(machine);
  g_autoptr(GArray) after = cs3_machine_uncertain(again);
  ck_assert_uint_eq(before->len, after->len);
  for (guint i = 0; i < before->len; i++) {
    const Cs3Uncertain *a = &g_array_index(before, Cs3Uncertain, i);
    const Cs3Uncertain *b = &g_array_index(after, Cs3Uncertain, i);
    ck_assert_ptr_eq(a->param, b->param);
    ck_assert_double_eq(a->range.low, b->range.low);
    ck_assert_double_eq(a->range.high, b->range.high);
  }
  ck_assert_ptr_nonnull(strstr(text, "# --set\nclock=1.0123456789 GHz\n"));
}
END_TEST

/* --- ranges ----------------------------------------------------------------------------------- */

START_TEST(plausible_ranges) {
  Cs3Range range = {0, 0};
  g_autoptr(Cs3Machine) cs2 = load("cs2", NULL);
  g_autoptr(Cs3Machine) cs3 = load("cs3", NULL);
  /* The same row, another machine, another range: cs2.ini narrows the clock. */
  ck_assert(cs3_machine_range(cs2, row("wafer.clock"), &range));
  ck_assert_double_eq(range.low, 0.85e9);
  ck_assert_double_eq(range.high, 1.1e9);
  ck_assert(cs3_machine_range(cs3, row("wafer.clock"), &range));
  ck_assert_double_eq(range.low, 0.75e9);
  ck_assert_double_eq(range.high, 1.4e9);
  /* A range about a value that the base gives. */
  ck_assert(cs3_machine_range(cs2, row("pe.task_start"), &range));
  ck_assert_double_eq(range.high, 8);
  /* Without [range], the table's. */
  ck_assert(cs3_machine_range(cs2, row("kernel.weight_overhead"), &range));
  ck_assert_double_eq(range.high, 16);
  ck_assert(!cs3_machine_range(cs2, row("fabric.link"), NULL));
  ck_assert(cs3_machine_range(cs3, row("fabric.link"), NULL));
  ck_assert(!cs3_machine_range(cs3, row("kernel.acc_placement"), NULL));
  /* A choice that nobody knows: any of them. */
  ck_assert(cs3_machine_range(cs3, row("kernel.reduction"), &range));
  ck_assert(range.low == 0 && range.high == 2);

  static const char *const set[] = {"wafer.clock=1 GHz", NULL};
  g_autoptr(Cs3Machine) pinned = load("cs3", set);
  ck_assert(!cs3_machine_range(pinned, row("wafer.clock"), NULL));
  g_autofree char *path = write_file("fast.ini", "[machine]\nbase = cs3\n[wafer]\nclock = 2 GHz\n");
  g_autoptr(Cs3Machine) fast = load(path, NULL);
  ck_assert(!cs3_machine_range(fast, row("wafer.clock"), NULL));
}
END_TEST

START_TEST(uncertain_parameters) {
  g_autoptr(Cs3Machine) machine = load(presets[_i].name, NULL);
  g_autoptr(GArray) all = cs3_machine_uncertain(machine);
  ck_assert_uint_gt(all->len, 15);
  gboolean clock = FALSE;
  for (guint i = 0; i < all->len; i++) {
    const Cs3Uncertain *one = &g_array_index(all, Cs3Uncertain, i);
    clock |= one->param == row("wafer.clock");
    ck_assert_double_lt(one->range.low, one->range.high);
    ck_assert_double_le(one->range.low, one->value);
    ck_assert_double_le(one->value, one->range.high);
    ck_assert_double_eq(one->value, cs3_machine_get(machine, one->param));
    /* Both ends are machines that can be simulated. */
    g_autoptr(Cs3Machine) trial = cs3_machine_copy(machine);
    ck_assert(cs3_machine_set(trial, one->param, one->range.low, "low", NULL));
    ck_assert(cs3_machine_set(trial, one->param, one->range.high, "high", NULL));
    ck_assert_double_eq(cs3_machine_get(trial, one->param), one->range.high);
    ck_assert_str_eq(cs3_machine_origin(trial, one->param), "high");
    ck_assert_double_eq(one->value, cs3_machine_get(machine, one->param));
  }
  ck_assert(clock);
}
END_TEST

/* What is unpublished or disputed is sampled, but for choices that the mapper makes, for what a
 * step does not depend on, and on the CS-2 for what is disputed of the CS-3 alone. */
START_TEST(nothing_uncertain_is_left_out) {
  static const char *const machines[] = {"cs2", "cs3"};
  static const char *const left_out[] = {"factor ", ""};
  g_autoptr(Cs3Machine) machine = load(machines[_i], NULL);
  g_autoptr(GString) missing = g_string_new(NULL);
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *p = &b->table->params[i];
      if ((p->evidence == CS3_EVIDENCE_UNPUBLISHED || p->evidence == CS3_EVIDENCE_DISPUTED) &&
          !cs3_machine_range(machine, p, NULL) && p->readers == NULL &&
          (p->choices == NULL || !g_strv_contains(p->choices, "auto")))
        g_string_append_printf(missing, "%s ", p->key);
    }
  ck_assert_str_eq(missing->str, left_out[_i]);
}
END_TEST

/* Every sample is a value that the machine can have; counts are hit evenly. */
START_TEST(samples) {
  guint32 seed = g_random_int();
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  g_autoptr(Cs3Machine) machine = load("cs3", NULL);
  g_autoptr(GArray) all = cs3_machine_uncertain(machine);
  for (guint i = 0; i < all->len; i++) {
    const Cs3Uncertain *one = &g_array_index(all, Cs3Uncertain, i);
    for (int n = 0; n < 100; n++) {
      double value = cs3_uncertain_sample(one, g_rand_double(random));
      ck_assert_msg(value >= one->range.low && value <= one->range.high &&
                        cs3_param_check(one->param, value, NULL),
                    "seed %u: %s.%s = %.17g", seed, one->param->group, one->param->key, value);
    }
    ck_assert_double_eq(cs3_uncertain_sample(one, 0), one->range.low);
    ck_assert_double_le(cs3_uncertain_sample(one, 1 - 0x1p-53), one->range.high);
  }
  Cs3Uncertain slots = {.param = row("kernel.accumulator_slots"), .value = 2, .range = {1, 4}};
  for (int n = 0; n < 400; n++)
    ck_assert_double_eq(cs3_uncertain_sample(&slots, n / 400.0), 1 + n / 100);
}
END_TEST

START_TEST(set_keeps_the_machine_whole) {
  g_autoptr(Cs3Machine) machine = load("cs3", NULL);
  g_autofree char *before = cs3_machine_format(machine);
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_machine_set(machine, row("pe.sram"), 4096, "test", &error));
  check_error(error, CS3_CONFIG_ERROR_CONFLICT,
              "leaves too little for data beside 6.152 kB of code");
  g_clear_error(&error);
  ck_assert(!cs3_machine_set(machine, row("wafer.clock"), NAN, "test", &error));
  check_error(error, CS3_CONFIG_ERROR_VALUE, "wafer.clock: ");
  g_clear_error(&error);
  ck_assert(!cs3_machine_set(machine, row("wafer.pe_x"), 0.5, "test", &error));
  check_error(error, CS3_CONFIG_ERROR_RANGE, "wafer.pe_x: 0.5 is out of range");
  g_autofree char *after = cs3_machine_format(machine);
  ck_assert_str_eq(before, after);
}
END_TEST

/* --- what is refused ---------------------------------------------------------------------- */

static const struct {
  const char *content; /* of bad.ini */
  Cs3ConfigError code;
  const char *message;
} bad_files[] = {
    {"[machine]\nbase = cs3\n[wafer]\nclok = 1 GHz\n", CS3_CONFIG_ERROR_UNKNOWN,
     "bad.ini:4: unknown key 'clok' in [wafer]; did you mean clock?"},
    {"[machine]\nbase = cs3\n[waffer]\nclock = 1 GHz\n", CS3_CONFIG_ERROR_UNKNOWN,
     "bad.ini:4: unknown group 'waffer'; did you mean wafer.clock?"},
    {"[machine]\nbase = cs3\n[wafer]\nhop = 1\n", CS3_CONFIG_ERROR_UNKNOWN,
     "bad.ini:4: unknown key 'hop' in [wafer]; did you mean fabric.hop?"},
    {"[machine]\nbase = cs3\nbases = cs2\n", CS3_CONFIG_ERROR_UNKNOWN,
     "bad.ini:3: unknown key 'bases' in [machine]; did you mean base?"},
    {"[machine]\nbase = cs3\n[range]\nwafer.clok = 1 GHz .. 2 GHz\n", CS3_CONFIG_ERROR_UNKNOWN,
     "bad.ini:4: unknown key 'clok' in [wafer]; did you mean clock?"},
    {"[machine]\nbase = cs3\n[wafer]\nclock = 1 GHz\n# again\nclock = 2 GHz\n",
     CS3_CONFIG_ERROR_DUPLICATE, "bad.ini:6: wafer.clock is given twice, first in line 4"},
    {"[machine]\nbase = cs3\n[wafer]\nclock = 1.1\n", CS3_CONFIG_ERROR_VALUE,
     "bad.ini:4: wafer.clock: '1.1' is not a frequency: the unit is missing; write it like '1.1 "
     "GHz'"},
    {"[machine]\nbase = cs3\n[wafer]\nclock = 1.1 GHz ; c\n", CS3_CONFIG_ERROR_VALUE,
     "bad.ini:4: wafer.clock: '1.1 GHz ; c' is not a frequency"},
    {"[machine]\nbase = cs3\n[pe]\nsram = 48 KB\n", CS3_CONFIG_ERROR_VALUE,
     "bad.ini:4: pe.sram: '48 KB' is not a size in bytes"},
    {"[machine]\nbase = cs3\n[pe]\nbanks = 0\n", CS3_CONFIG_ERROR_RANGE,
     "bad.ini:4: pe.banks: 0 is out of range; accepted: 1 .. 256"},
    {"[machine]\nbase = cs3\n[wafer]\npe_x = 1e30\n", CS3_CONFIG_ERROR_RANGE,
     "bad.ini:4: wafer.pe_x: 1e30 is out of range; accepted: 1 .. 65536"},
    {"[machine]\nbase = cs3\n[kernel]\nacc_placement = cach\n", CS3_CONFIG_ERROR_UNKNOWN,
     "bad.ini:4: kernel.acc_placement: 'cach' is not one of auto, cache, "},
    {"[machine]\nbase = cs4\n", CS3_CONFIG_ERROR_NOT_FOUND,
     "bad.ini:2: machine.base: unknown hardware 'cs4'"},
    {"[machine]\nbase = nowhere/x.ini\n", CS3_CONFIG_ERROR_NOT_FOUND, "bad.ini:2: machine.base: "},
    {"[machine]\nbase = bad.ini\n", CS3_CONFIG_ERROR_CYCLE, "leads back to the file itself"},
    {"[machine]\nbase = ./../././bad.ini\n", CS3_CONFIG_ERROR_NOT_FOUND, "machine.base"},
    {"[machine]\nbase = cs3\nabstract = yes\n", CS3_CONFIG_ERROR_VALUE,
     "bad.ini:3: machine.abstract: 'yes' is not true or false"},
    {"[machine]\nbase = cs3\nabstract = true\n", CS3_CONFIG_ERROR_NOT_FOUND, "is not a machine"},
    {"[machine]\nbase = wse\n", CS3_CONFIG_ERROR_MISSING,
     "bad.ini: no value for wafer.pe_x (and for "},
    {"[wafer]\nclock = 1 GHz\n", CS3_CONFIG_ERROR_MISSING,
     "build on a preset with [machine] base = cs3"},
    {"", CS3_CONFIG_ERROR_MISSING, "bad.ini: no value for wafer.pe_x (and for "},
    {"[machine]\nbase = cs3\n[pe]\nsram_data = 60 kB\n", CS3_CONFIG_ERROR_CONFLICT,
     "bad.ini:4) exceeds pe.sram = 48 KiB (wse.ini:"},
    {"[machine]\nbase = cs3\n[pe]\nlanes_mixed = 16\n", CS3_CONFIG_ERROR_CONFLICT,
     "exceeds pe.lanes_fp16 = 8 (cs3.ini:"},
    {"[machine]\nbase = cs3\n[pe]\nbanks = 5\n", CS3_CONFIG_ERROR_CONFLICT,
     "pe.sram = 49152 B does not divide into pe.banks = 5 equal banks"},
    {"[machine]\nbase = cs3\n[fabric]\nin_queue_0=0\n", CS3_CONFIG_ERROR_RANGE,
     "bad.ini:4: fabric.in_queue_0: 0 is out of range; accepted: 1 .. 1024"},
    {"[machine]\nbase = cs3\n[pe]\nmicrothreads = 0\n", CS3_CONFIG_ERROR_RANGE,
     "accepted: 1 .. 64"},
    {"[machine]\nbase = cs3\n[nothing]\n", CS3_CONFIG_ERROR_UNKNOWN,
     "bad.ini:3: unknown group 'nothing'"},
    {"[machine]\nbase = /proc/version\n", CS3_CONFIG_ERROR_SYNTAX,
     "/proc/version:1: is not a hardware file to build on; 'cs3sim explain"},
    {"[machine]\nbase = cs3\n[range]\nwafer.clock = 1 GHz\n", CS3_CONFIG_ERROR_VALUE,
     "bad.ini:4: range.wafer.clock: '1 GHz' is not a range; write LOW .. HIGH"},
    {"[machine]\nbase = cs3\n[range]\nwafer.clock = 1 .. 2 GHz\n", CS3_CONFIG_ERROR_VALUE,
     "bad.ini:4: range.wafer.clock: '1' is not a frequency"},
    {"[machine]\nbase = cs3\n[range]\nwafer.clock = 2 GHz .. 3 GHz\n", CS3_CONFIG_ERROR_CONFLICT,
     "'2 GHz .. 3 GHz' must hold the value, 1.1 GHz (cs3.ini:"},
    {"[machine]\nbase = cs3\n[range]\nkernel.reduction = chain .. wheel\n",
     CS3_CONFIG_ERROR_UNKNOWN,
     "range.kernel.reduction: 'wheel' is not one of chain, two-way, ring"},
    {"[range]\nwafer.clock = 1 GHz .. 2 GHz\n", CS3_CONFIG_ERROR_CONFLICT, "which is not given"},
    {"\x7f"
     "ELF",
     CS3_CONFIG_ERROR_SYNTAX, "bad.ini:1: neither [group]"},
};

/* More SRAM is more room for data, unless that is given beside it. */
START_TEST(data_moves_with_sram) {
  static const char *const more[] = {"pe.sram=96 KiB", NULL};
  static const char *const both[] = {"pe.sram_data=50 kB", "pe.sram=96 KiB", NULL};
  g_autoptr(Cs3Machine) plain = load("cs3", NULL), large = load("cs3", more),
                        given = load("cs3", both);
  ck_assert_int_eq(large->hw.pe.sram_data_bytes, plain->hw.pe.sram_data_bytes + 48 * 1024);
  ck_assert_str_eq(cs3_machine_origin(large, row("pe.sram_data")), "--set, with pe.sram");
  ck_assert_int_eq(given->hw.pe.sram_data_bytes, 50000);
  g_autofree char *path =
      write_file("large.ini", "\xef\xbb\xbf[machine]\nbase = cs3\n[pe]\nsram = 96 KiB\n");
  g_autoptr(Cs3Machine) file = load(path, NULL);
  ck_assert_int_eq(file->hw.pe.sram_data_bytes, large->hw.pe.sram_data_bytes);
}
END_TEST

START_TEST(refused_files) {
  g_autofree char *path = write_file("bad.ini", bad_files[_i].content);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_machine_load(path, NULL, &error));
  check_error(error, bad_files[_i].code, bad_files[_i].message);
}
END_TEST

static const struct {
  const char *set;
  Cs3ConfigError code;
  const char *message;
} bad_sets[] = {
    {"wafer.clock", CS3_CONFIG_ERROR_SYNTAX, "--set 'wafer.clock': write group.key=value"},
    {"", CS3_CONFIG_ERROR_SYNTAX, "write group.key=value"},
    {"=1", CS3_CONFIG_ERROR_UNKNOWN, "--set: unknown parameter ''"},
    {"clock=1 GHz", CS3_CONFIG_ERROR_UNKNOWN, "did you mean wafer.clock?"},
    {"wafer.clok=1 GHz", CS3_CONFIG_ERROR_UNKNOWN, "--set: unknown key 'clok' in [wafer]; did you"},
    {"wafer.clock=", CS3_CONFIG_ERROR_VALUE,
     "--set wafer.clock: '' is not a frequency: it is empty"},
    {"wafer.clock=1", CS3_CONFIG_ERROR_VALUE, "--set wafer.clock: '1' is not a frequency"},
    {"wafer.clock=1 GHz=2", CS3_CONFIG_ERROR_VALUE, "--set wafer.clock: "},
    {"wafer.pe_x=-3", CS3_CONFIG_ERROR_RANGE, "-3 is out of range; accepted: 1 .. 65536"},
    {"machine.base=cs2", CS3_CONFIG_ERROR_UNKNOWN, "unknown group 'machine'"},
    {"pe.sram=4 KiB", CS3_CONFIG_ERROR_CONFLICT,
     "pe.sram = 4 KiB (--set) leaves too little for data beside 6.152 kB of code"},
    {"pe.sram_data=64 kB", CS3_CONFIG_ERROR_CONFLICT, "exceeds pe.sram = 48 KiB (wse.ini:"},
};

START_TEST(refused_sets) {
  const char *const set[] = {bad_sets[_i].set, NULL};
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_machine_load("cs3", set, &error));
  check_error(error, bad_sets[_i].code, bad_sets[_i].message);
}
END_TEST

static const struct {
  const char *name, *message;
} bad_names[] = {
    {"cs33",
     "unknown hardware 'cs33'; did you mean cs3? known: alcf-cs3, andromeda, condor-galaxy-1, "
     "condor-galaxy-3, cs1, cs2, cs2-silicon, cs3, cs3-16-lanes, cs3-big-sram, cs3-double-ingress, "
     "cs3-fast, "
     "cs3-fp8, cs3-silicon"},
    {"zebra", "unknown hardware 'zebra'; known: alcf-cs3, andromeda, condor-galaxy-1, "
              "condor-galaxy-3, cs1, cs2, cs2-silicon, cs3, cs3-16-lanes, cs3-big-sram, "
              "cs3-double-ingress, cs3-fast, "
              "cs3-fp8, cs3-silicon"},
    {"", "unknown hardware ''"},
    {"wse", "'wse' is not a machine"},
    {"nowhere.ini", "cannot read 'nowhere.ini': No such file or directory"},
    {"/", "cannot read '/': "},
    {"..", "unknown hardware '..'"},
};

START_TEST(refused_names) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_machine_load(bad_names[_i].name, NULL, &error));
  check_error(error, CS3_CONFIG_ERROR_NOT_FOUND, bad_names[_i].message);
}
END_TEST

START_TEST(circle_of_files) {
  g_autofree char *a = write_file("a.ini", "[machine]\nbase = ./b.ini\n");
  g_free(write_file("b.ini", "[machine]\nbase = ./c.ini\n"));
  g_free(write_file("c.ini", "[machine]\nbase = ./b.ini\n"));
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_machine_load(a, NULL, &error));
  check_error(error, CS3_CONFIG_ERROR_CYCLE, "b.ini -> ");
  ck_assert_ptr_nonnull(strstr(error->message, "c.ini -> "));
  ck_assert_ptr_null(strstr(error->message, "a.ini -> "));
}
END_TEST

START_TEST(no_presets_at_all) {
  g_setenv("CS3SIM_DATA_DIR", directory, TRUE);
  g_setenv("XDG_CONFIG_HOME", directory, TRUE);
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_HARDWARE);
  if (names[0] != NULL)
    return; /* an installed cs3sim has its own */
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_machine_load("cs3", NULL, &error));
  check_error(error, CS3_CONFIG_ERROR_NOT_FOUND, "no hardware preset 'cs3', nor any other, in ");
  check_error(error, CS3_CONFIG_ERROR_NOT_FOUND, directory);
}
END_TEST

/* Presets with random bytes changed: a machine or one line that says what is wrong. */
START_TEST(damaged_files) {
  guint32 seed = g_random_int();
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  g_autofree char *whole = cs3_datadir_locate(CS3_DATA_HARDWARE, "cs3");
  g_autofree char *text = NULL;
  gsize length = 0;
  ck_assert(g_file_get_contents(whole, &text, &length, NULL));
  guint loaded = 0;
  for (int i = 0; i < 500; i++) {
    g_autofree char *damaged = g_memdup2(text, length);
    for (int n = g_rand_int_range(random, 1, 6); n > 0; n--)
      damaged[g_rand_int_range(random, 0, (gint32)length)] = (char)g_rand_int_range(random, 1, 127);
    g_autofree char *path = g_build_filename(directory, "damaged.ini", NULL);
    ck_assert(
        g_file_set_contents(path, damaged, g_rand_int_range(random, 0, (gint32)length), NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3Machine) machine = cs3_machine_load(path, NULL, &error);
    loaded += machine != NULL;
    ck_assert_msg(machine != NULL ? error == NULL
                                  : error != NULL && error->domain == CS3_CONFIG_ERROR,
                  "seed %u, file %d", seed, i);
  }
  ck_assert_uint_lt(loaded, 500);
}
END_TEST

/* --- surroundings --------------------------------------------------------------------------- */

/* Switches LC_NUMERIC to a locale with a decimal comma: the system's or the one that the tests
 * compile for themselves. */
static gboolean german(void) {
  const char *own = g_getenv("CS3SIM_LOCALE_DIR");
  if (own != NULL)
    g_setenv("LOCPATH", own, TRUE);
  return setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL;
}

START_TEST(german_locale) {
  g_autoptr(Cs3Machine) before = load("cs3-silicon", NULL);
  g_autofree char *text_before = cs3_machine_format(before);
  if (!german()) {
    g_printerr("no German locale (package locales): not tested\n");
    return;
  }
  char comma[8];
  g_snprintf(comma, sizeof comma, "%.1f", 0.5);
  ck_assert_str_eq(comma, "0,5"); /* the locale is in force */
  g_autoptr(Cs3Machine) after = load("cs3-silicon", NULL);
  ck_assert_mem_eq(&before->hw, &after->hw, sizeof before->hw);
  ck_assert_mem_eq(&before->system, &after->system, sizeof before->system);
  g_autofree char *text_after = cs3_machine_format(after);
  ck_assert_str_eq(text_before, text_after);
  g_autoptr(GError) error = NULL;
  static const char *const set[] = {"wafer.clock=1,1 GHz", NULL};
  ck_assert_ptr_null(cs3_machine_load("cs3", set, &error));
  check_error(error, CS3_CONFIG_ERROR_VALUE, "a decimal fraction takes a point");
}
END_TEST

/* The program of a build directory finds the presets without any help from the environment. */
START_TEST(uninstalled_program) {
  const char *program = g_getenv("CS3SIM");
  ck_assert_msg(program != NULL, "CS3SIM must name the program");
  g_auto(GStrv) environment = g_environ_unsetenv(g_get_environ(), "CS3SIM_DATA_DIR");
  environment = g_environ_setenv(environment, "XDG_CONFIG_HOME", directory, TRUE);
  const char *argv[] = {program, "list", "hardware", "--names", NULL};
  g_autofree char *output = NULL;
  int status = -1;
  ck_assert(g_spawn_sync("/", (char **)argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &output,
                         NULL, &status, NULL));
  ck_assert_int_eq(status, 0);
  ck_assert_str_eq(
      output, "alcf-cs3\nandromeda\ncondor-galaxy-1\ncondor-galaxy-3\ncs1\ncs2\ncs2-silicon\ncs3\n"
              "cs3-16-lanes\ncs3-big-sram\ncs3-double-ingress\ncs3-fast\ncs3-fp8\ncs3-silicon\n");
}
END_TEST

START_TEST(copies_are_independent) {
  g_autoptr(Cs3Machine) copy = NULL;
  {
    g_autoptr(Cs3Machine) machine = load("cs2", NULL);
    copy = cs3_machine_copy(machine);
    ck_assert(cs3_machine_set(machine, row("wafer.pe_x"), 1, "test", NULL));
    ck_assert_int_eq(copy->hw.wafer.pe_x, 750);
  }
  ck_assert(g_str_has_prefix(cs3_machine_origin(copy, row("wafer.pe_x")), "cs2.ini:"));
  ck_assert_str_eq(copy->name, "cs2");
}
END_TEST

static TCase *add_case(Suite *suite, const char *name) {
  TCase *tcase = tcase_create(name);
  tcase_add_checked_fixture(tcase, make_directory, remove_directory);
  tcase_set_timeout(tcase, 60);
  suite_add_tcase(suite, tcase);
  return tcase;
}

static Suite *machine_suite(void) {
  Suite *suite = suite_create("machine");
  TCase *shipped = add_case(suite, "presets");
  tcase_add_loop_test(shipped, preset_values, 0, G_N_ELEMENTS(presets));
  tcase_add_test(shipped, ingress);
  tcase_add_loop_test(shipped, preset_sources, 0, G_N_ELEMENTS(presets));
  tcase_add_loop_test(shipped, test_hypothetical, 0, G_N_ELEMENTS(hypothetical));
  tcase_add_loop_test(shipped, installation, 0, G_N_ELEMENTS(installations));
  tcase_add_test(shipped, listed);
  tcase_add_loop_test(shipped, silicon_differs_where_measured, 0, G_N_ELEMENTS(measured));
  TCase *users = add_case(suite, "files");
  tcase_add_test(users, own_file);
  tcase_add_test(users, chain_of_files);
  tcase_add_test(users, user_directory);
  tcase_add_test(users, overrides);
  tcase_add_test(users, data_moves_with_sram);
  tcase_add_test(users, format_round_trip);
  tcase_add_test(users, copies_are_independent);
  TCase *ranges = add_case(suite, "ranges");
  tcase_add_test(ranges, plausible_ranges);
  tcase_add_loop_test(ranges, nothing_uncertain_is_left_out, 0, 2);
  tcase_add_loop_test(ranges, uncertain_parameters, 0, G_N_ELEMENTS(presets));
  tcase_add_test(ranges, samples);
  tcase_add_test(ranges, set_keeps_the_machine_whole);
  TCase *refused = add_case(suite, "refused");
  tcase_add_loop_test(refused, refused_files, 0, G_N_ELEMENTS(bad_files));
  tcase_add_loop_test(refused, refused_sets, 0, G_N_ELEMENTS(bad_sets));
  tcase_add_loop_test(refused, refused_names, 0, G_N_ELEMENTS(bad_names));
  tcase_add_test(refused, circle_of_files);
  tcase_add_test(refused, no_presets_at_all);
  tcase_add_test(refused, damaged_files);
  TCase *around = add_case(suite, "surroundings");
  tcase_add_test(around, german_locale);
  tcase_add_test(around, uninstalled_program);
  return suite;
}

int main(void) {
  /* The presets of whoever runs the tests are not the subject. */
  g_setenv("XDG_CONFIG_HOME", "/nonexistent", TRUE);
  SRunner *runner = srunner_create(machine_suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
