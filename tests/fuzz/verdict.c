/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of every fuzz target: what it reads from, and what is asked of it. */
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

static void read_lines(const guint8 *data, gsize size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    fuzz_target.line(*line);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  if (fuzz_target.line != NULL) {
    read_lines(data, size);
    return 0;
  }
  const char *suffix = fuzz_target.suffix;
  const char *path = suffix != NULL ? fuzz_file(suffix, data, size) : NULL;
  gboolean ok = fuzz_target.read(path, data, size, &error);
  fuzz_verdict(ok, error);
  return 0;
}
