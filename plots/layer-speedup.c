/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One linear layer: the share of the theoretical speed-up that is left, against sparsity; a curve
 * for every machine and number of tokens on the wafer. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"
#include "results/schema.h"

/* Beyond these a picture cannot be read. */
enum { MAX_MACHINES = 4, MAX_TOKENS = 6 };

/* What the records have in common: they differ in machine, tokens and sparsity alone. */
static const char *const common[] = {"pass",    "out_features", "in_features",
                                     "pattern", "fidelity",     "seed"};

static const Cs3Color colors[MAX_TOKENS] = {CS3_COLOR_VERMILLION, CS3_COLOR_ORANGE,
                                            CS3_COLOR_GREEN,      CS3_COLOR_BLUE,
                                            CS3_COLOR_PURPLE,     CS3_COLOR_BLACK};
/* Of machines: solid with circles, dashed with triangles, ... */
static const Cs3Words dashes[MAX_MACHINES] = {CS3_WORDS("1"), CS3_WORDS("(10,5)"),
                                              CS3_WORDS("(3,4)"), CS3_WORDS("(12,4,3,4)")};
static const int points[MAX_MACHINES] = {7, 9, 5, 13};

static gint by_tokens(gconstpointer a, gconstpointer b) {
  const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
  double by = cs3_record_number(x, "tokens") - cs3_record_number(y, "tokens");
  int names = strcmp(cs3_record_string(x, "hardware"), cs3_record_string(y, "hardware"));
  if (by != 0 || names != 0)
    return by != 0 ? (by > 0) - (by < 0) : names;
  double sparsity = cs3_record_number(x, "sparsity") - cs3_record_number(y, "sparsity");
  return (sparsity > 0) - (sparsity < 0);
}

static gboolean same_curve(const json_t *a, const json_t *b) {
  return cs3_record_number(a, "tokens") == cs3_record_number(b, "tokens") &&
         g_str_equal(cs3_record_string(a, "hardware"), cs3_record_string(b, "hardware"));
}

static gboolean check_record(const json_t *first, const json_t *record, GError **error) {
  static const char *const numbers[] = {
      "tokens", "out_features",        "in_features", "sparsity", "seed", "speedup.simulated",
      "cycles", "speedup.theoretical", NULL};
  static const char *const texts[] = {"hardware", "pass", "pattern", NULL};
  if (!cs3_record_require_schema(record, CS3_LAYER_SCHEMA, numbers, texts, error))
    return FALSE;
  for (guint k = 0; k < G_N_ELEMENTS(common); k++)
    if (!json_equal(json_object_get(first, common[k]), json_object_get(record, common[k]))) {
      g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                  "differs from the first in %s; the plot takes layers that differ in machine, "
                  "tokens and sparsity alone",
                  common[k]);
      return FALSE;
    }
  return TRUE;
}

/* Position of @name among the machines, or of @tokens among the numbers of tokens. */
static guint position(GPtrArray *known, const char *name) {
  guint i;
  if (!g_ptr_array_find_with_equal_func(known, name, g_str_equal, &i)) {
    i = known->len;
    g_ptr_array_add(known, g_strdup(name));
  }
  return i;
}

typedef struct {
  GPtrArray *machines, *tokens; /* of names, in the order of appearance */
} Legend;

static void legend_clear(Legend *legend) {
  g_ptr_array_unref(legend->machines);
  g_ptr_array_unref(legend->tokens);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Legend, legend_clear)

static void place(Legend *legend, const json_t *record, guint *machine, guint *tokens) {
  g_autofree char *count = g_strdup_printf("%.0f", cs3_record_number(record, "tokens"));
  *machine = position(legend->machines, cs3_record_string(record, "hardware"));
  *tokens = position(legend->tokens, count);
}

static Legend legend_of(const json_t *series) {
  Legend legend = {g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free)};
  size_t i;
  json_t *record;
  guint machine, tokens;
  json_array_foreach(series, i, record) place(&legend, record, &machine, &tokens);
  return legend;
}

static gboolean check_legend(const json_t *series, GError **error) {
  g_auto(Legend) legend = legend_of(series);
  if (legend.machines->len <= MAX_MACHINES && legend.tokens->len <= MAX_TOKENS)
    return TRUE;
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
              "%u machines and %u numbers of tokens: at most %d and %d can be told apart",
              legend.machines->len, legend.tokens->len, MAX_MACHINES, MAX_TOKENS);
  return FALSE;
}

static json_t *sorted(const json_t *records) {
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (gsize i = 0; i < json_array_size(records); i++)
    g_ptr_array_add(order, json_array_get(records, i));
  g_ptr_array_sort(order, by_tokens);
  json_t *series = json_array();
  for (guint i = 0; i < order->len; i++)
    json_array_append(series, order->pdata[i]);
  return series;
}

