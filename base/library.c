/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads shared libraries. */
#include "config.h"

#include "base/library.h"

#include <dlfcn.h>

char *cs3_library_load(const char *file, const Cs3LibraryCall *calls, gsize n, gpointer table) {
  void *library = dlopen(file, RTLD_LAZY);
  for (gsize i = 0; library != NULL && i < n; i++) {
    gpointer call = dlsym(library, calls[i].name);
    if (call == NULL)
      break;
    G_STRUCT_MEMBER(gpointer, table, calls[i].offset) = call;
  }
  return g_strdup(dlerror());
}
