/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ten numbers of a run's record that everyone wants. */
#include "config.h"

#include "results/numbers.h"

#include <stddef.h>

static const Cs3RecordNumber numbers[] = {
    {"step_time_s", "step.time_s"},
    {"dense_step_time_s", "dense.step.time_s"},
    {"tokens_per_s", "throughput.tokens_per_s"},
    {"dense_tokens_per_s", "dense.throughput.tokens_per_s"},
    {"speedup", "speedup.simulated"},
    {"theory", "speedup.theoretical"},
    {"share_of_theory", "speedup.share_of_theory"},
    {"achieved_flops", "flops.achieved"},
    {"share_of_peak", "flops.dense_peak_fraction"},
    {"joules_per_token", "energy.joules_per_token"},
    {NULL, NULL},
};

const Cs3RecordNumber *cs3_record_numbers(void) {
  return numbers;
}
