/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine: wafer, kernels, MemoryX and SwarmX constants, read from an .ini file, with the origin
 * of every value. */
#pragma once

#include <glib.h>

#include "fabric/hardware.h"
#include "base/memo.h"
#include "sim/machine/params.h"
#include "sim/machine/system.h"

/* The machine that the silicon supports: clock and rates as measured. What the vendor states or
 * simulates is "cs3". */
#define CS3_DEFAULT_HARDWARE "cs3-silicon"

typedef struct {
  char *name;        /* "cs3" or the file's stem */
  char *description; /* (nullable): one line, from [machine] description */
  Cs3Hardware hw;
  Cs3System system;
  GHashTable *origins; /* "group.key" -> "cs3.ini:12", "--set", as text */
  GHashTable *sources; /* "group.key" -> who says so: the comment above the value in its file */
  GHashTable *ranges;  /* "group.key" -> Cs3Range, the plausible range of this machine's value */
} Cs3Machine;

/* A range in the parameter's base unit. */
typedef struct {
  double low, high;
} Cs3Range;

/* A parameter whose value on this machine is not known for certain. */
typedef struct {
  const Cs3Param *param; /* (transfer none) */
  double value;          /* what the machine has */
  Cs3Range range;        /* low < high, value within */
} Cs3Uncertain;

/* A row of `list hardware`. */
typedef struct {
  char *name;
  char *description;
} Cs3MachineInfo;

/**
 * cs3_machine_load: a preset name or a path, then overrides.
 * @name_or_path: "cs3", or a file (anything with a '/' or ending in .ini). `[machine] base = NAME`
 *   inherits; a path is relative to the file that names it; a cycle of bases is an error.
 * @overrides: (nullable): NULL-terminated "group.key=value" strings, applied in order.
 * Returns: (transfer full) (nullable): %NULL with @error (domain %CS3_CONFIG_ERROR) set: unknown
 *   preset or key (with the nearest known one), missing or wrong unit, value out of range, a key
 *   given twice or never, values that contradict one another.
 */
Cs3Machine *cs3_machine_load(const char *name_or_path, const char *const *overrides,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_machine_load_as: the same with @settings in front of @overrides, whose origin is @option,
 * "--precision": what a name stands for.
 */
Cs3Machine *cs3_machine_load_as(const char *name_or_path, const char *const *settings,
                                const char *option, const char *const *overrides,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_machine_format: @machine as an .ini file that loads to the same values and ranges, each with
 * its origin and source as a comment.
 * Returns: (transfer full).
 */
char *cs3_machine_format(const Cs3Machine *machine);

/** cs3_machine_copy: (transfer full): independent of @machine. */
Cs3Machine *cs3_machine_copy(const Cs3Machine *machine);
void cs3_machine_free(Cs3Machine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Machine, cs3_machine_free)

/**
 * cs3_machine_list: the machines that cs3_machine_load() knows by name, sorted; presets that only
 * hold what others share ([machine] abstract = true) are left out. A preset that cannot be read is
 * listed with the reason as its description.
 * Returns: (transfer full) (element-type Cs3MachineInfo).
 */
GArray *cs3_machine_list(void);

/* Tables of a machine: wafer and kernels, system. */
#define CS3_MACHINE_TABLES 2

/**
 * cs3_machine_bind: the parameter tables bound to @machine, for sim/machine/params.h.
 * @machine: (nullable): %NULL to look up rows only.
 * @bindings: (out): ended by a NULL table; valid while @machine lives.
 */
void cs3_machine_bind(Cs3Machine *machine, Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1]);

/** cs3_machine_get: the value of a row of one of the machine's tables, in its base unit. */
double cs3_machine_get(const Cs3Machine *machine, const Cs3Param *param);

/**
 * cs3_machine_set: give a parameter a value and check the machine as a whole.
 * The value has no source and no plausible range afterwards.
 * @origin: what cs3_machine_origin() shall say.
 * Fails like cs3_machine_load(), with @machine unchanged.
 */
gboolean cs3_machine_set(Cs3Machine *machine, const Cs3Param *param, double value,
                         const char *origin, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_machine_identity: add to @key what names the machine @name: its name and every value.
 * Fails like cs3_machine_load().
 */
gboolean cs3_machine_identity(const char *name, Cs3MemoKey *key,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_machine_origin: (transfer none): "cs3.ini:12" or "--set". */
const char *cs3_machine_origin(const Cs3Machine *machine, const Cs3Param *param);

/** cs3_machine_source: (transfer none) (nullable): the source that the value's file gives. */
const char *cs3_machine_source(const Cs3Machine *machine, const Cs3Param *param);

/**
 * cs3_machine_range: within which bounds the value of @param is plausible on this machine:
 * the [range] of the file that gave the value, else the table's range if it holds the value. A
 * value given by --set, or outside the table's range, is taken as certain.
 * @range: (out) (optional).
 * Returns: %FALSE when the value is certain.
 */
gboolean cs3_machine_range(const Cs3Machine *machine, const Cs3Param *param, Cs3Range *range);

/**
 * cs3_machine_uncertain: all parameters that cs3_machine_range() calls uncertain and that some
 * result depends on, in the order of the tables: the dimensions of an uncertainty analysis.
 * Returns: (transfer full) (element-type Cs3Uncertain).
 */
GArray *cs3_machine_uncertain(const Cs3Machine *machine);

/**
 * cs3_uncertain_sample: the value at share @u of the range, 0 <= u < 1: low + u (high - low); a
 * parameter that counts takes each whole number of its range with the same probability.
 */
double cs3_uncertain_sample(const Cs3Uncertain *uncertain, double u);
