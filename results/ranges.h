/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the numbers of a record may be: one table, whatever reads the record. */
#pragma once

#include <glib.h>
#include <jansson.h>

/**
 * cs3_record_check_ranges: that no number of @record lies where no run can put it: every one is 0
 * or between 1e-30 and 1e30 in size, and rates, times, counts and shares are positive, not negative
 * or from 0 to below 1, as their kind asks; a text where a number belongs is refused, null is not.
 * Fails with CS3_RECORD_ERROR_DATA, naming field, value and range.
 */
gboolean cs3_record_check_ranges(const json_t *record, GError **error) G_GNUC_WARN_UNUSED_RESULT;
