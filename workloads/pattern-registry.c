/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sparsity patterns there are. */
#include "config.h"

#include "workloads/pattern.h"

#define ROW(name) &cs3_pattern_##name,
static const Cs3PatternOps *const registry[] = {CS3_PATTERNS(ROW) NULL};

const Cs3PatternOps *const *cs3_pattern_registry(void) {
  return registry;
}
