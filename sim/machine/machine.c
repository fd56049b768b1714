/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine: constants with their origins, checked as a whole. */
#include "config.h"

#include "sim/machine/machine.h"

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/plain-text.h"
#include "base/quantity.h"
#include "sim/machine/machine-private.h"

#include <math.h>
#include <string.h>

static GHashTable *new_texts(void) {
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static Cs3Machine *machine_new(const char *name_or_path) {
  Cs3Machine *machine = g_new0(Cs3Machine, 1);
  g_autofree char *file = g_path_get_basename(name_or_path);
  gboolean suffix = g_str_has_suffix(file, ".ini");
  /* A file's name may be any bytes; the machine's is text. */
  machine->name = g_utf8_make_valid(file, (gssize)(strlen(file) - (suffix ? strlen(".ini") : 0)));
  machine->origins = new_texts();
  machine->sources = new_texts();
  machine->ranges = new_texts();
  return machine;
}

void cs3_machine_free(Cs3Machine *machine) {
  if (machine == NULL)
    return;
  g_free(machine->name);
  g_free(machine->description);
  g_hash_table_unref(machine->origins);
  g_hash_table_unref(machine->sources);
  g_hash_table_unref(machine->ranges);
  g_free(machine);
}

static GHashTable *copy_texts(GHashTable *texts) {
  GHashTable *copy = new_texts();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, texts);
  while (g_hash_table_iter_next(&iter, &key, &value))
    g_hash_table_insert(copy, g_strdup(key), g_strdup(value));
  return copy;
}

static GHashTable *copy_ranges(GHashTable *ranges) {
  GHashTable *copy = new_texts();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, ranges);
  while (g_hash_table_iter_next(&iter, &key, &value))
    g_hash_table_insert(copy, g_strdup(key), g_memdup2(value, sizeof(Cs3Range)));
  return copy;
}

Cs3Machine *cs3_machine_copy(const Cs3Machine *machine) {
  Cs3Machine *copy = g_memdup2(machine, sizeof *machine);
  copy->name = g_strdup(machine->name);
  copy->description = g_strdup(machine->description);
  copy->origins = copy_texts(machine->origins);
  copy->sources = copy_texts(machine->sources);
  copy->ranges = copy_ranges(machine->ranges);
  return copy;
}

void cs3_machine_bind(Cs3Machine *machine, Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1]) {
  bindings[0] = (Cs3ParamBinding){cs3_hardware_table(), machine != NULL ? &machine->hw : NULL};
  bindings[1] = (Cs3ParamBinding){cs3_system_table(), machine != NULL ? &machine->system : NULL};
  bindings[2] = (Cs3ParamBinding){NULL, NULL};
}

/* The struct that a row describes. */
static gpointer base_of(Cs3Machine *machine, const Cs3Param *param) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  const Cs3ParamBinding *binding = NULL;
  const Cs3Param *row = cs3_params_find(bindings, param->group, param->key, &binding);
  g_return_val_if_fail(row == param, NULL);
  return binding->base;
}

double cs3_machine_get(const Cs3Machine *machine, const Cs3Param *param) {
  return cs3_param_get(param, base_of((Cs3Machine *)machine, param));
}

gboolean cs3_machine_identity(const char *name, Cs3MemoKey *key, GError **error) {
  g_autoptr(Cs3Machine) machine = cs3_machine_load(name, NULL, error);
  if (machine == NULL)
    return FALSE;
  cs3_memo_key_text(key, machine->name);
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++) {
      g_autofree char *param = cs3_param_name(&b->table->params[i]);
      cs3_memo_key_text(key, param);
      cs3_memo_key_number(key, cs3_machine_get(machine, &b->table->params[i]));
    }
  return TRUE;
}

static const char *lookup(GHashTable *texts, const Cs3Param *param) {
  g_autofree char *name = cs3_param_name(param);
  return g_hash_table_lookup(texts, name);
}

