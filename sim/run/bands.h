/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the steps of many machines come to: nominal value, median, 10 and 90 %. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/run/run.h"

typedef enum {
  CS3_ANSWER_SPEEDUP,
  CS3_ANSWER_SHARE, /* of the speed-up in theory */
  CS3_ANSWER_RATE,  /* tokens a second */
  CS3_ANSWER_STEP,  /* seconds */
  CS3_N_ANSWERS
} Cs3Answer;

/** cs3_answer_name: (transfer none): "tokens_per_s": the key in records. */
const char *cs3_answer_name(Cs3Answer answer);

/** cs3_answer_of: what @times say of @config. */
double cs3_answer_of(const Cs3RunConfig *config, const Cs3RunTimes *times, Cs3Answer answer);

/** cs3_band_json: (transfer full): nominal, median, p10, p90 of @values (which end up in another
 * order); those that are no numbers are left out. */
json_t *cs3_band_json(double nominal, double *values, guint n);

/** cs3_bands_json: (transfer full): samples, infeasible (NaN among @times, left out), and each
 * answer's nominal, median, p10, p90. */
json_t *cs3_bands_json(const Cs3RunConfig *config, const Cs3RunTimes *nominal,
                       const Cs3RunTimes *times, guint n);

/** cs3_bands_text: the answers as a table; @others (nullable): a second object beside it. @title,
 * @other_title: of their columns. */
void cs3_bands_text(const json_t *bands, const char *title, const json_t *others,
                    const char *other_title, Cs3Output *output);
