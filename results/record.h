/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of runs as plots get them: from files, so nothing about them is taken for granted. Once
 * checked, they are read with cs3_record_number() and cs3_record_string(). */
#pragma once

#include <glib.h>
#include <jansson.h>

#define CS3_RECORD_ERROR (cs3_record_error_quark())
GQuark cs3_record_error_quark(void);

typedef enum {
  CS3_RECORD_ERROR_DATA, /* a document is malformed, or lacks what its reader needs */
} Cs3RecordError;

/** cs3_record_number: the number at a dotted @path ("step.time_s") of @record; NaN when absent. */
double cs3_record_number(const json_t *record, const char *path);

/** cs3_record_integer: the integer at @path; 0 when absent. */
gint64 cs3_record_integer(const json_t *record, const char *path);

/** cs3_record_string: (transfer none): the text at @path, "" when absent. */
const char *cs3_record_string(const json_t *record, const char *path);

/**
 * cs3_records_load: append the records in the file @path to the array @records: one JSON document
 * or several (JSON Lines). "-": standard input. The record of a sweep's point keeps the point's
 * place as its member `axes`; the first run of a comparison keeps the machines without a run, which
 * were measured or are too small, as its member `beside`. Fails with G_FILE_ERROR, or
 * CS3_RECORD_ERROR_DATA (file:line: what).
 */
gboolean cs3_records_load(const char *path, json_t *records,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_records_append: append to @records what cs3_records_load() would of the document @record. */
void cs3_records_append(json_t *records, json_t *record);

/**
 * cs3_record_require: that @record is one of ours and has what is asked for.
 * @numbers, @texts: %NULL-terminated dotted paths ("step.time_s") of finite numbers and texts.
 * No number may be where none can be (results/ranges.h).
 * Fails with CS3_RECORD_ERROR_DATA.
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
