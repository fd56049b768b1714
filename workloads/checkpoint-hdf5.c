/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HDF5 checkpoints of the Cerebras Model Zoo (cerebras.appliance.saver.h5_saver and
 * cerebras.pytorch.saver.pt_h5_saver, releases 1.7 to 2.0; cerebras.appliance.storage.h5_storage
 * since): the state dictionary flattened, every tensor a dataset of the root group under its keys
 * joined by '.', percent-encoded; bfloat16 as integers of 16 bits with the attribute is_bfloat16;
 * chunks compressed by LZ4 unless chosen otherwise. What is no tensor has an empty dataset;
 * tensors whose values are a constant or lie in another file have the attribute `shape`.
 * HDF5 converts no number here: values are read as the file's own type. Where they lie in one piece
 * they are read past it. */
#include "config.h"

#include <string.h>

#include "workloads/checkpoint-format.h"
#include "workloads/hdf5-calls.h"
#include "workloads/workload-error.h"

/* A row of chunks stays in memory, so that every chunk is decompressed once. */
#define MAX_CACHE_BYTES ((gsize)1 << 27)
#define MAX_CHUNK_BYTES ((guint64)1 << 27)

enum { MAX_DIMS = 16, CACHE_SLOTS = 10007 };
enum { READ_ONLY = 0 }; /* H5F_ACC_RDONLY, which is defined with calls of the library */

/* A file. One dataset is kept open. */
typedef struct {
  hid_t file;
  GPtrArray *links; /* names as the file has them: a packed tensor's `offset` is a number here */
  guint64 open;     /* number of the open dataset, + 1 */
  hid_t set, type;
  int n_dims;
  hsize_t dims[MAX_DIMS];
} Store;

/* Of a dataset, while its tensor is made. */
typedef struct {
  hid_t set, space, type, plist;
  int n_dims;
  hsize_t dims[MAX_DIMS];
  gsize size; /* of a value */
} Dataset;

/* --- errors ----------------------------------------------------------------------------------- */

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *data) {
  char **text = data;
  if (n == 0)
    *text = g_strdup(error->desc);
  return 0;
}

/* "@tensor (nullable): what HDF5 says". Returns: FALSE. */
static gboolean hdf5_fail(const char *path, const char *tensor, GError **error) {
  g_autofree char *reason = NULL;
  cs3_hdf5()->H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  return cs3_checkpoint_fail(path, error, "%s%sHDF5 cannot read it: %s",
                             tensor != NULL ? tensor : "", tensor != NULL ? ": " : "",
                             reason != NULL ? reason : "no reason given");
}

/* --- attributes ------------------------------------------------------------------------------- */

/* Up to @most whole numbers of the attribute @name, 1 or 8 bytes each. Returns: how many, 0: there
 * is no such attribute. */
static gsize read_attribute(hid_t object, const char *name, gint64 *numbers, gsize most) {
  const Cs3Hdf5Calls *h = cs3_hdf5();
  if (h->H5Aexists(object, name) <= 0)
    return 0;
  hid_t attribute = h->H5Aopen(object, name, H5P_DEFAULT);
  hid_t space = h->H5Aget_space(attribute), type = h->H5Aget_type(attribute);
  hssize_t n = h->H5Sget_simple_extent_npoints(space);
  gsize size = h->H5Tget_size(type);
  H5T_class_t class = h->H5Tget_class(type);
  gboolean whole = class == H5T_INTEGER || class == H5T_ENUM;
  gint64 wide[MAX_DIMS];
  guint8 narrow[MAX_DIMS];
  gboolean ok = whole && n >= 1 && n <= (hssize_t)most && most <= MAX_DIMS &&
                (size == 1 || (size == 8 && h->H5Tget_order(type) == H5T_ORDER_LE)) &&
                h->H5Aread(attribute, type, size == 1 ? (void *)narrow : wide) >= 0;
  for (hssize_t i = 0; ok && i < n; i++)
    numbers[i] = size == 1 ? narrow[i] : GINT64_FROM_LE(wide[i]);
  h->H5Tclose(type);
  h->H5Sclose(space);
  h->H5Aclose(attribute);
  return ok ? (gsize)n : 0;
}

