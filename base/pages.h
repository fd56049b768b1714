/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory for large arrays that are written once: in huge pages where the system has them, since the
 * fault for each small page costs as much as what is computed into it. */
#pragma once

#include <glib.h>

/** cs3_pages_size: bytes that an array of @size takes. */
gsize cs3_pages_size(gsize size);

/** cs3_pages_new: (nullable): @size zero bytes; %NULL when memory is short. To be freed by
 * cs3_pages_free() with the same size. */
gpointer cs3_pages_new(gsize size) G_GNUC_WARN_UNUSED_RESULT;
void cs3_pages_free(gpointer pages, gsize size);

/** cs3_pages_keep: processes forked later do not get @pages: copying their page tables takes
 * milliseconds. No effect on a small array. */
void cs3_pages_keep(gpointer pages, gsize size);