const char *cs3_machine_origin(const Cs3Machine *machine, const Cs3Param *param) {
  return lookup(machine->origins, param);
}

const char *cs3_machine_source(const Cs3Machine *machine, const Cs3Param *param) {
  return lookup(machine->sources, param);
}

/* An entry of one of the machine's tables by name; a %NULL @value removes it. */
static void put(GHashTable *table, const Cs3Param *param, gpointer value) {
  char *name = cs3_param_name(param);
  if (value != NULL) {
    g_hash_table_insert(table, name, value);
    return;
  }
  g_hash_table_remove(table, name);
  g_free(name);
}

void cs3_machine_note(Cs3Machine *machine, const Cs3Param *param, const char *origin,
                      const char *source, const Cs3Range *range) {
  /* The texts may be the very ones that are replaced. */
  char *new_origin = g_strdup(origin), *new_source = g_strdup(source);
  put(machine->origins, param, new_origin);
  put(machine->sources, param, new_source);
  put(machine->ranges, param, range != NULL ? g_memdup2(range, sizeof *range) : NULL);
}

gboolean cs3_machine_range(const Cs3Machine *machine, const Cs3Param *param, Cs3Range *range) {
  g_autofree char *name = cs3_param_name(param);
  double value = cs3_machine_get(machine, param);
  const Cs3Range *own = g_hash_table_lookup(machine->ranges, name);
  Cs3Range used = own != NULL ? *own : (Cs3Range){param->plausible_min, param->plausible_max};
  if (used.low >= used.high || value < used.low || value > used.high)
    return FALSE;
  if (range != NULL)
    *range = used;
  return TRUE;
}

GArray *cs3_machine_uncertain(const Cs3Machine *machine) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Cs3Uncertain));
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind((Cs3Machine *)machine, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++) {
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *param = &b->table->params[i];
      Cs3Uncertain one = {.param = param, .value = cs3_param_get(param, b->base)};
      gboolean read = param->readers == NULL || *param->readers != '\0';
      if (read && cs3_machine_range(machine, param, &one.range))
        g_array_append_val(all, one);
    }
  }
  return all;
}

double cs3_uncertain_sample(const Cs3Uncertain *uncertain, double u) {
  Cs3Range range = uncertain->range;
  if (uncertain->param->type == CS3_PARAM_REAL)
    return range.low + u * (range.high - range.low);
  double lowest = ceil(range.low), highest = floor(range.high);
  return MIN(lowest + floor(u * (highest - lowest + 1)), highest);
}

/* Pairs of which the first may not exceed the second. */
static const struct {
  const char *less_group, *less_key, *more_group, *more_key;
} limits[] = {
    {"pe", "sram_data", "pe", "sram"},
    {"pe", "lanes_mixed", "pe", "lanes_fp16"},
};

static gboolean check_limit(Cs3Machine *machine, const Cs3Param *less, const Cs3Param *more,
                            GError **error) {
  double small = cs3_machine_get(machine, less), large = cs3_machine_get(machine, more);
  if (small <= large)
    return TRUE;
  g_autofree char *small_text = cs3_param_format(less, small);
  g_autofree char *large_text = cs3_param_format(more, large);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
              "%s.%s = %s (%s) exceeds %s.%s = %s (%s)", less->group, less->key, small_text,
              cs3_machine_origin(machine, less), more->group, more->key, large_text,
              cs3_machine_origin(machine, more));
  return FALSE;
}

/* Factors of 8 bits ask for lanes. */
static gboolean check_factors(Cs3Machine *machine, const Cs3ParamBinding *bindings,
                              GError **error) {
  static const char *const kinds[] = {"weight_precision", "activation_precision",
                                      "gradient_precision"};
  for (guint i = 0; i < G_N_ELEMENTS(kinds) && machine->hw.pe.lanes_fp8 == 0; i++) {
    const Cs3Param *param = cs3_params_find(bindings, "kernel", kinds[i], NULL);
    if (cs3_machine_get(machine, param) != CS3_FACTOR_FP8)
      continue;
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "kernel.%s = fp8 (%s): %s has no FP8 lanes (pe.lanes_fp8 = 0), nor has any WSE; "
                "cs3-fp8, hypothetical, has them",
                kinds[i], cs3_machine_origin(machine, param), machine->name);
    return FALSE;
  }
  return TRUE;
}

