/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTML report. Every text that comes from a record goes through cs3_html_escape(). */
#include "config.h"

#include "plots/report.h"

#include <math.h>
#include <string.h>

#include "results/record.h"
#include "plots/report-page.h"
#include "plots/report-table.h"

/* More runs than this have no columns of their own. */
enum { SIDE_BY_SIDE = 8 };

static const Cs3ReportColumn name_and_value[] = {{"name", "", TRUE, 0, 0},
                                                 {"value", "", TRUE, 0, 0}};

static const Cs3ReportColumn run_columns[] = {
    {"model", "model.name", TRUE, 1, 0},
    {"machine", "hardware.name", TRUE, 1, 0},
    {"sparsity", "sparsity", FALSE, 1, 4},
    {"pattern", "pattern", TRUE, 1, 0},
    {"step time [s]", "step.time_s", FALSE, 1, 4},
    {"thousand tokens/s", "throughput.tokens_per_s", FALSE, 1e-3, 4},
    {"speed-up", "speedup.simulated", FALSE, 1, 4},
    {"in theory", "speedup.theoretical", FALSE, 1, 4},
    {"share of peak [%]", "flops.dense_peak_fraction", FALSE, 100, 3},
    {"J a token", "energy.joules_per_token", FALSE, 1, 3},
    {"bottleneck", "bottleneck", TRUE, 1, 0},
};

/* What `--posterior` and `--uncertainty` say of a run: between which values 80 % of the machines
 * lie, in these quantities. */
static const struct {
  const char *member, *machines;
} bands[] = {
    {"posterior", "machines that agree with measured rates"},
    {"uncertainty", "machines over the ranges of uncertain constants"},
};
static const struct {
  const char *member, *title;
  double scale;
} banded[] = {
    {"speedup", "speed-up", 1},
    {"share_of_theory", "share of theory", 1},
    {"tokens_per_s", "thousand tokens/s", 1e-3},
    {"step_time_s", "step time [s]", 1},
};

/* The number @which (p10, median, p90) of a band; NAN where there is none. */
static double band_number(const json_t *run, guint band, const char *quantity, const char *which) {
  const json_t *object = json_object_get(run, bands[band].member);
  const json_t *number = json_object_get(json_object_get(object, quantity), which);
  return json_is_number(number) ? json_number_value(number) : NAN;
}

static gboolean has_band(const json_t *run, guint band) {
  return isfinite(band_number(run, band, "speedup", "p10")) &&
         isfinite(band_number(run, band, "speedup", "p90"));
}

static gboolean any_band(const json_t *runs, guint band) {
  size_t i;
  json_t *run;
  json_array_foreach((json_t *)runs, i, run) {
    if (has_band(run, band))
      return TRUE;
  }
  return FALSE;
}

/* Whether all @runs have the same text in @column. */
static gboolean is_constant(const json_t *runs, const Cs3ReportColumn *column) {
  const char *first = cs3_record_string(json_array_get(runs, 0), column->path);
  size_t i;
  json_t *run;
  json_array_foreach((json_t *)runs, i, run) if (strcmp(cs3_record_string(run, column->path),
                                                        first) != 0) return FALSE;
  return TRUE;
}

/* Between which values a band has the speed-up and the rate, of many runs. */
static void add_band_columns(GArray *columns, guint band) {
  static const Cs3ReportColumn all[][4] = {
      {{"measured: speed-up, 10 %", "posterior.speedup.p10", FALSE, 1, 4},
       {"90 %", "posterior.speedup.p90", FALSE, 1, 4},
       {"measured: thousand tokens/s, 10 %", "posterior.tokens_per_s.p10", FALSE, 1e-3, 4},
       {"90 %", "posterior.tokens_per_s.p90", FALSE, 1e-3, 4}},
      {{"ranges: speed-up, 10 %", "uncertainty.speedup.p10", FALSE, 1, 4},
       {"90 %", "uncertainty.speedup.p90", FALSE, 1, 4},
       {"ranges: thousand tokens/s, 10 %", "uncertainty.tokens_per_s.p10", FALSE, 1e-3, 4},
       {"90 %", "uncertainty.tokens_per_s.p90", FALSE, 1e-3, 4}},
  };
  g_array_append_vals(columns, all[band], G_N_ELEMENTS(all[band]));
}

