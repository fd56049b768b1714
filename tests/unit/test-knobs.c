/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No parameter of a machine is dead: changed alone it moves a result of a command that reads it, or
 * it is listed as read by none. A refusal in words is a result, too. */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/machine/machine.h"
#include "sim/validation/validate-measure.h"
#include "tests/unit/fixture.h"

#define MODEL "two.json"
#define RESULT "result.json"

/* Runs in which a parameter may show, the plainest first. "vector" and "rate":
 * methods of the suite pe of `validate`. */
static const char *const cases[] = {
    "fabric mesh-gemm --pes 2x2 --products 1",
    "fabric mesh-gemm --pes 2x2 --tile-m 13 --products 1",
    "fabric chain --pes 6x1",
    "fabric star --pes 4x1",
    "fabric snake --pes 4x4",
    "vector move f16 elements=512 repeats=2",
    "vector fma f32 elements=512 repeats=2",
    "vector dot f16 elements=512 repeats=2",
    "rate copy16",
    "run ./" MODEL " --batch 64 --sparsity 0.5",
    "run ./" MODEL " --batch 64 --sparsity 0.5 --systems 4 --set memoryx.algorithm=momentum",
    "run ./" MODEL " --batch 64 --sparsity 0.5 --systems 4 --set memoryx.algorithm=sgd "
    "--set kernel.acc_precision=fp32 --set kernel.acc_placement=cache",
    "run ./" MODEL " --batch 64 --sparsity 0.5 --hardware cs3-fp8 --precision fp8",
    "layer --shape 96x64 --tokens 300 --pes 8x6 --sparsity 0.5 --pass backward",
    "layer --shape 96x64 --tokens 300 --pes 8x6 --sparsity 0.5 --pass backward "
    "--set kernel.backward=shared",
    "layer --shape 96x64 --tokens 300 --pes 8x6 --sparsity 0.5 --fidelity event",
    "train --model ./" MODEL " --tokens 1e9 --sparsity 0.5 --batch 64 --fault system:0@50%",
};

static char *base[G_N_ELEMENTS(cases)]; /* without a change; %NULL: not run yet */

/* Where results say how they were made. */
static void strip(json_t *value) {
  const char *key;
  json_t *member;
  gsize i;
  if (json_is_object(value)) {
    json_object_del(value, "provenance");
    json_object_foreach(value, key, member) strip(member);
  }
  json_array_foreach(value, i, member) strip(member);
}

/* (transfer full) */
static char *run_command(char **argv) {
  pid_t child = fork();
  if (child == 0) {
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    _exit(cs3_cli_main((int)g_strv_length(argv), argv));
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status));
  if (WEXITSTATUS(status) != 0)
    return g_strdup_printf("status %d", WEXITSTATUS(status));
  json_t *record = json_load_file(RESULT, 0, NULL);
  ck_assert_ptr_nonnull(record);
  strip(record);
  char *text = json_dumps(record, JSON_SORT_KEYS | JSON_COMPACT);
  json_decref(record);
  return text;
}

/* (transfer full): the cycles of a vector operation, or a rate, by name. */
static char *run_pe(const char *words, const char *options) {
  const Cs3ValidationMethod *method = cs3_suite_pe.methods;
  gboolean vector = g_str_has_prefix(words, "vector ");
  const char *what = strchr(words, ' ') + 1;
  g_autofree char *arguments = g_strconcat(vector ? what : "", options, NULL);
  g_autoptr(Cs3ValidationSession) session = cs3_validation_session_new(1);
  Cs3ValidationRow row = {.where = (char *)"test",
                          .arguments = arguments,
                          .result = (char *)(vector ? "cycles" : what)};
  double value;
  g_autoptr(GError) error = NULL;
  while (strncmp(method->name, words, (gsize)(what - 1 - words)) != 0)
    method++;
  return method->measure(session, &row, &value, &error) ? g_strdup_printf("%.17g", value)
                                                        : g_strdup(error->message);
}

static gboolean of_pe(gsize index) {
  return g_str_has_prefix(cases[index], "vector ") || g_str_has_prefix(cases[index], "rate ");
}

