/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records as strangers may write them: every leaf of every kind of record, replaced by what readers
 * stumble over and by hostile text. Whatever is drawn holds no unquoted text, whatever is refused
 * names a record's fault, and nothing takes long. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "plots/gnuplot.h"
#include "plots/plot.h"
#include "plots/report-study.h"
#include "plots/report.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/picture/plot-runs.h"
#include "sim/picture/sparsity-curves.h"
#include "sim/validation/validate-summary.h"
#include "tests/unit/fixture.h"

/* Leaves of a large record are taken in steps, others with each seed; the slow proof takes all, and
 * draws one in so many scripts. */
enum { DRAWN = 400, LEAVES = 15, SECONDS = 5 };

#define HOSTILE                                                                                    \
  "a'b\"`touch pwned`\n!touch pwned\n%s%n @y {/=99 z} \\\\ <i>HOSTILE</i> \xc2\x9b\xe2\x80\xae;"

static const char *const values[] = {"0",      "-1",       "1e308", "1e-320", "9223372036854775807",
                                     "null",   "\"text\"", "[]",    "{}",     "true",
                                     "HOSTILE"};

static json_t *value_new(const char *text) {
  return strcmp(text, "HOSTILE") == 0 ? json_string(HOSTILE)
                                      : json_loads(text, JSON_DECODE_ANY, NULL);
}

/* A place in a record. */
typedef struct {
  json_t *parent;
  const char *key; /* NULL: of a list */
  size_t index;
} Leaf;

static void find_leaves(json_t *value, GArray *leaves) {
  const char *key;
  json_t *member;
  size_t i;
  json_object_foreach(value, key, member) {
    Leaf leaf = {.parent = value, .key = key};
    g_array_append_val(leaves, leaf);
    find_leaves(member, leaves);
  }
  json_array_foreach(value, i, member) {
    Leaf leaf = {.parent = value, .index = i};
    g_array_append_val(leaves, leaf);
    find_leaves(member, leaves);
  }
}

/* Returns: (transfer full): what stood there. */
static json_t *put(const Leaf *leaf, json_t *value) {
  json_t *old = leaf->key != NULL ? json_object_get(leaf->parent, leaf->key)
                                  : json_array_get(leaf->parent, leaf->index);
  json_incref(old);
  if (leaf->key != NULL)
    json_object_set_new(leaf->parent, leaf->key, value);
  else
    json_array_set_new(leaf->parent, leaf->index, value);
  return old;
}

/* Words outside of quotes hold nothing of a record, and nothing that gnuplot substitutes. */
static void check_quotes(const char *script) {
  g_autoptr(GString) bare = g_string_new(NULL);
  gboolean quoted = FALSE;
  for (const char *c = script; *c != '\0'; c++) {
    if (*c == '\'')
      quoted = !quoted;
    else if (!quoted)
      g_string_append_c(bare, *c);
    if (quoted && *c == '\n') /* every passed assertion costs a message between processes */
      ck_abort_msg("a quote is open at a line's end:\n%s", script);
  }
  ck_assert(!quoted);
  ck_assert_msg(strpbrk(bare->str, "`@!\"{}") == NULL && strstr(bare->str, "HOSTILE") == NULL &&
                    strstr(bare->str, "touch") == NULL,
                "unquoted: %s", bare->str);
}

/* Every line of data is a comment, blank, or has as many columns as its head. */
static void check_data(const char *data) {
  ck_assert(g_utf8_validate(data, -1, NULL));
  g_auto(GStrv) lines = g_strsplit(data, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    guint quotes = 0;
    for (const char *c = *line; **line != '#' && *c != '\0'; c++)
      quotes += *c == '"';
    if (quotes % 2 != 0 || **line == '!')
      ck_abort_msg("%s", *line);
  }
}

