/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step as an execution trace of Chakra (arXiv 2305.14516), which ASTRA-sim and others replay. */
#pragma once

#include "base/output.h"
#include "sim/step/step.h"

/* Uses times micro-batches of one trace. */
#define CS3_CHAKRA_MAX_USES 200000

/**
 * cs3_step_chakra: write the graph of one wafer's step to @output: messages, each behind its length
 * as a varint, the metadata first. A use of weights is up to five nodes: weights from MemoryX
 * (MEM_LOAD, bytes in tensor_size), activations back (MEM_LOAD), arithmetic (COMP, microseconds
 * and, exactly, attribute cycles), the gradient to MemoryX and activations away (MEM_STORE). Nodes
 * depend on what they use and on the one before on the same link or wafer; times are left to who
 * replays it.
 * @labels: %NULL-terminated: of the uses.
 * Fails with %CS3_STEP_ERROR_INVALID for more than CS3_CHAKRA_MAX_USES; what @output meets is kept
 * by it.
 */
gboolean cs3_step_chakra(const Cs3Schedule *schedule, const char *const *labels, Cs3Output *output,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
