/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members of a ZIP archive (PKWARE APPNOTE 6.3), stored or deflated, as NumPy's .npz is. */
#pragma once

#include <glib.h>

#include "base/output.h"

typedef struct {
  char *path;
  char *bytes; /* the archive */
  gsize size;
  GHashTable *members; /* name -> offset of its entry in the directory, as a pointer */
} Cs3Zip;

/** cs3_zip_open: read @path and its directory. Fails with CS3_WORKLOAD_ERROR_NO_INPUT, DATA (no
 * archive, damaged, beyond 4 GiB). Returns: (transfer full) (nullable). */
Cs3Zip *cs3_zip_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_zip_free(Cs3Zip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Zip, cs3_zip_free)

/** cs3_zip_member: the bytes of member @name: as many as the directory says, and no more are ever
 * held. Fails with CS3_WORKLOAD_ERROR_DATA. Returns: (transfer full) (nullable). */
GBytes *cs3_zip_member(const Cs3Zip *zip, const char *name,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A member to be written. */
typedef struct {
  const char *name;
  GByteArray *bytes;
} Cs3ZipPart;

/** cs3_zip_write: an archive of @n members, stored, together below 4 GiB; equal members, equal
 * bytes. Failures are kept for cs3_output_finish(). */
void cs3_zip_write(const Cs3ZipPart *parts, guint n, Cs3Output *output);
