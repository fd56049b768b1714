/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all plots have in common: size, fonts, colours, title and caption. */
#pragma once

#include "plots/plot.h"

/* Okabe and Ito's colours, which the colour-blind tell apart (jfly.uni-koeln.de/color, 2008). */
typedef enum {
  CS3_COLOR_BLACK,
  CS3_COLOR_ORANGE,
  CS3_COLOR_SKY,
  CS3_COLOR_GREEN,
  CS3_COLOR_YELLOW,
  CS3_COLOR_BLUE,
  CS3_COLOR_VERMILLION,
  CS3_COLOR_PURPLE,
  CS3_N_COLORS
} Cs3Color;

/** cs3_color_rgb: (transfer none): "#0072B2". */
const char *cs3_color_rgb(Cs3Color color);

/* The words around a plot. */
typedef struct {
  const char *title, *subtitle;
  const char *caption; /* paragraphs separated by line ends; wrapped to the width */
  const char *x, *y;   /* what the axes show, with units */
  guint legend_rows;   /* the legend stands between subtitle and axes */
  guint legend_columns;
  gboolean legend_beside; /* pictures: at the right of the axes, in the order of drawing */
} Cs3CanvasWords;

/**
 * cs3_canvas_terminal: append terminal, size, font, output file and "datafile columnheaders" alone,
 * for pictures of several panels.
 */
void cs3_canvas_terminal(GString *script, const Cs3PlotTarget *target);

/**
 * cs3_canvas_begin: append what stands before a plot's own lines: terminal, output file, fonts,
 * margins, title, caption, axis labels, legend, grid, and "datafile columnheaders", so that `using
 * 'column'` finds columns by name.
 */
void cs3_canvas_begin(GString *script, const Cs3PlotTarget *target, const Cs3CanvasWords *words);

/**
 * cs3_canvas_log_y: append a logarithmic y axis over [@low, @high], both positive, with tics at
 * 1, 1.5, 2, 3, 4, 6, 8 times powers of ten.
 */
void cs3_canvas_log_y(GString *script, double low, double high);

/** cs3_canvas_palette: append the colours of maps: Viridis, perceptually uniform, safe for the
 * colour-blind and in grey (van der Walt and Smith, CC0). */
void cs3_canvas_palette(GString *script);

/**
 * cs3_canvas_quote: append @text as a string that gnuplot takes as it is: in single quotes nothing
 * is substituted. Control characters become spaces.
 */
void cs3_canvas_quote(GString *script, const char *text);

/** cs3_canvas_file: as cs3_canvas_quote(), for a file name: never a pipe, an inline file or a home.
 */
void cs3_canvas_file(GString *script, const char *name);

/** cs3_canvas_number: append @value with 15 significant digits in every locale. */
void cs3_canvas_number(GString *text, double value);
