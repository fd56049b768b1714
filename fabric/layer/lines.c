/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops over the lines of a token line. */
#include "config.h"

#include "fabric/layer/lines.h"

CS3_VECTOR_CLONES
void cs3_lines_shift(gint64 n, gint32 by, gint32 *times) {
  for (gint64 r = 0; r < n; r++)
    times[r] = times[r] - by > CS3_NEVER ? times[r] - by : CS3_NEVER;
}

gint32 cs3_lines_earliest(gint64 n, const gint32 *times) {
  gint32 earliest = times[0];
  for (gint64 r = 1; r < n; r++)
    earliest = MIN(earliest, times[r]);
  return earliest;
}

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

gboolean cs3_lines_narrow(const Cs3LayerShape *shape, gint64 lines, gint32 service) {
  return (shape->features + lines - 1) / lines * service <= G_MAXUINT16;
}

guint16 *cs3_lines_full(const Cs3LayerShape *shape, gint64 lines) {
  guint16 *full = g_new(guint16, lines);
  for (gint64 r = 0; r < lines; r++)
    full[r] = (guint16)((r + 1) * shape->features / lines - r * shape->features / lines);
  return full;
}
