/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of HDF5 that are called here. HDF5 is loaded when the first of its files is opened
 * and not with the program: it takes longer to load than most commands run. */
#pragma once

#include <glib.h>

#define H5_USE_110_API
#include <hdf5.h>

/* Names that the header defines as others are replaced by these before they are looked up. */
#define CS3_HDF5_CALLS(CALL)                                                                       \
  CALL(H5Aclose)                                                                                   \
  CALL(H5Aexists)                                                                                  \
  CALL(H5Aget_space)                                                                               \
  CALL(H5Aget_type)                                                                                \
  CALL(H5Aopen)                                                                                    \
  CALL(H5Aread)                                                                                    \
  CALL(H5Dclose)                                                                                   \
  CALL(H5Dget_access_plist)                                                                        \
  CALL(H5Dget_create_plist)                                                                        \
  CALL(H5Dget_num_chunks)                                                                          \
  CALL(H5Dget_offset)                                                                              \
  CALL(H5Dget_space)                                                                               \
  CALL(H5Dget_storage_size)                                                                        \
  CALL(H5Dget_type)                                                                                \
  CALL(H5Dopen2)                                                                                   \
  CALL(H5Dread)                                                                                    \
  CALL(H5Eset_auto2)                                                                               \
  CALL(H5Ewalk2)                                                                                   \
  CALL(H5Fclose)                                                                                   \
  CALL(H5Fopen)                                                                                    \
  CALL(H5Iget_type)                                                                                \
  CALL(H5Literate)                                                                                 \
  CALL(H5Oclose)                                                                                   \
  CALL(H5Oopen)                                                                                    \
  CALL(H5Pclose)                                                                                   \
  CALL(H5Pget_chunk)                                                                               \
  CALL(H5Pget_external_count)                                                                      \
  CALL(H5Pget_layout)                                                                              \
  CALL(H5Pset_chunk_cache)                                                                         \
  CALL(H5Sclose)                                                                                   \
  CALL(H5Screate_simple)                                                                           \
  CALL(H5Sget_simple_extent_dims)                                                                  \
  CALL(H5Sget_simple_extent_npoints)                                                               \
  CALL(H5Sselect_hyperslab)                                                                        \
  CALL(H5Tclose)                                                                                   \
  CALL(H5Tget_class)                                                                               \
  CALL(H5Tget_fields)                                                                              \
  CALL(H5Tget_order)                                                                               \
  CALL(H5Tget_sign)                                                                                \
  CALL(H5Tget_size)                                                                                \
  CALL(H5Zregister)                                                                                \
  CALL(H5allocate_memory)                                                                          \
  CALL(H5free_memory)

typedef struct {
#define CALL(name) __typeof__(name) *name;
  CS3_HDF5_CALLS(CALL)
#undef CALL
} Cs3Hdf5Calls;

/** cs3_hdf5_load: load HDF5 unless it is, with the filter LZ4. Fails with
 * CS3_WORKLOAD_ERROR_NO_INPUT. */
gboolean cs3_hdf5_load(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_hdf5: (transfer none): its functions, once cs3_hdf5_load() has succeeded. */
const Cs3Hdf5Calls *cs3_hdf5(void);

/** cs3_hdf5_lock: HDF5 is used by one thread at a time.
 * cs3_hdf5_unlock: by another. */
void cs3_hdf5_lock(void);
void cs3_hdf5_unlock(void);

/** cs3_hdf5_lz4: the filter 32004 (H5Z_func_t): reads what LZ4 compressed. */
size_t cs3_hdf5_lz4(unsigned flags, size_t n_values, const unsigned values[], size_t n_bytes,
                    size_t *size, void **buffer);
