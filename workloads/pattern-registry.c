/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sparsity patterns there are. */
#include "config.h"

#include "workloads/pattern.h"

static const Cs3PatternOps *const registry[] = {
    &cs3_pattern_uniform, &cs3_pattern_uniform_exact, &cs3_pattern_n_of_m,
    &cs3_pattern_block,   &cs3_pattern_uneven,        NULL,
};

const Cs3PatternOps *const *cs3_pattern_registry(void) {
  return registry;
}
