/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The constants of a GPU: their table, and reading them. */
#include "config.h"

#include "sim/gpu/gpu.h"

#include <stddef.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/suggest.h"
#include "sim/machine/params.h"

const char *const cs3_gpu_precision_names[] = {"bf16", "fp8", NULL};
const char *const cs3_gpu_kernel_names[] = {"dense", "2:4", "csr", "blocks", NULL};
const gint64 cs3_gpu_block_sides[] = {16, 32, 64, 128};

#define ROW(type, unit, group, key, member, min, max, low, high, evidence, source, help)           \
  {                                                                                                \
    group, key, CS3_PARAM_##type, CS3_UNIT_##unit, offsetof(Cs3Gpu, member), min, max, low, high,  \
        NULL, CS3_EVIDENCE_##evidence, source, help, NULL                                          \
  }
#define OURS "measured by the authors of cs3sim: suite 'gpu' of validate has the rows"
#define RATE(name, key, precision, unit, member, max, help)                                        \
  ROW(REAL, unit, name, key, products[precision].member, 0, max, 0, 0, MEASURED, OURS, help)
#define RATES(name, precision)                                                                     \
  RATE(name, "burst", precision, NONE, burst, 1e17,                                                \
       "FLOP/s of products until the power limit slows the clock."),                               \
      RATE(name, "burst_time", precision, SECONDS, burst_s, 1,                                     \
           "Work after which the power limit slows the clock."),                                   \
      RATE(name, "sustained", precision, NONE, sustained, 1e17,                                    \
           "FLOP/s of products under the power limit."),                                           \
      RATE(name, "rows_4", precision, NONE, rows_4, 1e17,                                          \
           "FLOP/s where rows of an operand start at multiples of 4 or 8 bytes, not of 16."),      \
      RATE(name, "rows_2", precision, NONE, rows_2, 1e17,                                          \
           "FLOP/s where rows of an operand start at multiples of 2 bytes alone."),                \
      RATE(name, "two_of_four", precision, NONE, two_of_four, 2,                                   \
           "Gain of a product with one 2:4 operand; 0: not measured.")

#define BLOCKS(key, place)                                                                         \
  ROW(REAL, NONE, "sparse", key, blocks[place], 0, 1e17, 0, 0, MEASURED, OURS,                     \
      "FLOP/s of live blocks of this side; 0: not measured.")

static const Cs3Param params[] = {
    ROW(REAL, BYTES, "device", "memory", memory_bytes, 1e9, 1e15, 0, 0, VENDOR, "data sheet",
        "Memory of the device."),
    ROW(REAL, BYTES_PER_S, "device", "bandwidth", bandwidth, 1e9, 1e16, 0, 0, VENDOR, "data sheet",
        "Bandwidth of the device's memory."),
    ROW(REAL, WATTS, "device", "power", power_w, 1, 1e5, 0, 0, MEASURED, OURS,
        "Power of the board in training steps."),
    ROW(INT, NONE, "device", "processors", processors, 1, 4096, 0, 0, VENDOR, "data sheet",
        "Streaming multiprocessors."),
    ROW(INT, NONE, "device", "tile_rows", tile_rows, 1, 4096, 0, 0, MEASURED,
        "names of the kernels that cuBLAS chooses for these products (128x256)",
        "Rows of an output tile."),
    ROW(INT, NONE, "device", "tile_columns", tile_columns, 1, 4096, 0, 0, MEASURED, "as tile_rows",
        "Columns of an output tile."),
    RATES("bf16", CS3_GPU_BF16),
    RATES("fp8", CS3_GPU_FP8),
    ROW(REAL, NONE, "sparse", "csr", csr, 0, 1e17, 0, 0, MEASURED, OURS,
        "FLOP/s of live weights in rows of indices; 0: not measured."),
    ROW(REAL, NONE, "sparse", "csr_outputs", csr_outputs, 0, 1e17, 0, 0, MEASURED, OURS,
        "Elements of the result a second that such kernels reach beside that."),
    BLOCKS("block_16", 0),
    BLOCKS("block_32", 1),
    BLOCKS("block_64", 2),
    BLOCKS("block_128", 3),
    ROW(REAL, BYTES_PER_S, "kernels", "stream", stream, 1e9, 1e16, 0, 0, MEASURED, OURS,
        "Bytes a second of kernels that only move."),
    ROW(REAL, NONE, "kernels", "eager", eager, 0, 10, 0, 0, MEASURED, OURS,
        "Bytes that element-wise kernels move over those of their operands, a kernel an operator."),
    ROW(REAL, NONE, "kernels", "fused", fused, 0, 10, 0, 0, MEASURED, OURS,
        "The same, compiled: operators share kernels."),
    ROW(REAL, BYTES_PER_S, "kernels", "cast", cast, 1e9, 1e16, 0, 0, MEASURED, OURS,
        "Bytes a second of conversions to FP8 with their transposition."),
    ROW(REAL, NONE, "kernels", "cast_bytes", cast_bytes, 0, 64, 0, 0, DERIVED,
        "BF16 read for the largest magnitude, read again, FP8 written in both layouts: 6",
        "Bytes that a conversion to FP8 moves an element."),
    ROW(REAL, NONE, "kernels", "loss_bytes", loss_bytes, 0, 1000, 0, 0, MEASURED, OURS,
        "Bytes that cross entropy moves, forward and backward, an element of the logits."),
    ROW(REAL, SECONDS, "kernels", "layer", layer_s, 0, 1, 0, 0, MEASURED, OURS,
        "Time of a block's kernels in decoding beside the bytes that they move."),
    ROW(REAL, NONE, "attention", "forward", attention_forward, 1e9, 1e17, 0, 0, MEASURED, OURS,
        "FLOP/s of attention forward on long sequences."),
    ROW(REAL, NONE, "attention", "backward", attention_backward, 1e9, 1e17, 0, 0, MEASURED, OURS,
        "FLOP/s of attention backward on long sequences."),
    ROW(REAL, NONE, "attention", "half_forward", half_forward, 0, 1e6, 0, 0, MEASURED, OURS,
        "Tokens of a sequence at which forward has half that rate."),
    ROW(REAL, NONE, "attention", "half_backward", half_backward, 0, 1e6, 0, 0, MEASURED, OURS,
        "Tokens of a sequence at which backward has half that rate."),
    ROW(REAL, NONE, "attention", "narrow_forward", narrow_forward, 0.01, 1, 0, 0, MEASURED, OURS,
        "Share of that rate with heads 64 wide."),
    ROW(REAL, NONE, "attention", "narrow_backward", narrow_backward, 0.01, 1, 0, 0, MEASURED, OURS,
        "Share of that rate with heads 64 wide."),
    ROW(REAL, NONE, "update", "bytes", update_bytes, 0, 256, 0, 0, DERIVED,
        "AdamW in BF16: weight, two states read and written, gradient read: 14",
        "Bytes that an update moves a parameter."),
    ROW(REAL, BYTES_PER_S, "update", "rate", update, 1e9, 1e16, 0, 0, MEASURED, OURS,
        "Bytes a second of updates."),
    ROW(REAL, NONE, "update", "state", state_bytes, 2, 64, 0, 0, DERIVED,
        "AdamW in BF16: weight, gradient, two states: 8", "Bytes kept a parameter."),
    ROW(REAL, NONE, "several", "scaling", scaling, 0.1, 1, 0.7, 1, UNPUBLISHED,
        "depends on model, network and overlap; no measurement of ours",
        "Share of twice the work that twice the GPUs do."),
};

