/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that a sweep is to go on with: accepted, or left exactly as it was. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "sim/study/sweep-file.h"

static const char *const seeds[] = {"tests/fuzz/seeds/resume.jsonl", "tests/fuzz/seeds/sweep.ini",
                                    NULL};

static void check_file(const char *path, const guint8 *data, gsize size, gboolean accepted) {
  g_autofree char *after = NULL;
  gsize n = 0;
  g_assert(g_file_get_contents(path, &after, &n, NULL));
  g_assert(n <= size && memcmp(after, data, n) == 0);
  g_assert(accepted || n == size);
  g_assert(!accepted || n == 0 || after[n - 1] == '\n');
}

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  g_assert(cs3_axes_add(axes, "sparsity", "0.5,0.75", "test", NULL));
  Cs3Sweep sweep = {.axes = axes, .base = &cs3_scenario_defaults, .after = 2};
  g_autofree char *first = cs3_sweep_line_begin(&sweep, 0);
  /* So that the fuzzer gets past the key: @ stands for the beginning of the first line. */
  GString *text = g_string_new_len((const char *)data, (gssize)size);
  if (size > 0 && data[0] == '@')
    g_string_insert(g_string_erase(text, 0, 1), 0, first);
  const char *held = fuzz_file(".jsonl", (const guint8 *)text->str, text->len);
  guint64 done = 0;
  g_autoptr(Cs3SweepFile) file = cs3_sweep_file_open(held, &sweep, TRUE, &done, error);
  g_assert(done <= 2);
  check_file(held, (const guint8 *)text->str, text->len, file != NULL);
  g_string_free(text, TRUE);
  return file != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
