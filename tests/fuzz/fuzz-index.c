/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Index files of checkpoints in several files, beside a file that they may name. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "workloads/checkpoint.h"

const char *const fuzz_seeds[] = {"tests/fuzz/seed.safetensors.index.json", NULL};

static const char shard[] = "fuzz-index.safetensors"; /* as the seed names it */

static void remove_shard(void) {
  g_unlink(shard);
}

static void make_shard(void) {
  const char *tree = g_getenv("CS3SIM_SRCDIR");
  g_autofree char *source = g_canonicalize_filename("workloads/masks/attention-50.safetensors",
                                                    tree != NULL ? tree : ".");
  remove_shard();
  if (symlink(source, shard) != 0)
    g_error("cannot make %s", shard);
  atexit(remove_shard);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  static gsize made;
  if (g_once_init_enter(&made)) {
    make_shard();
    g_once_init_leave(&made, 1);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Checkpoint) checkpoint =
      cs3_checkpoint_open(fuzz_file(".safetensors.index.json", data, size), NULL, &error);
  fuzz_verdict(checkpoint != NULL, error);
  return 0;
}
