/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of files, made fit to be shown. */
#include "config.h"

#include "base/plain-text.h"

#include <string.h>

/* Unicode's Bidi_Control, and the separators of lines and paragraphs. */
static gboolean steers(gunichar c) {
  static const struct {
    gunichar first, last;
  } ranges[] = {{0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};
  for (guint i = 0; i < G_N_ELEMENTS(ranges); i++)
    if (c >= ranges[i].first && c <= ranges[i].last)
      return TRUE;
  return g_unichar_iscntrl(c) || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

static char *plain(const char *text, const char *kept) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *to = g_string_sized_new(strlen(valid));
  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
    gunichar code = g_utf8_get_char(c);
    gboolean stays = strchr(kept, *c) != NULL || !steers(code);
    g_string_append_unichar(to, stays ? code : ' ');
  }
  return g_string_free(to, FALSE);
}

char *cs3_plain_text(const char *text) {
  return plain(text, "");
}

char *cs3_plain_lines(const char *text) {
  return plain(text, "\n\t");
}

const char *cs3_cut(Cs3Cut *to, const char *text) {
  g_autofree char *shown = cs3_plain_text(text);
  gboolean whole = g_utf8_strlen(shown, -1) <= CS3_CUT_LETTERS;
  if (!whole)
    *g_utf8_offset_to_pointer(shown, CS3_CUT_LETTERS) = '\0';
  g_snprintf(to->text, sizeof to->text, "%s%s", shown, whole ? "" : "...");
  return to->text;
}
