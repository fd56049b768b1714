/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of a record that everyone wants. */
#include "config.h"

#include "sim/library/library.h"

#include <jansson.h>

/* Places in a record, cs3sim.result/1 (doc/result.md). */
static const char *const places[] = {
    [CS3SIM_STEP_TIME_S] = "step.time_s",
    [CS3SIM_DENSE_STEP_TIME_S] = "dense.step.time_s",
    [CS3SIM_TOKENS_PER_S] = "throughput.tokens_per_s",
    [CS3SIM_DENSE_TOKENS_PER_S] = "dense.throughput.tokens_per_s",
    [CS3SIM_SPEEDUP] = "speedup.simulated",
    [CS3SIM_THEORY] = "speedup.theoretical",
    [CS3SIM_SHARE_OF_THEORY] = "speedup.share_of_theory",
    [CS3SIM_ACHIEVED_FLOPS] = "flops.achieved",
    [CS3SIM_SHARE_OF_PEAK] = "flops.dense_peak_fraction",
    [CS3SIM_JOULES_PER_TOKEN] = "energy.joules_per_token",
};

static const json_t *find(const json_t *record, const char *place) {
  g_auto(GStrv) names = g_strsplit(place, ".", -1);
  for (char **name = names; *name != NULL; name++)
    record = json_object_get(record, *name);
  return record;
}

int cs3sim_number(const char *record, cs3sim_quantity quantity, double *value,
                  cs3sim_error **error) {
  if ((guint)quantity >= G_N_ELEMENTS(places))
    return cs3_library_fail(error, CS3SIM_USAGE, NULL, "there is no such quantity");
  json_error_t problem;
  json_auto_t *document = json_loads(record, 0, &problem);
  if (document == NULL) {
    g_autofree char *text = g_strdup_printf("the record, line %d, column %d: %s", problem.line,
                                            problem.column, problem.text);
    return cs3_library_fail(error, CS3SIM_DATA, NULL, text);
  }
  const json_t *line = json_object_get(document, "result");
  const json_t *number = find(line != NULL ? line : document, places[quantity]);
  if (json_is_number(number)) {
    *value = json_number_value(number);
    return CS3SIM_OK;
  }
  g_autofree char *text = g_strdup_printf("the record has no %s", places[quantity]);
  return cs3_library_fail(error, CS3SIM_DATA, places[quantity], text);
}
