/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads HDF5, once a process. */
#include "config.h"

#include "workloads/hdf5-calls.h"

#include "base/library.h"
#include "workloads/lz4.h"
#include "workloads/workload-error.h"

#define TEXT(name) #name
#define REPLACED(name) TEXT(name)

enum { LZ4 = 32004 }; /* registered with the HDF Group */

typedef struct {
  Cs3Hdf5Calls calls;
  GMutex lock;
  char *problem; /* %NULL: it is loaded */
} Hdf5;

/* Kept, as the library is, until the process ends. */
static Hdf5 *hdf5_open(void) {
  static const Cs3LibraryCall wanted[] = {
#define CALL(name) {REPLACED(name), G_STRUCT_OFFSET(Cs3Hdf5Calls, name)},
      CS3_HDF5_CALLS(CALL)
#undef CALL
  };
  static const H5Z_class2_t lz4 = {.version = H5Z_CLASS_T_VERS,
                                   .id = LZ4,
                                   .decoder_present = 1,
                                   .name = "LZ4",
                                   .filter = cs3_hdf5_lz4};
  Hdf5 *hdf5 = g_new0(Hdf5, 1);
  g_mutex_init(&hdf5->lock);
  hdf5->problem = cs3_library_load(CS3_HDF5_LIBRARY, wanted, G_N_ELEMENTS(wanted), &hdf5->calls);
  if (hdf5->problem == NULL) {
    hdf5->calls.H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* nothing is printed */
    if (hdf5->calls.H5Zregister(&lz4) < 0)
      hdf5->problem = g_strdup("it does not take the filter LZ4");
  }
  return hdf5;
}

static Hdf5 *hdf5_once(void) {
  static gsize place;
  if (g_once_init_enter(&place))
    g_once_init_leave(&place, (gsize)hdf5_open());
  return (Hdf5 *)place;
}

gboolean cs3_hdf5_load(GError **error) {
  const char *problem = hdf5_once()->problem;
  if (problem != NULL)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "cannot load HDF5: %s",
                problem);
  return problem == NULL;
}

const Cs3Hdf5Calls *cs3_hdf5(void) {
  return &hdf5_once()->calls;
}

void cs3_hdf5_lock(void) {
  g_mutex_lock(&hdf5_once()->lock);
}

void cs3_hdf5_unlock(void) {
  g_mutex_unlock(&hdf5_once()->lock);
}

size_t cs3_hdf5_lz4(unsigned flags, size_t n_values, const unsigned values[], size_t n_bytes,
                    size_t *size, void **buffer) {
  const Cs3Hdf5Calls *h = &hdf5_once()->calls;
  gsize length = (flags & H5Z_FLAG_REVERSE) != 0 ? cs3_lz4_chunk_size(*buffer, n_bytes) : 0;
  guint8 *out = length > 0 ? h->H5allocate_memory(length, FALSE) : NULL;
  if (out == NULL || !cs3_lz4_chunk(*buffer, n_bytes, out, length)) {
    if (out != NULL)
      h->H5free_memory(out);
    return 0;
  }
  h->H5free_memory(*buffer);
  *buffer = out;
  *size = length;
  return length;
}
