/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two maps of a mesh of PEs. */
#include "config.h"

#include "plots/mesh-map.h"

#include <string.h>

#include "plots/canvas.h"

/* Meshes of more PEs are drawn as a bitmap, which gnuplot cannot do for a single row or column. */
#define MAX_BOXES 2048

/* Of a picture. */
#define WIDTH_TO_HEIGHT (7.0 / 5)

/* A panel's edges, shares of the picture. */
typedef struct {
  double left, right, bottom, top;
} Panel;

/* From 0 to the busiest PE or link, in whole tens: most programs leave most of a mesh idle. */
static void write_scale(GString *script, const Cs3PlotTarget *target) {
  static const char *const columns[][2] = {{"pe", "pe_busy_share"}, {"link", "busiest_link_share"}};
  for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
    g_string_append(script, "stats ");
    cs3_canvas_file(script, target->data_name);
    g_string_append_printf(script, " using (100*column('%s')) name '%s' nooutput\n", columns[i][1],
                           columns[i][0]);
  }
  g_string_append(script, "top = 10*ceil((pe_max > link_max ? pe_max : link_max)/10)\n"
                          "set cbrange [0:top > 10 ? top : 10]\n");
}

static void write_look(GString *script) {
  cs3_canvas_palette(script);
  g_string_append(script, "unset key\nunset grid\n"
                          "set tics out nomirror textcolor rgb '#222222'\n"
                          "set border linecolor rgb '#444444'\n");
}

static void write_label(GString *script, const char *text, double y, const char *look) {
  g_string_append(script, "set label ");
  cs3_canvas_quote(script, text);
  g_string_append(script, " at screen 0.02, screen ");
  cs3_canvas_number(script, y);
  g_string_append_printf(script, " left %s\n", look);
}

static void write_margin(GString *script, const char *side, double at) {
  g_string_append_printf(script, "set %smargin at screen ", side);
  cs3_canvas_number(script, at);
  g_string_append_c(script, '\n');
}

static void write_panel(GString *script, const Cs3PlotTarget *target, const Cs3MeshMapWords *words,
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
static void write_axes(GString *script, const Cs3MeshMapWords *words) {
  guint w = words->width, h = words->height;
  g_string_append_printf(script, "set xrange [-0.5:%u.5]\nset yrange [%u.5:-0.5]\n", w - 1, h - 1);
  g_string_append(script, w <= 10 ? "set xtics 1\n" : "set xtics autofreq\n");
  g_string_append(script, h <= 10 ? "set ytics 1\n" : "set ytics autofreq\n");
  g_string_append(script,
                  "set xlabel 'PE x'\nset ylabel 'PE y'\nset cblabel 'busy [% of cycles]'\n");
}

/* Wide meshes lie above one another, others side by side, with square PEs where there is room; the
 * scale of the colours serves both. */
static void place_panels(const Cs3MeshMapWords *words, gboolean wide, Panel panel[2]) {
  static const Panel stacked[] = {{0.1, 0.83, 0.59, 0.80}, {0.1, 0.83, 0.23, 0.44}};
  static const Panel beside[] = {{0.1, 0.44, 0.2, 0.82}, {0.51, 0.85, 0.2, 0.82}};
  memcpy(panel, wide ? stacked : beside, sizeof stacked);
  for (int k = 0; k < 2 && !wide; k++) {
    double width = WIDTH_TO_HEIGHT * (panel[k].right - panel[k].left);
    double height = panel[k].top - panel[k].bottom;
    double scale = MIN(width / words->width, height / words->height);
    panel[k].right = panel[k].left + scale * words->width / WIDTH_TO_HEIGHT;
    panel[k].top -= (height - scale * words->height) / 2;
    panel[k].bottom = panel[k].top - scale * words->height;
  }
}

void cs3_mesh_map_script(GString *script, const Cs3PlotTarget *target,
                         const Cs3MeshMapWords *words) {
  gboolean wide = words->width > 2 * (guint64)words->height;
  Panel panel[2];
  place_panels(words, wide, panel);
  cs3_canvas_terminal(script, target);
  write_scale(script, target);
  write_look(script);
  write_axes(script, words);
  g_string_append(script, "set multiplot\n");
  write_label(script, words->title, 0.955, "font ',19'");
  write_label(script, words->subtitle, 0.91, "textcolor rgb '#444444'");
  write_label(script,
              "Share of the run's cycles in which a PE computes, and in which the busiest of "
              "its links carries a wavelet.",
              0.055, "font ',12' textcolor rgb '#444444'");
  write_label(script, "Source: simulated by cs3sim " PACKAGE_VERSION ", fidelity event.", 0.025,
              "font ',12' textcolor rgb '#444444'");
  g_string_append(script, wide ? "unset xlabel\n" : "unset colorbox\n");
  write_panel(script, target, words, &panel[0], "pe_busy_share", "PE");
  g_string_append(script, wide ? "set xlabel 'PE x'\n" : "set colorbox\nunset ylabel\n");
  write_panel(script, target, words, &panel[1], "busiest_link_share",
              "busiest outgoing link of the PE");
  g_string_append(script, "unset multiplot\n");
}
