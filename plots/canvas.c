/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all plots have in common. */
#include "config.h"

#include "plots/canvas.h"

#include <math.h>
#include <string.h>

/* Size of a picture, in pixels of the SVG; the others are scaled from it. */
enum { WIDTH = 840, HEIGHT = 600, FONT = 15, TITLE_FONT = 19, LEGEND_FONT = 14, SMALL_FONT = 12 };
/* Heights of its lines, and characters of a caption that fit its width. */
enum { LEGEND_LINE = 22, CAPTION_LINE = 17, CAPTION_WIDTH = 122 };

const char *cs3_color_rgb(Cs3Color color) {
  static const char *const rgb[CS3_N_COLORS] = {
      [CS3_COLOR_BLACK] = "#000000",      [CS3_COLOR_ORANGE] = "#E69F00",
      [CS3_COLOR_SKY] = "#56B4E9",        [CS3_COLOR_GREEN] = "#009E73",
      [CS3_COLOR_YELLOW] = "#F0E442",     [CS3_COLOR_BLUE] = "#0072B2",
      [CS3_COLOR_VERMILLION] = "#D55E00", [CS3_COLOR_PURPLE] = "#CC79A7",
  };
  return rgb[color];
}

/* @pixels from the bottom as a share of the height. */
static double height(double pixels) {
  return round(1e4 * pixels / HEIGHT) / 1e4;
}

void cs3_canvas_terminal(Cs3Script *script, const Cs3PlotTarget *target) {
  switch (target->format) {
  case CS3_PLOT_TEXT:
    cs3_script_add(script, SAY("set terminal dumb size "), NUM(target->columns), SAY(","),
                   NUM(target->rows), SAY(" nofeed noenhanced "),
                   target->color ? SAY("ansi256\n") : SAY("mono\n"));
    break;
  case CS3_PLOT_SVG:
    cs3_script_add(script, SAY("set terminal svg size "), NUM(WIDTH), SAY(","), NUM(HEIGHT),
                   SAY(" font 'sans-serif,"), NUM(FONT),
                   SAY("' background '#ffffff' noenhanced\n"));
    break;
  case CS3_PLOT_PNG:
    /* Twice the pixels, for print. */
    cs3_script_add(script, SAY("set terminal pngcairo size "), NUM(2 * WIDTH), SAY(","),
                   NUM(2 * HEIGHT), SAY(" font 'sans,"), NUM(FONT),
                   SAY("' fontscale 1.5 linewidth 2 pointscale 2 background '#ffffff' "
                       "noenhanced\n"));
    break;
  case CS3_PLOT_PDF:
    cs3_script_add(script, SAY("set terminal pdfcairo size 7in,5in font 'sans,"), NUM(FONT),
                   SAY("' fontscale 0.48 linewidth 0.7 dashlength 0.8 pointscale 0.8 "
                       "background '#ffffff' noenhanced\n"));
    break;
  }
  cs3_script_add(script, PICTURE,
                 SAY("set encoding utf8\nset decimalsign '.'\nset datafile columnheaders\n"));
}

/* Lines of at most @width characters, broken at spaces. Returns: (transfer full) (element-type
 * char*). */
static GPtrArray *wrap(const char *text, glong width) {
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) paragraphs = g_strsplit(text, "\n", -1);
  for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++) {
    g_auto(GStrv) words = g_strsplit(*paragraph, " ", -1);
    GString *line = g_string_new(NULL);
    for (char **word = words; *word != NULL; word++) {
      if (line->len > 0 && g_utf8_strlen(line->str, -1) + 1 + g_utf8_strlen(*word, -1) > width) {
        g_ptr_array_add(lines, g_string_free(line, FALSE));
        line = g_string_new(NULL);
      }
      g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", *word);
    }
    g_ptr_array_add(lines, g_string_free(line, FALSE));
  }
  return lines;
}

static void write_picture_label(Cs3Script *script, const char *text, double pixels, int font,
                                const char *color) {
  cs3_script_add(script, SAY("set label "), QUOTE(text), SAY(" at screen 0.02, screen "),
                 NUM(height(pixels)), SAY(" left font ',"), NUM(font), SAY("' textcolor rgb "),
                 QUOTE(color), SAY("\n"));
}

/* Above the axes, or at their right; never on them. */
static void write_legend(Cs3Script *script, const Cs3CanvasWords *words) {
  double top = HEIGHT - 68,
         axes = words->legend_beside ? top - 8 : top - 14 - LEGEND_LINE * words->legend_rows;
  cs3_script_add(script, SAY("set tmargin at screen "), NUM(height(axes)),
                 SAY("\nset rmargin at screen "), NUM(words->legend_beside ? 0.69 : 0.975),
                 SAY("\nset key at screen "), NUM(words->legend_beside ? 0.695 : 0.09),
                 SAY(", screen "), NUM(height(words->legend_beside ? axes : top)),
                 SAY(" left top Left reverse "));
  if (words->legend_beside)
    cs3_script_say(script, "samplen 1.3 vertical maxcols 1");
  else
    cs3_script_add(script, SAY("samplen 2.5 horizontal maxcols "), NUM(words->legend_columns));
  cs3_script_add(script, SAY(" font ',"), NUM(LEGEND_FONT), SAY("' textcolor rgb '#222222'\n"));
}

