/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one kernel of a GPU takes. */
#include "config.h"

#include <math.h>

#include "sim/gpu/gpu.h"

/* Share of the processors' time in which they compute tiles of @rows x @columns that hold output.
 */
static double occupied(const Cs3Gpu *gpu, double m, double n, double rows, double columns) {
  double tiles = ceil(m / rows) * ceil(n / columns);
  double waves = ceil(tiles / (double)gpu->processors);
  return m * n / (waves * (double)gpu->processors * rows * columns);
}

/* A library may lay the tile's long side along either. */
static double utilization(const Cs3Gpu *gpu, double m, double n) {
  double rows = (double)gpu->tile_rows, columns = (double)gpu->tile_columns;
  return MAX(occupied(gpu, m, n, rows, columns), occupied(gpu, m, n, columns, rows));
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

double cs3_gpu_product_s(const Cs3Gpu *gpu, Cs3GpuPrecision precision, double m, double n, double k,
                         double repeats) {
  const Cs3GpuProducts *rate = &gpu->products[precision];
  double element = precision == CS3_GPU_FP8 ? 1 : 2;
  double time_s = computing_s(rate, 2 * m * n * k / utilization(gpu, m, n), repeats);
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
