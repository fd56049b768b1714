/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files, read whole. */
#pragma once

#include <glib.h>

/**
 * cs3_read_file: what @path holds, pipes too, but never more than @most bytes: /dev/zero ends.
 * @length: (out) (optional). Returns: (transfer full) (nullable): with a 0 behind the last byte;
 * %NULL with errno, EFBIG for more than @most.
 */
char *cs3_read_file(const char *path, gsize most, gsize *length);

/** cs3_read_text_file: the same; errors: G_FILE_ERROR, "cannot read PATH: why"; INVAL for
 * more than @most bytes. */
char *cs3_read_text_file(const char *path, gsize most, gsize *length,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
