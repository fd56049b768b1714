/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoding: tokens a second of every machine over the bytes that a weight takes, under the roof of
 * its memory. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"
#include "results/schema.h"

enum { MOST_SERIES = 8 };

/* Rows of one machine: those that stream, or those of a placement in its SRAM. */
typedef struct {
  char *name;
  GPtrArray *rows; /* of json_t, fewest bytes first */
} Series;

static void series_clear(gpointer data) {
  Series *s = data;
  g_free(s->name);
  g_ptr_array_unref(s->rows);
}

static gboolean is_drawn(const json_t *row) {
  double bytes = cs3_record_number(row, "bytes_per_weight");
  double rate = cs3_record_number(row, "tokens_per_s");
  double memory = cs3_record_number(row, "memory_s");
  return bytes > 0 && rate > 0 && memory > 0 && isfinite(bytes) && isfinite(rate) &&
         isfinite(memory);
}

static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {"batch", "prompt", "generate", "sparsity", NULL};
  static const char *const texts[] = {"model.name", "hardware", NULL};
  const json_t *record = json_array_get(records, 0), *machines;
  if (!cs3_plot_require_one(records, "record of 'cs3sim infer'", error) ||
      !cs3_record_require_schema(record, CS3_INFER_SCHEMA, numbers, texts, error))
    return NULL;
  guint drawn = 0;
  machines = json_object_get(record, "machines");
  for (size_t i = 0; i < json_array_size(machines); i++)
    drawn += is_drawn(json_array_get(machines, i));
  if (drawn > 0)
    return json_deep_copy(record);
  g_set_error_literal(
      error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
      "no record of 'cs3sim infer -o json' with machines, bytes a weight and rates");
  return NULL;
}

/* "cs3-silicon, in SRAM, regions" of "in SRAM, regions, bf16"; "h200" of "int8". */
static char *series_name(const json_t *row) {
  const char *machine = cs3_record_string(row, "machine");
  const char *weights = cs3_record_string(row, "weights"), *last = strrchr(weights, ',');
  return last == NULL ? g_strdup(machine)
                      : g_strdup_printf("%s, %.*s", machine, (int)(last - weights), weights);
}

static int by_bytes(gconstpointer a, gconstpointer b) {
  double x = cs3_record_number(*(json_t *const *)a, "bytes_per_weight");
  double y = cs3_record_number(*(json_t *const *)b, "bytes_per_weight");
  return (x > y) - (x < y);
}

static GArray *all_series(const json_t *record) {
  GArray *all = g_array_new(FALSE, TRUE, sizeof(Series));
  g_array_set_clear_func(all, series_clear);
  const json_t *machines = json_object_get(record, "machines");
  for (size_t i = 0; i < json_array_size(machines); i++) {
    json_t *row = json_array_get(machines, i);
    g_autofree char *name = series_name(row);
    guint k = 0;
    while (k < all->len && !g_str_equal(g_array_index(all, Series, k).name, name))
      k++;
    if (!is_drawn(row) || k >= MOST_SERIES)
      continue;
    if (k == all->len) {
      Series fresh = {g_strdup(name), g_ptr_array_new()};
      g_array_append_val(all, fresh);
    }
    g_ptr_array_add(g_array_index(all, Series, k).rows, row);
  }
  for (guint k = 0; k < all->len; k++)
    g_ptr_array_sort(g_array_index(all, Series, k).rows, by_bytes);
  return all;
}

/* A block a series: rates, and what the bytes alone would allow. */
static void write_data(const json_t *record, Cs3Script *data) {
  g_autoptr(GArray) all = all_series(record);
  double batch = cs3_record_number(record, "batch");
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_decode.summary));
  for (guint k = 0; k < all->len; k++) {
    const Series *s = &g_array_index(all, Series, k);
    cs3_script_add(data, k > 0 ? SAY("\n\n# ") : SAY("# "), COMMENT(s->name),
                   SAY("bytes_a_weight tokens_per_s memory_alone weights\n"));
    for (guint i = 0; i < s->rows->len; i++) {
      const json_t *row = s->rows->pdata[i];
      cs3_script_add(data, NUM(cs3_record_number(row, "bytes_per_weight")), SAY(" "),
                     NUM(cs3_record_number(row, "tokens_per_s")), SAY(" "),
                     NUM(batch / cs3_record_number(row, "memory_s")), SAY(" "),
                     FIELD(cs3_record_string(row, "weights")), SAY("\n"));
    }
  }
}

