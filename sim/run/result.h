/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of a run, schema cs3sim.result/1: built once, every format is written from it. The
 * schema is described in doc/result.md. */
#pragma once

#include <jansson.h>

#include "sim/base/output.h"
#include "sim/run/run.h"

#define CS3_RESULT_SCHEMA "cs3sim.result/1"
/* Raised whenever the same input gives other numbers; NEWS.md says what moved. */
#define CS3_MODEL_VERSION 2

/** cs3_result_json: (transfer full): the record of @run. Holds no time, path or worker count. */
json_t *cs3_result_json(const Cs3Run *run);

/** cs3_result_number: the number at a dotted @path ("step.time_s") of @record; NaN when absent. */
double cs3_result_number(const json_t *record, const char *path);

/** cs3_result_string: (transfer none): the text at @path, "" when absent. */
const char *cs3_result_string(const json_t *record, const char *path);

/**
 * cs3_result_text: the record for people: summary, where the step went, where the speed-up went,
 * the layers that cost most.
 */
void cs3_result_text(const json_t *record, Cs3Output *output);

/** cs3_result_csv: one row per linear layer and pass. */
void cs3_result_csv(const json_t *record, Cs3Output *output);
