/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The effective configuration, as --dry-run prints it. */
#include "config.h"

#include "sim/cli/settings.h"

static const Cs3Column columns[] = {
    {.key = "setting", .title = "setting", .type = CS3_COLUMN_TEXT},
    {.key = "value", .title = "value", .type = CS3_COLUMN_TEXT},
    {.key = "origin", .title = "origin", .type = CS3_COLUMN_TEXT},
};

Cs3Table *cs3_settings_new(void) {
  return cs3_table_new(columns, G_N_ELEMENTS(columns));
}

void cs3_settings_add(Cs3Table *settings, const char *name, const char *value, const char *origin) {
  cs3_table_add_text(settings, name);
  cs3_table_add_text(settings, value);
  cs3_table_add_text(settings, origin);
}

void cs3_settings_add_options(Cs3Table *settings, const Cs3OptionTarget *target,
                              GHashTable *given) {
  for (const Cs3Option *o = target->group->options; o->name != NULL; o++) {
    gboolean is_given = g_hash_table_contains(given, o->name);
    g_autofree char *name = g_strdup_printf("--%s", o->name);
    g_autofree char *value = is_given || o->default_text == NULL ? cs3_option_value_text(o, target)
                                                                 : g_strdup(o->default_text);
    const char *variable = g_hash_table_lookup(given, o->name);
    cs3_settings_add(settings, name, value,
                     variable != NULL ? variable
                     : is_given       ? "command line"
                                      : "default");
  }
}