/* What no single row can say. */
static gboolean check_whole(Cs3Machine *machine, GError **error) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
    const Cs3Param *less =
        cs3_params_find(bindings, limits[i].less_group, limits[i].less_key, NULL);
    const Cs3Param *more =
        cs3_params_find(bindings, limits[i].more_group, limits[i].more_key, NULL);
    g_return_val_if_fail(less != NULL && more != NULL, FALSE);
    if (!check_limit(machine, less, more, error))
      return FALSE;
  }
  if (machine->hw.pe.sram_bytes % machine->hw.pe.banks != 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "pe.sram = %" G_GINT64_FORMAT " B does not divide into pe.banks = %" G_GINT64_FORMAT
                " equal banks",
                machine->hw.pe.sram_bytes, machine->hw.pe.banks);
    return FALSE;
  }
  return check_factors(machine, bindings, error);
}

/* Every row must have got a value from somewhere. */
static gboolean check_complete(const Cs3Machine *machine, const char *file, GError **error) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind((Cs3Machine *)machine, bindings);
  const Cs3Param *first = NULL;
  guint missing = 0;
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++) {
    for (guint i = 0; i < b->table->n_params; i++) {
      if (cs3_machine_origin(machine, &b->table->params[i]) != NULL)
        continue;
      if (missing++ == 0)
        first = &b->table->params[i];
    }
  }
  if (missing == 0)
    return TRUE;
  g_autofree char *others =
      missing > 1 ? g_strdup_printf(" (and for %u others)", missing - 1) : g_strdup("");
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING,
              "%s: no value for %s.%s%s; build on a preset with [machine] base = cs3", file,
              first->group, first->key, others);
  return FALSE;
}

static void give(Cs3Machine *machine, const Cs3Param *param, double value, const char *origin) {
  Cs3Range certain = {value, value};
  if (!cs3_param_set(param, base_of(machine, param), value, NULL))
    g_return_if_reached();
  cs3_machine_note(machine, param, origin, NULL, &certain);
}

static const Cs3Param *row_of(Cs3Machine *machine, const char *group, const char *key) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  return cs3_params_find(bindings, group, key, NULL);
}

gboolean cs3_machine_move_data(Cs3Machine *machine, gint64 sram_before, GError **error) {
  const Cs3Param *sram = row_of(machine, "pe", "sram"), *data = row_of(machine, "pe", "sram_data");
  double code = (double)(sram_before - machine->hw.pe.sram_bytes) +
                (double)(machine->hw.pe.sram_bytes - machine->hw.pe.sram_data_bytes);
  double left = (double)machine->hw.pe.sram_bytes - code;
  if (machine->hw.pe.sram_bytes == sram_before)
    return TRUE;
  if (!cs3_param_check(data, left, NULL)) {
    g_autofree char *size = cs3_param_format(sram, (double)machine->hw.pe.sram_bytes);
    g_autofree char *taken = cs3_param_format(sram, code);
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "pe.sram = %s (%s) leaves too little for data beside %s of code; give pe.sram_data "
                "too",
                size, cs3_machine_origin(machine, sram), taken);
    return FALSE;
  }
  g_autofree char *origin = g_strdup_printf("%s, with pe.sram", cs3_machine_origin(machine, sram));
  give(machine, data, left, origin);
  return TRUE;
}

