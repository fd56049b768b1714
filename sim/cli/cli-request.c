/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a request to the words of a command line. */
#include "config.h"

#include "sim/cli/cli-request.h"

#include <string.h>

#include "base/plain-text.h"
#include "base/quantity.h"
#include "sim/cli/cli-call.h"

typedef struct {
  const Cs3Option *option;
  GPtrArray *words;
  char **key; /* of what is wrong */
} Request;

static gboolean wrong(const Request *request, const char *where, const json_t *value,
                      const char *wanted, GError **error) {
  g_autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  g_autofree char *key = g_strconcat(request->option->name, where, NULL);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--%s: %s is not %s", key,
              CS3_CUT(text != NULL ? text : "the value"), wanted);
  *request->key = g_steal_pointer(&key);
  return FALSE;
}

/* (transfer full) (nullable): a text or number as one would write it. */
static char *scalar_text(const json_t *value) {
  if (json_is_string(value))
    return g_strdup(json_string_value(value));
  if (json_is_integer(value))
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
  return json_is_real(value) ? cs3_number_text(json_real_value(value)) : NULL;
}

static gboolean add_scalar(const Request *request, const char *where, const json_t *value,
                           GError **error) {
  g_autofree char *text = scalar_text(value);
  if (text == NULL)
    return wrong(request, where, value, "a number or a text", error);
  g_ptr_array_add(request->words, g_strdup_printf("--%s=%s", request->option->name, text));
  return TRUE;
}

/* "KEY=VALUE" of a member: a scalar, or several with commas between them. */
static gboolean add_member(const Request *request, const char *name, const json_t *value,
                           GError **error) {
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  for (gsize i = 0; json_is_array(value) && i < json_array_size(value); i++)
    g_ptr_array_add(texts, scalar_text(json_array_get(value, i)));
  if (!json_is_array(value))
    g_ptr_array_add(texts, scalar_text(value));
  g_autofree char *where = g_strconcat(".", name, NULL);
  for (guint i = 0; i < texts->len; i++)
    if (texts->pdata[i] == NULL)
      return wrong(request, where, value, "a number, a text or an array of them", error);
  g_ptr_array_add(texts, NULL);
  g_autofree char *all = g_strjoinv(",", (char **)texts->pdata);
  g_ptr_array_add(request->words, g_strdup_printf("--%s=%s=%s", request->option->name, name, all));
  return TRUE;
}

static gboolean add_list(const Request *request, json_t *value, GError **error) {
  const char *name;
  json_t *item;
  gsize i;
  if (!json_is_array(value) && !json_is_object(value))
    return add_scalar(request, "", value, error);
  json_array_foreach(value, i, item) {
    g_autofree char *where = g_strdup_printf("[%zu]", i);
    if (!add_scalar(request, where, item, error))
      return FALSE;
  }
  json_object_foreach(value, name, item) if (!add_member(request, name, item, error)) return FALSE;
  return TRUE;
}

static gboolean add_count(const Request *request, const json_t *value, GError **error) {
  enum { MOST = 9 };
  json_int_t n = json_is_integer(value) ? json_integer_value(value) : -1;
  if (n < 0 || n > MOST)
    return wrong(request, "", value, "a whole number from 0 to 9", error);
  for (; n > 0; n--)
    g_ptr_array_add(request->words, g_strdup_printf("--%s", request->option->name));
  return TRUE;
}

static gboolean add_flag(const Request *request, const json_t *value, GError **error) {
  if (!json_is_boolean(value))
    return wrong(request, "", value, "true or false", error);
  if (json_is_true(value))
    g_ptr_array_add(request->words, g_strdup_printf("--%s", request->option->name));
  return TRUE;
}

static gboolean add_value(const Request *request, json_t *value, GError **error) {
  if (json_is_null(value))
    return TRUE;
  switch (request->option->type) {
  case CS3_OPTION_FLAG:
    return add_flag(request, value, error);
  case CS3_OPTION_COUNT:
    return add_count(request, value, error);
  case CS3_OPTION_LIST:
    return add_list(request, value, error);
  case CS3_OPTION_INT:
  case CS3_OPTION_REAL:
  case CS3_OPTION_TEXT:
  case CS3_OPTION_CHOICE:
    return add_scalar(request, "", value, error);
  }
  g_assert_not_reached();
}

static gboolean add_option(const Cs3CliCall *call, const char *name, json_t *value,
                           Request *request, GError **error) {
  request->option = cs3_option_find(call->targets, call->n_targets, name);
  if (request->option == NULL || request->option->terminal)
    *request->key = g_strdup(name);
  if (request->option == NULL)
    return cs3_option_unknown(call->targets, call->n_targets, name, error);
  if (!request->option->terminal)
    return add_value(request, value, error);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--%s: is for a terminal; leave it out of a request", name);
  return FALSE;
}

/* Behind "--", so that none is taken for an option. */
static gboolean add_arguments(const json_t *value, Request *request, GError **error) {
  static const Cs3Option arguments = {.name = CS3_REQUEST_ARGUMENTS};
  request->option = &arguments;
  gboolean one = json_is_string(value) || json_is_number(value);
  if (!one && !json_is_array(value) && !json_is_null(value))
    return wrong(request, "", value, "a text or an array of texts", error);
  g_ptr_array_add(request->words, g_strdup("--"));
  for (gsize i = 0; i < (one ? 1 : json_array_size(value)); i++) {
    const json_t *item = one ? value : json_array_get(value, i);
    g_autofree char *where = g_strdup_printf("[%zu]", i);
    char *text = scalar_text(item);
    if (text == NULL)
      return wrong(request, where, item, "a text", error);
    g_ptr_array_add(request->words, text);
  }
  return TRUE;
}

static void choose_format(const Cs3Command *command, const json_t *request, GPtrArray *words) {
  gboolean chosen = json_object_get(request, "output-format") != NULL ||
                    json_object_get(request, "output") != NULL;
  gboolean text = (command->formats & CS3_FORMAT_BIT(CS3_FORMAT_TEXT)) != 0;
  if (!chosen && text && (command->formats & CS3_FORMAT_BIT(CS3_FORMAT_JSON)) != 0)
    g_ptr_array_add(words, g_strdup("--output-format=json"));
}

char **cs3_request_words(const Cs3Command *command, const json_t *object, char **key,
                         GError **error) {
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  Request request = {.words = words, .key = key};
  const char *name;
  json_t *value, *arguments = json_object_get(object, CS3_REQUEST_ARGUMENTS);
  *key = NULL;
  choose_format(command, object, words);
  json_object_foreach((json_t *)object, name,
                      value) if (value != arguments &&
                                 !add_option(call, name, value, &request, error)) return NULL;
  if (arguments != NULL && !add_arguments(arguments, &request, error))
    return NULL;
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_steal(words, NULL);
}

json_t *cs3_request_parse(const char *text, gsize n, GError **error) {
  json_error_t problem;
  json_t *request = json_loadb(text, n, JSON_REJECT_DUPLICATES, &problem);
  if (json_is_object(request))
    return request;
  if (request != NULL)
    g_set_error_literal(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                        "the request is no JSON object; write {\"model\": \"llama7b\"}");
  else
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "the request, line %d, column %d: %s",
                problem.line, problem.column, problem.text);
  json_decref(request);
  return NULL;
}
