/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs of one model on one machine at several sparsities: checked, in order, and described. */
#pragma once

#include "plots/plot.h"

/**
 * cs3_series_new: the array @records in order of sparsity.
 * @numbers: %NULL-terminated paths of the numbers that the plot reads in every record.
 * Fails with CS3_RECORD_ERROR_DATA: fewer than two records, a foreign schema, something missing,
 * two of the same sparsity, or records that differ in anything else that is asked of a run.
 * Returns: (transfer full) (nullable).
 */
json_t *cs3_series_new(const json_t *records, const char *const *numbers,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The others take an array that cs3_series_new() made. */

/** cs3_series_subject: (transfer full): "llama7b on cs3". */
char *cs3_series_subject(const json_t *series);

/** cs3_series_work: (transfer full): "1024 sequences of 4096 tokens a step, uniform sparsity". */
char *cs3_series_work(const json_t *series);

/**
 * cs3_series_caption: (transfer full): paragraphs: @note, the plans that the runs chose and where
 * they change, parameters, source.
 */
char *cs3_series_caption(const json_t *series, const Cs3PlotTarget *target, const char *note);

/** cs3_series_write_header: append comment lines: what @plot shows and the full configuration. */
void cs3_series_write_header(const json_t *series, const Cs3Plot *plot, Cs3Script *data);

/* Label of the x axis. */
#define CS3_SERIES_X "sparsity of the blocks' linear weights (share of zeros)"

/**
 * cs3_series_write_axis: append the x axis: sparsity from the first to the last run, with
 * @margin on both sides, and in pictures a thin vertical line wherever the plan changes, with what
 * it becomes.
 */
void cs3_series_write_axis(const json_t *series, const Cs3PlotTarget *target, double margin,
                           Cs3Script *script);
