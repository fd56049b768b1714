/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two maps of a mesh of PEs. */
#include "config.h"

#include "plots/heatmap.h"

#include "plots/canvas.h"

/* Meshes of more PEs are drawn as a bitmap, which gnuplot cannot do for a single row or column. */
#define MAX_BOXES 1024

/* A panel's edges, shares of the picture. */
typedef struct {
  double left, right, bottom, top;
} Panel;

/* Viridis, perceptually uniform and safe for the colour-blind (van der Walt and Smith, CC0). */
static void write_palette(GString *script) {
  g_string_append(script,
                  "set palette defined (0 '#440154', 1 '#482878', 2 '#3e4a89', 3 '#31688e', "
                  "4 '#26828e', 5 '#1f9e89', 6 '#35b779', 7 '#6cce59', 8 '#b4de2c', 9 '#fde725')\n"
                  "set cbrange [0:100]\nset cbtics 20\nunset key\nunset grid\n"
                  "set tics out nomirror textcolor rgb '#222222'\n"
                  "set border linecolor rgb '#444444'\n");
}

static void write_label(GString *script, const char *text, double y, int font) {
  g_string_append(script, "set label ");
  cs3_canvas_quote(script, text);
  g_string_append(script, " at screen 0.02, screen ");
  cs3_canvas_number(script, y);
  g_string_append_printf(script, " left font ',%d'\n", font);
}

static void write_margin(GString *script, const char *side, double at) {
  g_string_append_printf(script, "set %smargin at screen ", side);
  cs3_canvas_number(script, at);
  g_string_append_c(script, '\n');
}

static void write_panel(GString *script, const Cs3PlotTarget *target, const Cs3HeatmapWords *words,
                        const Panel *panel, const char *column, const char *title) {
  write_margin(script, "l", panel->left);
  write_margin(script, "r", panel->right);
  write_margin(script, "b", panel->bottom);
  write_margin(script, "t", panel->top);
  g_string_append(script, "set title ");
  cs3_canvas_quote(script, title);
  g_string_append(script, "\nplot ");
  cs3_canvas_file(script, target->data_name);
  guint short_side = MIN(words->width, words->height);
  if (short_side > 1 && (guint64)words->width * words->height > MAX_BOXES)
    g_string_append_printf(script, " using 'x':'y':(100*column('%s')) with image\n", column);
  else
    g_string_append_printf(script,
                           " using (column('x')):(column('y')):(column('x')-0.5):(column('x')+0.5):"
                           "(column('y')-0.5):(column('y')+0.5):(100*column('%s')) "
                           "with boxxyerror fillcolor palette fillstyle solid noborder\n",
                           column);
  g_string_append(script, "unset label\n"); /* title and subtitle stand once */
}

/* Tics at whole PEs, also on a line of one. */
static void write_axes(GString *script, const Cs3HeatmapWords *words) {
  guint w = words->width, h = words->height;
  g_string_append_printf(script, "set xrange [-0.5:%u.5]\nset yrange [%u.5:-0.5]\n", w - 1, h - 1);
  g_string_append(script, w <= 10 ? "set xtics 1\n" : "set xtics autofreq\n");
  g_string_append(script, h <= 10 ? "set ytics 1\n" : "set ytics autofreq\n");
  g_string_append(script,
                  "set xlabel 'PE x'\nset ylabel 'PE y'\nset cblabel 'busy (% of cycles)'\n");
}

void cs3_heatmap_script(GString *script, const Cs3PlotTarget *target,
                        const Cs3HeatmapWords *words) {
  /* Wide meshes lie above one another, others side by side. */
  gboolean wide = words->width > 3 * (guint64)words->height / 2;
  const Panel stacked[] = {{0.1, 0.86, 0.58, 0.83}, {0.1, 0.86, 0.13, 0.38}};
  const Panel beside[] = {{0.1, 0.39, 0.13, 0.80}, {0.6, 0.89, 0.13, 0.80}};
  const Panel *panel = wide ? stacked : beside;
  cs3_canvas_terminal(script, target);
  write_palette(script);
  write_axes(script, words);
  g_string_append(script, "set multiplot\n");
  write_label(script, words->title, 0.955, 19);
  write_label(script, words->subtitle, 0.91, 15);
  write_panel(script, target, words, &panel[0], "pe_busy_share", "PE");
  write_panel(script, target, words, &panel[1], "busiest_link_share",
              "busiest outgoing link of the PE");
  g_string_append(script, "unset multiplot\n");
}
