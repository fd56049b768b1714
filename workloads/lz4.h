/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decompression of LZ4 blocks (github.com/lz4/lz4, doc/lz4_Block_format.md) as the filter 32004 of
 * HDF5 stores a chunk (github.com/HDFGroup/hdf5_plugins, LZ4): size, 8 bytes, and size of a block,
 * 4 bytes; then of every block its compressed size, 4 bytes, and its bytes, as they are where that
 * is no gain; numbers with the highest byte first. */
#pragma once

#include <glib.h>

#define CS3_LZ4_MAX_CHUNK ((gsize)1 << 28)

/** cs3_lz4_chunk_size: bytes of the chunk that @n compressed ones hold; 0: they are none, or it has
 * more than CS3_LZ4_MAX_CHUNK. */
gsize cs3_lz4_chunk_size(const guint8 *bytes, gsize n);

/** cs3_lz4_chunk: decompress @n bytes to @out, exactly @size. Returns: whether they are sound. */
gboolean cs3_lz4_chunk(const guint8 *bytes, gsize n, guint8 *out, gsize size);