static gboolean is_marked(hid_t set, const char *name) {
  gint64 value = 0;
  return read_attribute(set, name, &value, 1) == 1 && value != 0;
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* (nullable): the format of floating-point numbers of @size bytes, by their exponents. */
static const char *float_name(hid_t type, gsize size) {
  static const struct {
    gsize size, exponent;
    const char *name;
  } kinds[] = {{2, 5, "F16"}, {2, 8, "BF16"}, {4, 8, "F32"}, {8, 11, "F64"}};
  size_t sign, start, exponent, low, mantissa;
  if (cs3_hdf5()->H5Tget_fields(type, &sign, &start, &exponent, &low, &mantissa) < 0 || low != 0 ||
      sign != 8 * size - 1)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (kinds[i].size == size && kinds[i].exponent == exponent &&
        exponent + mantissa + 1 == 8 * size)
      return kinds[i].name;
  return NULL;
}

/* (nullable): what safetensors calls the type of @d. */
static const char *dtype_name(const Dataset *d) {
  static const char *const integers[2][4] = {{"U8", "U16", "U32", "U64"},
                                             {"I8", "I16", "I32", "I64"}};
  const Cs3Hdf5Calls *h = cs3_hdf5();
  H5T_class_t class = h->H5Tget_class(d->type);
  if (d->size > 1 && class != H5T_OPAQUE && h->H5Tget_order(d->type) != H5T_ORDER_LE)
    return NULL;
  if (d->size == 2 && (class == H5T_INTEGER || class == H5T_OPAQUE) &&
      is_marked(d->set, "is_bfloat16"))
    return "BF16";
  if (class == H5T_FLOAT)
    return float_name(d->type, d->size);
  if (class == H5T_INTEGER && (d->size & (d->size - 1)) == 0 && d->size <= 8)
    return integers[h->H5Tget_sign(d->type) == H5T_SGN_2][g_bit_storage(d->size) - 1];
  return class == H5T_ENUM && d->size == 1 ? "BOOL" : NULL; /* as h5py stores truth values */
}

/* Chunks: whether all of them are there and none is too large. */
static const char *check_chunks(const Dataset *d) {
  const Cs3Hdf5Calls *h = cs3_hdf5();
  hsize_t chunk[MAX_DIMS], expected = 1, found;
  guint64 bytes = d->size;
  if (h->H5Pget_chunk(d->plist, MAX_DIMS, chunk) != d->n_dims)
    return "has chunks of another rank";
  for (int i = 0; i < d->n_dims; i++) {
    if (chunk[i] == 0 || !g_uint64_checked_mul(&bytes, bytes, chunk[i]) || bytes > MAX_CHUNK_BYTES)
      return "is stored in chunks of more than 128 MiB";
    if (!g_uint64_checked_mul((guint64 *)&expected, expected,
                              d->dims[i] / chunk[i] + (d->dims[i] % chunk[i] != 0)))
      return "has too many chunks";
  }
  if (h->H5Dget_num_chunks(d->set, d->space, &found) < 0 || found != expected)
    return "was not written completely";
  return NULL;
}

/* Where the values are, or why they cannot be read. */
static void place_values(const Cs3CheckpointFile *f, const Dataset *d, guint64 number,
                         Cs3StoredTensor *tensor) {
  const Cs3Hdf5Calls *h = cs3_hdf5();
  H5D_layout_t layout = h->H5Pget_layout(d->plist);
  tensor->packed = layout != H5D_CONTIGUOUS;
  tensor->offset = number;
  if (layout == H5D_CHUNKED) {
    tensor->unread = check_chunks(d);
  } else if (layout == H5D_CONTIGUOUS) {
    haddr_t at = h->H5Dget_offset(d->set);
    if (h->H5Pget_external_count(d->plist) > 0)
      tensor->unread = "has its values in other files";
    else if (at == HADDR_UNDEF)
      tensor->unread = "was not written";
    else if (at > f->size || tensor->bytes > f->size - at)
      tensor->unread = "is cut off by the end of the file";
    tensor->offset = at;
  } else if (layout != H5D_COMPACT) {
    tensor->unread = "is put together from other datasets";
  }
}

static void fill_dims(Cs3StoredTensor *tensor, const gint64 *dims, gsize n) {
  tensor->n_dims = (guint)n;
  for (guint i = 0; i < G_N_ELEMENTS(tensor->dims); i++)
    tensor->dims[i] = i < n ? dims[i] : 1;
}

/* The tensor of dataset @number. */
static gboolean add_tensor(Cs3Checkpoint *c, guint file, guint64 number, const char *name,
                           const Dataset *d, GError **error) {
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, file);
  gint64 dims[MAX_DIMS];
  gsize n = (gsize)d->n_dims, stated;
  for (gsize i = 0; i < n; i++)
    dims[i] = (gint64)MIN(d->dims[i], (hsize_t)G_MAXINT64);
  const char *dtype = dtype_name(d);
  Cs3StoredTensor tensor = {
      .name = name,
      .dtype = dtype != NULL ? cs3_dtype_find(dtype) : NULL,
      .dtype_name = dtype != NULL ? dtype : "?",
      .file = file,
  };
  if (n == 0 && (stated = read_attribute(d->set, "shape", dims, MAX_DIMS)) > 0) {
    tensor.unread = "is a constant, or a link to another file";
    fill_dims(&tensor, dims, stated);
    return cs3_checkpoint_add(c, &tensor, error);
  }
  fill_dims(&tensor, dims, n);
  tensor.bytes = cs3_checkpoint_bytes(dims, n, 8 * (guint)d->size);
  if (tensor.bytes == G_MAXUINT64)
    tensor.unread = "has more values than a file can hold";
  else if (n > 0 && dtype == NULL)
    tensor.unread = "holds no little-endian numbers of a known format";
  else if (n > 0)
    place_values(f, d, number, &tensor);
  return cs3_checkpoint_add(c, &tensor, error);
}

