/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The section of the HTML report on validation, which says how far off values are, not only which
 * claims are kept. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/report-table.h"
#include "results/record.h"

static gint by_size(gconstpointer a, gconstpointer b) {
  double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
  return (x > y) - (x < y);
}

/* Errors of a suite's points in percent, those with a claim or without; bounds have none. */
static GArray *errors_of(const json_t *suite, gboolean claimed) {
  GArray *errors = g_array_new(FALSE, FALSE, sizeof(double));
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(suite, "points"), i, point) {
    double error = 100 * cs3_record_number(point, "error");
    gboolean free = strcmp(cs3_record_string(point, "verdict"), "reported") == 0;
    if (isfinite(error) && free != claimed &&
        !g_str_has_prefix(cs3_record_string(point, "accepted"), "at "))
      g_array_append_val(errors, error);
  }
  return errors;
}

/* "-0.3 to +2.2 % off, half of them by 0.8 % or more". (nullable) */
static char *range_in_words(const json_t *suite, gboolean claimed) {
  g_autoptr(GArray) errors = errors_of(suite, claimed);
  const double *all = (const double *)(void *)errors->data;
  double least = INFINITY, most = -INFINITY;
  if (errors->len == 0)
    return NULL;
  for (guint i = 0; i < errors->len; i++) {
    least = MIN(least, all[i]);
    most = MAX(most, all[i]);
  }
  g_array_sort(errors, by_size);
  double half = fabs(all[(errors->len - 1) / 2]);
  int digits = fabs(least) < 10 && fabs(most) < 10;
  if (MAX(fabs(least), fabs(most)) < 0.05)
    return g_strdup("exact");
  if (errors->len == 1)
    return g_strdup_printf("%+.*f %% off", digits, most);
  return g_strdup_printf("%+.*f to %+.*f %% off, half of them by %.*f %% or more", digits, least,
                         digits, most, half < 10, half);
}

/* A claim that is kept may be of a ratio, or a wide one; what no claim was made of may be far off.
 */
static char *errors_in_words(const json_t *suite) {
  g_autofree char *claimed = range_in_words(suite, TRUE), *free = range_in_words(suite, FALSE);
  return g_strconcat(claimed != NULL ? "; with a claim: " : "", claimed != NULL ? claimed : "",
                     free != NULL ? "; without: " : "", free != NULL ? free : "", NULL);
}

static void validation_suite(GString *page, const json_t *suite) {
  static const Cs3ReportColumn columns[] = {
      {"quantity", "quantity", TRUE, 1, 0},    {"published", "published", FALSE, 1, 5},
      {"simulated", "simulated", FALSE, 1, 5}, {"unit", "unit", TRUE, 1, 0},
      {"error [%]", "error", FALSE, 100, 3},   {"accepted", "accepted", TRUE, 1, 0},
      {"verdict", "verdict", TRUE, 1, 0},      {"source", "source", TRUE, 1, 0},
  };
  size_t i;
  json_t *line;
  g_autofree char *errors = errors_in_words(suite);
  g_autofree char *summary = g_strdup_printf(
      "%s: %s; %.0f claims kept, %.0f missed, %.0f values without a claim%s",
      cs3_record_string(suite, "name"), cs3_record_string(suite, "summary"),
      cs3_record_number(suite, "verdicts.ok"), cs3_record_number(suite, "verdicts.missed"),
      cs3_record_number(suite, "verdicts.reported"), errors);
  g_string_append(page, "<details><summary>");
  cs3_html_escape(page, summary);
  g_string_append(page, "</summary>\n");
  cs3_report_open_table(page, columns, G_N_ELEMENTS(columns));
  json_array_foreach(json_object_get(suite, "points"), i, line)
      cs3_report_row(page, line, columns, G_N_ELEMENTS(columns));
  cs3_report_close_table(page);
  g_string_append(page, "</details>\n");
}

void cs3_report_validation(GString *page, const json_t *validation) {
  cs3_report_heading(page, 2, "Validation against published measurements");
  if (validation == NULL) {
    g_string_append(page, "<p>Not part of this report: no validation was found.</p>\n");
    return;
  }
  g_string_append(page, "<p>");
  g_autofree char *line = g_strdup_printf("Made by cs3sim %s (model version %.0f).",
                                          cs3_record_string(validation, "version"),
                                          cs3_record_number(validation, "model_version"));
  cs3_html_escape(page, line);
  g_string_append(page, " <code>cs3sim validate -o json -O now.json</code> makes it anew, "
                        "<code>cs3sim report ... now.json</code> shows that.</p>\n");
  size_t i;
  json_t *suite;
  json_array_foreach(json_object_get(validation, "suites"), i, suite) validation_suite(page, suite);
}
