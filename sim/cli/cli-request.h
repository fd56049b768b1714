/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command asked for in JSON: an object whose keys are the long names of the command's options,
 * and "arguments". What it says becomes the words of a command line, so that there is one reader.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "sim/cli/cli.h"

/* The key of positional arguments. */
#define CS3_REQUEST_ARGUMENTS "arguments"

/**
 * cs3_request_words: the words that @request stands for.
 * Flags are true or false, counts whole numbers, lists arrays or, for KEY=VALUE, objects of values
 * or arrays of them; other values numbers or texts, as on a command line. null: not given. When it
 * names neither a format nor a file, JSON is asked for where the command would write text and can
 * write it.
 * @request: (nullable): an object; %NULL: empty.
 * @key: (out) (transfer full) (nullable): on failure: the path of the key that is wrong:
 * "sweep[2]". Returns: (transfer full) (nullable). Fails with CS3_CLI_ERROR_USAGE and
 * G_OPTION_ERROR.
 */
char **cs3_request_words(const Cs3Command *command, const json_t *request, char **key,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_request_parse: (transfer full) (nullable): the object that the @n bytes of @text hold. Fails
 * with CS3_CLI_ERROR_USAGE: line and column. */
json_t *cs3_request_parse(const char *text, gsize n, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_request_schema: (transfer full): a JSON Schema (2020-12) of the requests of @command. */
json_t *cs3_request_schema(const Cs3Command *command);
