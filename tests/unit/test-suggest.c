/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": near names are found, far ones are not. */
#include "config.h"

#include "base/suggest.h"

#include "tests/unit/fixture.h"

static const char *const names[] = {"llama7b",  "llama70b", "gpt2-small", "sparsity",
                                    "hardware", "o",        NULL};

static const struct {
  const char *word;
  const char *nearest; /* NULL: none */
} cases[] = {
    {"llama7b", "llama7b"},
    {"lama7b", "llama7b"},
    {"llama07b", "llama7b"},
    {"LLAMA7B", "llama7b"},
    {"gpt2_small", "gpt2-small"},
    {"sparsty", "sparsity"},
    {"spasrity", "sparsity"},
    {"hard", "hardware"},
    {"gpt2", "gpt2-small"},
    {"banana", NULL},
    {"", "o"},
    {"p", "o"},
    {"pq", NULL},
    {"zzzzzzzzzz", NULL},
};

START_TEST(test_nearest) {
  ck_assert_pstr_eq(cs3_suggest(cases[_i].word, names), cases[_i].nearest);
}
END_TEST

/* Whatever single edit is made to a name of six letters or more, the name is found again. */
START_TEST(test_one_edit) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  static const char *const far[] = {"sparsity", "hardware", "uncertainty", NULL};
  for (int i = 0; i < 2000; i++) {
    const char *name = far[g_rand_int_range(rand, 0, 3)];
    g_autoptr(GString) word = g_string_new(name);
    gssize at = g_rand_int_range(rand, 0, (gint32)word->len - 1);
    switch (g_rand_int_range(rand, 0, 4)) {
    case 0:
      g_string_erase(word, at, 1);
      break;
    case 1:
      g_string_insert_c(word, at, (char)g_rand_int_range(rand, 'a', 'z' + 1));
      break;
    case 2:
      word->str[at] = (char)g_rand_int_range(rand, 'a', 'z' + 1);
      break;
    default: {
      char c = word->str[at];
      word->str[at] = word->str[at + 1];
      word->str[at + 1] = c;
    }
    }
    ck_assert_msg(g_strcmp0(cs3_suggest(word->str, far), name) == 0, "%s from %s", word->str, name);
  }
}
END_TEST

/* A hostile word is far from everything, however long. */
START_TEST(test_long_word) {
  g_autofree char *word = g_strnfill(100000, 'a');
  ck_assert_ptr_null(cs3_suggest(word, names));
}
END_TEST

START_TEST(test_clause) {
  static const char *const none[] = {NULL};
  g_autofree char *near = cs3_suggestion("sparsty", names);
  g_autofree char *far = cs3_suggestion("banana", names);
  g_autofree char *empty = cs3_suggestion("banana", none);
  ck_assert_str_eq(near, "; did you mean sparsity?");
  ck_assert_str_eq(far, "; known: llama7b, llama70b, gpt2-small, sparsity, hardware, o");
  ck_assert_str_eq(empty, "");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("suggest");
  TCase *tcase = tcase_create("suggest");
  tcase_add_loop_test(tcase, test_nearest, 0, G_N_ELEMENTS(cases));
  tcase_add_test(tcase, test_one_edit);
  tcase_add_test(tcase, test_long_word);
  tcase_add_test(tcase, test_clause);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
