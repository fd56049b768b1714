/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plots: from synthetic records to data, script and picture; everything that is refused. */
#include "config.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "plots/canvas.h"
#include "plots/gnuplot.h"
#include "plots/plot.h"
#include "results/record.h"
#include "sim/run/result.h"
#include "tests/unit/fixture.h"

static const Cs3PlotTarget svg = {.format = CS3_PLOT_SVG};
static const Cs3PlotTarget terminal = {.format = CS3_PLOT_TEXT, .columns = 79, .rows = 40};

/* Cycles of every cause, drawn; the last is one that no plot has heard of. @some: causes may be
 * absent. */
static json_t *random_causes(GRand *rand, gboolean some, gint64 *sum) {
  static const char *const names[] = {"arithmetic", "mapping",     "overhead",  "imbalance",
                                      "reduction",  "ingress",     "egress",    "fill",
                                      "attention",  "vector",      "embedding", "recompute",
                                      "padding",    "stream_wait", "boundary",  "new_cause"};
  json_t *causes = json_object();
  *sum = 0;
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    gint64 cycles =
        some && g_rand_int_range(rand, 0, 4) == 0 ? 0 : g_rand_int_range(rand, 1, 1 << 20);
    json_object_set_new(causes, names[i], json_integer(cycles));
    *sum += cycles;
  }
  return causes;
}

static json_t *record_of(const char *model, double sparsity, GRand *rand) {
  gint64 cycles;
  /* The dense run has every cause, so that none is without a run. */
  json_t *causes = random_causes(rand, sparsity > 0, &cycles);
  double gain = 1 / (1 - sparsity);
  return json_pack(
      "{s:s, s:{s:s}, s:{s:s, s:f, s:{s:s}}, s:f, s:s, s:i, s:i, s:s, s:s, s:b,"
      " s:{s:f, s:I, s:o}, s:{s:f, s:f, s:{s:f, s:f}}, s:{s:i, s:i, s:s}, s:{s:{s:f, s:I}},"
      " s:{s:s, s:i, s:i, s:{s:s}}}",
      "schema", "cs3sim.result/1", "model", "name", model, "hardware", "name", "cs3", "clock_hz",
      1.1e9, "overrides", "io.rate", "2.4 Tb/s", "sparsity", sparsity, "pattern", "uniform",
      "batch", 64, "seq", 2048, "attention", "full", "fidelity", "recurrence", "exact", FALSE,
      "step", "time_s", 0.5 + sparsity, "cycles", (json_int_t)cycles, "causes", causes, "speedup",
      "simulated", g_rand_double_range(rand, 0.5, gain), "theoretical", gain, "linear", "simulated",
      g_rand_double_range(rand, 0.5, gain), "theoretical", gain * 1.5, "mapping", "micro_batch",
      sparsity < 0.5 ? 4 : 8, "tokens_on_wafer", 8192, "recompute", "none", "dense", "step",
      "time_s", 1.0, "cycles", (json_int_t)1 << 23, "provenance", "version", "0.1.0", "seed", 1,
      "model_version", 1, "configuration", "wafer.clock", "1.1 GHz");
}

/* Records at sparsities 0, 0.25, ..., out of order. */
static json_t *sample(const char *model) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  static const double sparsities[] = {0.5, 0, 0.75, 0.25};
  json_t *records = json_array();
  for (guint i = 0; i < G_N_ELEMENTS(sparsities); i++) {
    json_t *record = record_of(model, sparsities[i], rand);
    ck_assert_ptr_nonnull(record);
    json_array_append_new(records, record);
  }
  return records;
}

static const Cs3Plot *plot_called(const char *name) {
  for (const Cs3Plot *const *plot = cs3_plots(); *plot != NULL; plot++)
    if (strcmp((*plot)->name, name) == 0)
      return *plot;
  ck_abort_msg("no plot %s", name);
}

