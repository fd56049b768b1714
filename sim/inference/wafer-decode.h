/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoding on a wafer that holds all weights: a hypothesis, as the streaming machine sends them for
 * every token. */
#pragma once

#include "sim/inference/decoder.h"
#include "sim/machine/machine.h"

typedef enum {
  CS3_RESIDENT_SPREAD,  /* every matrix over all PEs: all work, moves cross the wafer */
  CS3_RESIDENT_REGIONS, /* every block in a region of its own: short ways, one region works for a
                           sequence */
  CS3_N_RESIDENTS
} Cs3Resident;

/** cs3_wafer_memory: bytes for data of all PEs. */
double cs3_wafer_memory(const Cs3Hardware *hw);

/** cs3_wafer_attention_s: scores and values of @batch tokens over @cache tokens each, at
 * kernel.attention_efficiency of the peak; 0: at the peak, or as fast as the SRAM port reads the
 * keys and values, each of which a token needs once. */
double cs3_wafer_attention_s(const Cs3Hardware *hw, const Cs3DecodeWork *work, double batch,
                             double cache);

/**
 * cs3_wafer_resident: a token of each of @batch sequences, every weight read once out of SRAM.
 * Arithmetic at the dense peak of live weights or the SRAM port for the stored bytes, whichever
 * takes longer, with equal shares for all PEs; and for each operator that waits for another one
 * multicast and one reduction over the PEs that work on it. No cost of a kernel beside: a bound
 * from below. memory_s, compute_s: of SRAM, of the lanes; fixed_s: of the ways.
 */
Cs3DecodeTime cs3_wafer_resident(const Cs3Hardware *hw, const Cs3DecodeWork *work,
                                 const Cs3WeightStorage *storage, Cs3Resident placement,
                                 double batch, double cache);
