/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GGUF files, values included. The seed has a table of words, an alignment and a matrix each of
 * F16, Q4_0, Q6_K, TQ1_0 and, of three experts, Q8_0. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

static const char *const seeds[] = {"tests/fuzz/seeds/small.gguf", NULL};

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".gguf", .read = fuzz_read_weights};