/* Columns for @runs: texts that are the same in many runs say nothing. */
static GArray *columns_for(const json_t *runs) {
  GArray *columns = g_array_new(FALSE, FALSE, sizeof(Cs3ReportColumn));
  for (guint i = 0; i < G_N_ELEMENTS(run_columns); i++)
    if (json_array_size(runs) == 1 || !run_columns[i].text || !is_constant(runs, &run_columns[i]))
      g_array_append_val(columns, run_columns[i]);
  for (guint b = 0; b < G_N_ELEMENTS(bands); b++)
    if (json_array_size(runs) > 1 && any_band(runs, b))
      add_band_columns(columns, b);
  return columns;
}

/* Axes that no column of every run shows. (transfer container) */
static GPtrArray *other_axes(const json_t *runs) {
  static const char *const shown[] = {"model", "hardware", "sparsity", "pattern", NULL};
  GPtrArray *axes = cs3_records_axes(runs);
  for (guint i = axes->len; i-- > 0;)
    if (g_strv_contains(shown, axes->pdata[i]))
      g_ptr_array_remove_index(axes, i);
  return axes;
}

/* Machines of a comparison that no run belongs to: measured, or too small for the model. */
static void beside_section(GString *page, const json_t *runs) {
  static const Cs3ReportColumn columns[] = {
      {"machine", "hardware", TRUE, 1, 0},
      {"measured: dense, thousand tokens/s", "dense.tokens_per_s", FALSE, 1e-3, 4},
      {"batch", "dense.batch", FALSE, 1, 6},
      {"modelled: dense, thousand tokens/s", "derived.dense_tokens_per_s", FALSE, 1e-3, 4},
      {"thousand tokens/s", "derived.tokens_per_s", FALSE, 1e-3, 4},
      {"speed-up", "derived.speedup", FALSE, 1, 4},
      {"precision", "derived.precision", TRUE, 1, 0},
      {"kernels", "derived.kernels", TRUE, 1, 0},
      {"scope", "scope", TRUE, 1, 0},
      {"source", "source", TRUE, 1, 0},
      {"of the model", "derived_source", TRUE, 1, 0},
      {"why there is no run", "reason", TRUE, 1, 0},
  };
  size_t i, k;
  json_t *run, *machine;
  gboolean open = FALSE;
  json_array_foreach((json_t *)runs, i, run) {
    json_array_foreach(json_object_get(run, "beside"), k, machine) {
      if (!open) {
        cs3_report_heading(page, 2, "Measured, modelled, or without a run");
        cs3_report_open_table(page, columns, G_N_ELEMENTS(columns));
        open = TRUE;
      }
      cs3_report_row(page, machine, columns, G_N_ELEMENTS(columns));
    }
  }
  if (open)
    cs3_report_close_table(page);
}

static void runs_section(GString *page, const json_t *runs) {
  g_autoptr(GPtrArray) axes = other_axes(runs);
  g_autoptr(GArray) columns = columns_for(runs);
  for (guint i = axes->len; i-- > 0;) {
    Cs3ReportColumn column = {.title = axes->pdata[i], .path = axes->pdata[i], .text = TRUE};
    g_array_prepend_val(columns, column);
  }
  const Cs3ReportColumn *all = (const Cs3ReportColumn *)(void *)columns->data;
  size_t i;
  json_t *run;
  cs3_report_heading(page, 2, json_array_size(runs) > 1 ? "Runs" : "Summary");
  cs3_report_open_table(page, all, columns->len);
  json_array_foreach((json_t *)runs, i, run) {
    g_string_append(page, "<tr>");
    for (guint k = 0; k < axes->len; k++)
      cs3_report_text_cell(page, cs3_record_axis(run, axes->pdata[k]));
    cs3_report_cells(page, run, all + axes->len, columns->len - axes->len);
    g_string_append(page, "</tr>\n");
  }
  cs3_report_close_table(page);
}