static const Cs3ParamTable table = {params, G_N_ELEMENTS(params)};

const Cs3ParamTable *cs3_gpu_params(void) {
  return &table;
}

gboolean cs3_gpu_exists(const char *name) {
  g_autofree char *path = cs3_datadir_locate(CS3_DATA_GPUS, name);
  return path != NULL;
}

gint64 cs3_gpu_several(const char *text, char **name) {
  const char *cross = strrchr(text, 'x');
  guint64 count = 1;
  *name = g_strdup(text);
  if (cs3_gpu_exists(text))
    return 1;
  if (cross == NULL || !g_ascii_string_to_unsigned(cross + 1, 10, 1, 1 << 16, &count, NULL))
    return 0;
  (*name)[cross - text] = '\0';
  return cs3_gpu_exists(*name) ? (gint64)count : 0;
}

Cs3Gpu *cs3_gpu_load(const char *name, GError **error) {
  g_autofree char *path = cs3_datadir_find(CS3_DATA_GPUS, name, error);
  g_autofree char *file = path != NULL ? g_path_get_basename(path) : NULL;
  g_autoptr(Cs3Ini) ini = path != NULL ? cs3_ini_load(path, file, error) : NULL;
  if (ini == NULL)
    return NULL;
  g_autoptr(Cs3Gpu) gpu = g_new0(Cs3Gpu, 1);
  gpu->name = g_strdup(name);
  gpu->description = g_strdup(cs3_ini_take(ini, "device", "description"));
  gpu->source = g_strdup(cs3_ini_take(ini, "device", "source"));
  return cs3_params_take(&table, gpu, ini, error) ? g_steal_pointer(&gpu) : NULL;
}

void cs3_gpu_free(Cs3Gpu *gpu) {
  if (gpu == NULL)
    return;
  g_free(gpu->name);
  g_free(gpu->description);
  g_free(gpu->source);
  g_free(gpu);
}

gboolean cs3_gpu_check_precision(const Cs3Gpu *gpu, Cs3GpuPrecision precision, GError **error) {
  if (gpu->products[precision].sustained > 0)
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
              "%s: no %s products were measured; take bf16", gpu->name,
              cs3_gpu_precision_names[precision]);
  return FALSE;
}

gboolean cs3_gpu_has_kernels(const Cs3Gpu *gpu, Cs3GpuKernels kernels, Cs3GpuPrecision precision) {
  switch (kernels) {
  case CS3_GPU_TWO_OF_FOUR:
    return gpu->products[precision].two_of_four > 0;
  case CS3_GPU_CSR:
    return precision == CS3_GPU_BF16 && gpu->csr > 0 && gpu->csr_outputs > 0;
  case CS3_GPU_BLOCKS:
    return precision == CS3_GPU_BF16 && cs3_gpu_block_side(gpu, 0, 0) >= 0;
  default:
    return gpu->products[precision].sustained > 0;
  }
}
