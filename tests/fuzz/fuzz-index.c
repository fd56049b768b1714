/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Index files of checkpoints in several files, beside a file that they may name. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "workloads/checkpoint.h"

static const char *const seeds[] = {"tests/fuzz/seed.safetensors.index.json", NULL};

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

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  static gsize made;
  if (g_once_init_enter(&made)) {
    make_shard();
    g_once_init_leave(&made, 1);
  }
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, NULL, error);
  return checkpoint != NULL;
}

const FuzzTarget fuzz_target = {
    .seeds = seeds, .suffix = ".safetensors.index.json", .read = read_input};
