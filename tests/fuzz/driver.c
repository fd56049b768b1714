/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Feeds a fuzz target its seeds, whole and damaged: bytes flipped, cut out, doubled, replaced by
 * what readers stumble over. TAP on standard output. CS3SIM_TEST_SEED repeats a run. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/fixture.h"

enum { INPUTS = 400, SLOW_INPUTS = 20000, MAX_WOUNDS = 5, MAX_CUT = 64 };

static const char *const nasty[] = {
    "-1", "0", "1e999", "nan", "9223372036854775808", "\xff", "\x80", "\n",    "\"", "{\"a\":",
    "[",  "]", "%s%n",  "=",   "4294967296",          "{}",   "null", "1e-320"};

static gsize place(GRand *rand, const GString *text) {
  return text->len > 0 ? (gsize)g_rand_int_range(rand, 0, (gint32)text->len) : 0;
}

static void wound(GRand *rand, GString *text) {
  gsize at = place(rand, text), longest = (gsize)g_rand_int_range(rand, 1, MAX_CUT);
  gsize length = MIN(text->len - at, longest);
  const char *insert = nasty[g_rand_int_range(rand, 0, G_N_ELEMENTS(nasty))];
  g_autofree char *copy = g_strndup(text->str + at, length);
  switch (g_rand_int_range(rand, 0, 6)) {
  case 0:
    if (text->len > 0)
      text->str[at] = (char)(text->str[at] ^ 1 << g_rand_int_range(rand, 0, 8));
    break;
  case 1:
    g_string_erase(text, (gssize)at, (gssize)length);
    break;
  case 2:
    g_string_insert_len(text, (gssize)at, copy, (gssize)strlen(copy));
    break;
  case 3:
    g_string_insert(text, (gssize)at, insert);
    break;
  case 4:
    g_string_insert_len(text, (gssize)place(rand, text), copy, (gssize)strlen(copy));
    break;
  default:
    g_string_truncate(text, at);
  }
}

static GPtrArray *load_seeds(void) {
  const char *tree = g_getenv("CS3SIM_SRCDIR");
  GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (const char *const *seed = fuzz_target.seeds; *seed != NULL; seed++) {
    g_autofree char *path = g_build_filename(tree != NULL ? tree : ".", *seed, NULL);
    char *text;
    gsize length;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &text, &length, &error))
      g_error("%s", error->message);
    g_ptr_array_add(seeds, g_bytes_new_take(text, length));
  }
  return seeds;
}

int main(void) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(GPtrArray) seeds = load_seeds();
  int inputs = g_getenv("CS3SIM_TEST_SLOW") != NULL ? SLOW_INPUTS : INPUTS;
  for (int i = 0; i < inputs; i++) {
    gsize length;
    guint which = (guint)i % seeds->len;
    const char *bytes = g_bytes_get_data(seeds->pdata[which], &length);
    g_autoptr(GString) text = g_string_new_len(bytes, (gssize)length);
    /* The first round takes the seeds as they are. */
    for (int n = i < (int)seeds->len ? 0 : g_rand_int_range(rand, 1, MAX_WOUNDS); n > 0; n--)
      wound(rand, text);
    LLVMFuzzerTestOneInput((const guint8 *)text->str, text->len);
  }
  printf("1..1\nok 1 - %d inputs\n", inputs);
  return 0;
}
