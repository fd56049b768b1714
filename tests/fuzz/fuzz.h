/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz targets: readers of files that users bring. A target has the signature of libFuzzer; in the
 * tests driver.c feeds it damaged copies of its seeds. */
#pragma once

#include <glib.h>

/** LLVMFuzzerTestOneInput: read @size bytes at @data as the target's kind of file. Returns: 0. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* Files of the source tree to start from; %NULL-terminated. */
extern const char *const fuzz_seeds[];

/**
 * fuzz_verdict: aborts unless @result (a pointer or truth of success) and @error agree, and the
 * message is one line of valid text.
 */
void fuzz_verdict(gboolean result, const GError *error);

/** fuzz_file: (transfer none): a file of this process, named *@suffix, that holds the bytes. */
const char *fuzz_file(const char *suffix, const guint8 *data, gsize size);
