/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ten numbers of a run's record that everyone wants, under flat names. */
#pragma once

typedef struct {
  const char *name;  /* with its unit; a ratio has none */
  const char *place; /* in a record of cs3sim.result/1 */
} Cs3RecordNumber;

/** cs3_record_numbers: (transfer none): in the order of cs3sim_quantity (sim/cs3sim.h); ends with a
 * %NULL name. */
const Cs3RecordNumber *cs3_record_numbers(void);