/* The table of a data file: a row of names, then rows of numbers. */
static GPtrArray *table_of(const char *data) {
  GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  g_auto(GStrv) lines = g_strsplit(data, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '#' && **line != '\0')
      g_ptr_array_add(rows, g_strsplit(*line, " ", -1));
  return rows;
}

static double cell(const GPtrArray *table, guint row, const char *column) {
  char **names = table->pdata[0];
  for (guint c = 0; names[c] != NULL; c++)
    if (strcmp(names[c], column) == 0)
      return g_ascii_strtod(((char **)table->pdata[row])[c], NULL);
  ck_abort_msg("no column %s", column);
}

static void make_plot(const Cs3Plot *plot, const json_t *records, char **data, Cs3Script **script) {
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_plot_make(plot, records, &svg, data, script, &error), "%s",
                error != NULL ? error->message : "");
}

static char *data_of(const Cs3Plot *plot, const json_t *records) {
  g_autoptr(Cs3Script) script = NULL;
  char *data = NULL;
  make_plot(plot, records, &data, &script);
  return data;
}

static char *script_of(const Cs3Plot *plot, const json_t *records) {
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  make_plot(plot, records, &data, &script);
  return cs3_script_file(script, "p.svg", "p.dat");
}

START_TEST(test_speedup_data) {
  json_t *records = sample("m");
  g_autofree char *data = data_of(plot_called("speedup"), records);
  g_autoptr(GPtrArray) table = table_of(data);
  /* The runs, then theory between them. */
  ck_assert_uint_gt(table->len, 1 + 4 + 1 + 4);
  g_autofree char *head = g_strjoinv(" ", table->pdata[0]);
  ck_assert_str_eq(head,
                   "sparsity step_theory linear_theory step_simulated linear_simulated step_s "
                   "dense_step_s");
  static const guint order[] = {1, 3, 0, 2};
  for (guint i = 0; i < 4; i++) {
    const json_t *record = json_array_get(records, order[i]);
    ck_assert_double_eq_tol(cell(table, i + 1, "sparsity"), 0.25 * i, 1e-12);
    ck_assert_double_eq_tol(cell(table, i + 1, "step_simulated"),
                            cs3_record_number(record, "speedup.simulated"), 1e-12);
    ck_assert_double_eq_tol(cell(table, i + 1, "linear_theory"),
                            cs3_record_number(record, "speedup.linear.theoretical"), 1e-12);
    ck_assert_double_eq_tol(cell(table, i + 1, "step_s"), cs3_record_number(record, "step.time_s"),
                            1e-12);
  }
  json_decref(records);
}
END_TEST

/* Whatever the causes, the bands are the step. */
START_TEST(test_breakdown_adds_up) {
  json_t *records = sample("m");
  g_autofree char *data = data_of(plot_called("breakdown"), records);
  g_autoptr(GPtrArray) table = table_of(data);
  guint columns = g_strv_length(table->pdata[0]);
  for (guint row = 1; row < table->len; row++) {
    char **cells = table->pdata[row];
    ck_assert_uint_eq(g_strv_length(cells), columns);
    double sum = 0;
    for (guint c = 1; c + 2 < columns; c++) {
      ck_assert_double_ge(g_ascii_strtod(cells[c], NULL), 0);
      sum += g_ascii_strtod(cells[c], NULL);
    }
    ck_assert_double_eq_tol(sum, cell(table, row, "step"), 1e-9);
  }
  json_decref(records);
}
END_TEST

/* The legend names a cause that some run has, and only such. */
START_TEST(test_breakdown_legend) {
  json_t *records = sample("m");
  g_autofree char *with = script_of(plot_called("breakdown"), records);
  size_t i;
  json_t *record;
  json_array_foreach(records, i, record) {
    json_t *causes = json_object_get(json_object_get(record, "step"), "causes");
    json_object_set_new(causes, "ingress", json_integer(0));
  }
  g_autofree char *without = script_of(plot_called("breakdown"), records);
  ck_assert_ptr_nonnull(strstr(with, "title 'ingress'"));
  ck_assert_ptr_null(strstr(without, "title 'ingress'"));
  ck_assert_ptr_nonnull(strstr(with, "title 'egress'"));
  ck_assert_ptr_nonnull(strstr(without, "title 'egress'"));
  json_decref(records);
}
END_TEST

