/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of a parameter. */
#include "config.h"

#include "sim/machine/explain.h"

#include "base/config-error.h"
#include "base/quantity.h"
#include "base/text-fill.h"

#include <math.h>
#include <string.h>

enum { INDENT = 12 };

static gboolean matches(const Cs3Param *param, const char *pattern) {
  g_autofree char *name = cs3_param_name(param);
  return pattern == NULL || g_pattern_match_simple(pattern, name) ||
         g_pattern_match_simple(pattern, param->group) ||
         g_pattern_match_simple(pattern, param->key);
}

/* The rows that @pattern means, in the order of the tables. */
static GPtrArray *select_rows(const char *pattern, GError **error) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  g_autoptr(GPtrArray) rows = g_ptr_array_new();
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++)
      if (matches(&b->table->params[i], pattern))
        g_ptr_array_add(rows, (gpointer)&b->table->params[i]);
  if (rows->len > 0)
    return g_steal_pointer(&rows);
  g_auto(GStrv) parts = g_strsplit(pattern, ".", 2);
  gboolean dotted = parts[0] != NULL && parts[1] != NULL;
  g_autofree char *complaint =
      cs3_params_unknown(bindings, dotted ? parts[0] : NULL, dotted ? parts[1] : pattern);
  g_set_error_literal(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, complaint);
  return NULL;
}

/* A paragraph that is being written. */
typedef struct {
  GString *out;
  guint width;
} Entry;

/* "  label     text". */
static void add_field(const Entry *entry, const char *label, const char *text) {
  g_autofree char *filled = cs3_text_fill(text, INDENT, entry->width);
  g_string_append_printf(entry->out, "  %-*s%s", INDENT - 2, label, filled + INDENT);
}

static const char *evidence_meaning(Cs3Evidence evidence) {
  static const char *const meanings[] = {
      [CS3_EVIDENCE_VENDOR] = "vendor: stated by the vendor",
      [CS3_EVIDENCE_MEASURED] = "measured: by others, on silicon or in the vendor's simulator",
      [CS3_EVIDENCE_DERIVED] = "derived: arithmetic on stated or measured values",
      [CS3_EVIDENCE_DISPUTED] = "disputed: several values are in circulation",
      [CS3_EVIDENCE_UNPUBLISHED] = "unpublished",
  };
  return meanings[evidence];
}

static char *plausible_text(const Cs3Machine *machine, const Cs3Param *param) {
  Cs3Range range = {0, 0};
  if (!cs3_machine_range(machine, param, &range))
    return NULL;
  return cs3_param_format_range(param, range.low, range.high);
}

static void add_entry(const Entry *entry, const Cs3Machine *machine, const Cs3Param *param) {
  g_autofree char *value = cs3_param_format(param, cs3_machine_get(machine, param));
  g_autofree char *here =
      g_strdup_printf("%s on %s (%s)", value, machine->name, cs3_machine_origin(machine, param));
  g_autofree char *plausible = plausible_text(machine, param);
  g_autofree char *accepted = cs3_param_format_range(param, param->min, param->max);
  const char *source = cs3_machine_source(machine, param);
  g_string_append_printf(entry->out, "%s.%s\n", param->group, param->key);
  add_field(entry, "meaning", param->help);
  add_field(entry, "value", here);
  if (source != NULL)
    add_field(entry, "source", source);
  add_field(entry, "plausible", plausible != NULL ? plausible : "taken as certain");
  add_field(entry, "accepted", accepted);
  if (param->readers != NULL) {
    g_autofree char *readers = cs3_param_readers(param);
    add_field(entry, "read by", readers);
  }
  if (param->unit != CS3_UNIT_NONE)
    add_field(entry, "unit", cs3_quantity_unit(param->unit));
  /* Of the real machine, whatever value this one has. */
  add_field(entry, "known", evidence_meaning(param->evidence));
  add_field(entry, "", param->source);
}