static void write_curves(const GArray *all, const Cs3PlotTarget *target, Cs3Script *script) {
  static const int marks[MOST_SERIES] = {7, 5, 9, 11, 13, 15, 6, 4};
  static const char *const letters[MOST_SERIES] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  for (guint k = 0; k < all->len; k++) {
    const char *color = cs3_color_rgb((Cs3Color)(k % CS3_N_COLORS));
    cs3_script_add(script, k == 0 ? SAY("plot ") : SAY(", \\\n  "), DATA, SAY(" index "), NUM(k),
                   SAY(" using 'bytes_a_weight':'tokens_per_s' with "));
    if (target->format == CS3_PLOT_TEXT)
      cs3_script_add(script, SAY("points pointtype "), QUOTE(letters[k]));
    else
      cs3_script_add(script, SAY("linespoints linewidth 2 pointtype "), NUM(marks[k]));
    cs3_script_add(script, SAY(" linecolor rgb "), QUOTE(color), SAY(" title "),
                   QUOTE(g_array_index(all, Series, k).name));
    if (target->format != CS3_PLOT_TEXT)
      cs3_script_add(script, SAY(", \\\n  "), DATA, SAY(" index "), NUM(k),
                     SAY(" using 'bytes_a_weight':'memory_alone' with lines dashtype 2 linewidth 1 "
                         "linecolor rgb "),
                     QUOTE(color), SAY(" notitle"));
  }
  cs3_script_say(script, "\n");
}

/* Decades that hold every rate and roof. */
static void write_axes(const GArray *all, Cs3Script *script) {
  static const double steps[] = {1, 2, 5};
  double low = INFINITY, high = 0;
  for (guint k = 0; k < all->len; k++)
    for (guint i = 0; i < g_array_index(all, Series, k).rows->len; i++) {
      const json_t *row = g_array_index(all, Series, k).rows->pdata[i];
      low = MIN(low, cs3_record_number(row, "tokens_per_s"));
      high = MAX(high, cs3_record_number(row, "tokens_per_s"));
    }
  cs3_canvas_log_axis(script, SAY("x"), 0.2, 5, steps, G_N_ELEMENTS(steps));
  cs3_canvas_log_axis(script, SAY("y"), low / 2, high * 3, steps, G_N_ELEMENTS(steps));
}

static void write_script(const json_t *record, const Cs3PlotTarget *target, Cs3Script *script) {
  g_autoptr(GArray) all = all_series(record);
  double batch = cs3_record_number(record, "batch");
  g_autofree char *subtitle = g_strdup_printf(
      "%s, %.4g %% %s sparsity, %.0f sequence%s, prompts of %.0f tokens, %.0f generated",
      cs3_record_string(record, "model.name"), 100 * cs3_record_number(record, "sparsity"),
      cs3_record_string(record, "pattern"), batch, batch == 1 ? "" : "s",
      cs3_record_number(record, "prompt"), cs3_record_number(record, "generate"));
  cs3_canvas_begin(
      script, target,
      &(Cs3CanvasWords){
          .title = "Decoding under the roof of memory",
          .subtitle = subtitle,
          .caption =
              "Solid: simulated, by formats of weights (16, 8 and 4 bits, dense or a bit mask "
              "and the live values). Dashed: if moving weights, keys and values were all: "
              "the roof. Between them: kernels, ways between PEs, fixed time a step. In SRAM: "
              "hypothetical.",
          .x = "bytes a weight, zeros included",
          .y = "tokens/s",
          .legend_rows = 2,
          .legend_columns = 3});
  write_axes(all, script);
  write_curves(all, target, script);
}

const Cs3Plot cs3_plot_decode = {
    .name = "decode",
    .summary = "tokens a second over bytes a weight, under the roof of memory, from 'infer'",
    .needs = CS3_PLOT_NEEDS_DECODE,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
