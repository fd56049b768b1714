/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of a run, schema cs3sim.result/1: built once, every format is written from it. The
 * schema is described in doc/result.md. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/run/run.h"

/* Where a number without its band says that one can be had. */
#define CS3_RESULT_BAND "what unpublished constants leave open: run --uncertainty 64"

/** cs3_result_json: (transfer full): the record of @run. Holds no time, path or worker count. */
json_t *cs3_result_json(const Cs3Run *run);

/**
 * cs3_result_text: the record for people: summary, where the step went, where the speed-up went,
 * the layers that cost most.
 */
void cs3_result_text(const json_t *record, Cs3Output *output);

/** cs3_result_csv: one row per linear layer and pass. */
void cs3_result_csv(const json_t *record, Cs3Output *output);