/* @option: that it comes from. */
static gboolean apply_override(Cs3Machine *machine, const char *text, const char *option,
                               GError **error) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  const char *equals = strchr(text, '=');
  if (equals == NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX,
                "%s '%s': write group.key=value, for example wafer.clock=850MHz", option,
                CS3_CUT(text));
    return FALSE;
  }
  g_autofree char *name = g_strstrip(g_strndup(text, (gsize)(equals - text)));
  g_autofree char *value_text = g_strstrip(g_strdup(equals + 1));
  const Cs3Param *param = cs3_params_find_name(bindings, name, NULL, error);
  double value = 0;
  if (param == NULL) {
    g_prefix_error(error, "%s: ", option);
    return FALSE;
  }
  if (!cs3_param_read(param, value_text, &value, error)) {
    g_prefix_error(error, "%s %s: ", option, name);
    return FALSE;
  }
  give(machine, param, value, option);
  return TRUE;
}

Cs3Machine *cs3_machine_load(const char *name_or_path, const char *const *overrides,
                             GError **error) {
  return cs3_machine_load_as(name_or_path, NULL, NULL, overrides, error);
}

Cs3Machine *cs3_machine_load_as(const char *name_or_path, const char *const *settings,
                                const char *option, const char *const *overrides, GError **error) {
  g_autoptr(Cs3Machine) machine = machine_new(name_or_path);
  if (!cs3_machine_read(machine, name_or_path, error))
    return NULL;
  gint64 sram = machine->hw.pe.sram_bytes;
  for (guint i = 0; settings != NULL && settings[i] != NULL; i++)
    if (!apply_override(machine, settings[i], option, error))
      return NULL;
  for (guint i = 0; overrides != NULL && overrides[i] != NULL; i++)
    if (!apply_override(machine, overrides[i], "--set", error))
      return NULL;
  const char *data_from = cs3_machine_origin(machine, row_of(machine, "pe", "sram_data"));
  if (data_from != NULL && !g_str_equal(data_from, "--set") &&
      !cs3_machine_move_data(machine, sram, error))
    return NULL;
  if (!check_complete(machine, name_or_path, error) || !check_whole(machine, error))
    return NULL;
  return g_steal_pointer(&machine);
}

gboolean cs3_machine_set(Cs3Machine *machine, const Cs3Param *param, double value,
                         const char *origin, GError **error) {
  if (!cs3_param_check(param, value, error)) {
    g_prefix_error(error, "%s.%s: ", param->group, param->key);
    return FALSE;
  }
  g_autoptr(Cs3Machine) trial = cs3_machine_copy(machine);
  gint64 sram = machine->hw.pe.sram_bytes;
  give(trial, param, value, origin);
  if (!cs3_machine_move_data(trial, sram, error) || !check_whole(trial, error))
    return FALSE;
  give(machine, param, value, origin);
  return cs3_machine_move_data(machine, sram, error);
}

static void clear_info(gpointer data) {
  Cs3MachineInfo *info = data;
  g_free(info->name);
  g_free(info->description);
}

/* The head of a preset; %FALSE when it is not a machine of its own. */
static gboolean describe(const char *name, Cs3MachineInfo *info) {
  g_autofree char *path = cs3_datadir_locate(CS3_DATA_HARDWARE, name);
  g_autoptr(GError) problem = NULL;
  g_autoptr(Cs3Ini) ini = path != NULL ? cs3_ini_load(path, path, &problem) : NULL;
  const char *abstract = ini != NULL ? cs3_ini_take(ini, "machine", "abstract") : NULL;
  if (path == NULL || g_strcmp0(abstract, "true") == 0)
    return FALSE;
  const char *text = ini != NULL ? cs3_ini_take(ini, "machine", "description") : problem->message;
  *info = (Cs3MachineInfo){g_strdup(name), g_strdup(text != NULL ? text : "")};
  return TRUE;
}

GArray *cs3_machine_list(void) {
  GArray *machines = g_array_new(FALSE, FALSE, sizeof(Cs3MachineInfo));
  g_array_set_clear_func(machines, clear_info);
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_HARDWARE);
  for (char **name = names; *name != NULL; name++) {
    Cs3MachineInfo info = {NULL, NULL};
    if (describe(*name, &info))
      g_array_append_val(machines, info);
  }
  return machines;
}
