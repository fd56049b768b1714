/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registries that `cs3sim list` prints and the completion asks. */
#pragma once

#include <glib.h>

#include "sim/cli/cli.h"

/* One registry. */
typedef struct {
  const char *name; /* "models" */
  const char *summary;
  /** Calls @each with every name and its description, in the order of the registry. */
  gboolean (*visit)(void (*each)(const char *name, const char *what, gpointer data), gpointer data,
                    GError **error);
} Cs3List;

/** cs3_lists: (transfer none): every registry; ends with a %NULL name. */
const Cs3List *cs3_lists(void);