/* A record spoilt in one place, and what is said about it. */
static const struct {
  guint record;
  const char *object, *key;
  const char *value; /* JSON; NULL: the key is taken away */
  const char *message;
} spoilt[] = {
    {2, NULL, "schema", "\"cs3sim.result/9\"",
     "record 3: the record's schema is 'cs3sim.result/9', this program reads cs3sim.result/1"},
    {0, NULL, "schema", NULL, "record 1: the record's schema is ''"},
    {1, NULL, "sparsity", "\"much\"", "record 2: the record has no number at sparsity"},
    {3, "model", "name", NULL, "record 4: the record has no text at model.name"},
    {0, "speedup", "theoretical", NULL,
     "record 1: the record has no number at speedup.theoretical"},
    {0, "speedup", "theoretical", "0", "record 1: speedup.theoretical is 0; accepted: above 0"},
    {0, "speedup", "theoretical", "-1e300", "is -1e+300; accepted: above 0"},
    {2, NULL, "sparsity", "0.5", "two runs have the sparsity 0.5"},
    {2, NULL, "batch", "65", "those at 0 and 0.75 differ in batch"},
    {2, "hardware", "name", "\"cs2\"", "those at 0 and 0.75 differ in hardware"},
    {3, "provenance", "seed", "2", "those at 0 and 0.25 differ in provenance"},
    {1, "dense", "step", "{\"time_s\": 2, \"cycles\": 5}", "those at 0 and 0.25 differ in dense"},
};

START_TEST(test_spoilt_records) {
  json_t *records = sample("m");
  json_t *object = json_array_get(records, spoilt[_i].record);
  if (spoilt[_i].object != NULL)
    object = json_object_get(object, spoilt[_i].object);
  if (spoilt[_i].value != NULL)
    json_object_set_new(object, spoilt[_i].key,
                        json_loads(spoilt[_i].value, JSON_DECODE_ANY, NULL));
  else
    json_object_del(object, spoilt[_i].key);
  for (const Cs3Plot *const *plot = cs3_plots(); *plot != NULL; plot++) {
    if ((*plot)->needs != CS3_PLOT_NEEDS_SPARSITIES)
      continue;
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    g_autoptr(Cs3Script) script = NULL;
    ck_assert(!cs3_plot_make(*plot, records, &svg, &data, &script, &error));
    fixture_error_in(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, spoilt[_i].message);
  }
  json_decref(records);
}
END_TEST

START_TEST(test_too_few) {
  json_t *records = sample("m");
  while (json_array_size(records) > (size_t)_i)
    json_array_remove(records, 0);
  g_autoptr(GError) error = NULL;
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  ck_assert(!cs3_plot_make(plot_called("speedup"), records, &svg, &data, &script, &error));
  fixture_error_in(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "two sparsities or more, not ");
  json_decref(records);
}
END_TEST

static const struct {
  const char *content;
  guint records; /* 0: refused */
  const char *message;
} files[] = {
    {"{}", 1, NULL},
    {"{\"a\":1}\n{\"a\":2}\n\n", 2, NULL},
    {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}", 2, NULL},
    {"{\"a\":1}\n{\"a\":", 0, "record 2, line 1 of it: "},
    {"{\"a\":1,\"a\":2}", 0, "record 1, line 1 of it: duplicate object key"},
    {"hello", 0, "record 1, line 1 of it: "},
    {"[1,2]\n\xff", 0, "record 2, line 1 of it: "},
};