static void check_picture(const Cs3PlotTarget *target, const Cs3Script *script, const char *data) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) picture = cs3_gnuplot_draw(target, script, data, 60, &error);
  g_autofree char *text = cs3_script_file(script, "p.svg", "p.dat");
  ck_assert_msg(picture != NULL, "%s\n%s", error != NULL ? error->message : "", text);
  ck_assert(!g_file_test("pwned", G_FILE_TEST_EXISTS));
}

static void check_refusal(const GError *error) {
  ck_assert_msg(error != NULL && error->domain == CS3_RECORD_ERROR, "%s",
                error != NULL ? error->message : "no message");
}

/* Returns: whether there is a picture to make. */
static gboolean try_plot(const Cs3Plot *plot, const json_t *records, gboolean draw) {
  Cs3PlotTarget target = {.format = CS3_PLOT_SVG};
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  g_autoptr(GError) error = NULL;
  alarm(SECONDS);
  gboolean made = cs3_plot_make(plot, records, &target, &data, &script, &error);
  alarm(0);
  if (!made) {
    check_refusal(error);
    return FALSE;
  }
  g_autofree char *text = cs3_script_file(script, "p.svg", "p.dat");
  check_quotes(text);
  check_data(data);
  if (draw)
    check_picture(&target, script, data);
  return TRUE;
}

static void try_report(const json_t *records) {
  g_autoptr(GArray) pictures = g_array_new(FALSE, FALSE, sizeof(Cs3ReportPicture));
  alarm(SECONDS);
  g_autofree char *page = cs3_report_is_study(json_array_get(records, 0))
                              ? cs3_report_study_html(records, pictures)
                              : cs3_report_html(records, NULL, pictures);
  alarm(0);
  ck_assert_ptr_null(strstr(page, "<i>HOSTILE"));
  ck_assert(g_utf8_validate(page, -1, NULL));
}

/* As the command asks of every run. */
static gboolean suits_report(const json_t *records) {
  static const char *const numbers[] = {"step.time_s", "step.cycles", "speedup.simulated", NULL};
  static const char *const texts[] = {"model.name", "hardware.name", NULL};
  static const char *const none[] = {NULL};
  for (size_t i = 0; i < json_array_size(records); i++) {
    const json_t *record = json_array_get(records, i);
    if (cs3_report_is_study(record)
            ? !cs3_record_require_schema(record, cs3_record_string(record, "schema"), none, none,
                                         NULL)
            : !cs3_record_require(record, numbers, texts, NULL))
      return FALSE;
  }
  return TRUE;
}

static gboolean slow(void) {
  return g_getenv("CS3SIM_TEST_SLOW") != NULL;
}

/* @plot: NULL: the report. */
static void mutate(const Cs3Plot *plot, json_t *records) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autofree char *gnuplot = slow() ? g_find_program_in_path("gnuplot") : NULL;
  g_autoptr(GArray) leaves = g_array_new(FALSE, FALSE, sizeof(Leaf));
  find_leaves(records, leaves);
  guint step = slow() ? 1 : MAX(1, leaves->len / LEAVES);
  for (guint i = (guint)g_rand_int_range(rand, 0, (gint32)step); i < leaves->len; i += step)
    for (guint v = 0; v < G_N_ELEMENTS(values); v++) {
      const Leaf *leaf = &g_array_index(leaves, Leaf, i);
      json_t *old = put(leaf, value_new(values[v]));
      if (plot != NULL)
        try_plot(plot, records, gnuplot != NULL && g_rand_int_range(rand, 0, DRAWN) == 0);
      else if (suits_report(records))
        try_report(records);
      json_decref(put(leaf, old));
    }
}

/* --- records of every kind ------------------------------------------------------------------- */

static const Cs3ScenarioOptions scenario = CS3_SCENARIO_DEFAULTS;

static Cs3ScenarioOptions small(void) {
  static char model[4096];
  const char *tree = g_getenv("CS3SIM_SRCDIR");
  g_snprintf(model, sizeof model, "%s/tests/data/tiny.json", tree != NULL ? tree : ".");
  Cs3ScenarioOptions options = scenario;
  options.model = model;
  options.batch = 8;
  options.lengths.seq = 16;
  options.sparsity = 0.7;
  return options;
}

