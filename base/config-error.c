/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error domain of what the user configures. */
#include "config.h"

#include "base/config-error.h"

#include <string.h>

G_DEFINE_QUARK(cs3 - config - error - quark, cs3_config_error)

void cs3_config_hide(GError **error, const char *file, const char *what, const char *command) {
  g_autofree char *label = g_utf8_make_valid(file, -1);
  const char *message = (*error)->message;
  gsize n = strlen(label);
  if (strncmp(message, label, n) != 0 || message[n] != ':')
    return;
  gsize digits = strspn(message + n + 1, "0123456789");
  g_autofree char *line = digits > 0 ? g_strndup(message + n, digits + 1) : g_strdup("");
  GError *plain = g_error_new((*error)->domain, (*error)->code, "%s%s: is not %s; '%s %s' says why",
                              label, line, what, command, label);
  g_clear_error(error);
  *error = plain;
}
