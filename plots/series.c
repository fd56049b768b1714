/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs of one model on one machine at several sparsities. */
#include "config.h"

#include "plots/series.h"

#include "plots/canvas.h"
#include "results/record.h"

/* More plans than this are counted, not listed. */
enum { LISTED_PLANS = 4 };

/* What must be the same in all records: a curve through anything else would mislead. */
static const char *const common[] = {"model", "hardware",  "pattern", "batch",      "seq",
                                     "exact", "attention", "dense",   "provenance", "fidelity"};

static const char *const common_numbers[] = {"sparsity",
                                             "batch",
                                             "seq",
                                             "hardware.clock_hz",
                                             "mapping.micro_batch",
                                             "mapping.tokens_on_wafer",
                                             "provenance.seed",
                                             "provenance.model_version",
                                             NULL};
static const char *const common_texts[] = {
    "model.name",        "hardware.name",      "pattern", "attention", "fidelity",
    "mapping.recompute", "provenance.version", NULL};

static double number(const json_t *series, gsize i, const char *path) {
  return cs3_record_number(json_array_get(series, i), path);
}

static const char *text(const json_t *series, gsize i, const char *path) {
  return cs3_record_string(json_array_get(series, i), path);
}

static gint by_sparsity(gconstpointer a, gconstpointer b) {
  double x = cs3_record_number(*(json_t *const *)a, "sparsity");
  double y = cs3_record_number(*(json_t *const *)b, "sparsity");
  return (x > y) - (x < y);
}

static json_t *sorted(const json_t *records) {
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (gsize i = 0; i < json_array_size(records); i++)
    g_ptr_array_add(order, json_array_get(records, i));
  g_ptr_array_sort(order, by_sparsity);
  json_t *series = json_array();
  for (guint i = 0; i < order->len; i++)
    json_array_append(series, order->pdata[i]);
  return series;
}

static gboolean check_pair(const json_t *first, const json_t *a, const json_t *b, GError **error) {
  for (guint k = 0; k < G_N_ELEMENTS(common); k++)
    if (!json_equal(json_object_get(first, common[k]), json_object_get(b, common[k]))) {
      g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                  "the plot needs runs that differ in nothing but the sparsity; those at %.4g and "
                  "%.4g differ in %s",
                  cs3_record_number(first, "sparsity"), cs3_record_number(b, "sparsity"),
                  common[k]);
      return FALSE;
    }
  if (by_sparsity(&a, &b) == 0) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "two runs have the sparsity %.4g",
                cs3_record_number(a, "sparsity"));
    return FALSE;
  }
  return TRUE;
}

static gboolean check_record(const json_t *record, const char *const *numbers, GError **error) {
  static const char *const none[] = {NULL};
  return cs3_record_require(record, common_numbers, common_texts, error) &&
         cs3_record_require(record, numbers, none, error);
}

static gboolean check(const json_t *records, const char *const *numbers, GError **error) {
  gsize n = json_array_size(records);
  if (n < 2) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "the plot needs runs at two sparsities or more, not %" G_GSIZE_FORMAT, n);
    return FALSE;
  }
  for (gsize i = 0; i < n; i++)
    if (!check_record(json_array_get(records, i), numbers, error)) {
      g_prefix_error(error, "record %" G_GSIZE_FORMAT ": ", i + 1);
      return FALSE;
    }
  return TRUE;
}

json_t *cs3_series_new(const json_t *records, const char *const *numbers, GError **error) {
  if (!check(records, numbers, error))
    return NULL;
  json_t *series = sorted(records);
  for (gsize i = 1; i < json_array_size(series); i++)
    if (!check_pair(json_array_get(series, 0), json_array_get(series, i - 1),
                    json_array_get(series, i), error)) {
      json_decref(series);
      return NULL;
    }
  return series;
}

char *cs3_series_subject(const json_t *series) {
  return g_strdup_printf("%s on %s", text(series, 0, "model.name"),
                         text(series, 0, "hardware.name"));
}

char *cs3_series_work(const json_t *series) {
  return g_strdup_printf("%.0f sequences of %.0f tokens a step, %s sparsity",
                         number(series, 0, "batch"), number(series, 0, "seq"),
                         text(series, 0, "pattern"));
}

static gboolean same_plan(const json_t *series, gsize i, gsize j) {
  return number(series, i, "mapping.micro_batch") == number(series, j, "mapping.micro_batch") &&
         g_str_equal(text(series, i, "mapping.recompute"), text(series, j, "mapping.recompute"));
}

/* The first run behind @i that has another plan; the number of runs when there is none. */
static gsize next_plan(const json_t *series, gsize i) {
  gsize end = i + 1;
  while (end < json_array_size(series) && same_plan(series, i, end))
    end++;
  return end;
}