/* What stands above the column of a run among others. */
static char *name_of(const json_t *runs, const json_t *run) {
  g_autoptr(GPtrArray) axes = cs3_records_axes(runs);
  return axes->len > 0 ? cs3_record_place(run, axes)
                       : g_strdup(cs3_record_string(run, "hardware.name"));
}

/* How far the numbers of one run are known. */
static void bands_section(GString *page, const json_t *run) {
  static const Cs3ReportColumn columns[] = {
      {"80 % of", "", TRUE, 1, 0}, {"quantity", "", TRUE, 1, 0}, {"this machine", "", FALSE, 1, 4},
      {"10 %", "", FALSE, 1, 4},   {"median", "", FALSE, 1, 4},  {"90 %", "", FALSE, 1, 4},
  };
  static const char *const numbers[] = {"nominal", "p10", "median", "p90"};
  gboolean open = FALSE;
  for (guint b = 0; b < G_N_ELEMENTS(bands); b++)
    for (guint q = 0; has_band(run, b) && q < G_N_ELEMENTS(banded); q++) {
      if (!open) {
        cs3_report_heading(page, 2, "How far this is known");
        cs3_report_open_table(page, columns, G_N_ELEMENTS(columns));
        open = TRUE;
      }
      g_string_append(page, "<tr>");
      cs3_report_text_cell(page, bands[b].machines);
      cs3_report_text_cell(page, banded[q].title);
      for (guint n = 0; n < G_N_ELEMENTS(numbers); n++)
        cs3_report_number_cell(
            page, banded[q].scale * band_number(run, b, banded[q].member, numbers[n]), 4);
      g_string_append(page, "</tr>\n");
    }
  if (open)
    cs3_report_close_table(page);
}

/* A table with a column a run. */
static void open_run_table(GString *page, const char *first, const json_t *runs, gboolean text) {
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(Cs3ReportColumn));
  Cs3ReportColumn column = {.title = first, .text = TRUE};
  g_array_append_val(columns, column);
  size_t i;
  json_t *run;
  json_array_foreach((json_t *)runs, i, run) {
    g_ptr_array_add(names, name_of(runs, run));
    column = (Cs3ReportColumn){.title = names->pdata[i], .text = text};
    g_array_append_val(columns, column);
  }
  cs3_report_open_table(page, (const Cs3ReportColumn *)(void *)columns->data, columns->len);
}

/* Shares of the step, run beside run. */
static void shares_section(GString *page, const json_t *runs) {
  cs3_report_heading(page, 2, "Where the steps go [%]");
  open_run_table(page, "cause", runs, FALSE);
  const char *cause;
  json_t *value, *run;
  size_t i;
  const json_t *step = json_object_get(json_array_get(runs, 0), "step");
  json_object_foreach(json_object_get(step, "causes"), cause, value) {
    g_autofree char *path = g_strconcat("step.causes.", cause, NULL);
    double most = 0;
    json_array_foreach((json_t *)runs, i, run) most = MAX(most, cs3_record_number(run, path));
    if (most == 0)
      continue;
    g_string_append(page, "<tr>");
    cs3_report_text_cell(page, cause);
    json_array_foreach((json_t *)runs, i, run) cs3_report_number_cell(
        page, 100 * cs3_record_number(run, path) / cs3_record_number(run, "step.cycles"), 3);
    g_string_append(page, "</tr>\n");
  }
  cs3_report_close_table(page);
}

static const char *parameter_of(const json_t *run, const char *key) {
  const json_t *provenance = json_object_get(run, "provenance");
  const char *text =
      json_string_value(json_object_get(json_object_get(provenance, "configuration"), key));
  return text != NULL ? text : "-";
}

/* Constants of the machine in which the runs differ. */
static void differences_section(GString *page, const json_t *runs) {
  const char *key;
  json_t *value, *run;
  size_t i;
  const json_t *first = json_array_get(runs, 0);
  cs3_report_heading(page, 2, "What differs between the machines");
  open_run_table(page, "parameter", runs, TRUE);
  json_object_foreach(json_object_get(json_object_get(first, "provenance"), "configuration"), key,
                      value) {
    gboolean differs = FALSE;
    json_array_foreach((json_t *)runs, i, run) differs |=
        strcmp(parameter_of(run, key), parameter_of(first, key)) != 0;
    if (!differs)
      continue;
    g_string_append(page, "<tr>");
    cs3_report_text_cell(page, key);
    json_array_foreach((json_t *)runs, i, run) cs3_report_text_cell(page, parameter_of(run, key));
    g_string_append(page, "</tr>\n");
  }
  cs3_report_close_table(page);
}

