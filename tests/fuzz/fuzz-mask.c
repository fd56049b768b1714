/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mask files; the input's first bytes tell the format, as the names of files do. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "workloads/mask-file.h"

static const char *const seeds[] = {"workloads/masks/mlp-80.smtx",
                                    "workloads/masks/small-70.mtx",
                                    "workloads/masks/attention-50.safetensors",
                                    "tests/data/csr.npz",
                                    "tests/data/csc.npz",
                                    NULL};

static const char *suffix_of(const guint8 *data, gsize size) {
  if (size > 2 && memcmp(data, "%%", 2) == 0)
    return ".mtx";
  if (size > 2 && memcmp(data, "PK", 2) == 0)
    return ".npz";
  return size > 2 && g_ascii_isdigit(data[0]) && g_ascii_isdigit(data[1]) ? ".smtx"
                                                                          : ".safetensors";
}

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  const char *suffix = suffix_of(data, size);
  Cs3MaskChoice choice = {.nan_masked = FALSE};
  if (g_str_equal(suffix, ".safetensors"))
    choice.tensor = "model.layers.0.self_attn.v_proj.weight";
  g_autoptr(Cs3Mask) mask = cs3_mask_read(fuzz_file(suffix, data, size), &choice, error);
  return mask != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
