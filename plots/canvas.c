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

void cs3_canvas_number(GString *text, double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(text, g_ascii_formatd(digits, sizeof digits, "%.15g", value));
}

void cs3_canvas_quote(GString *script, const char *text) {
  g_string_append_c(script, '\'');
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '\'')
      g_string_append_c(script, '\'');
    g_string_append_c(script, g_ascii_iscntrl(*c) ? ' ' : *c);
  }
  g_string_append_c(script, '\'');
}

void cs3_canvas_file(GString *script, const char *name) {
  g_autofree char *plain = g_strconcat(g_ascii_isalnum(*name) ? "" : "./", name, NULL);
  cs3_canvas_quote(script, plain);
}

/* @pixels from the bottom as a share of the height. */
static void append_height(GString *script, double pixels) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(script, g_ascii_formatd(digits, sizeof digits, "%.4f", pixels / HEIGHT));
}

void cs3_canvas_terminal(GString *script, const Cs3PlotTarget *target) {
  switch (target->format) {
  case CS3_PLOT_TEXT:
    g_string_append_printf(script, "set terminal dumb size %u,%u nofeed noenhanced %s\n",
                           target->columns, target->rows, target->color ? "ansi256" : "mono");
    break;
  case CS3_PLOT_SVG:
    g_string_append_printf(script,
                           "set terminal svg size %d,%d font 'sans-serif,%d' background '#ffffff' "
                           "noenhanced\n",
                           WIDTH, HEIGHT, FONT);
    break;
  case CS3_PLOT_PNG:
    /* Twice the pixels, for print. */
    g_string_append_printf(script,
                           "set terminal pngcairo size %d,%d font 'sans,%d' fontscale 1.5 "
                           "linewidth 2 pointscale 2 background '#ffffff' noenhanced\n",
                           2 * WIDTH, 2 * HEIGHT, FONT);
    break;
  case CS3_PLOT_PDF:
    g_string_append_printf(script,
                           "set terminal pdfcairo size 7in,5in font 'sans,%d' fontscale 0.48 "
                           "linewidth 0.7 dashlength 0.8 pointscale 0.8 "
                           "background '#ffffff' noenhanced\n",
                           FONT);
    break;
  }
  g_string_append(script, "set output ");
  cs3_canvas_file(script, target->picture_name);
  g_string_append(script, "\nset encoding utf8\nset decimalsign '.'\nset datafile columnheaders\n");
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

static void write_label(GString *script, const char *text, const char *look) {
  g_string_append(script, "set label ");
  cs3_canvas_quote(script, text);
  g_string_append_printf(script, " at %s\n", look);
}

static void write_picture_label(GString *script, const char *text, double pixels, int font,
                                const char *color) {
  g_autoptr(GString) look = g_string_new("screen 0.02, screen ");
  append_height(look, pixels);
  g_string_append_printf(look, " left font ',%d' textcolor rgb '%s'", font, color);
  write_label(script, text, look->str);
}

/* Above the axes, or at their right; never on them. */
static void write_legend(GString *script, const Cs3CanvasWords *words) {
  double top = HEIGHT - 68,
         axes = words->legend_beside ? top - 8 : top - 14 - LEGEND_LINE * words->legend_rows;
  g_string_append(script, "set tmargin at screen ");
  append_height(script, axes);
  g_string_append_printf(script, "\nset rmargin at screen %s\nset key at screen %s, screen ",
                         words->legend_beside ? "0.69" : "0.975",
                         words->legend_beside ? "0.695" : "0.09");
  append_height(script, words->legend_beside ? axes : top);
  g_string_append(script, " left top Left reverse ");
  if (words->legend_beside)
    g_string_append(script, "samplen 1.3 vertical maxcols 1");
  else
    g_string_append_printf(script, "samplen 2.5 horizontal maxcols %u", words->legend_columns);
  g_string_append_printf(script, " font ',%d' textcolor rgb '#222222'\n", LEGEND_FONT);
}

static void write_picture_words(GString *script, const Cs3CanvasWords *words) {
  g_autoptr(GPtrArray) caption = wrap(words->caption, CAPTION_WIDTH);
  write_picture_label(script, words->title, HEIGHT - 27, TITLE_FONT, "#000000");
  write_picture_label(script, words->subtitle, HEIGHT - 53, FONT, "#444444");
  for (guint i = 0; i < caption->len; i++)
    write_picture_label(script, caption->pdata[i], 15 + CAPTION_LINE * (caption->len - 1 - i),
                        SMALL_FONT, "#444444");
  double bottom = 15 + CAPTION_LINE * caption->len;
  write_legend(script, words);
  g_string_append(script, "set lmargin at screen 0.1\nset bmargin at screen ");
  append_height(script, bottom + 56);
  g_string_append_c(script, '\n');
  g_autoptr(GString) below = g_string_new("graph 0.5, screen ");
  append_height(below, bottom + 10);
  g_string_append(below, " center");
  write_label(script, words->x, below->str);
  write_label(script, words->y, "screen 0.02, graph 0.5 center rotate by 90");
}

static void write_text_words(GString *script, const Cs3PlotTarget *target,
                             const Cs3CanvasWords *words) {
  g_autoptr(GPtrArray) caption = wrap(words->caption, target->columns - 2);
  const char *const top[] = {words->title, words->subtitle};
  for (guint i = 0; i < 2; i++) {
    g_autofree char *look = g_strdup_printf("character 1, character %u left", target->rows - 1 - i);
    write_label(script, top[i], look);
  }
  for (guint i = 0; i < caption->len; i++) {
    g_autofree char *look = g_strdup_printf("character 1, character %u left", caption->len - 1 - i);
    write_label(script, caption->pdata[i], look);
  }
  g_string_append(script, "set xlabel ");
  cs3_canvas_quote(script, words->x);
  g_string_append_c(script, '\n');
  write_label(script, words->y, "graph 0, graph 1 left offset -7, 1");
  g_string_append_printf(script,
                         "set lmargin 8\nset rmargin 2\nset tmargin %u\nset bmargin %u\n"
                         "set key at character 1, character %u left top horizontal maxcols %u Left "
                         "reverse samplen 3\n",
                         4 + words->legend_rows, 4 + caption->len, target->rows - 3,
                         words->legend_columns);
}

void cs3_canvas_begin(GString *script, const Cs3PlotTarget *target, const Cs3CanvasWords *words) {
  cs3_canvas_terminal(script, target);
  if (target->format == CS3_PLOT_TEXT)
    write_text_words(script, target, words);
  else
    write_picture_words(script, words);
  if (target->format == CS3_PLOT_TEXT) {
    g_string_append(script, "set border 3\nset tics nomirror out\n");
    return;
  }
  g_string_append_printf(script,
                         "set border 3 linecolor rgb '#444444'\n"
                         "set tics nomirror out textcolor rgb '#222222'\n"
                         "set xtics offset 0, %s\n"
                         "set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8\n",
                         /* gnuplot's lines are wide in SVG. */
                         target->format == CS3_PLOT_SVG ? "0.4" : "0");
}

void cs3_canvas_log_y(GString *script, double low, double high) {
  static const double steps[] = {1, 1.5, 2, 3, 4, 6, 8};
  g_string_append(script, "set logscale y\nset yrange [");
  cs3_canvas_number(script, low);
  g_string_append_c(script, ':');
  cs3_canvas_number(script, high);
  g_string_append(script, "]\nset ytics (");
  const char *comma = "";
  for (double decade = pow(10, floor(log10(low))); decade <= high; decade *= 10)
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
      if (decade * steps[i] >= low && decade * steps[i] <= high) {
        g_string_append(script, comma);
        cs3_canvas_number(script, decade * steps[i]);
        comma = ", ";
      }
  g_string_append(script, ")\n");
}

void cs3_canvas_palette(GString *script) {
  g_string_append(
      script, "set palette defined (0 '#440154', 1 '#482878', 2 '#3e4a89', 3 '#31688e', "
              "4 '#26828e', 5 '#1f9e89', 6 '#35b779', 7 '#6cce59', 8 '#b4de2c', 9 '#fde725')\n");
}