static json_t *from_file(const char *name, size_t most) {
  const char *tree = g_getenv("CS3SIM_SRCDIR");
  g_autofree char *path = g_build_filename(tree != NULL ? tree : ".", "doc/gallery", name, NULL);
  json_t *records = json_array();
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_records_load(path, records, &error), "%s", error != NULL ? error->message : "");
  while (json_array_size(records) > most)
    json_array_remove(records, json_array_size(records) - 1);
  return records;
}

/* A simulated and a measured curve; to simulate one takes seconds. */
static void make_curves(json_t *records) {
  for (int measured = 0; measured < 2; measured++)
    json_array_append_new(
        records,
        json_pack("{s:s, s:s, s:s, s:b, s:i, s:[{s:f, s:f}, {s:f, s:f}, {s:f, s:f}]}", "schema",
                  "cs3sim.curve/1", "title", measured ? "h100, 2:4" : "cs3", "source", "a table",
                  "measured", measured, "tokens", 65536, "points", "sparsity", 0., "speedup", 1.,
                  "sparsity", 0.5, "speedup", 1.5, "sparsity", 0.9, "speedup", measured ? 4. : 7.));
}

/* Rows of a table are read alike: a few of each stand for all, so that every leaf can have its
 * turn. */
static void thin(json_t *value) {
  enum { ROWS = 4 };
  while (json_is_array(value) && json_array_size(value) > ROWS &&
         json_is_object(json_array_get(value, ROWS)))
    json_array_remove(value, json_array_size(value) - 1);
  size_t i;
  const char *key;
  json_t *member;
  json_array_foreach(value, i, member) thin(member);
  json_object_foreach(value, key, member) thin(member);
}

static json_t *thinned(const char *name) {
  json_t *records = from_file(name, 1);
  thin(json_array_get(records, 0));
  return records;
}

static json_t *validation(GError **error) {
  json_t *record = cs3_validate_recorded(error), *suite;
  size_t i;
  json_array_foreach(json_object_get(record, "suites"), i, suite) thin(suite);
  return record;
}

/* Of one constant. */
static json_t *posterior(void) {
  return json_pack(
      "{s:s, s:s, s:i, s:f, s:i, s:{s:s}, s:[{}], s:[{s:s, s:s, s:{s:f, s:f, s:f, s:f}}]}",
      "schema", CS3_POSTERIOR_SCHEMA, "version", "0", "machines", 8, "effective_points", 5.5,
      "seed", 1, "prediction", "arguments", "-m x", "rows", "constants", "name", "a.b", "range",
      "1 .. 2", "share", "nominal", 0.1, "p10", 0.2, "median", 0.5, "p90", 0.7);
}

/* Two constants, one of which does nothing. */
static json_t *tornado(void) {
  return json_pack(
      "{s:{s:f}, s:[{s:s, s:{s:s, s:f}, s:{s:s, s:f}}, {s:s, s:{s:s, s:f}, s:{s:s, s:f}}]}",
      "nominal", "speedup", 1.5, "constants", "name", "a.b", "lowest", "value", "1",
      "speedup_change", -0.1, "highest", "value", "2", "speedup_change", 0.2, "name", "a.c",
      "lowest", "value", "1", "speedup_change", 0.0, "highest", "value", "2", "speedup_change",
      0.0);
}