START_TEST(test_files) {
  g_autofree char *path = NULL;
  close(g_file_open_tmp(NULL, &path, NULL));
  ck_assert(g_file_set_contents(path, files[_i].content, -1, NULL));
  json_t *records = json_array();
  g_autoptr(GError) error = NULL;
  gboolean ok = cs3_records_load(path, records, &error);
  g_unlink(path);
  if (files[_i].records == 0)
    fixture_error_in(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, files[_i].message);
  else
    ck_assert_uint_eq(json_array_size(records), files[_i].records);
  ck_assert(ok == (files[_i].records > 0));
  ck_assert(!cs3_records_load("/nonexistent", records, error == NULL ? &error : NULL));
  json_decref(records);
}
END_TEST

START_TEST(test_log_axis) {
  g_autoptr(Cs3Script) script = cs3_script_new();
  cs3_canvas_log_y(script, 0.9, 4.5);
  g_autofree char *text = cs3_script_text(script);
  ck_assert_str_eq(text, "set logscale y\nset yrange [0.9:4.5]\nset ytics (1, 1.5, 2, 3, 4)\n");
}
END_TEST

/* Texts of an SVG; fails unless it is well-formed XML. */
static void collect_text(GMarkupParseContext *context, const char *text, gsize n, gpointer words,
                         GError **error) {
  g_string_append_len(words, text, (gssize)n);
}

static char *words_of(GBytes *picture) {
  static const GMarkupParser parser = {.text = collect_text};
  GString *words = g_string_new(NULL);
  g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, words, NULL);
  g_autoptr(GError) error = NULL;
  gsize n;
  const char *bytes = g_bytes_get_data(picture, &n);
  ck_assert_msg(g_markup_parse_context_parse(context, bytes, (gssize)n, &error) &&
                    g_markup_parse_context_end_parse(context, &error),
                "%s", error != NULL ? error->message : "");
  return g_string_free(words, FALSE);
}

static GBytes *picture_of(const Cs3Plot *plot, const json_t *records, const Cs3PlotTarget *target) {
  g_autoptr(GError) error = NULL;
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  ck_assert(cs3_plot_make(plot, records, target, &data, &script, &error));
  GBytes *picture = cs3_gnuplot_draw(target, script, data, CS3_GNUPLOT_LIMIT_S, &error);
  ck_assert_msg(picture != NULL, "%s", error != NULL ? error->message : "");
  return picture;
}

static const struct {
  const char *plot, *words[6];
} pictures[] = {
    {"speedup",
     {"Training speed-up by weight sparsity: m on cs3", "64 sequences of 2048 tokens",
      "whole step, theory", "linear layers, simulated", "io.rate 2.4 Tb/s", "cs3sim 0.1.0"}},
    {"breakdown",
     {"Where a training step goes: m on cs3", "ingress", "MACs at peak", "theory",
      "time of the step (dense step = 1)", "seed 1"}},
};

