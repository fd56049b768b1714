/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared libraries that are loaded when they are needed and not with the program: those that take
 * longer to load than most commands run. */
#pragma once

#include <glib.h>

/* Where the address of a function goes, in the caller's table. */
typedef struct {
  const char *name;
  gsize offset;
} Cs3LibraryCall;

/**
 * cs3_library_load: load library @file, which stays until the process ends, and write the addresses
 * of the @n @calls into @table. Returns: (transfer full) (nullable): why that failed.
 */
char *cs3_library_load(const char *file, const Cs3LibraryCall *calls, gsize n, gpointer table);
