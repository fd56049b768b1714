/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of a record that everyone wants. */
#include "config.h"

#include "sim/library/library.h"

#include <jansson.h>
#include <math.h>

#include "results/numbers.h"
#include "results/record.h"

int cs3sim_number(const char *record, cs3sim_quantity quantity, double *value,
                  cs3sim_error **error) {
  if ((guint)quantity > CS3SIM_JOULES_PER_TOKEN)
    return cs3_library_fail(error, CS3SIM_USAGE, NULL, "there is no such quantity");
  json_error_t problem;
  json_auto_t *document = json_loads(record, 0, &problem);
  if (document == NULL) {
    g_autofree char *text = g_strdup_printf("the record, line %d, column %d: %s", problem.line,
                                            problem.column, problem.text);
    return cs3_library_fail(error, CS3SIM_DATA, NULL, text);
  }
  const json_t *line = json_object_get(document, "result");
  const char *place = cs3_record_numbers()[quantity].place;
  double number = cs3_record_number(line != NULL ? line : document, place);
  if (isfinite(number)) {
    *value = number;
    return CS3SIM_OK;
  }
  g_autofree char *text = g_strdup_printf("the record has no %s", place);
  return cs3_library_fail(error, CS3SIM_DATA, place, text);
}