START_TEST(test_pictures) {
  json_t *records = sample("m");
  const Cs3Plot *plot = plot_called(pictures[_i].plot);
  g_autoptr(GBytes) picture = picture_of(plot, records, &svg);
  g_autofree char *words = words_of(picture);
  g_autoptr(GBytes) characters = picture_of(plot, records, &terminal);
  g_autofree char *text =
      g_strndup(g_bytes_get_data(characters, NULL), g_bytes_get_size(characters));
  for (guint i = 0; i < G_N_ELEMENTS(pictures[_i].words); i++) {
    ck_assert_msg(strstr(words, pictures[_i].words[i]) != NULL, "\"%s\" lacks \"%s\"", words,
                  pictures[_i].words[i]);
    ck_assert_msg(strstr(text, pictures[_i].words[i]) != NULL, "%s\nlacks \"%s\"", text,
                  pictures[_i].words[i]);
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  ck_assert_uint_eq(g_strv_length(lines), terminal.rows + 1);
  for (guint i = 0; i < terminal.rows; i++)
    ck_assert_uint_eq(strlen(lines[i]), terminal.columns);
  ck_assert_str_eq(lines[terminal.rows], "");
  g_autoptr(GBytes) again = picture_of(plot, records, &svg);
  ck_assert(g_bytes_equal(picture, again));
  json_decref(records);
}
END_TEST

/* A model's name comes from a file: to gnuplot it is text, whatever it says. */
START_TEST(test_hostile_name) {
  g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
  g_autofree char *victim = g_build_filename(folder, "pwned", NULL);
  g_autofree char *name =
      g_strdup_printf("a'b`touch %s`\"{/=40 x}\\n'; system 'touch %s'; @z\t#<&>", victim, victim);
  json_t *records = sample(name);
  g_autoptr(GBytes) picture = picture_of(plot_called("speedup"), records, &svg);
  g_autofree char *words = words_of(picture);
  *strchr(name, '\t') = ' ';
  ck_assert_ptr_nonnull(strstr(words, name));
  ck_assert(!g_file_test(victim, G_FILE_TEST_EXISTS));
  ck_assert_int_eq(g_rmdir(folder), 0);
  json_decref(records);
}
END_TEST

/* So are file names: the script draws, from the shell too, whatever they are. */
START_TEST(test_hostile_file_names) {
  static const char *const stems[] = {"|touch pwned", "<touch pwned", "~root", "it's", "-", "a%db"};
  json_t *records = sample("m");
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  make_plot(plot_called("speedup"), records, &data, &script);
  g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
  ck_assert_int_eq(g_chdir(folder), 0);
  for (guint i = 0; i < G_N_ELEMENTS(stems); i++) {
    g_autofree char *picture_name = g_strconcat(stems[i], ".svg", NULL);
    g_autofree char *data_name = g_strconcat(stems[i], ".dat", NULL);
    g_autofree char *text = cs3_script_file(script, picture_name, data_name);
    ck_assert(g_file_set_contents(data_name, data, -1, NULL));
    ck_assert(g_file_set_contents("s.gp", text, -1, NULL));
    ck_assert_int_eq(system("gnuplot -d s.gp"), 0);
    g_autofree char *picture = NULL;
    ck_assert(g_file_get_contents(picture_name, &picture, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(picture, "m on cs3"));
    ck_assert(!g_file_test("pwned", G_FILE_TEST_EXISTS));
    g_unlink(picture_name);
    g_unlink(data_name);
  }
  g_unlink("s.gp");
  ck_assert_int_eq(g_rmdir(folder), 0);
  json_decref(records);
}
END_TEST

static Cs3Script *script_saying(const char *what) {
  Cs3Script *script = cs3_script_new();
  if (g_str_equal(what, "nonsense"))
    cs3_script_say(script, "set nonsense\n");
  else if (g_str_equal(what, "teletype"))
    cs3_script_say(script, "set terminal teletype\n");
  return script;
}

static void draw_fails(const char *what, int code, const char *message) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Script) script = script_saying(what);
  ck_assert_ptr_null(cs3_gnuplot_draw(&svg, script, "", 1, &error));
  fixture_error_in(error, CS3_PLOT_ERROR, code, message);
}

START_TEST(test_gnuplot_fails) {
  draw_fails("nonsense", CS3_PLOT_ERROR_GNUPLOT, "gnuplot failed (status 1): ");
  draw_fails("teletype", CS3_PLOT_ERROR_NO_GNUPLOT, "choose another");
  draw_fails("nothing", CS3_PLOT_ERROR_BROKEN, "gnuplot drew nothing");
}
END_TEST

/* A program of that name that does something else, and what is said of it. */
static const struct {
  const char *body, *message;
} others[] = {
    {"sleep 100", "did not finish within 1 seconds and was ended"},
    {"exec sleep 100", "did not finish within 1 seconds and was ended"},
    {"cat >/dev/null; echo '<svg><g>'", "a picture without its end (9 bytes)"},
    {"cat >/dev/null; kill -KILL $$", "was ended by signal 9"},
    {"exit 3", "gnuplot failed (status 3)"},
};

