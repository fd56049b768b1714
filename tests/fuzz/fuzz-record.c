/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of records: read, then made into the data and script of every plot, and into a report. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "plots/plot.h"
#include "plots/report.h"
#include "results/record.h"

static const char *const seeds[] = {"doc/gallery/map.jsonl", "doc/gallery/layers.jsonl", NULL};

/* A seed of a thousand lines says no more than its first ones. */
enum { MOST_BYTES = 12000 };

static void plot_all(const json_t *records) {
  static const Cs3PlotTarget targets[] = {{.format = CS3_PLOT_SVG},
                                          {.format = CS3_PLOT_TEXT, .columns = 79, .rows = 40}};
  for (const Cs3Plot *const *plot = cs3_plots(); *plot != NULL; plot++)
    for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
      g_autoptr(GError) error = NULL;
      g_autofree char *data = NULL;
      g_autoptr(Cs3Script) script = NULL;
      gboolean made = cs3_plot_make(*plot, records, &targets[i], &data, &script, &error);
      fuzz_verdict(made, error);
    }
}

static gboolean suits_report(const json_t *records) {
  static const char *const numbers[] = {"step.time_s", "step.cycles", "speedup.simulated", NULL};
  static const char *const texts[] = {"model.name", "hardware.name", NULL};
  for (size_t i = 0; i < json_array_size(records); i++)
    if (!cs3_record_require(json_array_get(records, i), numbers, texts, NULL))
      return FALSE;
  return json_array_size(records) > 0;
}

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  gsize n = MIN(size, MOST_BYTES);
  const guint8 *end = n < size ? memrchr(data, '\n', n) : NULL;
  json_t *records = json_array();
  gboolean read = cs3_records_load(fuzz_file(".jsonl", data, end != NULL ? (gsize)(end - data) : n),
                                   records, error);
  plot_all(records);
  if (suits_report(records)) {
    g_autoptr(GArray) pictures = g_array_new(FALSE, FALSE, sizeof(Cs3ReportPicture));
    g_autofree char *page = cs3_report_html(records, NULL, pictures);
    if (!g_utf8_validate(page, -1, NULL))
      abort();
  }
  json_decref(records);
  return read;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