static void causes_section(GString *page, const json_t *run) {
  static const Cs3ReportColumn columns[] = {
      {"cause", "", TRUE, 1, 0},
      {"share of the step [%]", "", FALSE, 1, 0},
      {"Mcycles", "", FALSE, 1, 0},
      {"Mcycles, dense", "", FALSE, 1, 0},
  };
  const json_t *dense = json_object_get(json_object_get(run, "dense"), "step");
  double cycles = cs3_record_number(run, "step.cycles");
  cs3_report_heading(page, 2, "Where the step goes");
  cs3_report_open_table(page, columns, G_N_ELEMENTS(columns));
  const char *cause;
  json_t *value;
  json_object_foreach(json_object_get(json_object_get(run, "step"), "causes"), cause, value) {
    double here = json_number_value(value);
    double there = json_number_value(json_object_get(json_object_get(dense, "causes"), cause));
    if (here == 0 && there == 0)
      continue;
    g_string_append(page, "<tr>");
    cs3_report_text_cell(page, cause);
    cs3_report_number_cell(page, 100 * here / cycles, 3);
    cs3_report_number_cell(page, here / 1e6, 5);
    cs3_report_number_cell(page, there / 1e6, 5);
    g_string_append(page, "</tr>\n");
  }
  cs3_report_close_table(page);
}

static const Cs3ReportColumn layer_columns[] = {
    {"layer", "name", TRUE, 1, 0},
    {"N", "out_features", FALSE, 1, 6},
    {"K", "in_features", FALSE, 1, 6},
    {"times", "repeat", FALSE, 1, 6},
    {"sparsity", "sparsity", FALSE, 1, 3},
    {"cycles", "cycles", FALSE, 1, 9},
    {"forward", "passes.forward.cycles", FALSE, 1, 9},
    {"backward", "backward_cycles", FALSE, 1, 9},
    {"speed-up", "speedup", FALSE, 1, 3},
    {"forward mapping", "passes.forward.mapping.text", TRUE, 1, 0},
};

static void layers_section(GString *page, const json_t *run) {
  const json_t *layers = json_object_get(run, "layers");
  if (json_array_size(layers) == 0)
    return;
  size_t i;
  json_t *layer;
  cs3_report_heading(page, 2, "Linear layers, one micro-batch");
  cs3_report_open_table(page, layer_columns, G_N_ELEMENTS(layer_columns));
  json_array_foreach(layers, i, layer)
      cs3_report_row(page, layer, layer_columns, G_N_ELEMENTS(layer_columns));
  cs3_report_close_table(page);
}

/* gnuplot gives its markers the same names in every picture; in one page they must differ. */
static char *own_names(const char *svg, guint picture) {
  g_auto(GStrv) parts = g_strsplit(svg, "gpPt", -1);
  g_autofree char *name = g_strdup_printf("picture%u-", picture);
  g_autofree char *once = g_strjoinv(name, parts);
  g_auto(GStrv) plots = g_strsplit(once, "gnuplot_plot_", -1);
  g_autofree char *plot = g_strdup_printf("picture%u-plot-", picture);
  return g_strjoinv(plot, plots);
}

static void missing_picture(GString *page, const Cs3ReportPicture *picture) {
  g_autofree char *text = g_strdup_printf("Not drawn: %s (%s).", picture->title, picture->problem);
  g_string_append(page, "<p class=\"missing\">");
  cs3_html_escape(page, text);
  g_string_append(page, "</p>\n");
}

