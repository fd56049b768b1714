/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to the library: the input is one, of every command. They are read, not run. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/cli/cli-call.h"
#include "sim/cli/cli-request.h"

static const char *const seeds[] = {"tests/fuzz/seeds/request.json", NULL};

static void try_words(const Cs3Command *command, char **words) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  gboolean ok = cs3_cli_call_parse(call, &words, &error);
  fuzz_verdict(ok, error);
  g_autofree char *key = ok ? NULL : cs3_cli_call_key(call, error->message);
  g_strfreev(words);
}

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  json_auto_t *request = cs3_request_parse((const char *)data, size, error);
  for (const Cs3Command *const *c = cs3_commands(); request != NULL && *c != NULL; c++) {
    g_autoptr(GError) problem = NULL;
    g_autofree char *key = NULL;
    char **words = cs3_request_words(*c, request, &key, &problem);
    fuzz_verdict(words != NULL, problem);
    if (words != NULL)
      try_words(*c, words);
  }
  return request != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
