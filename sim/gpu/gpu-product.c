/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one kernel of a GPU takes. */
#include "config.h"

#include <math.h>

#include "sim/gpu/gpu.h"

enum { PART_BYTES = 4, PART_WAVES = 4 };

/* Share of the processors' time in which they compute tiles of @rows x @columns that hold output;
 * as many parts of the reduction as @splits work on each. */
static double occupied(const Cs3Gpu *gpu, double m, double n, double rows, double columns,
                       double splits) {
  double tiles = splits * ceil(m / rows) * ceil(n / columns);
  double waves = ceil(tiles / (double)gpu->processors);
  return splits * m * n / (waves * (double)gpu->processors * rows * columns);
}

/* Most parts of the reduction over @k that work on a tile: where tiles are fewer than processors, a
 * few waves of parts, none shorter than a tile is wide; 1: it is left whole. */
static double most_splits(const Cs3Gpu *gpu, double m, double n, double k, double rows,
                          double columns) {
  double tiles = ceil(m / rows) * ceil(n / columns), processors = (double)gpu->processors;
  if (tiles >= processors)
    return 1;
  return MAX(1, MIN(floor(PART_WAVES * processors / tiles), floor(k / columns)));
}

/* Operands are fetched in pieces of 16 bytes, unless their rows do not start at such: then kernels
 * of an older kind run, which power does not limit. 0: they do. */
static double misaligned_rate(const Cs3GpuProducts *rate, double element, double m, double n,
                              double k) {
  gint64 bytes = (gint64)element * ((gint64)m | (gint64)n | (gint64)k);
  if (bytes % 16 == 0)
    return 0;
  return bytes % 4 == 0 ? rate->rows_4 : rate->rows_2;
}

/* Of operands that are fetched as they should, without what memory takes. */
static double computing_s(const Cs3GpuProducts *rate, double flops, double repeats) {
  if (repeats == 0)
    return flops / rate->sustained;
  double burst_s = repeats * flops / rate->burst;
  double fast_s = MIN(burst_s, rate->burst_s);
  double slow_s = (burst_s - fast_s) * rate->burst / rate->sustained;
  return (fast_s + slow_s) / repeats;
}

/* With tiles of @rows x @columns. Parts of a reduction are written and added up in 32 bits. */
static double tiled_s(const Cs3Gpu *gpu, const Cs3GpuProducts *rate, double m, double n, double k,
                      double rows, double columns, double splits, double repeats) {
  double flops = 2 * m * n * k / occupied(gpu, m, n, rows, columns, splits);
  double parts = splits > 1 ? 2 * PART_BYTES * splits * m * n / gpu->stream : 0;
  return computing_s(rate, flops, repeats) + parts;
}

/* A library may lay the tile's long side along either, and split the reduction where that pays. */
static double fastest_s(const Cs3Gpu *gpu, const Cs3GpuProducts *rate, double m, double n, double k,
                        double repeats) {
  double time_s = INFINITY;
  for (int turned = 0; turned <= 1; turned++) {
    double rows = (double)(turned ? gpu->tile_columns : gpu->tile_rows);
    double columns = (double)(turned ? gpu->tile_rows : gpu->tile_columns);
    double most = most_splits(gpu, m, n, k, rows, columns);
    for (double splits = 1; splits <= most; splits++)
      time_s = MIN(time_s, tiled_s(gpu, rate, m, n, k, rows, columns, splits, repeats));
  }
  return time_s;
}

double cs3_gpu_product_s(const Cs3Gpu *gpu, Cs3GpuPrecision precision, double m, double n, double k,
                         double repeats) {
  const Cs3GpuProducts *rate = &gpu->products[precision];
  double element = precision == CS3_GPU_FP8 ? 1 : 2;
  double time_s = fastest_s(gpu, rate, m, n, k, repeats);
  double slow = misaligned_rate(rate, element, m, n, k);
  if (slow > 0)
    time_s = MAX(time_s, 2 * m * n * k / slow);
  return MAX(time_s, (element * (m + n) * k + 2 * m * n) / gpu->stream);
}

int cs3_gpu_block_side(const Cs3Gpu *gpu, gint64 rows, gint64 columns) {
  for (int place = CS3_N_GPU_BLOCKS - 1; place >= 0; place--) {
    gint64 side = cs3_gpu_block_sides[place];
    if (gpu->blocks[place] > 0 && rows % side == 0 && columns % side == 0)
      return place;
  }
  return -1;
}

double cs3_gpu_csr_s(const Cs3Gpu *gpu, double m, double n, double k, double density) {
  return 2 * m * n * k * density / gpu->csr + m * n / gpu->csr_outputs;
}

double cs3_gpu_blocks_s(const Cs3Gpu *gpu, int side, double m, double n, double k, double density) {
  return 2 * m * n * k * density / gpu->blocks[side] + 2 * m * (k + n) / gpu->stream;
}

/* Setting up and draining a row of tiles costs as much as `half` tokens of work on them. */
double cs3_gpu_attention_s(const Cs3Gpu *gpu, double flops, double seq, double width,
                           gboolean backward) {
  double rate = backward ? gpu->attention_backward : gpu->attention_forward;
  double half = backward ? gpu->half_backward : gpu->half_forward;
  double narrow = backward ? gpu->narrow_backward : gpu->narrow_forward;
  double share = width >= 128 ? 1 : narrow;
  return flops / (rate * share) * (1 + half / seq);
}
