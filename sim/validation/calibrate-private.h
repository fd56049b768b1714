/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the calibration share. */
#pragma once

#include "sim/validation/calibrate.h"
#include "sim/validation/emulator.h"
#include "sim/validation/infer.h"
#include "sim/validation/measured.h"

/* Columns behind those of the rows: logarithms of the prediction's speed-up and of its step. */
enum { CS3_SPEEDUP_COLUMN, CS3_STEP_COLUMN, CS3_PREDICTED_COLUMNS };

/* Machines of the emulator that the posterior stands on. */
typedef struct {
  Cs3Population *population;
  double *logs;                             /* points x rows */
  double *predicted[CS3_PREDICTED_COLUMNS]; /* by point, with the emulator's error */
  double *log_ratio;
  Cs3Inference *inference;
} Cs3Cloud;

/* A calibration at work. */
typedef struct {
  const Cs3Calibration *how;
  const GPtrArray *rows;     /* of Cs3Measured */
  const GPtrArray *unknowns; /* of Cs3Unknown */
  Cs3Simulated *simulated;
  guint *levels;         /* of the unknowns, as of a population */
  Cs3Population *design; /* what is simulated */
  GArray *logs;          /* of double: its points x columns; the last two as above */
  guint columns;
  GPtrArray *networks; /* of names, borrowed */
  double *measured, *errors;
  guint *network;
  char *key;
  GPtrArray *emulators; /* of Cs3Emulator, by column */
  double *widths;       /* by row: errors and the emulator's, in quadrature */
  Cs3Cloud cloud;
} Cs3Posterior;

/** cs3_posterior_emulators: (transfer full) (element-type Cs3Emulator): of all columns, from points
 * of the design from @first on; fills @widths (rows). %NULL: too few points that can run. */
GPtrArray *cs3_posterior_emulators(const Cs3Posterior *posterior, guint first, double *widths);

/** cs3_cloud_fill: @cloud->population's points by @emulators, from the prior. */
void cs3_cloud_fill(const Cs3Posterior *posterior, const GPtrArray *emulators, Cs3Cloud *cloud);
void cs3_cloud_clear(Cs3Cloud *cloud);

/** cs3_posterior_sightings: @measured (by row, borrowed) against the points of @cloud. */
Cs3Sightings cs3_posterior_sightings(const Cs3Posterior *posterior, const Cs3Cloud *cloud,
                                     const double *measured, const double *widths);

/** cs3_posterior_resample: (transfer full) (array length=n): points of the cloud in proportion to
 * their weights, in random order. */
guint *cs3_posterior_resample(const Cs3Posterior *posterior, guint n);

/**
 * cs3_next_json: (transfer full) (nullable) (element-type object): how->candidates, which would
 * narrow the predicted speed-up most first; doc/calibration.md has the equations.
 * @record: cs3_posterior_json(): how far the simulator is off. Errors: those of a candidate's run.
 */
json_t *cs3_next_json(const Cs3Posterior *posterior, const json_t *record,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_posterior_json: (transfer full): the record without its samples: rows, discrepancy,
 * prediction, constants, pairs, and with how->trials coverage. */
json_t *cs3_posterior_json(const Cs3Posterior *posterior);

/** cs3_coverage_json: (transfer full): how->trials machines of the design are measured with noise
 * and inferred by emulators that have not seen them: how often 80 % intervals hold the truth. */
json_t *cs3_coverage_json(const Cs3Posterior *posterior);