static json_t *prepare(const json_t *records, GError **error) {
  size_t i;
  json_t *record;
  json_array_foreach(records, i,
                     record) if (!check_record(json_array_get(records, 0), record, error)) {
    g_prefix_error(error, "record %zu: ", i + 1);
    return NULL;
  }
  json_t *series = sorted(records);
  if (check_legend(series, error))
    return series;
  json_decref(series);
  return NULL;
}

/* "cs3, 65536 tokens" */
static char *name_of(const json_t *record) {
  return g_strdup_printf("%s, %.0f tokens", cs3_record_string(record, "hardware"),
                         cs3_record_number(record, "tokens"));
}

static double share(const json_t *record) {
  return 100 * cs3_record_number(record, "speedup.simulated") /
         cs3_record_number(record, "speedup.theoretical");
}

/* Curves follow one another, two blank lines apart, as gnuplot's `index` wants. */
static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_layer_speedup.summary));
  const json_t *last = NULL;
  size_t i;
  json_t *record;
  json_array_foreach(series, i, record) {
    g_autofree char *name = name_of(record);
    if (last == NULL || !same_curve(last, record))
      cs3_script_add(data, last != NULL ? SAY("\n\n# ") : SAY("# "), COMMENT(name),
                     SAY("sparsity simulated theory share_percent bottleneck\n"));
    cs3_script_add(data, NUM(cs3_record_number(record, "sparsity")), SAY(" "),
                   NUM(cs3_record_number(record, "speedup.simulated")), SAY(" "),
                   NUM(cs3_record_number(record, "speedup.theoretical")), SAY(" "),
                   NUM(share(record)), SAY(" "), FIELD(cs3_record_string(record, "bottleneck")),
                   SAY("\n"));
    last = record;
  }
}

static void write_curve(Legend *legend, const json_t *record, guint index,
                        const Cs3PlotTarget *target, Cs3Script *script) {
  guint machine, tokens;
  place(legend, record, &machine, &tokens);
  const char letter[] = {(char)((machine == 0 ? 'A' : 'a') + (int)tokens), '\0'};
  g_autofree char *title =
      g_strdup_printf("%s, %.0f k tokens", cs3_record_string(record, "hardware"),
                      floor(cs3_record_number(record, "tokens") / 1024));
  cs3_script_add(script, DATA, SAY(" index "), NUM(index),
                 SAY(" using 'sparsity':'share_percent' with "));
  if (target->format == CS3_PLOT_TEXT)
    cs3_script_add(script, SAY("points pointtype "), QUOTE(letter));
  else
    cs3_script_add(script, SAY("linespoints linewidth 2 dashtype "), PUT(dashes[machine]),
                   SAY(" pointtype "), NUM(points[machine]), SAY(" pointsize 0.8"));
  cs3_script_add(script, SAY(" linecolor rgb "), QUOTE(cs3_color_rgb(colors[tokens])),
                 SAY(" title "), QUOTE(title));
}

static void write_curves(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  g_auto(Legend) legend = legend_of(series);
  const json_t *last = NULL;
  size_t i;
  json_t *record;
  guint index = 0;
  json_array_foreach(series, i, record) {
    if (last == NULL || !same_curve(last, record)) {
      cs3_script_add(script, last != NULL ? SAY(", \\\n  ") : SAY("plot "));
      write_curve(&legend, record, index++, target, script);
    }
    last = record;
  }
  cs3_script_say(script, "\n");
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *first = json_array_get(series, 0);
  g_autofree char *subtitle =
      g_strdup_printf("%.0f x %.0f, %s pass, %s sparsity", cs3_record_number(first, "out_features"),
                      cs3_record_number(first, "in_features"), cs3_record_string(first, "pass"),
                      cs3_record_string(first, "pattern"));
  g_autofree char *caption = g_strdup_printf(
      "Theory: 1 / (1 - sparsity). Sparse and dense pass each on its fastest mapping; seed %.0f. "
      "With few tokens the stream of weights decides: a sparse weight takes twice the bits of a "
      "dense one.\nSource: simulated by cs3sim, fidelity %s.",
      cs3_record_number(first, "seed"), cs3_record_string(first, "fidelity"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "How much of the theoretical speed-up one linear "
                                              "layer gets",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "sparsity (share of zeros)",
                                     .y = "simulated / theoretical speed-up [%]",
                                     .legend_rows = 4,
                                     .legend_columns = 2});
  cs3_script_say(script, "set yrange [0:105]\nset xrange [0:1]\n");
  write_curves(series, target, script);
}

const Cs3Plot cs3_plot_layer_speedup = {
    .name = "layer-speedup",
    .summary =
        "one layer: share of the theoretical speed-up against sparsity, by machine and tokens",
    .needs = CS3_PLOT_NEEDS_LAYERS,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
