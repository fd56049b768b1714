/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prose in lines: nothing is lost, and no line is wider than it must be. */
#include "config.h"

#include "base/text-fill.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/output.h"
#include "base/table.h"
#include "tests/unit/fixture.h"

static const struct {
  const char *line, *folded; /* to 20 columns */
} lines[] = {
    {"", ""},
    {"twenty columns, full", "twenty columns, full"},
    {"one word more than tw enty", "one word more than\n  tw enty"},
    {"rate      4 tokens a second", "rate      4 tokens a\n          second"},
    {"  rate    4 tokens a second", "  rate    4 tokens a\n          second"},
    {"a label too long for     any text", "a label too long for\n  any text"},
    {"/a/path/that/cannot/be/broken is here", "/a/path/that/cannot/be/broken\n  is here"},
    {"\033[1mtwenty columns, full\033[m", "\033[1mtwenty columns, full\033[m"},
    {"\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6 \u00f6\u00f6\u00f6\u00f6\u00f6",
     "\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6 \u00f6\u00f6\u00f6\u00f6\u00f6"},
};

START_TEST(test_fold) {
  g_autofree char *folded = cs3_line_fold(lines[_i].line, 20);
  ck_assert_str_eq(folded, lines[_i].folded);
}
END_TEST

static char *words_of(const char *text) {
  g_autofree char *copy = g_strdup(text);
  g_autoptr(GString) words = g_string_new(NULL);
  for (char *word = strtok(copy, " \n"); word != NULL; word = strtok(NULL, " \n"))
    g_string_append_printf(words, "%s ", word);
  return g_strdup(words->str);
}

static void check_lines(const char *text, guint width) {
  g_auto(GStrv) parts = g_strsplit(text, "\n", -1);
  for (char **line = parts; *line != NULL; line++) {
    g_strstrip(*line);
    ck_assert_msg(strlen(*line) <= width || strchr(*line, ' ') == NULL, "%u: %s", width, text);
  }
}

static char *random_line(GRand *rand) {
  GString *line = g_string_new(NULL);
  for (int n = g_rand_int_range(rand, 0, 30); n > 0; n--) {
    for (int k = g_rand_int_range(rand, 0, 12); k > 0; k--)
      g_string_append_c(line, (char)g_rand_int_range(rand, 'a', 'z'));
    for (int k = g_rand_int_range(rand, 1, 4); k > 0; k--)
      g_string_append_c(line, ' ');
  }
  return g_strchomp(g_string_free(line, FALSE));
}

START_TEST(test_nothing_is_lost) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 2000; i++) {
    g_autofree char *line = random_line(rand);
    guint width = (guint)g_rand_int_range(rand, 20, 100);
    g_autofree char *folded = cs3_line_fold(line, width);
    g_autofree char *again = cs3_line_fold(line, 100000);
    g_autofree char *before = words_of(line), *after = words_of(folded);
    ck_assert_str_eq(before, after);
    ck_assert_str_eq(line, again);
    check_lines(folded, width);
  }
}
END_TEST

/* What @write makes in a file, which is 30 columns wide. */
static char *written(gboolean plain, void (*write)(Cs3Output *output)) {
  g_autofree char *folder = g_dir_make_tmp("cs3sim-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "out.txt", NULL);
  g_autoptr(Cs3Output) output = cs3_output_new(path, NULL);
  g_setenv("COLUMNS", "30", TRUE);
  cs3_output_set_plain(output, plain);
  write(output);
  ck_assert(cs3_output_finish(output, NULL));
  char *text = NULL;
  ck_assert(g_file_get_contents(path, &text, NULL, NULL));
  g_remove(path);
  g_rmdir(folder);
  return text;
}

static void write_pieces(Cs3Output *output) {
  cs3_output_set_color(output, TRUE);
  cs3_output_printf(output, "a line of many pieces, ");
  cs3_output_printf(output, "which are one line\n");
  cs3_output_heading(output, "a heading");
  cs3_output_set_fold(output, FALSE);
  cs3_output_puts(output, "\na line of a file that a program reads");
}

START_TEST(test_pieces) {
  g_autofree char *text = written(TRUE, write_pieces), *bytes = written(FALSE, write_pieces);
  ck_assert_str_eq(text, "a line of many pieces, which\n  are one line\n\033[1ma heading\033[m\n"
                         "a line of a file that a program reads");
  ck_assert_str_eq(bytes, "a line of many pieces, which are one line\n\033[1ma heading\033[m\n"
                          "a line of a file that a program reads");
}
END_TEST

static void write_table(Cs3Output *output) {
  static const Cs3Column columns[] = {
      {.key = "name", .title = "name", .type = CS3_COLUMN_TEXT},
      {.key = "count", .title = "count", .type = CS3_COLUMN_INT},
  };
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  cs3_table_add_text(table, "a name of many words, which takes lines");
  cs3_table_add_int(table, 7);
  cs3_table_add_text(table, "short");
  cs3_table_add_int(table, 12);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

START_TEST(test_table) {
  g_autofree char *text = written(TRUE, write_table);
  ck_assert_str_eq(text, "name             count\n"
                         "a name of many       7\n"
                         "words, which\n"
                         "takes lines\n"
                         "short               12\n");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("text-fill");
  TCase *tcase = tcase_create("lines");
  tcase_add_loop_test(tcase, test_fold, 0, G_N_ELEMENTS(lines));
  tcase_add_test(tcase, test_nothing_is_lost);
  tcase_add_test(tcase, test_pieces);
  tcase_add_test(tcase, test_table);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