static char *plans_text(const json_t *series, gboolean lines) {
  gsize n = json_array_size(series), plans = 0;
  g_autoptr(GString) list = g_string_new(NULL);
  for (gsize i = 0; i < n; plans++) {
    gsize end = next_plan(series, i);
    g_string_append_printf(list, "%s%.0f up to %.4g (recompute %s)", plans > 0 ? ", " : "",
                           number(series, i, "mapping.tokens_on_wafer"),
                           number(series, end - 1, "sparsity"),
                           text(series, i, "mapping.recompute"));
    i = end;
  }
  if (plans > LISTED_PLANS)
    return g_strdup_printf("Micro-batch and recompute policy change %" G_GSIZE_FORMAT " times%s.",
                           plans - 1, lines ? " (thin vertical lines)" : "");
  return g_strdup_printf("Tokens on the wafer: %s.%s", list->str,
                         plans > 1 && lines ? " Thin vertical lines: the plan changes." : "");
}

/* "; with io.rate 2.4 Tb/s, ...": what was changed on the machine. */
static char *overrides_text(const json_t *series) {
  const json_t *hardware = json_object_get(json_array_get(series, 0), "hardware");
  GString *list = g_string_new(NULL);
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(hardware, "overrides"), name, value) {
    g_string_append_printf(list, "%s %s %s", list->len > 0 ? "," : "; with", name,
                           json_is_string(value) ? json_string_value(value) : "?");
  }
  return g_string_free(list, FALSE);
}

static char *parameters_text(const json_t *series) {
  g_autofree char *overrides = overrides_text(series);
  return g_strdup_printf("Clock %.4g GHz%s; %s attention, seed %.0f.",
                         number(series, 0, "hardware.clock_hz") / 1e9, overrides,
                         text(series, 0, "attention"), number(series, 0, "provenance.seed"));
}

static char *source_text(const json_t *series) {
  return g_strdup_printf("Source: simulated by cs3sim %s (model version %.0f), fidelity %s.",
                         text(series, 0, "provenance.version"),
                         number(series, 0, "provenance.model_version"),
                         text(series, 0, "fidelity"));
}

char *cs3_series_caption(const json_t *series, const Cs3PlotTarget *target, const char *note) {
  g_autofree char *plans = plans_text(series, target->format != CS3_PLOT_TEXT);
  g_autofree char *parameters = parameters_text(series);
  g_autofree char *source = source_text(series);
  return g_strdup_printf("%s\n%s\n%s %s", note, plans, parameters, source);
}

static void write_comment(Cs3Script *data, const char *text) {
  cs3_script_add(data, SAY("# "), COMMENT(text));
}

void cs3_series_write_header(const json_t *series, const Cs3Plot *plot, Cs3Script *data) {
  g_autofree char *subject = cs3_series_subject(series);
  g_autofree char *work = cs3_series_work(series);
  g_autofree char *parameters = parameters_text(series);
  g_autofree char *source = source_text(series);
  write_comment(data, plot->summary);
  write_comment(data, subject);
  write_comment(data, work);
  write_comment(data, parameters);
  write_comment(data, source);
  const char *key;
  json_t *value;
  json_t *provenance = json_object_get(json_array_get(series, 0), "provenance");
  json_object_foreach(json_object_get(provenance, "configuration"), key, value) {
    g_autofree char *line =
        g_strdup_printf("%s = %s", key, json_is_string(value) ? json_string_value(value) : "?");
    write_comment(data, line);
  }
}

/* What a plan is, beside its line: the micro-batch decides how many tokens share a weight. */
static void write_changes(const json_t *series, Cs3Script *script) {
  gsize n = json_array_size(series);
  for (gsize i = next_plan(series, 0); i < n; i = next_plan(series, i)) {
    double x = (number(series, i - 1, "sparsity") + number(series, i, "sparsity")) / 2;
    g_autofree char *plan = g_strdup_printf("from here %.0f tokens, recompute %s",
                                            number(series, i, "mapping.tokens_on_wafer"),
                                            text(series, i, "mapping.recompute"));
    cs3_script_add(script, SAY("set arrow from first "), NUM(x), SAY(", graph 0 to first "), NUM(x),
                   SAY(", graph 1 nohead back linecolor rgb '#999999' linewidth 1 dashtype (2,3)\n"
                       "set label "),
                   QUOTE(plan), SAY(" at first "), NUM(x),
                   SAY(", graph 0.99 right rotate by 90 offset 0.7, 0 font ',10' "
                       "textcolor rgb '#666666'\n"));
  }
}

void cs3_series_write_axis(const json_t *series, const Cs3PlotTarget *target, double margin,
                           Cs3Script *script) {
  gsize last = json_array_size(series) - 1;
  cs3_script_add(script, SAY("set xrange ["), NUM(number(series, 0, "sparsity") - margin), SAY(":"),
                 NUM(number(series, last, "sparsity") + margin), SAY("]\n"));
  /* Lines of characters would bury the curves. */
  if (target->format != CS3_PLOT_TEXT)
    write_changes(series, script);
}
