/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": the known name nearest to a mistyped one. */
#include "config.h"

#include "base/suggest.h"

#include <string.h>

/* Names are short; a longer word is not a mistyped name, and the distance table stays small. */
#define MAX_WORD 64

static char fold(char c) {
  return c == '_' ? '-' : g_ascii_tolower(c);
}

/* Restricted Damerau-Levenshtein distance, one row at a time. */
static guint distance(const char *a, const char *b) {
  gsize la = strlen(a), lb = strlen(b);
  if (la > MAX_WORD || lb > MAX_WORD)
    return G_MAXUINT;
  guint rows[3][MAX_WORD + 1];
  for (gsize j = 0; j <= lb; j++)
    rows[0][j] = (guint)j;
  for (gsize i = 1; i <= la; i++) {
    guint *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
    now[0] = (guint)i;
    for (gsize j = 1; j <= lb; j++) {
      guint replace = last[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
      now[j] = MIN(replace, MIN(last[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
        now[j] = MIN(now[j], before[j - 2] + 1);
    }
  }
  return rows[la % 3][lb];
}

const char *cs3_suggest(const char *word, const char *const *candidates) {
  gsize length = strlen(word);
  guint best = (guint)MAX(1, length / 3) + 1;
  const char *nearest = NULL;
  for (const char *const *c = candidates; *c != NULL; c++) {
    guint d = distance(word, *c);
    if (length >= 3 && g_ascii_strncasecmp(word, *c, length) == 0)
      d = MIN(d, 1);
    if (d < best) {
      best = d;
      nearest = *c;
    }
  }
  return nearest;
}

char *cs3_suggestion(const char *word, const char *const *candidates) {
  if (candidates[0] == NULL)
    return g_strdup("");
  const char *nearest = cs3_suggest(word, candidates);
  if (nearest != NULL)
    return g_strdup_printf("; did you mean %s?", nearest);
  g_autofree char *all = g_strjoinv(", ", (char **)candidates);
  return g_strdup_printf("; known: %s", all);
}
