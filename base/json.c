/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON of our own making. */
#include "config.h"

#include "base/json.h"

#include <glib.h>
#include <stdlib.h>
#include <sysexits.h>

json_t *cs3_json_pack(const char *format, ...) {
  json_error_t error;
  va_list values;
  va_start(values, format);
  json_t *json = json_vpack_ex(&error, 0, format, values);
  va_end(values);
  if (json == NULL) {
    g_printerr("cs3sim: a mistake in cs3sim itself, please report it: \"%s\" cannot be written as "
               "JSON: %s\n",
               format, error.text);
    exit(EX_SOFTWARE);
  }
  return json;
}