void cs3_report_pictures(GString *page, const GArray *pictures) {
  g_string_append(page, "<div class=\"pictures\">\n");
  for (guint i = 0; i < pictures->len; i++) {
    const Cs3ReportPicture *picture = &g_array_index(pictures, Cs3ReportPicture, i);
    if (picture->svg == NULL) {
      missing_picture(page, picture);
      continue;
    }
    g_string_append(page, "<figure role=\"img\" aria-label=\"");
    cs3_html_escape(page, picture->title);
    g_string_append(page, "\">\n");
    /* Without the XML declaration and document type, which belong to a file of its own. */
    const char *svg = strstr(picture->svg, "<svg");
    g_autofree char *named = own_names(svg != NULL ? svg : "", i);
    g_string_append(page, named);
    g_string_append(page, "<figcaption class=\"hint\">Wider than the window: move it "
                          "sideways.</figcaption></figure>\n");
  }
  g_string_append(page, "</div>\n");
}

static void configuration_section(GString *page, const json_t *run, gboolean several) {
  const json_t *provenance = json_object_get(run, "provenance");
  cs3_report_heading(page, 2, several ? "Configuration of the first run" : "Configuration");
  g_string_append(page, "<details><summary>every parameter of the machine</summary>\n");
  cs3_report_open_table(page, name_and_value, G_N_ELEMENTS(name_and_value));
  cs3_report_object(page, "", json_object_get(provenance, "configuration"));
  cs3_report_close_table(page);
  g_string_append(page, "</details>\n");
  cs3_report_heading(page, 2, several ? "Provenance of the first run" : "Provenance");
  cs3_report_open_table(page, name_and_value, G_N_ELEMENTS(name_and_value));
  cs3_report_object(page, "", run);
  cs3_report_object(page, "provenance.", provenance);
  cs3_report_close_table(page);
}

/* How many texts @runs have at @path. */
static guint count_texts(const json_t *runs, const char *path) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  size_t i;
  json_t *run;
  json_array_foreach((json_t *)runs, i, run)
      g_hash_table_add(seen, (gpointer)cs3_record_string(run, path));
  return g_hash_table_size(seen);
}

/* "cs3", or "3 machines". */
static char *one_or_many(const json_t *runs, const char *path, const char *many) {
  guint n = count_texts(runs, path);
  return n == 1 ? g_strdup(cs3_record_string(json_array_get(runs, 0), path))
                : g_strdup_printf("%u %s", n, many);
}

/* "70 % sparsity", or "0 to 90 % sparsity". */
static char *sparsity_in_words(const json_t *runs) {
  double least = 1, most = 0;
  size_t i;
  json_t *run;
  json_array_foreach((json_t *)runs, i, run) {
    least = MIN(least, cs3_record_number(run, "sparsity"));
    most = MAX(most, cs3_record_number(run, "sparsity"));
  }
  return least < most ? g_strdup_printf("%.4g to %.4g %% sparsity", 100 * least, 100 * most)
                      : g_strdup_printf("%.4g %% sparsity", 100 * most);
}

/* "llama7b, 70 % sparsity, on 3 machines", for a sweep "..., over io.rate and batch". */
static char *title_of_many(const json_t *runs) {
  g_autoptr(GPtrArray) axes = other_axes(runs);
  g_autofree char *model = one_or_many(runs, "model.name", "models");
  g_autofree char *machine = one_or_many(runs, "hardware.name", "machines");
  g_autofree char *sparsity = sparsity_in_words(runs);
  GString *title = g_string_new(NULL);
  g_string_append_printf(title, "%zu runs of %s, %s, on %s", json_array_size(runs), model, sparsity,
                         machine);
  for (guint i = 0; i < axes->len; i++)
    g_string_append_printf(title, "%s%s",
                           i == 0              ? ", over "
                           : i + 1 < axes->len ? ", "
                                               : " and ",
                           (const char *)axes->pdata[i]);
  return g_string_free(title, FALSE);
}

/* " Of the machines that agree with measured rates, 80 % ...". */
static char *band_in_words(const json_t *run) {
  for (guint b = 0; b < G_N_ELEMENTS(bands); b++)
    if (has_band(run, b))
      return g_strdup_printf(" Of the %s, 80 %% take %.3g to %.3g s and are %.3g to %.3g times as "
                             "fast as with dense weights.",
                             bands[b].machines, band_number(run, b, "step_time_s", "p10"),
                             band_number(run, b, "step_time_s", "p90"),
                             band_number(run, b, "speedup", "p10"),
                             band_number(run, b, "speedup", "p90"));
  return g_strdup("");
}

