/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error domain of workloads/: everything a model, mask or pattern can get wrong. */
#pragma once

#include <glib.h>

#define CS3_WORKLOAD_ERROR (cs3_workload_error_quark())
GQuark cs3_workload_error_quark(void);

typedef enum {
  CS3_WORKLOAD_ERROR_NO_INPUT, /* file cannot be opened or read */
  CS3_WORKLOAD_ERROR_DATA,     /* file content is malformed or inconsistent */
  CS3_WORKLOAD_ERROR_INVALID,  /* an argument is out of range (sparsity, pattern, ...) */
  CS3_WORKLOAD_ERROR_TOO_LARGE /* dimensions overflow or exceed a stated limit */
} Cs3WorkloadError;
