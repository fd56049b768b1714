/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HDF5 checkpoints, values included. Most of what is read here is read by libhdf5: 1.10.8 took
 * 100,000 damaged copies of the seed without a crash, but it has had many; one inside it is its
 * own.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

static const char *const seeds[] = {"tests/data/zoo.h5", NULL};

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".h5", .read = fuzz_read_weights};
