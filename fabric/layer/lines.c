/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops over the lines of a token line. */
#include "config.h"

#include "fabric/layer/lines.h"

gint64 cs3_lines_rebase_rows(gint64 longest_row) {
  return CLAMP(CS3_TIMES_HIGH / MAX(longest_row, 1), 1, CS3_REBASE_ROWS);
}

CS3_VECTOR_CLONES
static void shift(gint64 n, gint32 by, gint32 *times) {
  for (gint64 r = 0; r < n; r++)
    times[r] = MAX(times[r], CS3_NEVER + by) - by;
}

/* No time is above -2 CS3_NEVER: three steps take each of them to CS3_NEVER. */
void cs3_lines_shift(gint64 n, gint64 by, gint32 *times) {
  for (int step = 0; by > 0 && step < 3; step++) {
    shift(n, (gint32)MIN(by, -CS3_NEVER), times);
    by -= MIN(by, -CS3_NEVER);
  }
}

CS3_VECTOR_CLONES
gint32 cs3_lines_earliest(gint64 n, const gint32 *times) {
  gint32 earliest = times[0];
  for (gint64 r = 1; r < n; r++)
    earliest = MIN(earliest, times[r]);
  return earliest;
}

CS3_VECTOR_CLONES
gint32 cs3_lines_latest(gint64 n, const gint32 *times) {
  gint32 latest = times[0];
  for (gint64 r = 1; r < n; r++)
    latest = MAX(latest, times[r]);
  return latest;
}

gint64 cs3_lines_mean(gint64 n, const gint32 *times) {
  gint64 sum = 0;
  for (gint64 r = 0; r < n; r++)
    sum += times[r];
  return sum >= 0 ? sum / n : -((-sum + n - 1) / n);
}

gboolean cs3_lines_narrow(gint64 features, gint32 service) {
  return features * service <= G_MAXUINT16;
}

guint16 *cs3_lines_full(gint64 features, gint64 lines) {
  guint16 *full = g_new(guint16, lines);
  for (gint64 r = 0; r < lines; r++)
    full[r] = (guint16)((r + 1) * features / lines - r * features / lines);
  return full;
}
