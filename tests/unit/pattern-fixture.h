/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts of every pattern that is registered: its example, and the same with every number doubled.
 */
#pragma once

#include <glib.h>

#include "workloads/pattern.h"

/* (transfer full): number @index of them; %NULL behind the last one. */
static inline char *fixture_pattern_text(guint index) {
  for (const Cs3PatternOps *const *ops = cs3_pattern_registry(); *ops; ops++) {
    Cs3Pattern pattern;
    g_autoptr(GString) doubled = g_string_new(NULL);
    if (index-- == 0)
      return g_strdup((*ops)->syntax);
    if (strchr((*ops)->form, '#') == NULL || !cs3_pattern_parse(&pattern, (*ops)->syntax, NULL))
      continue;
    const gint64 *param = pattern.param;
    for (const char *c = (*ops)->form; *c; c++)
      if (*c == '#')
        g_string_append_printf(doubled, "%" G_GINT64_FORMAT, 2 * *param++);
      else
        g_string_append_c(doubled, *c);
    if (index-- == 0)
      return g_string_free(g_steal_pointer(&doubled), FALSE);
  }
  return NULL;
}

static inline guint fixture_pattern_texts(void) {
  guint n = 0;
  for (char *text; (text = fixture_pattern_text(n)) != NULL; n++)
    g_free(text);
  return n;
}
