/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plots: each is one file with one const row, which turns records of runs (schema cs3sim.result/1)
 * into a data file and a gnuplot script. Adding a plot is adding a file and a row to the registry.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "plots/script.h"

#define CS3_PLOT_ERROR (cs3_plot_error_quark())
GQuark cs3_plot_error_quark(void);

typedef enum {
  CS3_PLOT_ERROR_NO_GNUPLOT, /* gnuplot is not installed, or was built without the format */
  CS3_PLOT_ERROR_GNUPLOT,    /* gnuplot refuses the script */
  CS3_PLOT_ERROR_BROKEN,     /* gnuplot hung, died, or wrote half a picture */
} Cs3PlotError;

typedef enum {
  CS3_PLOT_TEXT, /* characters, for a terminal */
  CS3_PLOT_SVG,
  CS3_PLOT_PNG,
  CS3_PLOT_PDF, /* holds the time of its making; the others repeat byte for byte */
} Cs3PlotFormat;

/* What is drawn on. */
typedef struct {
  Cs3PlotFormat format;
  guint columns, rows; /* TEXT: size in characters */
  gboolean color;      /* TEXT: with ANSI colours */
} Cs3PlotTarget;

/* The records that a plot is drawn from. */
typedef enum {
  CS3_PLOT_NEEDS_SPARSITIES, /* runs that differ in nothing but the sparsity, two or more */
  CS3_PLOT_NEEDS_LAYERS,     /* records of `cs3sim layer`, from files */
  CS3_PLOT_NEEDS_RUN,        /* one run */
  CS3_PLOT_NEEDS_MACHINES,   /* runs of the same work on different machines, two or more */
  CS3_PLOT_NEEDS_POINTS,     /* runs of a sweep, from files */
  CS3_PLOT_NEEDS_VALIDATION, /* a record of `cs3sim validate` */
  CS3_PLOT_NEEDS_CURVES,     /* curves of sim/picture/sparsity-curves.h */
  CS3_PLOT_NEEDS_SYSTEMS,    /* runs that differ in the number of systems, and may in the batch */
  CS3_PLOT_NEEDS_TIMELINE,   /* one run with the member `timeline` */
  CS3_PLOT_NEEDS_MEMORY,     /* one run with the member `memory` */
  CS3_PLOT_NEEDS_TORNADO,    /* one run with the member `tornado` */
  CS3_PLOT_NEEDS_POSTERIOR,  /* a posterior of `cs3sim calibrate`, the shipped one without a file */
  CS3_PLOT_NEEDS_TRANSFORMS, /* a dense run and runs of what transformations make of it */
  CS3_PLOT_NEEDS_LAW,        /* a record of `cs3sim optimize --law`, from a file */
  CS3_PLOT_NEEDS_DECODE,     /* a record of `cs3sim infer`, from a file */
  CS3_PLOT_NEEDS_WEIGHTS,    /* statistics of `cs3sim inspect --weights`, from a file */
} Cs3PlotNeeds;

typedef struct {
  const char *name;    /* "speedup" */
  const char *summary; /* one line */
  Cs3PlotNeeds needs;
  /**
   * Check the array @records and bring it into the order of drawing. Returns: (transfer full)
   * (nullable): what the other two may rely on; %NULL with CS3_RECORD_ERROR_DATA.
   */
  json_t *(*prepare)(const json_t *records, GError **error);
  /** Append the data file: comment lines, a line of column names with units, a line a point. */
  void (*write_data)(const json_t *series, Cs3Script *data);
  /** Append the script, which draws the data. */
  void (*write_script)(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script);
} Cs3Plot;

/** cs3_plot_require_one: (for prepare) that @records is one; @what names it in the message. */
gboolean cs3_plot_require_one(const json_t *records, const char *what,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_plot_require_one_run: (for prepare) that @records is one run with @numbers and @texts
 * (cs3_record_require()). Fails with CS3_RECORD_ERROR_DATA.
 */
gboolean cs3_plot_require_one_run(const json_t *records, const char *const *numbers,
                                  const char *const *texts,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_plots: (transfer none): every plot; ends with %NULL. */
const Cs3Plot *const *cs3_plots(void);

/**
 * cs3_plot_make: data file and gnuplot script of @plot, which depend on nothing but the arguments.
 * @records: an array of records of runs.
 * @data: (out) (transfer full). @script: (out) (transfer full): cs3_script_file() makes a file of
 *   it, cs3_gnuplot_draw() a picture.
 * Fails with CS3_RECORD_ERROR_DATA.
 */
gboolean cs3_plot_make(const Cs3Plot *plot, const json_t *records, const Cs3PlotTarget *target,
                       char **data, Cs3Script **script, GError **error) G_GNUC_WARN_UNUSED_RESULT;
