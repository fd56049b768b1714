/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of runs as plots get them: from files, so nothing about them is taken for granted. Once
 * checked, they are read with cs3_result_number() and cs3_result_string(). */
#pragma once

#include <glib.h>
#include <jansson.h>

/**
 * cs3_records_load: append the records in the file @path to the array @records: one JSON document
 * or several (JSON Lines). "-": standard input. Fails with G_FILE_ERROR, or CS3_PLOT_ERROR_DATA
 * (file:line: what).
 */
gboolean cs3_records_load(const char *path, json_t *records,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_record_require: that @record is one of ours and has what is asked for.
 * @numbers, @texts: %NULL-terminated dotted paths ("step.time_s") of finite numbers and texts.
 * Fails with CS3_PLOT_ERROR_DATA.
 */
gboolean cs3_record_require(const json_t *record, const char *const *numbers,
                            const char *const *texts, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_record_require_schema: the same for a record of another @schema than cs3sim.result/1. */
gboolean cs3_record_require_schema(const json_t *record, const char *schema,
                                   const char *const *numbers, const char *const *texts,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
