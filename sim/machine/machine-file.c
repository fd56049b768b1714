/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hardware files: a chain of .ini files from the most general to the one the user names. */
#include "config.h"

#include "sim/machine/machine-private.h"

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/plain-text.h"
#include "base/suggest.h"
#include "sim/machine/baseline.h"

#include <stdlib.h>
#include <string.h>

/* One reading of a chain of files. */
typedef struct {
  Cs3Machine *machine;
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  GPtrArray *chain;  /* canonical paths, the user's file first */
  GPtrArray *labels; /* the same files as messages call them */
} Reader;

/* A file that has been named: where it is and what messages call it. */
typedef struct {
  char *path, *label;
} Located;

static void located_clear(Located *located) {
  g_free(located->path);
  g_free(located->label);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Located, located_clear)

static gboolean is_path(const char *name) {
  return strchr(name, '/') != NULL || g_str_has_suffix(name, ".ini");
}

static gboolean unknown_machine(const char *name, GError **error) {
  if (cs3_baseline_exists(name)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
                "%s was measured, it is not simulated: a machine to compare with (see 'cs3sim plot "
                "sparsity-hardware'), not to run on",
                name);
    return FALSE;
  }
  g_autoptr(GArray) machines = cs3_machine_list();
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < machines->len; i++)
    g_ptr_array_add(names, g_array_index(machines, Cs3MachineInfo, i).name);
  g_ptr_array_add(names, NULL);
  if (machines->len == 0) {
    g_auto(GStrv) dirs = cs3_datadir_search(CS3_DATA_HARDWARE);
    g_autofree char *searched = g_strjoinv(", ", dirs);
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
                "no hardware preset '%s', nor any other, in %s; set CS3SIM_DATA_DIR", name,
                searched);
    return FALSE;
  }
  const char *nearest = cs3_suggest(name, (const char *const *)names->pdata);
  g_autofree char *hint =
      nearest != NULL ? g_strdup_printf("; did you mean %s?", nearest) : g_strdup(";");
  g_autofree char *known = g_strjoinv(", ", (char **)names->pdata);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
              "unknown hardware '%s'%s known: %s, or a file name that ends in .ini", CS3_CUT(name),
              hint, known);
  return FALSE;
}

/* @from: directory that a relative path starts in; NULL: the current one. */
static gboolean locate(const char *name, const char *from, Located *located, GError **error) {
  if (is_path(name)) {
    while (from != NULL && g_str_has_prefix(name, "./"))
      name += 2;
    gboolean here = from == NULL || g_str_equal(from, ".") || g_path_is_absolute(name);
    located->path = here ? g_strdup(name) : g_build_filename(from, name, NULL);
    located->label = g_strdup(located->path);
    return TRUE;
  }
  located->path = cs3_datadir_locate(CS3_DATA_HARDWARE, name);
  if (located->path == NULL)
    return unknown_machine(name, error);
  located->label = g_path_get_basename(located->path);
  return TRUE;
}

static gboolean read_value(Reader *reader, Cs3Ini *ini, const Cs3ParamBinding *binding,
                           const Cs3Param *param, GError **error) {
  const char *text = cs3_ini_take(ini, param->group, param->key);
  if (text == NULL)
    return TRUE;
  g_autofree char *where = cs3_ini_where(ini, param->group, param->key);
  double value = 0;
  if (!cs3_param_read(param, text, &value, error) ||
      !cs3_param_set(param, binding->base, value, error)) {
    g_prefix_error(error, "%s: %s.%s: ", where, param->group, param->key);
    return FALSE;
  }
  cs3_machine_note(reader->machine, param, where, cs3_ini_comment(ini, param->group, param->key),
                   NULL);
  return TRUE;
}

static gboolean parse_range(const Cs3Param *param, const char *text, Cs3Range *range,
                            GError **error) {
  const char *dots = strstr(text, "..");
  if (dots == NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
                "'%s' is not a range; write LOW .. HIGH", CS3_CUT(text));
    return FALSE;
  }
  g_autofree char *low = g_strstrip(g_strndup(text, (gsize)(dots - text)));
  g_autofree char *high = g_strstrip(g_strdup(dots + 2));
  return cs3_param_read(param, low, &range->low, error) &&
         cs3_param_read(param, high, &range->high, error);
}

