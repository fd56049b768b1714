/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option tables: what they accept, what they refuse and how they say it. */
#include "config.h"

#include "sim/cli/cli-option.h"

#include <math.h>

#include "tests/unit/fixture.h"

typedef struct {
  gboolean flag;
  int count, choice;
  gint64 tokens;
  double sparsity, any;
  char *model;
  char **set;
} Values;

static const char *const goals[] = {"speed", "energy", NULL};

static const Cs3Option options[] = {
    {.name = "flag",
     .letter = 'f',
     .type = CS3_OPTION_FLAG,
     .offset = G_STRUCT_OFFSET(Values, flag),
     .help = "a flag"},
    {.name = "count",
     .letter = 'c',
     .type = CS3_OPTION_COUNT,
     .offset = G_STRUCT_OFFSET(Values, count),
     .help = "a count"},
    {.name = "goal",
     .type = CS3_OPTION_CHOICE,
     .offset = G_STRUCT_OFFSET(Values, choice),
     .metavar = "GOAL",
     .help = "a choice",
     .choices = goals},
    {.name = "tokens",
     .letter = 't',
     .type = CS3_OPTION_INT,
     .offset = G_STRUCT_OFFSET(Values, tokens),
     .metavar = "N",
     .help = "a number",
     .min = 1,
     .max = 1e12,
     .environment = "CS3SIM_TEST_TOKENS"},
    {.name = "sparsity",
     .letter = 's',
     .type = CS3_OPTION_REAL,
     .offset = G_STRUCT_OFFSET(Values, sparsity),
     .metavar = "S",
     .help = "a share",
     .min = 0,
     .max = 1,
     .below_max = TRUE},
    {.name = "any",
     .type = CS3_OPTION_REAL,
     .offset = G_STRUCT_OFFSET(Values, any),
     .metavar = "X",
     .help = "any number"},
    {.name = "model",
     .letter = 'm',
     .type = CS3_OPTION_TEXT,
     .offset = G_STRUCT_OFFSET(Values, model),
     .metavar = "NAME",
     .help = "a name"},
    {.name = "set",
     .type = CS3_OPTION_LIST,
     .offset = G_STRUCT_OFFSET(Values, set),
     .metavar = "KEY=VALUE",
     .keyed = TRUE,
     .help = "a list"},
    {NULL},
};

static const Cs3OptionGroup group = {"Options", options, 0};
static const Values defaults = {.tokens = 2048, .sparsity = 0.5, .model = (char *)"llama7b"};

/* One command line and what came of it. */
typedef struct {
  Values values;
  Cs3OptionTarget target;
  GHashTable *given;
  char **args;
  GError *error;
  gboolean ok;
} Parsed;

static void parse(Parsed *p, const char *line) {
  *p = (Parsed){.given = g_hash_table_new(g_str_hash, g_str_equal)};
  p->target = (Cs3OptionTarget){.group = &group, .values = &p->values, .defaults = &defaults};
  cs3_options_init(&p->target);
  if (*line == '\0')
    p->args = g_new0(char *, 1);
  else
    ck_assert(g_shell_parse_argv(line, NULL, &p->args, NULL));
  p->ok = cs3_options_parse(&p->target, 1, &p->args, p->given, &p->error);
}

static void parsed_clear(Parsed *p) {
  cs3_options_clear(&p->target);
  g_hash_table_unref(p->given);
  g_strfreev(p->args);
  g_clear_error(&p->error);
}

START_TEST(test_defaults) {
  Parsed p;
  parse(&p, "");
  ck_assert(p.ok);
  ck_assert_int_eq(p.values.tokens, 2048);
  ck_assert_double_eq(p.values.sparsity, 0.5);
  ck_assert_str_eq(p.values.model, "llama7b");
  ck_assert_ptr_null(p.values.set);
  ck_assert_uint_eq(g_hash_table_size(p.given), 0);
  parsed_clear(&p);
}
END_TEST

START_TEST(test_everything) {
  Parsed p;
  parse(&p, "-fccs.7 --goal=energy a --tokens 150e9 -s.7 --any -1.5e-3 -m y --model y --set a=1 "
            "--set b=2 b -- --flag");
  ck_assert_msg(p.ok, "%s", p.error != NULL ? p.error->message : "");
  ck_assert(p.values.flag);
  ck_assert_int_eq(p.values.count, 2);
  ck_assert_int_eq(p.values.choice, 1);
  ck_assert_int_eq(p.values.tokens, 150000000000);
  ck_assert_double_eq(p.values.sparsity, 0.7);
  ck_assert_double_eq(p.values.any, -0.0015);
  ck_assert_str_eq(p.values.model, "y");
  ck_assert_uint_eq(g_strv_length(p.values.set), 2);
  ck_assert_str_eq(p.values.set[1], "b=2");
  g_autofree char *args = g_strjoinv("|", p.args);
  ck_assert_str_eq(args, "a|b|--flag");
  ck_assert_uint_eq(g_hash_table_size(p.given), 8);
  ck_assert(g_hash_table_contains(p.given, "sparsity"));
  parsed_clear(&p);
}
END_TEST

