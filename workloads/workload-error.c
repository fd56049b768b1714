/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error domain of workloads/. */
#include "config.h"

#include "workloads/workload-error.h"

G_DEFINE_QUARK(cs3 - workload - error - quark, cs3_workload_error)