START_TEST(test_other_gnuplot) {
  signal(SIGPIPE, SIG_IGN); /* as the program does */
  g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
  g_autofree char *program = g_build_filename(folder, "gnuplot", NULL);
  g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", others[_i].body);
  g_autofree char *path = g_strdup_printf("%s:%s", folder, g_getenv("PATH"));
  ck_assert(g_file_set_contents_full(program, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  g_setenv("PATH", path, TRUE);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Script) script = cs3_script_new();
  ck_assert_ptr_null(cs3_gnuplot_draw(&svg, script, "", 1, &error));
  ck_assert_ptr_nonnull(error);
  ck_assert(error->domain == CS3_PLOT_ERROR);
  ck_assert_msg(strstr(error->message, others[_i].message) != NULL, "%s", error->message);
  g_unlink(program);
  g_rmdir(folder);
}
END_TEST

START_TEST(test_no_gnuplot) {
  g_setenv("PATH", "/nonexistent", TRUE);
  draw_fails("nothing", CS3_PLOT_ERROR_NO_GNUPLOT, "needs gnuplot, which is not installed");
}
END_TEST

/* What the parts make of a text that wants out. */
START_TEST(test_script_parts) {
  g_autoptr(Cs3Script) script = cs3_script_new();
  const char *text = "a'b\"c\n%d`\xc2\x9b\xe2\x80\xae\xff";
  cs3_script_add(script, QUOTE(text), SAY(" "), TIC(text), SAY(" "), FIELD(text), SAY(" "),
                 NUM(0.5), SAY(" "), NUM(NAN), SAY(" "), COMMENT(text));
  g_autofree char *made = cs3_script_text(script);
  ck_assert_str_eq(made, "'a''b\"c %d`  \xef\xbf\xbd' 'a''b\"c %%d`  \xef\xbf\xbd' "
                         "\"a'b'c %d`  \xef\xbf\xbd\" 0.5 NaN a'b\"c %d`  \xef\xbf\xbd\n");
  g_autoptr(GString) line = g_string_new(NULL);
  for (int i = 0; i < 100000; i++)
    g_string_append(line, "x'");
  g_autoptr(Cs3Script) cut = cs3_script_new();
  cs3_script_add(cut, QUOTE(line->str));
  g_autofree char *shorter = cs3_script_text(cut);
  ck_assert_uint_lt(strlen(shorter), 2 * CS3_SCRIPT_TEXT + 2);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("plots");
  TCase *tcase = tcase_create("data");
  tcase_add_test(tcase, test_speedup_data);
  tcase_add_test(tcase, test_breakdown_adds_up);
  tcase_add_test(tcase, test_breakdown_legend);
  tcase_add_loop_test(tcase, test_spoilt_records, 0, G_N_ELEMENTS(spoilt));
  tcase_add_loop_test(tcase, test_too_few, 0, 2);
  tcase_add_loop_test(tcase, test_files, 0, G_N_ELEMENTS(files));
  tcase_add_test(tcase, test_log_axis);
  tcase_add_test(tcase, test_no_gnuplot);
  tcase_add_test(tcase, test_script_parts);
  tcase_add_loop_test(tcase, test_other_gnuplot, 0, G_N_ELEMENTS(others));
  suite_add_tcase(suite, tcase);
  g_autofree char *gnuplot = g_find_program_in_path("gnuplot");
  if (gnuplot != NULL) {
    tcase = tcase_create("pictures");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_pictures, 0, G_N_ELEMENTS(pictures));
    tcase_add_test(tcase, test_hostile_name);
    tcase_add_test(tcase, test_hostile_file_names);
    tcase_add_test(tcase, test_gnuplot_fails);
    suite_add_tcase(suite, tcase);
  }
  return fixture_run(suite);
}
