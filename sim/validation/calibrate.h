/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The posterior of a machine's unpublished and disputed constants, given measured rates:
 * doc/calibration.md. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/validation/simulated.h"
#include "sim/validation/validate.h"

typedef struct {
  guint first;   /* points of the prior to begin with */
  guint rounds;  /* further rounds, where the posterior lies */
  guint more;    /* points a round */
  guint samples; /* that the posterior is written with */
  guint trials;  /* of coverage; 0: none */
  guint workers; /* no influence on the result */
  guint64 seed;
  const GPtrArray *candidates; /* (nullable) of Cs3Measured: what could be measured next */
  guint next;                  /* of these, so many are told: those that would say most */
  const char *prediction;      /* options of `cs3sim run`: what is at stake */
  const char *points; /* (nullable): file of simulated points: goes on behind those that it has */
} Cs3Calibration;

/**
 * cs3_calibrate: @rows: (element-type Cs3Measured). Told of points that are done.
 * Returns: (transfer full) (nullable): the posterior, schema cs3sim.posterior/1
 * (doc/calibration.md). Errors: those of the rows' runs; CS3_CLI_ERROR_DATA: no machine in the
 * ranges can run them all, or the file of points is another calibration's.
 */
json_t *cs3_calibrate(const Cs3Calibration *how, const GPtrArray *rows,
                      Cs3ValidationProgress progress, gpointer data,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_calibrate_text: what was learned, for people. */
void cs3_calibrate_text(const json_t *posterior, Cs3Output *output);

/** cs3_calibrate_csv: a row a constant. */
void cs3_calibrate_csv(const json_t *posterior, Cs3Output *output);

/** cs3_calibrate_warnings: (transfer full) (element-type utf8): a line each: rows that contradict
 * one another on every machine, too few effective points. */
GPtrArray *cs3_calibrate_warnings(const json_t *posterior);
