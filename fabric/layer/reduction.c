/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the reduction topologies and what they share. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static const Cs3ReductionOps *const registry[] = {
    [CS3_REDUCTION_CHAIN] = &cs3_reduction_chain,
    [CS3_REDUCTION_TWO_WAY] = &cs3_reduction_two_way,
    [CS3_REDUCTION_RING] = &cs3_reduction_ring,
};

const Cs3ReductionOps *cs3_reduction_ops(Cs3Reduction reduction) {
  return registry[reduction];
}

const char *cs3_reduction_name(Cs3Reduction reduction) {
  return registry[reduction]->name;
}

/* One running maximum per quarter, side by side: the processor overlaps the four dependency chains
 * that a single scan would wait for. */
static void scan_quarters(gint64 quarter, gint64 step, gint32 stage, const gint32 *ready,
                          gint32 *passed) {
  gint32 run[4] = {CS3_NEVER, CS3_NEVER, CS3_NEVER, CS3_NEVER};
  gint64 stride = quarter * step;
  for (gint64 i = 0; i < quarter; i++, ready += step, passed += step) {
    for (int q = 0; q < 4; q++) {
      gint32 through = run[q] + stage, here = ready[q * stride];
      run[q] = through > here ? through : here;
      passed[q * stride] = run[q];
    }
  }
}

/* What comes from the quarters before: passed = max(passed, carry + distance x stage). */
CS3_VECTOR_CLONES
static void carry_in(gint64 n, gint64 step, gint32 stage, gint32 carry, gint32 *passed) {
  /* From the far end when the chain runs backwards: the loop below is then always upwards. */
  gint32 through = step > 0 ? carry + stage : carry + (gint32)n * stage;
  gint32 slope = step > 0 ? stage : -stage;
  gint32 *low = step > 0 ? passed : passed - (n - 1);
  for (gint64 i = 0; i < n; i++) {
    gint32 here = through + (gint32)i * slope;
    low[i] = low[i] > here ? low[i] : here;
  }
}

gint32 cs3_chain_scan(gint64 n, gint64 step, gint32 stage, const gint32 *ready, gint32 *passed) {
  if (n <= 0)
    return CS3_NEVER;
  gint64 quarter = n / 4;
  scan_quarters(quarter, step, stage, ready, passed);
  for (int q = 1; q < 4 && quarter > 0; q++)
    carry_in(quarter, step, stage, passed[(q * quarter - 1) * step], passed + q * quarter * step);
  gint32 run = quarter > 0 ? passed[(4 * quarter - 1) * step] : CS3_NEVER;
  for (gint64 i = 4 * quarter; i < n; i++) {
    gint32 through = run + stage, here = ready[i * step];
    passed[i * step] = run = through > here ? through : here;
  }
  return run;
}

CS3_VECTOR_CLONES
static void send_unlimited(gint64 n_lines, gint32 vector, const gint32 *passed, const gint32 *before,
                           gint32 *sent) {
  for (gint64 r = 0; r < n_lines; r++) {
    gint32 start = passed[r] > before[r] ? passed[r] : before[r];
    sent[r] = start + vector;
  }
}

CS3_VECTOR_CLONES
static void send_limited(gint64 n_lines, gint32 vector, gint32 credit, const gint32 *passed,
                         const gint32 *before, const gint32 *next, gint32 *sent) {
  for (gint64 r = 0; r < n_lines; r++) {
    gint32 start = passed[r] > before[r] ? passed[r] : before[r];
    gint32 room = next[r] + credit;
    sent[r] = (start > room ? start : room) + vector;
  }
}

void cs3_store_times(const Cs3Recurrence *s, gint64 n_lines, const gint32 *passed, gint32 *sent) {
  send_unlimited(n_lines, s->vector - 1, passed, passed, sent);
}

void cs3_send_times(const Cs3Recurrence *s, gint64 n_lines, const gint32 *passed,
                    const gint32 *before, const gint32 *next, gint32 *sent) {
  if (s->vector == 0) { /* nothing travels */
    cs3_store_times(s, n_lines, passed, sent);
    return;
  }
  if (next == NULL) {
    send_unlimited(n_lines, s->vector, passed, before, sent);
    return;
  }
  gint32 credit = s->costs->back - 1 - s->costs->buffer % s->vector;
  send_limited(n_lines, s->vector, credit, passed, before, next, sent);
}

gint64 cs3_rotating_row(const Cs3LayerCosts *costs, gint64 rows, gint64 step) {
  /* Owners hold contiguous rows; stepping by one owner per row spreads the stores. The first
   * `rows % R` owners hold one row more. */
  gint64 owners = MIN(costs->lines, rows);
  gint64 low = rows / owners, extra = rows % owners;
  gint64 turn = step / owners, owner = step % owners;
  if (turn == low) /* the rows that only the first owners have */
    owner = step - low * owners;
  return owner * low + MIN(owner, extra) + turn;
}
