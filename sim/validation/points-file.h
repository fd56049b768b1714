/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Simulated points on disk, so that a calibration that was interrupted goes on. */
#pragma once

#include <glib.h>

/**
 * cs3_points_load: the points in @path that are those of @key, in order from 0; what follows the
 * last whole line is cut off. A file that does not exist has none.
 * Returns: (transfer full) (nullable) (element-type double): @columns numbers a point (NaN for
 * null); CS3_CLI_ERROR_DATA: another calibration's points, or no points at all; G_FILE_ERROR.
 */
GArray *cs3_points_load(const char *path, const char *key, guint columns,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_points_append: points @first on, @n of them. Fails with CS3_OUTPUT_ERROR_WRITE. */
gboolean cs3_points_append(const char *path, const char *key, guint first, guint n, guint columns,
                           const double *logs, GError **error) G_GNUC_WARN_UNUSED_RESULT;
