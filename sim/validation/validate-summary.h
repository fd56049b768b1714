/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How accurate a validation says the simulator is: a line for every group of rows. */
#pragma once

#include <jansson.h>

#include "base/output.h"

/**
 * cs3_validate_recorded: the record of `cs3sim validate` that came with this version.
 * Returns: (transfer full) (nullable): %NULL with CS3_CONFIG_ERROR when it is missing or no record.
 */
json_t *cs3_validate_recorded(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validate_missed: rows of @record whose tolerance is missed. */
guint cs3_validate_missed(const json_t *record);

/** cs3_validate_keep: drop the suites of @record that are not in @names (empty: keep all). */
void cs3_validate_keep(json_t *record, char **names);

/**
 * cs3_validate_summary: one line a group: rows, evidence, claims kept, and of the rows with a value
 * to compare with (not limits) the median and the largest error. As text, CSV or JSON.
 */
void cs3_validate_summary(const json_t *record, Cs3Output *output, Cs3Format format);
