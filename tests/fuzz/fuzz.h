/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz targets: readers of files that users bring. Each says what it reads; the frame has the
 * signature of libFuzzer; in the tests driver.c feeds it damaged copies of the seeds. */
#pragma once

#include <glib.h>

/** LLVMFuzzerTestOneInput: read @size bytes at @data as the target's kind of file. Returns: 0. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* A reader: of the whole input, or of each of its lines. */
typedef struct {
  const char *const *seeds; /* files of the source tree to start from; %NULL-terminated */
  const char *suffix;       /* (nullable): @read gets the input as a file with a name like this */
  /* @path: (nullable): that file. Returns: whether the input was accepted; else sets @error. */
  gboolean (*read)(const char *path, const guint8 *data, gsize size, GError **error);
  void (*line)(const char *line);
} FuzzTarget;

extern const FuzzTarget fuzz_target;

/**
 * fuzz_verdict: aborts unless @result (a pointer or truth of success) and @error agree, and the
 * message is one line of valid text.
 */
void fuzz_verdict(gboolean result, const GError *error);

/** fuzz_file: (transfer none): a file of this process, named *@suffix, that holds the bytes. */
const char *fuzz_file(const char *suffix, const guint8 *data, gsize size);

/** fuzz_read_weights: FuzzTarget.read of checkpoints, in weights.c. */
gboolean fuzz_read_weights(const char *path, const guint8 *data, gsize size, GError **error);
