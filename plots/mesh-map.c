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
static void write_scale(Cs3Script *script) {
  cs3_script_add(script, SAY("stats "), DATA,
                 SAY(" using (100*column('pe_busy_share')) name 'pe' nooutput\nstats "), DATA,
                 SAY(" using (100*column('busiest_link_share')) name 'link' nooutput\n"
                     "top = 10*ceil((pe_max > link_max ? pe_max : link_max)/10)\n"
                     "set cbrange [0:top > 10 ? top : 10]\n"));
}

static void write_look(Cs3Script *script) {
  cs3_canvas_palette(script);
  cs3_script_say(script, "unset key\nunset grid\n"
                         "set tics out nomirror textcolor rgb '#222222'\n"
                         "set border linecolor rgb '#444444'\n");
}

static void write_label(Cs3Script *script, const char *text, double y, Cs3Part look) {
  cs3_script_add(script, SAY("set label "), QUOTE(text), SAY(" at screen 0.02, screen "), NUM(y),
                 SAY(" left "), look, SAY("\n"));
}

static void write_panel(Cs3Script *script, const Cs3MeshMapWords *words, const Panel *panel,
                        Cs3Part column, const char *title) {
  cs3_script_add(script, SAY("set lmargin at screen "), NUM(panel->left),
                 SAY("\nset rmargin at screen "), NUM(panel->right),
                 SAY("\nset bmargin at screen "), NUM(panel->bottom),
                 SAY("\nset tmargin at screen "), NUM(panel->top), SAY("\nset title "),
                 QUOTE(title), SAY("\nplot "), DATA);
  guint short_side = MIN(words->width, words->height);
  if (short_side > 1 && (guint64)words->width * words->height > MAX_BOXES)
    cs3_script_add(script, SAY(" using 'x':'y':(100*column('"), column,
                   SAY("')) with image\nunset label\n"));
  else
    cs3_script_add(script,
                   SAY(" using (column('x')):(column('y')):(column('x')-0.5):(column('x')+0.5):"
                       "(column('y')-0.5):(column('y')+0.5):(100*column('"),
                   column,
                   SAY("')) with boxxyerror fillcolor palette fillstyle solid noborder\n"
                       "unset label\n")); /* title and subtitle stand once */
}

/* Tics at whole PEs, also on a line of one. */
static void write_axes(Cs3Script *script, const Cs3MeshMapWords *words) {
  cs3_script_add(script, SAY("set xrange [-0.5:"), NUM(words->width - 0.5), SAY("]\nset yrange ["),
                 NUM(words->height - 0.5), SAY(":-0.5]\n"),
                 words->width <= 10 ? SAY("set xtics 1\n") : SAY("set xtics autofreq\n"),
                 words->height <= 10 ? SAY("set ytics 1\n") : SAY("set ytics autofreq\n"),
                 SAY("set xlabel 'PE x'\nset ylabel 'PE y'\n"
                     "set cblabel 'busy [% of cycles]'\n"));
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

void cs3_mesh_map_script(Cs3Script *script, const Cs3PlotTarget *target,
                         const Cs3MeshMapWords *words) {
  gboolean wide = words->width > 2 * (guint64)words->height;
  Panel panel[2];
  place_panels(words, wide, panel);
  cs3_canvas_terminal(script, target);
  write_scale(script);
  write_look(script);
  write_axes(script, words);
  cs3_script_say(script, "set multiplot\n");
  write_label(script, words->title, 0.955, SAY("font ',19'"));
  write_label(script, words->subtitle, 0.91, SAY("textcolor rgb '#444444'"));
  write_label(script,
              "Share of the run's cycles in which a PE computes, and in which the busiest of "
              "its links carries a wavelet.",
              0.055, SAY("font ',12' textcolor rgb '#444444'"));
  write_label(script, "Source: simulated by cs3sim " PACKAGE_VERSION ", fidelity event.", 0.025,
              SAY("font ',12' textcolor rgb '#444444'"));
  cs3_script_add(script, wide ? SAY("unset xlabel\n") : SAY("unset colorbox\n"));
  write_panel(script, words, &panel[0], SAY("pe_busy_share"), "PE");
  cs3_script_add(script, wide ? SAY("set xlabel 'PE x'\n") : SAY("set colorbox\nunset ylabel\n"));
  write_panel(script, words, &panel[1], SAY("busiest_link_share"),
              "busiest outgoing link of the PE");
  cs3_script_say(script, "unset multiplot\n");
}
