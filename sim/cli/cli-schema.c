/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON Schema of a command's requests, from its option tables. */
#include "config.h"

#include "sim/cli/cli-request.h"

#include <math.h>

#include "base/json.h"
#include "sim/cli/cli-call.h"

/* (transfer full): what may stand for one value. Numbers may be written as on a command line,
 * "70%". */
static json_t *scalar_types(const Cs3Option *option) {
  if (option->type == CS3_OPTION_INT)
    return cs3_json_pack("[s, s, s]", "integer", "string", "null");
  return cs3_json_pack("[s, s, s]", "number", "string", "null");
}

static void set_range(json_t *schema, const Cs3Option *option) {
  gboolean whole = option->type == CS3_OPTION_INT;
  if (option->min == 0 && option->max == 0)
    return;
  json_object_set_new(schema, "minimum",
                      whole ? json_integer((json_int_t)option->min) : json_real(option->min));
  if (!isfinite(option->max))
    return;
  json_object_set_new(schema, option->below_max ? "exclusiveMaximum" : "maximum",
                      whole ? json_integer((json_int_t)option->max) : json_real(option->max));
}

static void set_choices(json_t *schema, const Cs3Option *option) {
  json_t *names = json_array();
  for (const char *const *name = option->choices; *name != NULL; name++)
    json_array_append_new(names, json_string(*name));
  json_array_append_new(names, json_null());
  json_object_set_new(schema, "enum", names);
}

static void set_list(json_t *schema) {
  json_object_set_new(schema, "type",
                      cs3_json_pack("[s, s, s, s]", "array", "object", "string", "null"));
  json_object_set_new(schema, "items", cs3_json_pack("{s:[s, s]}", "type", "string", "number"));
  json_object_set_new(schema, "additionalProperties",
                      cs3_json_pack("{s:[s, s, s]}", "type", "string", "number", "array"));
}

/* The default, where it is a value and not "none" or worked out. */
static void set_default(json_t *schema, const Cs3Option *option, const Cs3OptionTarget *target) {
  g_autofree char *text = cs3_option_value_text(option, target);
  if (option->default_text != NULL) {
    json_object_set_new(schema, "x-default", json_string(option->default_text));
    return;
  }
  json_t *value = NULL;
  if (option->type == CS3_OPTION_FLAG)
    value = json_false();
  else if (option->type == CS3_OPTION_INT)
    value = json_integer(g_ascii_strtoll(text, NULL, 10));
  else if (option->type == CS3_OPTION_REAL)
    value = json_real(g_ascii_strtod(text, NULL));
  else if (option->type == CS3_OPTION_CHOICE || (option->type == CS3_OPTION_TEXT && text != NULL))
    value = json_string(text);
  if (value != NULL)
    json_object_set_new(schema, "default", value);
}

static json_t *option_schema(const Cs3Option *option, const Cs3OptionTarget *target) {
  json_t *schema = cs3_json_pack("{s:s}", "description", option->help);
  switch (option->type) {
  case CS3_OPTION_FLAG:
    json_object_set_new(schema, "type", cs3_json_pack("[s, s]", "boolean", "null"));
    break;
  case CS3_OPTION_COUNT:
    json_object_set_new(schema, "type", cs3_json_pack("[s, s]", "integer", "null"));
    json_object_set_new(schema, "minimum", json_integer(0));
    json_object_set_new(schema, "maximum", json_integer(9));
    break;
  case CS3_OPTION_CHOICE:
    set_choices(schema, option);
    break;
  case CS3_OPTION_LIST:
    set_list(schema);
    break;
  case CS3_OPTION_INT:
  case CS3_OPTION_REAL:
  case CS3_OPTION_TEXT:
    json_object_set_new(schema, "type", scalar_types(option));
    set_range(schema, option);
  }
  set_default(schema, option, target);
  if (option->environment != NULL)
    json_object_set_new(schema, "x-environment", json_string(option->environment));
  return schema;
}

static json_t *arguments_schema(const Cs3Command *command) {
  json_t *schema =
      cs3_json_pack("{s:s, s:[s, s, s], s:{s:[s, s]}, s:I}", "description", command->arguments,
                    "type", "array", "string", "null", "items", "type", "string", "number",
                    "minItems", (json_int_t)command->min_args);
  if (command->argument_option != NULL)
    json_object_set_new(schema, "maxItems", json_integer(1));
  else if (command->max_args < G_MAXUINT)
    json_object_set_new(schema, "maxItems", json_integer(command->max_args));
  return schema;
}

json_t *cs3_request_schema(const Cs3Command *command) {
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  json_t *properties = json_object();
  if (command->arguments != NULL)
    json_object_set_new(properties, CS3_REQUEST_ARGUMENTS, arguments_schema(command));
  for (guint t = 0; t < call->n_targets; t++)
    for (const Cs3Option *o = call->targets[t].group->options; o->name != NULL; o++)
      if (!o->terminal)
        json_object_set_new(properties, o->name, option_schema(o, &call->targets[t]));
  json_t *schema = cs3_json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "$schema",
                                 "https://json-schema.org/draft/2020-12/schema", "title",
                                 command->name, "description", command->summary, "type", "object",
                                 "additionalProperties", FALSE, "properties", properties);
  if (command->min_args > 0)
    json_object_set_new(schema, "required", cs3_json_pack("[s]", CS3_REQUEST_ARGUMENTS));
  return schema;
}
