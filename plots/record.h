/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of runs as plots get them: from files, so nothing about them is taken for granted. Once
 * checked, they are read with cs3_result_number() and cs3_result_string(). */
#pragma once

#include <glib.h>
#include <jansson.h>

/**
 * cs3_records_load: append the records in the file @path to the array @records: one JSON document
 * or several (JSON Lines). "-": standard input. The record of a sweep's point keeps the point's
 * place as its member `axes`. Fails with G_FILE_ERROR, or CS3_PLOT_ERROR_DATA (file:line: what).
 */
gboolean cs3_records_load(const char *path, json_t *records,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_records_append: append to @records what cs3_records_load() would of the document @record. */
void cs3_records_append(json_t *records, json_t *record);

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

/** cs3_records_axes: (transfer container) (element-type utf8): keys of the sweep's axes on which
 * @records differ, the slowest first; empty for records that no sweep has made. */
GPtrArray *cs3_records_axes(const json_t *records);

/** cs3_record_axis: (transfer none): the value of @record on the axis @key, "" when it has none. */
const char *cs3_record_axis(const json_t *record, const char *key);

/** cs3_record_place: (transfer full): "cs3, 0.7": the values of @record on @axes. */
char *cs3_record_place(const json_t *record, const GPtrArray *axes);