static void write_picture_words(Cs3Script *script, const Cs3CanvasWords *words) {
  g_autoptr(GPtrArray) caption = wrap(words->caption, CAPTION_WIDTH);
  write_picture_label(script, words->title, HEIGHT - 27, TITLE_FONT, "#000000");
  write_picture_label(script, words->subtitle, HEIGHT - 53, FONT, "#444444");
  for (guint i = 0; i < caption->len; i++)
    write_picture_label(script, caption->pdata[i], 15 + CAPTION_LINE * (caption->len - 1 - i),
                        SMALL_FONT, "#444444");
  double bottom = 15 + CAPTION_LINE * caption->len;
  write_legend(script, words);
  cs3_script_add(script, SAY("set lmargin at screen 0.1\nset bmargin at screen "),
                 NUM(height(bottom + 56)), SAY("\nset label "), QUOTE(words->x),
                 SAY(" at graph 0.5, screen "), NUM(height(bottom + 10)),
                 SAY(" center\nset label "), QUOTE(words->y),
                 SAY(" at screen 0.02, graph 0.5 center rotate by 90\n"));
}

static void write_text_label(Cs3Script *script, const char *text, guint row) {
  cs3_script_add(script, SAY("set label "), QUOTE(text), SAY(" at character 1, character "),
                 NUM(row), SAY(" left\n"));
}

static void write_text_words(Cs3Script *script, const Cs3PlotTarget *target,
                             const Cs3CanvasWords *words) {
  g_autoptr(GPtrArray) caption = wrap(words->caption, target->columns - 2);
  write_text_label(script, words->title, target->rows - 1);
  write_text_label(script, words->subtitle, target->rows - 2);
  for (guint i = 0; i < caption->len; i++)
    write_text_label(script, caption->pdata[i], caption->len - 1 - i);
  cs3_script_add(script, SAY("set xlabel "), QUOTE(words->x), SAY("\nset label "), QUOTE(words->y),
                 SAY(" at graph 0, graph 1 left offset -7, 1\n"));
  cs3_script_add(script, SAY("set lmargin 8\nset rmargin 2\nset tmargin "),
                 NUM(4 + MAX(words->text_rows, words->legend_rows)), SAY("\nset bmargin "),
                 NUM(4 + caption->len), SAY("\nset key at character 1, character "),
                 NUM(target->rows - 3), SAY(" left top horizontal maxcols "),
                 NUM(words->legend_columns), SAY(" Left reverse samplen 3\n"));
}

void cs3_canvas_begin(Cs3Script *script, const Cs3PlotTarget *target, const Cs3CanvasWords *words) {
  cs3_canvas_terminal(script, target);
  if (target->format == CS3_PLOT_TEXT) {
    write_text_words(script, target, words);
    cs3_script_say(script, "set border 3\nset tics nomirror out\n");
    return;
  }
  write_picture_words(script, words);
  cs3_script_add(script,
                 SAY("set border 3 linecolor rgb '#444444'\n"
                     "set tics nomirror out textcolor rgb '#222222'\nset xtics offset 0, "),
                 /* gnuplot's lines are wide in SVG. */
                 NUM(target->format == CS3_PLOT_SVG ? 0.4 : 0),
                 SAY("\nset grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8\n"));
}

void cs3_canvas_log_axis(Cs3Script *script, Cs3Part axis, double low, double high,
                         const double *steps, guint n) {
  cs3_script_add(script, SAY("set logscale "), axis, SAY("\nset "), axis, SAY("range ["), NUM(low),
                 SAY(":"), NUM(high), SAY("]\nset "), axis, SAY("tics ("));
  gboolean first = TRUE;
  /* Whole decades: a product that is rounded down to itself would never end. */
  for (int decade = (int)floor(log10(low)); decade <= (int)ceil(log10(high)); decade++)
    for (guint i = 0; i < n; i++) {
      double tic = steps[i] * pow(10, decade);
      if (tic < low || tic > high)
        continue;
      cs3_script_add(script, first ? SAY("") : SAY(", "), NUM(tic));
      first = FALSE;
    }
  cs3_script_say(script, ")\n");
}

void cs3_canvas_log_y(Cs3Script *script, double low, double high) {
  static const double steps[] = {1, 1.5, 2, 3, 4, 6, 8};
  cs3_canvas_log_axis(script, SAY("y"), low, high, steps, G_N_ELEMENTS(steps));
}

void cs3_canvas_palette(Cs3Script *script) {
  cs3_script_say(script, "set palette defined (0 '#440154', 1 '#482878', 2 '#3e4a89', "
                         "3 '#31688e', 4 '#26828e', 5 '#1f9e89', 6 '#35b779', 7 '#6cce59', "
                         "8 '#b4de2c', 9 '#fde725')\n");
}
