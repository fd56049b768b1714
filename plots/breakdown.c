/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the step goes, against sparsity: stacked causes, the dense step being 1. */
#include "config.h"

#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "plots/series.h"
#include "results/record.h"

enum { CAUSES_OF_A_BAND = 3, KINDS_OF_A_BAND = 5 };

/* Causes that a reader would act on together; from the bottom of the stack to its top. */
typedef struct {
  Cs3Words column;
  const char *title;
  const char *rgb; /* NULL: `color` */
  Cs3Color color;
  const char *causes[CAUSES_OF_A_BAND + 1];
  const char *kinds[KINDS_OF_A_BAND + 1]; /* of step.attention: this share of the causes */
} Band;

static const Band bands[] = {
    {CS3_WORDS("arithmetic"), "MACs at peak", NULL, CS3_COLOR_BLUE, {"arithmetic"}},
    {CS3_WORDS("pe_losses"),
     "imbalance, issue, idle PEs",
     NULL,
     CS3_COLOR_BLACK,
     {"imbalance", "overhead", "mapping"}},
    {CS3_WORDS("reduction"),
     "reduction, moves",
     NULL,
     CS3_COLOR_VERMILLION,
     {"reduction", "layout"}},
    {CS3_WORDS("ingress"), "ingress", NULL, CS3_COLOR_ORANGE, {"ingress"}},
    {CS3_WORDS("egress"), "egress", NULL, CS3_COLOR_YELLOW, {"egress"}},
    {CS3_WORDS("attention"), "attention", NULL, CS3_COLOR_SKY, {"attention"}, {NULL}},
    {CS3_WORDS("attention_lanes"),
     "attention: lanes, issue",
     "#56b4e9",
     CS3_COLOR_SKY,
     {"attention"},
     {"mapping", "overhead"}},
    {CS3_WORDS("attention_softmax"),
     "attention: softmax",
     "#a6d8f4",
     CS3_COLOR_SKY,
     {"attention"},
     {"softmax"}},
    {CS3_WORDS("attention_moves"),
     "attention: moves, waits",
     "#2b7aa8",
     CS3_COLOR_SKY,
     {"attention"},
     {"movement", "reduction", "imbalance", "fill", "moves"}},
    {CS3_WORDS("recompute"), "recomputation", NULL, CS3_COLOR_GREEN, {"recompute"}},
    {CS3_WORDS("vector"),
     "norms, softmax, embedding",
     NULL,
     CS3_COLOR_PURPLE,
     {"vector", "embedding"}},
    {CS3_WORDS("system"),
     "MemoryX, SwarmX",
     "#777777",
     CS3_COLOR_BLACK,
     {"stream_wait", "boundary", "edge"}},
    {CS3_WORDS("rest"),
     "fill, padding",
     "#bbbbbb",
     CS3_COLOR_BLACK,
     {NULL}}, /* and whatever else there is */
};

static const char *rgb(const Band *band) {
  return band->rgb != NULL ? band->rgb : cs3_color_rgb(band->color);
}

static double cycles_of(const json_t *record, const Band *band) {
  double cycles = 0;
  const json_t *causes = json_object_get(json_object_get(record, "step"), "causes");
  for (const char *const *cause = band->causes; *cause != NULL; cause++)
    cycles += json_number_value(json_object_get(causes, *cause));
  return cycles;
}

static double kinds_of(const json_t *record, const char *const *names) {
  double cycles = 0;
  const json_t *kinds = json_object_get(json_object_get(record, "step"), "attention");
  for (const char *const *kind = names; *kind != NULL; kind++)
    cycles += json_number_value(json_object_get(kinds, *kind));
  return cycles;
}

/* What of attention's cycles beyond its MACs at peak is of this band's kinds; all of them where the
 * record does not tell, as with kernel.attention_efficiency. */
static double share_of(const json_t *record, const Band *band) {
  static const char *const all[] = {"mapping",   "overhead", "softmax", "movement", "reduction",
                                    "imbalance", "fill",     "moves",   NULL};
  double sum = kinds_of(record, all);
  if (band->kinds[0] == NULL)
    return g_strcmp0(band->causes[0], "attention") == 0 && sum > 0 ? 0 : 1;
  return sum > 0 ? kinds_of(record, band->kinds) / sum : 0;
}

/* Height of every band; together they are the step, whatever causes the record has. */
static void measure(const json_t *record, double *shares) {
  double dense = cs3_record_number(record, "dense.step.cycles");
  double rest = cs3_record_number(record, "step.cycles");
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++) {
    double cycles = k + 1 < G_N_ELEMENTS(bands)
                        ? share_of(record, &bands[k]) * cycles_of(record, &bands[k])
                        : rest;
    shares[k] = cycles / dense;
    rest -= cycles;
  }
}

static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {"step.cycles", "dense.step.cycles", "speedup.theoretical",
                                        NULL};
  return cs3_series_new(records, numbers, error);
}

