/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all plots have in common: size, fonts, colours, title and caption. */
#pragma once

#include "plots/plot.h"
#include "plots/script.h"

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
  guint text_rows;     /* the same where letters are wide; 0: as many */
  guint legend_columns;
  gboolean legend_beside; /* pictures: at the right of the axes, in the order of drawing */
} Cs3CanvasWords;

/**
 * cs3_canvas_terminal: append terminal, size, font, place of the picture and "datafile
 * columnheaders" alone, for pictures of several panels.
 */
void cs3_canvas_terminal(Cs3Script *script, const Cs3PlotTarget *target);

/**
 * cs3_canvas_begin: append what stands before a plot's own lines: terminal, output file, fonts,
 * margins, title, caption, axis labels, legend, grid, and "datafile columnheaders", so that `using
 * 'column'` finds columns by name.
 */
void cs3_canvas_begin(Cs3Script *script, const Cs3PlotTarget *target, const Cs3CanvasWords *words);

/**
 * cs3_canvas_log_axis: append a logarithmic @axis, SAY("x") or SAY("y"), over [@low, @high], both
 * positive, with tics at @steps (@n numbers from 1 to below 10) times powers of ten.
 */
void cs3_canvas_log_axis(Cs3Script *script, Cs3Part axis, double low, double high,
                         const double *steps, guint n);

/** cs3_canvas_log_y: the same for y, with tics at 1, 1.5, 2, 3, 4, 6, 8. */
void cs3_canvas_log_y(Cs3Script *script, double low, double high);

/** cs3_canvas_palette: append the colours of maps: Viridis, perceptually uniform, safe for the
 * colour-blind and in grey (van der Walt and Smith, CC0). */
void cs3_canvas_palette(Cs3Script *script);