static const struct {
  const char *line, *args;
} separators[] = {
    {"--", ""},
    {"-- a", "a"},
    {"-- -x", "-x"},
    {"-- --", "--"},
    {"a -- b -- -c", "a|b|--|-c"},
    {"--model -- a", "a"},
};

START_TEST(test_separator) {
  Parsed p;
  parse(&p, separators[_i].line);
  ck_assert(p.ok);
  g_autofree char *args = g_strjoinv("|", p.args);
  ck_assert_str_eq(args, separators[_i].args);
  parsed_clear(&p);
}
END_TEST

static const struct {
  const char *line;
  int code;
  const char *text;
} bad[] = {
    {"--sparsity 1", G_OPTION_ERROR_BAD_VALUE,
     "--sparsity: '1' is out of range; accepted: from 0 to below 1"},
    {"--sparsity=-0.1", G_OPTION_ERROR_BAD_VALUE, "--sparsity: '-0.1' is out of range"},
    {"--sparsity nan", G_OPTION_ERROR_BAD_VALUE, "'nan' is not a number"},
    {"--any inf", G_OPTION_ERROR_BAD_VALUE, "'inf' is not a number"},
    {"--any 1e999", G_OPTION_ERROR_BAD_VALUE, "'1e999' is not a number"},
    {"--any 0x10", G_OPTION_ERROR_BAD_VALUE, "'0x10' is not a number"},
    {"--any 1,5", G_OPTION_ERROR_BAD_VALUE, "'1,5' is not a number"},
    {"--any '1 '", G_OPTION_ERROR_BAD_VALUE, "'1 ' is not a number"},
    {"--any ''", G_OPTION_ERROR_BAD_VALUE, "'' is not a number"},
    {"--any .", G_OPTION_ERROR_BAD_VALUE, "'.' is not a number"},
    {"--any 70%", G_OPTION_ERROR_BAD_VALUE, "'70%' is not a number"},
    {"--tokens 0", G_OPTION_ERROR_BAD_VALUE,
     "--tokens: '0' is out of range; accepted: from 1 to 1000000000000"},
    {"--tokens 1.5", G_OPTION_ERROR_BAD_VALUE, "'1.5' is not a whole number"},
    {"--tokens 99999999999999999999", G_OPTION_ERROR_BAD_VALUE, "is out of range"},
    {"--tokens many", G_OPTION_ERROR_BAD_VALUE, "'many' is not a whole number"},
    {"-t many", G_OPTION_ERROR_BAD_VALUE, "--tokens: 'many' is not a whole number"},
    {"--goal money", G_OPTION_ERROR_BAD_VALUE, "--goal: 'money' is not one of speed, energy"},
    {"--tokns 4", G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option --tokns; did you mean --tokens?"},
    {"--tokns=4 x", G_OPTION_ERROR_UNKNOWN_OPTION,
     "unknown option --tokns; did you mean --tokens?"},
    {"--banana", G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option --banana"},
    {"-z", G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option -z"},
    {"--model", G_OPTION_ERROR_BAD_VALUE, "missing argument for --model"},
    {"--flag=yes", G_OPTION_ERROR_BAD_VALUE, "--flag takes no value"},
    {"-fx", G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option -fx"},
    {"-ft", G_OPTION_ERROR_BAD_VALUE, "missing argument for -t"},
    {"-m x --model y", G_OPTION_ERROR_BAD_VALUE,
     "--model: given twice, as 'x' and as 'y'; leave one out"},
    {"--tokens 1e3 -t 1001", G_OPTION_ERROR_BAD_VALUE,
     "--tokens: given twice, as '1000' and as '1001'; leave one out"},
    {"--set a=1 --set b=1 --set a=2", G_OPTION_ERROR_BAD_VALUE,
     "--set: given twice, as 'a=1' and as 'a=2'; leave one out"},
    {"--goal energy --goal speed", G_OPTION_ERROR_BAD_VALUE, "--goal: given twice"},
};

START_TEST(test_refused) {
  Parsed p;
  parse(&p, bad[_i].line);
  ck_assert(!p.ok);
  fixture_error_in(p.error, G_OPTION_ERROR, bad[_i].code, bad[_i].text);
  parsed_clear(&p);
}
END_TEST

/* Any words at all: parsed or refused in one line, nothing lost, nothing leaked (ASan). */
START_TEST(test_random_words) {
  static const char *const words[] = {"-f",     "--flag", "-cc",     "--goal", "speed", "--tokens",
                                      "12",     "-t",     "-s",      "0.3",    "--",    "-",
                                      "--set",  "a=b",    "--set=c", "-m",     "é",     "-fcs.1",
                                      "--any=", "--x\n",  "x y",     "'"};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 5000; i++) {
    g_autoptr(GString) line = g_string_new(NULL);
    for (int n = g_rand_int_range(rand, 0, 8); n > 0; n--) {
      g_autofree char *word = g_shell_quote(words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))]);
      g_string_append_printf(line, "%s ", word);
    }
    Parsed p;
    parse(&p, g_strstrip(line->str));
    ck_assert_msg(p.ok == (p.error == NULL), "%s", line->str);
    ck_assert(p.values.sparsity >= 0 && p.values.sparsity < 1);
    ck_assert(p.values.tokens >= 1);
    parsed_clear(&p);
  }
}
END_TEST