static void write_data(const json_t *series, Cs3Script *data) {
  cs3_series_write_header(series, &cs3_plot_breakdown, data);
  cs3_script_say(data, "sparsity");
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    cs3_script_add(data, SAY(" "), PUT(bands[k].column));
  cs3_script_say(data, " step theory\n");
  size_t i;
  json_t *record;
  json_array_foreach(series, i, record) {
    double row[G_N_ELEMENTS(bands) + 3] = {cs3_record_number(record, "sparsity")};
    measure(record, row + 1);
    row[G_N_ELEMENTS(bands) + 1] =
        cs3_record_number(record, "step.cycles") / cs3_record_number(record, "dense.step.cycles");
    row[G_N_ELEMENTS(bands) + 2] = 1 / cs3_record_number(record, "speedup.theoretical");
    cs3_script_row(data, row, G_N_ELEMENTS(row));
  }
}

/* What the axes have to span, and which bands there are. */
typedef struct {
  double highest; /* step */
  double gap;     /* smallest distance of two runs */
  gboolean seen[G_N_ELEMENTS(bands)];
} Extent;

static Extent extent_of(const json_t *series) {
  Extent extent = {.highest = 1, .gap = 1};
  size_t i;
  json_t *record;
  double last = -1;
  json_array_foreach(series, i, record) {
    double shares[G_N_ELEMENTS(bands)], sparsity = cs3_record_number(record, "sparsity");
    measure(record, shares);
    for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
      extent.seen[k] |= shares[k] > 0;
    extent.highest = MAX(extent.highest, cs3_record_number(record, "step.cycles") /
                                             cs3_record_number(record, "dense.step.cycles"));
    extent.gap = MIN(extent.gap, sparsity - last);
    last = sparsity;
  }
  return extent;
}

enum { LEGEND_COLUMNS = 2 };

/* Of the legend: bands, the step and theory. */
static guint entries(const Extent *extent) {
  guint n = 2;
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    n += extent->seen[k] ? 1 : 0;
  return n;
}

/* From the highest band down: each box hides all of the one before but the top. */
static void write_stack(const Extent *extent, Cs3Script *script) {
  for (guint k = G_N_ELEMENTS(bands); k-- > 0;) {
    if (!extent->seen[k])
      continue;
    cs3_script_add(script, DATA, SAY(" using 'sparsity':(sum [c=2:"), NUM(k + 2),
                   SAY("] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' "
                       "linewidth 0.6 fillcolor rgb "),
                   QUOTE(rgb(&bands[k])), SAY(" title "), QUOTE(bands[k].title), SAY(", \\\n  "));
  }
}

/* Characters cannot be stacked: every band as a curve of letters. */
static void write_letters(const Extent *extent, Cs3Script *script) {
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++) {
    if (!extent->seen[k])
      continue;
    const char letter[] = {(char)('a' + k), '\0'};
    cs3_script_add(script, DATA, SAY(" using 'sparsity':'"), PUT(bands[k].column),
                   SAY("' with points pointtype "), QUOTE(letter));
    /* Black and grey may be the terminal's background. */
    if (bands[k].color != CS3_COLOR_BLACK)
      cs3_script_add(script, SAY(" linecolor rgb "), QUOTE(rgb(&bands[k])));
    cs3_script_add(script, SAY(" title "), QUOTE(bands[k].title), SAY(", \\\n  "));
  }
  cs3_script_add(script, DATA,
                 SAY(" using 'sparsity':'step' with points pointtype 'S' title "
                     "'the whole step', \\\n  "));
}

static void write_axes(const json_t *series, const Extent *extent, const Cs3PlotTarget *target,
                       Cs3Script *script) {
  cs3_series_write_axis(series, target, extent->gap * 0.6, script);
  cs3_script_add(script, SAY("set yrange [0:"), NUM(extent->highest * 1.04),
                 SAY("]\nset boxwidth "), NUM(extent->gap * 0.8), SAY("\n"));
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  Extent extent = extent_of(series);
  g_autofree char *subject = cs3_series_subject(series);
  g_autofree char *title = g_strdup_printf("Where a training step goes: %s", subject);
  g_autofree char *work = cs3_series_work(series);
  g_autofree char *caption = cs3_series_caption(
      series, target, "Theory: the dense step divided by the theoretical speed-up (MACs alone).");
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = title,
                                     .subtitle = work,
                                     .caption = caption,
                                     .x = CS3_SERIES_X,
                                     .y = "time of the step (dense step = 1)",
                                     .legend_rows = 6,
                                     .text_rows = (entries(&extent) + 1) / LEGEND_COLUMNS,
                                     .legend_columns = LEGEND_COLUMNS,
                                     .legend_beside = TRUE});
  write_axes(series, &extent, target, script);
  cs3_script_say(script, "plot ");
  if (target->format == CS3_PLOT_TEXT)
    write_letters(&extent, script);
  else
    write_stack(&extent, script);
  cs3_script_add(script, DATA, SAY(" using 'sparsity':'theory' with lines linewidth 2"),
                 target->format == CS3_PLOT_TEXT ? SAY("")
                                                 : SAY(" linecolor rgb '#000000' dashtype (6,4)"),
                 SAY(" title 'theory'\n"));
}

const Cs3Plot cs3_plot_breakdown = {
    .name = "breakdown",
    .summary = "where the step goes against sparsity, the dense step being 1",
    .needs = CS3_PLOT_NEEDS_SPARSITIES,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
