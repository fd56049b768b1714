/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory of a step that is forward alone. */
#pragma once

#include "workloads/graph.h"

/**
 * cs3_graph_forward_bytes: the most that activations take at once, 16 bits an element, per sample,
 * when nothing is kept for backward. An activation is there from the operator that writes it to the
 * last of its segment that reads it, or to the segment's end when the next one gets it; an operator
 * that works in place writes into what it reads last. What a segment reads from elsewhere (token
 * numbers, labels, encoder states) is there as long as the segment runs. Score maps are never
 * stored; logits are.
 */
double cs3_graph_forward_bytes(const Cs3Graph *graph);