/* [range] GROUP.KEY = LOW .. HIGH, about a value of this file or of one it builds on; choices in
 * the order of the table. */
static gboolean read_range(Reader *reader, Cs3Ini *ini, const Cs3Param *param, GError **error) {
  g_autofree char *name = cs3_param_name(param);
  const char *text = cs3_ini_take(ini, "range", name);
  if (text == NULL)
    return TRUE;
  g_autofree char *where = cs3_ini_where(ini, "range", name);
  Cs3Range range = {0, 0};
  if (!parse_range(param, text, &range, error)) {
    g_prefix_error(error, "%s: range.%s: ", where, name);
    return FALSE;
  }
  double value = cs3_machine_get(reader->machine, param);
  const char *origin = cs3_machine_origin(reader->machine, param);
  if (origin == NULL || value < range.low || value > range.high) {
    g_autofree char *shown = cs3_param_format(param, value);
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "%s: range.%s: '%s' must hold the value, %s%s%s%s", where, name, text,
                origin == NULL ? "which is not given" : shown, origin == NULL ? "" : " (",
                origin == NULL ? "" : origin, origin == NULL ? "" : ")");
    return FALSE;
  }
  cs3_machine_note(reader->machine, param, origin, cs3_machine_source(reader->machine, param),
                   &range);
  return TRUE;
}

/* An unknown group that holds nothing is a mistake too. */
static gboolean check_empty(Reader *reader, const Cs3Ini *ini, const char *label, GError **error) {
  const char *group;
  guint line;
  for (guint n = 0; (group = cs3_ini_empty(ini, n, &line)) != NULL; n++) {
    if (g_str_equal(group, "machine") || g_str_equal(group, "range") ||
        cs3_params_has_group(reader->bindings, group))
      continue;
    g_autofree char *complaint = cs3_params_unknown(reader->bindings, group, "");
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "%s:%u: %s", label, line,
                complaint);
    return FALSE;
  }
  return TRUE;
}

/* What nobody took: an unknown group or key, also below [machine] and [range]. */
static gboolean check_left(Reader *reader, const Cs3Ini *ini, GError **error) {
  const char *group = NULL, *key = NULL;
  if (!cs3_ini_left(ini, &group, &key))
    return TRUE;
  g_autofree char *where = cs3_ini_where(ini, group, key);
  g_autofree char *complaint = NULL;
  static const char *const machine_keys[] = {"base", "description", "abstract", NULL};
  if (g_str_equal(group, "machine")) {
    g_autofree char *hint = cs3_suggestion(key, machine_keys);
    complaint = g_strdup_printf("unknown key '%s' in [machine]%s", CS3_CUT(key), hint);
  } else if (g_str_equal(group, "range")) {
    g_autoptr(GError) problem = NULL;
    if (cs3_params_find_name(reader->bindings, key, NULL, &problem) == NULL)
      complaint = g_strdup(problem->message);
  } else {
    complaint = cs3_params_unknown(reader->bindings, group, key);
  }
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "%s: %s", where, complaint);
  return FALSE;
}

static gboolean read_params(Reader *reader, Cs3Ini *ini, GError **error) {
  gint64 sram = reader->machine->hw.pe.sram_bytes;
  for (const Cs3ParamBinding *b = reader->bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++)
      if (!read_value(reader, ini, b, &b->table->params[i], error) ||
          !read_range(reader, ini, &b->table->params[i], error))
        return FALSE;
  gboolean follows = sram > 0 && cs3_ini_take(ini, "pe", "sram_data") == NULL;
  return (!follows || cs3_machine_move_data(reader->machine, sram, error)) &&
         check_left(reader, ini, error);
}

static gboolean enter(Reader *reader, const Located *file, GError **error) {
  g_autofree char *real = realpath(file->path, NULL);
  char *canonical = g_strdup(real != NULL ? real : file->path);
  g_ptr_array_add(reader->chain, canonical);
  g_ptr_array_add(reader->labels, g_strdup(file->label));
  for (guint i = 0; i + 1 < reader->chain->len; i++) {
    if (!g_str_equal(g_ptr_array_index(reader->chain, i), canonical))
      continue;
    g_ptr_array_add(reader->labels, NULL);
    g_autofree char *circle = g_strjoinv(" -> ", (char **)reader->labels->pdata + i);
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CYCLE,
                "%s: machine.base leads back to the file itself: %s", file->label, circle);
    return FALSE;
  }
  return TRUE;
}