/* (transfer full): the result of case @index; @set: (nullable): "group.key=value". */
static char *outcome(gsize index, const char *set) {
  g_autoptr(GError) error = NULL;
  g_autofree char *quoted = set != NULL ? g_shell_quote(set) : NULL;
  g_autofree char *line = g_strconcat("cs3sim -q ", cases[index], " -O " RESULT,
                                      set != NULL ? " --set " : NULL, quoted, NULL);
  g_auto(GStrv) argv = NULL;
  if (of_pe(index)) {
    g_autofree char *options =
        g_strconcat(" --hardware cs3", set != NULL ? " --set " : NULL, quoted, NULL);
    return run_pe(cases[index], options);
  }
  ck_assert_msg(g_shell_parse_argv(line, NULL, &argv, &error), "%s", line);
  return run_command(argv);
}

static gboolean case_is_of(gsize index, const char *command) {
  if (strcmp(command, "validate") == 0)
    return of_pe(index);
  g_auto(GStrv) of = g_strsplit(command, "/", 2); /* "layer/event" */
  gsize n = strlen(*of);
  return strncmp(cases[index], *of, n) == 0 && cases[index][n] == ' ' &&
         (of[1] == NULL || strstr(cases[index], of[1]) != NULL);
}

/* Values to try, of the sort of the present one. Returns: how many. */
static guint candidates(const Cs3Param *p, double value, double out[8]) {
  const double tries[] = {2 * value, value / 2, p->plausible_max, p->plausible_min,
                          p->max,    p->min,    value + 1};
  guint n = 0;
  if (p->type == CS3_PARAM_ENUM) {
    for (guint i = 0; p->choices[i] != NULL && n < 8; i++)
      if (i != (guint)value)
        out[n++] = i;
    return n;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(tries); i++) {
    double x = CLAMP(tries[i], p->min, p->max);
    x = p->type == CS3_PARAM_INT ? floor(x) : x;
    if (x != value)
      out[n++] = x;
  }
  return n;
}

/* In case @index; @value: the parameter's new one. */
static gboolean moves(gsize index, const Cs3Param *p, double value) {
  if (base[index] == NULL) {
    base[index] = outcome(index, NULL);
    ck_assert_msg(!g_str_has_prefix(base[index], "status"), "%s: %s", cases[index], base[index]);
  }
  g_autofree char *name = cs3_param_name(p), *text = cs3_param_format(p, value);
  g_autofree char *set = g_strdup_printf("%s=%s", name, text);
  g_autofree char *changed = outcome(index, set);
  return strcmp(changed, base[index]) != 0;
}

/* In a case of any of @commands. A value is tried in all the cases before the next: mostly the
 * first will do, in one of the cases. */
static gboolean moves_any(const char *const *commands, const Cs3Param *p, double value) {
  double values[8];
  guint n = candidates(p, value, values);
  for (guint k = 0; k < n; k++)
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
      for (const char *const *command = commands; *command != NULL; command++)
        if (case_is_of(i, *command) && moves(i, p, values[k]))
          return TRUE;
  return FALSE;
}

START_TEST(every_parameter_moves_a_result) {
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, NULL);
  g_autoptr(GString) dead = g_string_new(NULL);
  ck_assert_ptr_nonnull(machine);
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(machine, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *p = &b->table->params[i];
      g_auto(GStrv) readers = g_strsplit(p->readers != NULL ? p->readers : "run", " ", -1);
      g_autofree char *name = cs3_param_name(p);
      if (*readers != NULL &&
          !moves_any((const char *const *)readers, p, cs3_machine_get(machine, p)))
        g_string_append_printf(dead, "%s (%s) ", name, p->readers != NULL ? p->readers : "all");
    }
  ck_assert_msg(dead->len == 0, "change nothing: %s", dead->str);
}
END_TEST

int main(void) {
  static const char model[] = "{\"model_type\": \"gpt2\", \"n_layer\": 2, \"n_embd\": 128, "
                              "\"n_head\": 4, \"n_positions\": 128, \"vocab_size\": 512}";
  g_autofree char *folder = g_dir_make_tmp("cs3sim-knobs-XXXXXX", NULL);
  if (folder == NULL || g_chdir(folder) != 0 || !g_file_set_contents(MODEL, model, -1, NULL))
    return EXIT_FAILURE;
  Suite *suite = suite_create("knobs");
  TCase *tc = tcase_create("machine");
  tcase_set_timeout(tc, 240);
  tcase_add_test(tc, every_parameter_moves_a_result);
  suite_add_tcase(suite, tc);
  int status = fixture_run(suite);
  g_unlink(MODEL);
  g_unlink(RESULT);
  return g_chdir("/") == 0 && g_rmdir(folder) == 0 ? status : EXIT_FAILURE;
}