/* Reads what @d is, whose `set` is open. */
static gboolean describe(Dataset *d) {
  const Cs3Hdf5Calls *h = cs3_hdf5();
  d->space = h->H5Dget_space(d->set);
  d->type = h->H5Dget_type(d->set);
  d->plist = h->H5Dget_create_plist(d->set);
  d->size = h->H5Tget_size(d->type);
  d->n_dims = h->H5Sget_simple_extent_dims(d->space, NULL, NULL);
  return d->space >= 0 && d->type >= 0 && d->plist >= 0 && d->size > 0 && d->size <= 64 &&
         d->n_dims >= 0 && d->n_dims <= MAX_DIMS &&
         h->H5Sget_simple_extent_dims(d->space, d->dims, NULL) >= 0;
}

static gboolean add_link(Cs3Checkpoint *c, guint file, guint64 number, const char *link,
                         GError **error) {
  const Cs3Hdf5Calls *h = cs3_hdf5();
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, file);
  g_autofree char *name = g_uri_unescape_string(link, NULL);
  if (name == NULL || *name == '\0')
    return cs3_checkpoint_fail(f->path, error, "%s: not a percent-encoded name", link);
  hid_t object = h->H5Oopen(((Store *)f->state)->file, link, H5P_DEFAULT);
  if (object < 0)
    return hdf5_fail(f->path, name, error);
  gboolean ok = TRUE;
  if (h->H5Iget_type(object) == H5I_DATASET) {
    Dataset d = {
        .set = object, .space = H5I_INVALID_HID, .type = H5I_INVALID_HID, .plist = H5I_INVALID_HID};
    ok = describe(&d) ? add_tensor(c, file, number, name, &d, error)
                      : hdf5_fail(f->path, name, error);
    h->H5Sclose(d.space);
    h->H5Tclose(d.type);
    h->H5Pclose(d.plist);
  }
  h->H5Oclose(object);
  return ok;
}

static herr_t keep_name(hid_t group, const char *name, const H5L_info_t *info, void *data) {
  if (info->type == H5L_TYPE_HARD || info->type == H5L_TYPE_SOFT)
    g_ptr_array_add(data, g_strdup(name));
  return 0;
}