static gboolean refuse_abstract(Cs3Ini *ini, const char *name, GError **error) {
  const char *abstract = cs3_ini_take(ini, "machine", "abstract");
  if (abstract == NULL || g_str_equal(abstract, "false"))
    return TRUE;
  g_autofree char *where = cs3_ini_where(ini, "machine", "abstract");
  if (!g_str_equal(abstract, "true")) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
                "%s: machine.abstract: '%s' is not true or false", where, CS3_CUT(abstract));
    return FALSE;
  }
  if (name == NULL)
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
              "'%s' is not a machine, it only holds what others share (%s: machine.abstract)", name,
              where);
  return FALSE;
}

static void hide_content(const Located *file, GError **error) {
  cs3_config_hide(error, file->label, "a hardware file to build on", "cs3sim explain --hardware");
}

/* @asked: the name when this is the file that the user named, NULL for one it builds on. */
static gboolean read_file(Reader *reader, const char *name, const char *from, const char *asked,
                          GError **error) {
  g_auto(Located) file = {NULL, NULL};
  if (!locate(name, from, &file, error))
    return FALSE;
  gboolean stranger = asked == NULL && is_path(name);
  g_autoptr(Cs3Ini) ini = cs3_ini_load(file.path, file.label, error);
  if (ini == NULL || !refuse_abstract(ini, asked, error)) {
    if (stranger && !g_error_matches(*error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND))
      hide_content(&file, error);
    return FALSE;
  }
  if (!enter(reader, &file, error))
    return FALSE;
  const char *description = cs3_ini_take(ini, "machine", "description");
  if (asked != NULL)
    reader->machine->description = g_strdup(description);
  const char *base = cs3_ini_take(ini, "machine", "base");
  g_autofree char *dir = g_path_get_dirname(file.path);
  if (base != NULL && !read_file(reader, base, dir, NULL, error)) {
    if (g_error_matches(*error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND)) {
      g_autofree char *where = cs3_ini_where(ini, "machine", "base");
      g_prefix_error(error, "%s: machine.base: ", where);
    }
    return FALSE;
  }
  if (check_empty(reader, ini, file.label, error) && read_params(reader, ini, error))
    return TRUE;
  if (stranger)
    hide_content(&file, error);
  return FALSE;
}

gboolean cs3_machine_read(Cs3Machine *machine, const char *name_or_path, GError **error) {
  Reader reader = {.machine = machine};
  cs3_machine_bind(machine, reader.bindings);
  reader.chain = g_ptr_array_new_with_free_func(g_free);
  reader.labels = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) problem = NULL;
  gboolean ok = read_file(&reader, name_or_path, NULL, name_or_path, &problem);
  g_ptr_array_unref(reader.chain);
  g_ptr_array_unref(reader.labels);
  if (!ok)
    g_propagate_error(error, g_steal_pointer(&problem));
  return ok;
}

static void write_param(GKeyFile *file, const Cs3Machine *machine, const Cs3Param *param) {
  g_autofree char *text = cs3_param_format(param, cs3_machine_get(machine, param));
  const char *source = cs3_machine_source(machine, param);
  g_autofree char *comment =
      g_strdup_printf(" %s%s%s", cs3_machine_origin(machine, param), source != NULL ? ": " : "",
                      source != NULL ? source : "");
  g_key_file_set_value(file, param->group, param->key, text);
  g_key_file_set_comment(file, param->group, param->key, comment, NULL);
  g_autofree char *name = cs3_param_name(param);
  const Cs3Range *range = g_hash_table_lookup(machine->ranges, name);
  if (range == NULL)
    return;
  g_autofree char *low = cs3_param_format(param, range->low);
  g_autofree char *high = cs3_param_format(param, range->high);
  g_autofree char *range_text = g_strconcat(low, " .. ", high, NULL);
  g_key_file_set_value(file, "range", name, range_text);
}

char *cs3_machine_format(const Cs3Machine *machine) {
  g_autoptr(GKeyFile) file = g_key_file_new();
  if (machine->description != NULL)
    g_key_file_set_value(file, "machine", "description", machine->description);
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind((Cs3Machine *)machine, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++)
      write_param(file, machine, &b->table->params[i]);
  return g_key_file_to_data(file, NULL, NULL);
}