static void add_line(GString *out, const Cs3Machine *machine, const Cs3Param *param) {
  g_autofree char *value = cs3_param_format(param, cs3_machine_get(machine, param));
  g_autofree char *plausible = plausible_text(machine, param);
  g_string_append_printf(out, "  %-20s %-14s %-11s %s\n", param->key, value,
                         cs3_evidence_name(param->evidence), plausible != NULL ? plausible : "-");
}

char *cs3_explain(const Cs3Machine *machine, const char *pattern, guint width, GError **error) {
  g_autoptr(GPtrArray) rows = select_rows(pattern, error);
  if (rows == NULL)
    return NULL;
  GString *out = g_string_new(NULL);
  Entry entry = {out, width};
  if (pattern == NULL)
    g_string_append_printf(out, "%-22s %-14s %-11s %s\n", machine->name, "value", "evidence",
                           "plausible range");
  const char *group = "";
  for (guint i = 0; i < rows->len; i++) {
    const Cs3Param *param = g_ptr_array_index(rows, i);
    if (pattern != NULL) {
      g_string_append(out, i > 0 ? "\n" : "");
      add_entry(&entry, machine, param);
      continue;
    }
    if (!g_str_equal(group, param->group))
      g_string_append_printf(out, "%s\n", param->group);
    group = param->group;
    add_line(out, machine, param);
  }
  return g_string_free(out, FALSE);
}

static const Cs3Column columns[] = {
    {.key = "name", .title = "name", .type = CS3_COLUMN_TEXT},
    {.key = "value", .type = CS3_COLUMN_REAL},
    {.key = "text", .title = "value", .type = CS3_COLUMN_TEXT},
    {.key = "unit", .type = CS3_COLUMN_TEXT},
    {.key = "origin", .title = "origin", .type = CS3_COLUMN_TEXT},
    {.key = "source", .type = CS3_COLUMN_TEXT},
    {.key = "accepted_min", .type = CS3_COLUMN_REAL},
    {.key = "accepted_max", .type = CS3_COLUMN_REAL},
    {.key = "choices", .type = CS3_COLUMN_TEXT},
    {.key = "plausible_min", .type = CS3_COLUMN_REAL},
    {.key = "plausible_max", .type = CS3_COLUMN_REAL},
    {.key = "evidence", .title = "evidence", .type = CS3_COLUMN_TEXT},
    {.key = "known", .type = CS3_COLUMN_TEXT},
    {.key = "help", .title = "meaning", .type = CS3_COLUMN_TEXT},
};

static void add_record(Cs3Table *table, const Cs3Machine *machine, const Cs3Param *param) {
  double value = cs3_machine_get(machine, param);
  gboolean choice = param->type == CS3_PARAM_ENUM;
  g_autofree char *name = cs3_param_name(param);
  g_autofree char *text = cs3_param_format(param, value);
  g_autofree char *choices = choice ? cs3_param_format_range(param, param->min, param->max) : NULL;
  Cs3Range range = {NAN, NAN};
  cs3_machine_range(machine, param, &range);
  cs3_table_add_text(table, name);
  cs3_table_add_real(table, choice ? NAN : value);
  cs3_table_add_text(table, text);
  cs3_table_add_text(table, cs3_quantity_unit(param->unit));
  cs3_table_add_text(table, cs3_machine_origin(machine, param));
  cs3_table_add_text(table, cs3_machine_source(machine, param));
  cs3_table_add_real(table, choice ? NAN : param->min);
  cs3_table_add_real(table, choice ? NAN : param->max);
  cs3_table_add_text(table, choices);
  cs3_table_add_real(table, choice ? NAN : range.low);
  cs3_table_add_real(table, choice ? NAN : range.high);
  cs3_table_add_text(table, cs3_evidence_name(param->evidence));
  cs3_table_add_text(table, param->source);
  cs3_table_add_text(table, param->help);
}

Cs3Table *cs3_explain_table(const Cs3Machine *machine, const char *pattern, GError **error) {
  g_autoptr(GPtrArray) rows = select_rows(pattern, error);
  if (rows == NULL)
    return NULL;
  Cs3Table *table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < rows->len; i++)
    add_record(table, machine, g_ptr_array_index(rows, i));
  return table;
}
