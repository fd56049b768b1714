/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to the library: the input is one, of every command. They are read, not run. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/cli/cli-call.h"
#include "sim/cli/cli-request.h"

const char *const fuzz_seeds[] = {"tests/fuzz/seeds/request.json", NULL};

static void try_words(const Cs3Command *command, char **words) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  gboolean ok = cs3_cli_call_parse(call, &words, &error);
  fuzz_verdict(ok, error);
  g_autofree char *key = ok ? NULL : cs3_cli_call_key(call, error->message);
  g_strfreev(words);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  json_auto_t *request = cs3_request_parse((const char *)data, size, &error);
  fuzz_verdict(request != NULL, error);
  for (const Cs3Command *const *c = cs3_commands(); request != NULL && *c != NULL; c++) {
    g_autoptr(GError) problem = NULL;
    g_autofree char *key = NULL;
    char **words = cs3_request_words(*c, request, &key, &problem);
    fuzz_verdict(words != NULL, problem);
    if (words != NULL)
      try_words(*c, words);
  }
  return 0;
}
