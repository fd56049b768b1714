/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim report: one page from results. */
#include "config.h"

#include <string.h>

#include "base/json.h"
#include "plots/plots.h"
#include "results/record.h"
#include "results/schema.h"
#include "plots/report-study.h"
#include "plots/report.h"
#include "sim/cli/plot-file.h"
#include "sim/commands.h"
#include "sim/run/result.h"
#include "sim/validation/validate-summary.h"

#define VALIDATE_PREFIX "cs3sim.validate"

static void picture_clear(gpointer data) {
  Cs3ReportPicture *picture = data;
  g_free(picture->svg);
  g_free(picture->problem);
}

/* What the results are good for decides what is drawn: a plot that they do not suit is left out;
 * one that cannot be drawn says why, in its place and as a warning. */
static void add_picture(GArray *pictures, const Cs3Plot *plot, const json_t *runs) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(GBytes) bytes = cs3_plot_picture(plot, runs, CS3_PLOT_SVG, &problem);
  Cs3ReportPicture picture = {.title = plot->summary};
  if (bytes != NULL) {
    gsize n;
    const char *svg = g_bytes_get_data(bytes, &n);
    picture.svg = g_strndup(svg, n);
  } else if (g_error_matches(problem, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA)) {
    return;
  } else {
    g_warning("the page lacks the picture %s: %s", plot->name, problem->message);
    picture.problem = g_strdup(problem->message);
  }
  g_array_append_val(pictures, picture);
}

static void draw(GArray *pictures, const json_t *runs) {
  static const Cs3Plot *const of_one[] = {&cs3_plot_layers, &cs3_plot_roofline};
  static const Cs3Plot *const of_many[] = {&cs3_plot_speedup, &cs3_plot_breakdown,
                                           &cs3_plot_compare, &cs3_plot_heatmap, &cs3_plot_pareto};
  gboolean one = json_array_size(runs) == 1;
  const Cs3Plot *const *plots = one ? of_one : of_many;
  for (guint i = 0; i < (one ? G_N_ELEMENTS(of_one) : G_N_ELEMENTS(of_many)); i++)
    add_picture(pictures, plots[i], runs);
}

static const char *const needed_numbers[] = {"step.time_s", "step.cycles", "speedup.simulated",
                                             NULL};
static const char *const needed_texts[] = {"model.name", "hardware.name", NULL};

/* Validation records apart from runs. @validation: (transfer none) (nullable). */
static gboolean sort_out(json_t *records, json_t *runs, const json_t **validation, GError **error) {
  size_t i;
  json_t *record;
  *validation = NULL;
  json_array_foreach(records, i, record) {
    if (g_str_has_prefix(cs3_record_string(record, "schema"), VALIDATE_PREFIX)) {
      *validation = record;
    } else if (cs3_record_require(record, needed_numbers, needed_texts, error)) {
      json_array_append(runs, record);
    } else {
      g_prefix_error(error, "record %zu: ", i + 1);
      return FALSE;
    }
  }
  if (json_array_size(runs) > 0)
    return TRUE;
  g_set_error_literal(error, CS3_CLI_ERROR, CS3_CLI_ERROR_DATA,
                      "the files hold no run; 'cs3sim run -o json', 'compare -o json' and 'sweep' "
                      "write some");
  return FALSE;
}

static gboolean check_study(const json_t *record, size_t place, GError **error) {
  static const char *const none[] = {NULL};
  const char *schema = cs3_record_string(record, "schema");
  if (!cs3_report_is_study(record))
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_DATA,
                "record %zu is %s: a page is about runs, or about decoding, laws and trainings",
                place + 1, schema[0] != '\0' ? schema : "none of ours");
  else if (cs3_record_require_schema(record, schema, none, none, error))
    return TRUE;
  else
    g_prefix_error(error, "record %zu: ", place + 1);
  return FALSE;
}

/* A page about what is no run: its rows, and a picture of each record that has one. */
static gboolean write_study(const Cs3Context *context, const json_t *records, GError **error) {
  static const Cs3Plot *const plots[] = {&cs3_plot_decode, &cs3_plot_isoloss};
  g_autoptr(GArray) pictures = g_array_new(FALSE, FALSE, sizeof(Cs3ReportPicture));
  g_array_set_clear_func(pictures, picture_clear);
  size_t i;
  json_t *record;
  json_array_foreach((json_t *)records, i, record) {
    if (!check_study(record, i, error))
      return FALSE;
    json_auto_t *one = cs3_json_pack("[O]", record);
    for (guint k = 0; k < G_N_ELEMENTS(plots); k++)
      add_picture(pictures, plots[k], one);
  }
  g_autofree char *page = cs3_report_study_html(records, pictures);
  cs3_output_puts(context->output, page);
  return TRUE;
}

static gboolean write_page(const Cs3Context *context, json_t *records, GError **error) {
  const json_t *validation;
  g_autoptr(GArray) pictures = g_array_new(FALSE, FALSE, sizeof(Cs3ReportPicture));
  g_array_set_clear_func(pictures, picture_clear);
  json_auto_t *runs = json_array();
  gboolean ok = sort_out(records, runs, &validation, error);
  if (ok) {
    draw(pictures, runs);
    json_t *recorded = validation == NULL ? cs3_validate_recorded(NULL) : NULL;
    g_autofree char *page =
        cs3_report_html(runs, validation != NULL ? validation : recorded, pictures);
    cs3_output_puts(context->output, page);
    json_decref(recorded);
  }
  return ok;
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  json_auto_t *records = json_array();
  gboolean ok = TRUE;
  for (char **file = args; ok && *file != NULL; file++)
    ok = cs3_records_load(*file, records, error);
  gboolean study = ok && cs3_report_is_study(json_array_get(records, 0));
  ok = ok && (study ? write_study(context, records, error) : write_page(context, records, error));
  return ok ? CS3_EXIT_OK : CS3_EXIT_DATA;
}

static const Cs3Example examples[] = {
    {"a page about one run",
     "cs3sim run --model gpt2-small --batch 32 --sparsity 0.7 -O run.json && "
     "cs3sim report run.json -O report.html"},
    {"a page about a sweep", "cs3sim sweep --model gpt2-small --batch 32 --sweep "
                             "sparsity=0:0.9:0.3 -O runs.jsonl && "
                             "cs3sim report runs.jsonl -O sweep.html"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_report = {
    .name = "report",
    .arguments = "RESULT...",
    .summary = "Make one self-contained HTML page from results",
    .description =
        "Reads results of 'cs3sim run -o json', 'compare -o json', 'sweep' or 'validate -o json' "
        "and writes one page: summary, pictures, layers, validation, configuration and provenance. "
        "Tables sort by a click. Nothing is fetched: the page can be mailed, kept and printed.\n\n"
        "Which pictures it has depends on the results: layers and roofline for one run, speed-up "
        "and breakdown for sparsities, throughput for machines, a map for two axes, the Pareto "
        "front for any sweep. Without a validation among the results it has the one that came with "
        "this version.\n\n"
        "Records of 'infer', 'optimize --law' and 'train' make a page of their own: their rows, "
        "and "
        "the pictures decode and isoloss.",
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_HTML),
    .min_args = 1,
    .max_args = G_MAXUINT,
    .completes = "files",
    .examples = examples,
    .run = run,
};