static gboolean add_links(Cs3Checkpoint *c, guint file, GError **error) {
  const char *path = g_array_index(c->files, Cs3CheckpointFile, file).path;
  Store *store = g_array_index(c->files, Cs3CheckpointFile, file).state;
  const Cs3Hdf5Calls *h = cs3_hdf5();
  store->file = h->H5Fopen(path, READ_ONLY, H5P_DEFAULT);
  if (store->file < 0 ||
      h->H5Literate(store->file, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, keep_name, store->links) < 0)
    return hdf5_fail(path, NULL, error);
  for (guint i = 0; i < store->links->len; i++)
    if (!add_link(c, file, i, store->links->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean read_header(Cs3Checkpoint *c, guint file, GError **error) {
  if (!cs3_hdf5_load(error))
    return FALSE;
  Store *store = g_new0(Store, 1);
  store->file = store->set = store->type = H5I_INVALID_HID;
  store->links = g_ptr_array_new_with_free_func(g_free);
  g_array_index(c->files, Cs3CheckpointFile, file).state = store;
  cs3_hdf5_lock();
  gboolean ok = add_links(c, file, error);
  cs3_hdf5_unlock();
  return ok;
}

/* --- values ----------------------------------------------------------------------------------- */

static void close_set(Store *store) {
  cs3_hdf5()->H5Tclose(store->type);
  cs3_hdf5()->H5Dclose(store->set);
  store->open = 0;
}

/* Memory for a row of @d's chunks. */
static gsize cache_bytes(const Dataset *d) {
  hsize_t chunk[MAX_DIMS];
  gsize bytes = d->size;
  if (cs3_hdf5()->H5Pget_chunk(d->plist, MAX_DIMS, chunk) != d->n_dims)
    return 0;
  for (int i = 0; i < d->n_dims; i++)
    bytes *= i == 0 ? chunk[i] : (d->dims[i] + chunk[i] - 1) / chunk[i] * chunk[i];
  return MIN(bytes, MAX_CACHE_BYTES / 2) * 2;
}

/* Opens dataset @number with room for its chunks. */
static gboolean open_set(Store *store, guint64 number) {
  const Cs3Hdf5Calls *h = cs3_hdf5();
  if (store->open == number + 1)
    return TRUE;
  if (store->open != 0)
    close_set(store);
  Dataset d = {.set = h->H5Dopen2(store->file, store->links->pdata[number], H5P_DEFAULT)};
  gboolean ok = describe(&d);
  hid_t access = h->H5Dget_access_plist(d.set);
  ok = ok && h->H5Pset_chunk_cache(access, CACHE_SLOTS, cache_bytes(&d), 1) >= 0;
  h->H5Dclose(d.set);
  store->set = ok ? h->H5Dopen2(store->file, store->links->pdata[number], access) : d.set;
  store->type = d.type;
  store->n_dims = d.n_dims;
  memcpy(store->dims, d.dims, sizeof d.dims);
  h->H5Sclose(d.space);
  h->H5Pclose(d.plist);
  h->H5Pclose(access);
  if (ok && store->set >= 0)
    store->open = number + 1;
  else
    h->H5Tclose(d.type);
  return store->open != 0;
}

/* The largest block of values, in the order of rows, that begins with value @at and has at most
 * @most. Returns: its values. */
static guint64 next_block(const Store *store, guint64 at, guint64 most, hsize_t *start,
                          hsize_t *count) {
  guint64 stride = 1, size = 1;
  for (int i = store->n_dims - 1; i >= 0; i--) {
    guint64 extent = store->dims[i], place = at / stride % extent, left = most / stride;
    gboolean whole = size == stride && at % stride == 0 && left > 0;
    start[i] = place;
    count[i] = whole ? MIN(left, extent - place) : 1;
    size *= count[i];
    stride *= extent;
  }
  return size;
}

static gboolean read_block(const Store *store, const hsize_t *start, const hsize_t *count,
                           guint64 n, void *buffer) {
  const Cs3Hdf5Calls *h = cs3_hdf5();
  hid_t from = h->H5Screate_simple(store->n_dims, store->dims, NULL);
  hid_t to = h->H5Screate_simple(1, (hsize_t[]){n}, NULL);
  gboolean ok = h->H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                h->H5Dread(store->set, store->type, to, from, H5P_DEFAULT, buffer) >= 0;
  h->H5Sclose(from);
  h->H5Sclose(to);
  return ok;
}

static gboolean read_blocks(Store *store, guint64 at, guint64 n, gsize size, guint8 *buffer) {
  hsize_t start[MAX_DIMS], count[MAX_DIMS];
  for (guint64 done = 0, block; done < n; done += block) {
    block = next_block(store, at + done, n - done, start, count);
    if (!read_block(store, start, count, block, buffer + done * size))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_values(const Cs3Checkpoint *c, const Cs3StoredTensor *tensor, guint64 offset,
                            gsize size, void *buffer, GError **error) {
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, tensor->file);
  gsize width = tensor->dtype->bits / 8;
  cs3_hdf5_lock();
  gboolean ok = open_set(f->state, tensor->offset) &&
                read_blocks(f->state, offset / width, size / width, width, buffer);
  ok = ok || hdf5_fail(f->path, tensor->name, error);
  cs3_hdf5_unlock();
  return ok;
}

/* --- format ----------------------------------------------------------------------------------- */

static void store_free(gpointer state) {
  Store *store = state;
  cs3_hdf5_lock();
  if (store->open != 0)
    close_set(store);
  if (store->file >= 0)
    cs3_hdf5()->H5Fclose(store->file);
  cs3_hdf5_unlock();
  g_ptr_array_unref(store->links);
  g_free(store);
}

static gboolean is_hdf5(const guint8 *start, gsize size) {
  static const guint8 mark[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  return size >= sizeof mark && memcmp(start, mark, sizeof mark) == 0;
}

static const char *const suffixes[] = {".mdl", ".h5", ".hdf5", NULL};

const Cs3CheckpointFormat cs3_checkpoint_hdf5 = {
    .name = "hdf5",
    .suffixes = suffixes,
    .is = is_hdf5,
    .header = read_header,
    .read = read_values,
    .close = store_free,
};
