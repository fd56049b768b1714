/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the numbers of a record may be. */
#include "config.h"

#include "results/ranges.h"

#include <math.h>
#include <string.h>

#include "results/record.h"

/* Nothing that is simulated is smaller or larger, in any unit of a record; what is would overflow
 * or vanish in the next product. */
#define SMALLEST 1e-30
#define LARGEST 1e30

typedef enum { POSITIVE, NOT_NEGATIVE, SPARSITY } Range;

/* The first that matches counts; members of lists have no index. */
static const struct {
  const char *path;
  Range range;
} fields[] = {
    {"*causes.*", NOT_NEGATIVE},
    {"step.attention.*", NOT_NEGATIVE},
    {"sparsity", SPARSITY},
    {"layers.sparsity", SPARSITY},
    {"points.sparsity", SPARSITY},
    {"step.time_s", POSITIVE},
    {"step.cycles", POSITIVE},
    {"dense.step.time_s", POSITIVE},
    {"dense.step.cycles", POSITIVE},
    {"*throughput.tokens_per_s", POSITIVE},
    {"*energy.joules_per_token", POSITIVE},
    {"*energy.joules_per_step", POSITIVE},
    {"transform.sparsity", SPARSITY},
    {"transform.*macs_per_sample", POSITIVE},
    {"mapping.activation_bytes_per_token", POSITIVE},
    {"speedup", POSITIVE},
    {"speedup.simulated", POSITIVE},
    {"speedup.theoretical", POSITIVE},
    {"speedup.linear.*", POSITIVE},
    {"points.speedup", POSITIVE},
    {"posterior.*.p10", POSITIVE},
    {"posterior.*.p90", POSITIVE},
    {"uncertainty.*.p10", POSITIVE},
    {"uncertainty.*.p90", POSITIVE},
    {"tornado.nominal.*", POSITIVE},
    {"hardware.clock_hz", POSITIVE},
    {"hardware.dense_peak_flops", POSITIVE},
    {"cluster.systems", POSITIVE},
    {"cluster.batch_per_system", POSITIVE},
    {"batch", POSITIVE},
    {"seq", POSITIVE},
    {"tokens", POSITIVE},
    {"cycles", POSITIVE},
    {"out_features", POSITIVE},
    {"in_features", POSITIVE},
    {"mapping.micro_batch", POSITIVE},
    {"mapping.micro_batches", POSITIVE},
    {"mapping.tokens_on_wafer", POSITIVE},
    {"layers.cycles", POSITIVE},
    {"layers.repeat", POSITIVE},
    {"layers.speedup", POSITIVE},
    {"layers.passes.*.cycles", NOT_NEGATIVE},
    {"layers.passes.*.nonzeros", NOT_NEGATIVE},
    {"layers.passes.*_wavelets", NOT_NEGATIVE},
    {"memory.capacity_bytes", POSITIVE},
    {"memory.peak_bytes", POSITIVE},
    {"memory.peak", NOT_NEGATIVE},
    {"memory.moments.begin_s", NOT_NEGATIVE},
    {"memory.moments.end_s", NOT_NEGATIVE},
    {"memory.moments.sent", NOT_NEGATIVE},
    {"timeline.step_s", POSITIVE},
    {"timeline.classes", POSITIVE},
    {"timeline.spans.begin_s", NOT_NEGATIVE},
    {"timeline.spans.end_s", NOT_NEGATIVE},
    {"timeline.spans.class", NOT_NEGATIVE},
    {"timeline.spans.micro_batch", NOT_NEGATIVE},
};

static const char *const words[] = {
    [POSITIVE] = "above 0", [NOT_NEGATIVE] = "0 or more", [SPARSITY] = "from 0 to below 1"};

/* Most patterns differ from a path in their last letter already. */
static gboolean matches(const char *pattern, const char *path, gsize n) {
  char last = pattern[strlen(pattern) - 1];
  return n > 0 && (last == '*' || last == path[n - 1]) && g_pattern_match_simple(pattern, path);
}

static int range_of(const char *path) {
  gsize n = strlen(path);
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (matches(fields[i].path, path, n))
      return (int)fields[i].range;
  return -1;
}

static gboolean lies_in(double value, int range) {
  switch (range) {
  case POSITIVE:
    return value > 0;
  case NOT_NEGATIVE:
    return value >= 0;
  case SPARSITY:
    return value >= 0 && value < 1;
  default:
    return TRUE;
  }
}

static gboolean check_number(const char *path, double value, GError **error) {
  int range = range_of(path);
  if (!lies_in(value, range)) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "%s is %.4g; accepted: %s", path,
                value, words[range]);
    return FALSE;
  }
  if (value == 0 || (fabs(value) >= SMALLEST && fabs(value) <= LARGEST))
    return TRUE;
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
              "%s is %.4g, which no run can give; accepted: 0, or 1e-30 to 1e30 in size", path,
              value);
  return FALSE;
}

/* The type where a number belongs. */
static gboolean check_other(const char *path, const json_t *value, GError **error) {
  int range = range_of(path);
  if (range < 0 || json_is_null(value))
    return TRUE;
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
              "%s is not a number; accepted: a number %s", path, words[range]);
  return FALSE;
}

static gboolean check_value(const char *path, const json_t *value, GError **error) {
  if (json_is_number(value))
    return check_number(path, json_number_value(value), error);
  if (!json_is_object(value) && !json_is_array(value))
    return check_other(path, value, error);
  const char *key;
  json_t *member;
  size_t i;
  json_array_foreach((json_t *)value, i, member) {
    if (!check_value(path, member, error))
      return FALSE;
  }
  json_object_foreach((json_t *)value, key, member) {
    g_autofree char *inner = g_strconcat(path, *path != '\0' ? "." : "", key, NULL);
    if (!check_value(inner, member, error))
      return FALSE;
  }
  return TRUE;
}

gboolean cs3_record_check_ranges(const json_t *record, GError **error) {
  return check_value("", record, error);
}
