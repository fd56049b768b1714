/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every fuzz target asks of a reader, and the file it reads from. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_verdict(gboolean result, const GError *error) {
  if (result == (error == NULL) &&
      (error == NULL || (g_utf8_validate(error->message, -1, NULL) && error->message[0] != '\0' &&
                         strchr(error->message, '\n') == NULL)))
    return;
  g_printerr("# %s with the message: %s\n", result ? "success" : "failure",
             error != NULL ? error->message : "(none)");
  abort();
}

static char file[64]; /* for remove_file() */

static void remove_file(void) {
  g_unlink(file);
}

const char *fuzz_file(const char *suffix, const guint8 *data, gsize size) {
  if (file[0] == '\0')
    atexit(remove_file);
  else
    remove_file();
  g_snprintf(file, sizeof file, "cs3sim-fuzz-%ld%s", (long)getpid(), suffix);
  if (!g_file_set_contents_full(file, (const char *)data, (gssize)size, G_FILE_SET_CONTENTS_NONE,
                                0600, NULL))
    g_error("cannot write %s", file);
  return file;
}