/* The command line, then the variable, then the default. */
START_TEST(test_environment) {
  Parsed p;
  g_setenv("CS3SIM_TEST_TOKENS", "7", TRUE);
  parse(&p, "");
  ck_assert_int_eq(p.values.tokens, 7);
  ck_assert_str_eq(g_hash_table_lookup(p.given, "tokens"), "CS3SIM_TEST_TOKENS");
  parsed_clear(&p);
  parse(&p, "--tokens 8");
  ck_assert_int_eq(p.values.tokens, 8);
  ck_assert(g_hash_table_contains(p.given, "tokens"));
  ck_assert_ptr_null(g_hash_table_lookup(p.given, "tokens"));
  parsed_clear(&p);
  g_setenv("CS3SIM_TEST_TOKENS", "", TRUE);
  parse(&p, "");
  ck_assert_int_eq(p.values.tokens, 2048);
  parsed_clear(&p);
  g_setenv("CS3SIM_TEST_TOKENS", "many", TRUE);
  parse(&p, "");
  fixture_error_in(p.error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "CS3SIM_TEST_TOKENS: --tokens: 'many' is not a whole number");
  parsed_clear(&p);
  parse(&p, "-t 3");
  ck_assert(p.ok);
  parsed_clear(&p);
}
END_TEST

static const struct {
  const char *name, *note;
} notes[] = {
    {"flag", ""},
    {"goal", "speed, energy; default: speed"},
    {"tokens", "from 1 to 1000000000000; variable: CS3SIM_TEST_TOKENS; default: 2048"},
    {"sparsity", "from 0 to below 1; default: 0.5"},
    {"any", "default: 0"},
    {"model", "default: llama7b"},
    {"set", "may be repeated"},
};

START_TEST(test_notes) {
  Values values;
  Cs3OptionTarget target = {.group = &group, .values = &values, .defaults = &defaults};
  const Cs3Option *option = cs3_option_find(&target, 1, notes[_i].name);
  ck_assert_ptr_nonnull(option);
  g_autofree char *note = cs3_option_note(option, &target);
  ck_assert_str_eq(note, notes[_i].note);
}
END_TEST

START_TEST(test_find) {
  Cs3OptionTarget target = {.group = &group};
  ck_assert_ptr_eq(cs3_option_find_letter(&target, 1, 's'),
                   cs3_option_find(&target, 1, "sparsity"));
  ck_assert_ptr_null(cs3_option_find_letter(&target, 1, 'z'));
  ck_assert_ptr_null(cs3_option_find(&target, 1, "spars"));
  ck_assert(!cs3_option_takes_value(cs3_option_find(&target, 1, "count")));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("option");
  TCase *tcase = tcase_create("option");
  tcase_add_test(tcase, test_defaults);
  tcase_add_test(tcase, test_everything);
  tcase_add_loop_test(tcase, test_separator, 0, G_N_ELEMENTS(separators));
  tcase_add_loop_test(tcase, test_refused, 0, G_N_ELEMENTS(bad));
  tcase_add_test(tcase, test_random_words);
  tcase_add_test(tcase, test_environment);
  tcase_add_loop_test(tcase, test_notes, 0, G_N_ELEMENTS(notes));
  tcase_add_test(tcase, test_find);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