static void simulate(Cs3PlotNeeds needs, json_t *records, GError **error) {
  Cs3ScenarioOptions options = small();
  if (needs == CS3_PLOT_NEEDS_CURVES && !slow()) {
    make_curves(records);
  } else if (needs == CS3_PLOT_NEEDS_CURVES) {
    ck_assert(cs3_sparsity_curves(1, records, error));
  } else if (needs == CS3_PLOT_NEEDS_VALIDATION) {
    json_array_append_new(records, validation(error));
  } else if (needs == CS3_PLOT_NEEDS_SYSTEMS) {
    Cs3SystemSweep sweep = {.scaling = CS3_SCALING_STRONG, .most = 2};
    g_autoptr(GArray) points = cs3_system_sweep_points(&sweep, options.batch);
    ck_assert(cs3_system_sweep_run(&sweep, &options, points, NULL, records, error));
  } else if (needs == CS3_PLOT_NEEDS_TORNADO) {
    ck_assert(cs3_timeline_run(&options, records, error));
    json_object_set_new(json_array_get(records, 0), "tornado", tornado());
  } else if (needs == CS3_PLOT_NEEDS_POSTERIOR) {
    json_array_append_new(records, posterior());
  } else if (needs == CS3_PLOT_NEEDS_TRANSFORMS) {
    ck_assert(cs3_transforms_run(&options, records, error));
  } else if (needs == CS3_PLOT_NEEDS_MEMORY) {
    ck_assert(cs3_memory_run(&options, records, error));
  } else {
    ck_assert(cs3_timeline_run(&options, records, error));
  }
}

/* Two runs that differ in the sparsity alone, or in the machine. */
static json_t *pair(gboolean machines) {
  json_t *records = json_array();
  g_autoptr(GError) error = NULL;
  for (int k = 0; k < 2; k++) {
    Cs3ScenarioOptions options = small();
    options.hardware = (char *)(machines && k == 1 ? "cs2" : "cs3");
    options.sparsity = machines || k == 1 ? 0.7 : 0;
    ck_assert_msg(cs3_timeline_run(&options, records, &error), "%s",
                  error != NULL ? error->message : "");
    json_object_del(json_array_get(records, (size_t)k), "timeline");
  }
  return records;
}

/* Two by two points of a sweep that has five by five. */
static json_t *grid(void) {
  json_t *all = from_file("map.jsonl", 7);
  for (int i = 0; i < 3; i++)
    json_array_remove(all, 2);
  return all;
}

static json_t *records_for(Cs3PlotNeeds needs) {
  g_autoptr(GError) error = NULL;
  json_t *records;
  switch (needs) {
  case CS3_PLOT_NEEDS_POINTS:
    return grid();
  case CS3_PLOT_NEEDS_LAYERS:
    return from_file("layers.jsonl", 3);
  case CS3_PLOT_NEEDS_WEIGHTS:
    return from_file("lines.jsonl", 1);
  case CS3_PLOT_NEEDS_LAW:
    return thinned("law.jsonl");
  case CS3_PLOT_NEEDS_DECODE:
    return thinned("infer.jsonl");
  case CS3_PLOT_NEEDS_SPARSITIES:
    return pair(FALSE);
  case CS3_PLOT_NEEDS_MACHINES:
    return pair(TRUE);
  default:
    records = json_array();
    simulate(needs, records, &error);
    return records;
  }
}

static const Cs3Plot *plot_at(int i) {
  return cs3_plots()[i];
}

START_TEST(test_plot) {
  json_t *records = records_for(plot_at(_i)->needs);
  ck_assert_msg(try_plot(plot_at(_i), records, FALSE), "no records for %s", plot_at(_i)->name);
  mutate(plot_at(_i), records);
  json_decref(records);
}
END_TEST

START_TEST(test_report) {
  static const Cs3PlotNeeds needs[] = {CS3_PLOT_NEEDS_RUN, CS3_PLOT_NEEDS_MACHINES,
                                       CS3_PLOT_NEEDS_DECODE, CS3_PLOT_NEEDS_LAW};
  json_t *records = records_for(needs[_i]);
  mutate(NULL, records);
  json_decref(records);
}
END_TEST

int main(void) {
  int plots = 0;
  while (plot_at(plots) != NULL)
    plots++;
  Suite *suite = suite_create("plot-mutation");
  TCase *tcase = tcase_create("leaves");
  tcase_set_timeout(tcase, 3600);
  tcase_add_loop_test(tcase, test_plot, 0, plots);
  tcase_add_loop_test(tcase, test_report, 0, 4);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