static char *lead_of_one(const json_t *run) {
  g_autofree char *band = band_in_words(run);
  return g_strdup_printf(
      "A training step takes %.4g s, %.3g times as fast as with dense weights; counting "
      "multiply-accumulates promises %.3g. Most of the rest is %s.%s",
      cs3_record_number(run, "step.time_s"), cs3_record_number(run, "speedup.simulated"),
      cs3_record_number(run, "speedup.theoretical"), cs3_record_string(run, "bottleneck"), band);
}

/* "sparsity 0.9, io.rate 2.4 Tb/s", or the machine. */
static char *place_in_words(const json_t *runs, const json_t *run) {
  g_autoptr(GPtrArray) axes = cs3_records_axes(runs);
  GString *text = g_string_new(axes->len > 0 ? NULL : cs3_record_string(run, "hardware.name"));
  for (guint i = 0; i < axes->len; i++)
    g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", (const char *)axes->pdata[i],
                           cs3_record_axis(run, axes->pdata[i]));
  return g_string_free(text, FALSE);
}

static char *lead_of_many(const json_t *runs) {
  const char *const rate = "throughput.tokens_per_s";
  const json_t *fastest = json_array_get(runs, 0), *slowest = fastest;
  size_t i;
  json_t *run;
  json_array_foreach((json_t *)runs, i, run) {
    if (cs3_record_number(run, rate) > cs3_record_number(fastest, rate))
      fastest = run;
    if (cs3_record_number(run, rate) < cs3_record_number(slowest, rate))
      slowest = run;
  }
  g_autofree char *best = place_in_words(runs, fastest), *worst = place_in_words(runs, slowest);
  return g_strdup_printf(
      "Fastest is %s: %.4g thousand tokens a second, %.3g times its dense step, most of the rest "
      "being %s. That is %.3g times the slowest, %s.",
      best, cs3_record_number(fastest, rate) / 1e3, cs3_record_number(fastest, "speedup.simulated"),
      cs3_record_string(fastest, "bottleneck"),
      cs3_record_number(fastest, rate) / cs3_record_number(slowest, rate), worst);
}

static void opening(GString *page, const json_t *runs) {
  const json_t *first = json_array_get(runs, 0);
  gboolean one = json_array_size(runs) == 1;
  g_autofree char *title =
      one ? g_strdup_printf("%s on %s, %.4g %% sparsity", cs3_record_string(first, "model.name"),
                            cs3_record_string(first, "hardware.name"),
                            100 * cs3_record_number(first, "sparsity"))
          : title_of_many(runs);
  g_autofree char *line = one ? lead_of_one(first) : lead_of_many(runs);
  cs3_report_heading(page, 1, title);
  g_string_append(page, "<p class=\"lead\">");
  cs3_html_escape(page, line);
  g_string_append(page, "</p>\n");
}

/* Of one run everything; few stand side by side; of many the table and the pictures say more. */
static void details(GString *page, const json_t *runs) {
  const json_t *first = json_array_get(runs, 0);
  g_autoptr(GPtrArray) axes = cs3_records_axes(runs);
  if (json_array_size(runs) == 1) {
    bands_section(page, first);
    causes_section(page, first);
    layers_section(page, first);
  } else if (json_array_size(runs) <= SIDE_BY_SIDE) {
    shares_section(page, runs);
    if (axes->len == 0)
      differences_section(page, runs);
  }
}

char *cs3_report_html(const json_t *runs, const json_t *validation, const GArray *pictures) {
  GString *page = g_string_new(cs3_report_head);
  opening(page, runs);
  runs_section(page, runs);
  beside_section(page, runs);
  cs3_report_pictures(page, pictures);
  details(page, runs);
  cs3_report_validation(page, validation);
  configuration_section(page, json_array_get(runs, 0), json_array_size(runs) > 1);
  g_string_append(page, cs3_report_foot);
  return g_string_free(page, FALSE);
}
