/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the validation suites share: running the program's own commands, each once. */
#include "config.h"

#include "sim/validation/validate-measure.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "results/record.h"
#include "sim/commands.h"
#include "sim/run/result.h"
#include "sim/wafer/wafer-calls.h"

typedef struct {
  gpointer value;
  GDestroyNotify free_value;
} Kept;

/* Runs of one model on machines that differ in what few passes read. */
enum { PASSES = 1 << 16, MASK_BYTES = 40 << 20 };

struct Cs3ValidationSession {
  guint workers;
  Cs3RunCache *cache;
  GHashTable *kept; /* text -> Kept */
};

static void kept_free(gpointer data) {
  Kept *kept = data;
  if (kept->value != NULL)
    kept->free_value(kept->value);
  g_free(kept);
}

Cs3ValidationSession *cs3_validation_session_new(guint workers) {
  Cs3ValidationSession *session = g_new0(Cs3ValidationSession, 1);
  session->workers = workers;
  session->cache = cs3_run_cache_new(PASSES, MASK_BYTES);
  session->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kept_free);
  return session;
}

void cs3_validation_session_free(Cs3ValidationSession *session) {
  if (session == NULL)
    return;
  g_hash_table_unref(session->kept);
  cs3_run_cache_free(session->cache);
  g_free(session);
}

guint cs3_validation_workers(const Cs3ValidationSession *session) {
  return session->workers;
}

gpointer *cs3_validation_keep(Cs3ValidationSession *session, const char *key,
                              GDestroyNotify free_value) {
  Kept *kept = g_hash_table_lookup(session->kept, key);
  if (kept == NULL) {
    kept = g_new0(Kept, 1);
    kept->free_value = free_value;
    g_hash_table_insert(session->kept, g_strdup(key), kept);
  }
  return &kept->value;
}

static void record_free(gpointer record) {
  json_decref(record);
}

char **cs3_validation_words(const Cs3ValidationRow *row, GError **error) {
  if (row->arguments[strspn(row->arguments, " ")] == '\0')
    return g_new0(char *, 1);
  char **words = NULL;
  if (!g_shell_parse_argv(row->arguments, NULL, &words, error))
    g_prefix_error(error, "%s: arguments: ", row->where);
  return words;
}

Cs3CliCall *cs3_validation_parse_call(const Cs3Command *command, const Cs3ValidationRow *row,
                                      char ***argv, GError **error) {
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  if (cs3_cli_call_parse(call, argv, error))
    return g_steal_pointer(&call);
  g_prefix_error(error, "%s: cs3sim %s: ", row->where, command->name);
  return NULL;
}

/* The options of @command as its own command line would give them, with our number of workers. */
static Cs3CliCall *call_command(const Cs3ValidationSession *session, const Cs3Command *command,
                                const Cs3ValidationRow *row, const char *const *argv,
                                GError **error) {
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  for (; *argv != NULL; argv++)
    g_ptr_array_add(words, g_strdup(*argv));
  g_ptr_array_add(words, g_strdup_printf("--jobs=%u", session->workers));
  g_ptr_array_add(words, NULL);
  g_auto(GStrv) args = (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
  return cs3_validation_parse_call(command, row, &args, error);
}

Cs3Scenario *cs3_validation_scenario(const Cs3ValidationSession *session,
                                     const Cs3ValidationRow *row, const char *const *argv,
                                     GError **error) {
  g_autoptr(Cs3CliCall) call = call_command(session, &cs3_cmd_run, row, argv, error);
  if (call == NULL)
    return NULL;
  Cs3Scenario *scenario = cs3_scenario_new(call->own, error);
  if (scenario != NULL)
    scenario->config.cache = session->cache;
  else
    g_prefix_error(error, "%s: ", row->where);
  return scenario;
}

/* "--hardware MACHINE" as words of their own: cs3 is not found in cs3-silicon. */
static GRegex *naming(const char *machine) {
  g_autofree char *name = g_regex_escape_string(machine, -1);
  g_autofree char *pattern = g_strdup_printf("--hardware %s(?!\\S)", name);
  return g_regex_new(pattern, 0, 0, NULL);
}

gboolean cs3_validation_names(const char *arguments, const char *machine) {
  g_autoptr(GRegex) regex = naming(machine);
  return g_regex_match(regex, arguments, 0, NULL);
}

char *cs3_validation_replace(const char *arguments, const char *machine, const char *words) {
  g_autoptr(GRegex) regex = naming(machine);
  return g_regex_replace_literal(regex, arguments, -1, 0, words, 0, NULL);
}

char *cs3_validation_on_silicon(const char *arguments) {
  g_autofree char *cs2 = cs3_validation_replace(arguments, "cs2", "--hardware cs2-silicon");
  return cs3_validation_replace(cs2, "cs3", "--hardware cs3-silicon");
}

/* A run, with the scenario that it refers to. */
typedef struct {
  Cs3Scenario *scenario;
  Cs3Run *run;
} Ran;

static void ran_free(gpointer data) {
  Ran *ran = data;
  cs3_run_free(ran->run);
  cs3_scenario_free(ran->scenario);
  g_free(ran);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ran, ran_free)

/* The arguments without "--sparsity S": runs with the same key have the same dense side. */
static char *dense_key(char **words) {
  g_autoptr(GString) key = g_string_new("dense");
  for (guint i = 0; words[i] != NULL; i++) {
    if (strcmp(words[i], "--sparsity") == 0 && words[i + 1] != NULL)
      i++;
    else
      g_string_append_printf(key, "\n%s", words[i]);
  }
  return g_string_free(g_steal_pointer(&key), FALSE);
}

static json_t *run_command(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                           GError **error) {
  g_auto(GStrv) words = cs3_validation_words(row, error);
  if (words == NULL)
    return NULL;
  g_autoptr(Ran) ran = g_new0(Ran, 1);
  ran->scenario = cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (ran->scenario == NULL)
    return NULL;
  g_autofree char *key = dense_key(words);
  gpointer *baseline = cs3_validation_keep(session, key, ran_free);
  ran->run =
      cs3_run_against(&ran->scenario->config, *baseline ? ((Ran *)*baseline)->run : NULL, error);
  if (ran->run == NULL) {
    g_prefix_error(error, "%s: ", row->where);
    return NULL;
  }
  json_t *record = cs3_result_json(ran->run);
  if (*baseline == NULL)
    *baseline = g_steal_pointer(&ran);
  return record;
}

static json_t *layer_command(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                             GError **error) {
  g_auto(GStrv) words = cs3_validation_words(row, error);
  if (words == NULL)
    return NULL;
  g_autoptr(Cs3CliCall) call =
      call_command(session, &cs3_cmd_layer, row, (const char *const *)words, error);
  json_t *record = call != NULL ? cs3_cmd_layer_record(call->own, error) : NULL;
  if (call != NULL && record == NULL)
    g_prefix_error(error, "%s: ", row->where);
  return record;
}

typedef json_t *(*Command)(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                           GError **error);

/* The number that @row asks for, from a command that is run once for all rows with its arguments.
 */
static gboolean measure(Cs3ValidationSession *session, const Cs3ValidationRow *row, Command command,
                        double *value, GError **error) {
  g_autofree char *key = g_strdup_printf("%s %s", row->method, row->arguments);
  gpointer *record = cs3_validation_keep(session, key, record_free);
  if (*record == NULL)
    *record = command(session, row, error);
  if (*record == NULL)
    return FALSE;
  *value = cs3_record_number(*record, row->result);
  if (isfinite(*value))
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
              "%s: result: 'cs3sim %s -o json' has no number '%s'", row->where, row->method,
              row->result);
  return FALSE;
}

gboolean cs3_validation_run(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                            double *value, GError **error) {
  return measure(session, row, run_command, value, error);
}

gboolean cs3_validation_layer(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                              double *value, GError **error) {
  return measure(session, row, layer_command, value, error);
}

/* Index of the key that @word begins with ("key="), or -1. */
static int key_of(const char *word, const char *const *keys) {
  for (int k = 0; keys[k] != NULL; k++)
    if (g_str_has_prefix(word, keys[k]) && word[strlen(keys[k])] == '=')
      return k;
  return -1;
}

static gboolean all_given(const Cs3ValidationRow *row, const char *const *keys,
                          const double *values, GError **error) {
  for (int k = 0; keys[k] != NULL; k++) {
    if (!isnan(values[k]))
      continue;
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING,
                "%s: arguments: %s=NUMBER is missing", row->where, keys[k]);
    return FALSE;
  }
  return TRUE;
}

gboolean cs3_validation_values(const Cs3ValidationRow *row, const char *const *keys, double *values,
                               char ***rest, GError **error) {
  g_auto(GStrv) words = cs3_validation_words(row, error);
  if (words == NULL)
    return FALSE;
  g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func(g_free);
  for (int k = 0; keys[k] != NULL; k++)
    values[k] = NAN;
  for (char **word = words; *word != NULL; word++) {
    int k = key_of(*word, keys);
    char *end = NULL;
    if (k >= 0)
      values[k] = g_ascii_strtod(*word + strlen(keys[k]) + 1, &end);
    if (k < 0 && rest != NULL) {
      g_ptr_array_add(others, g_strdup(*word));
    } else if (k < 0 || *end != '\0' || !isfinite(values[k])) {
      g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
                  "%s: arguments: '%s' is not a known KEY=NUMBER", row->where, *word);
      return FALSE;
    }
  }
  if (!all_given(row, keys, values, error))
    return FALSE;
  if (rest != NULL) {
    g_ptr_array_add(others, NULL);
    g_ptr_array_set_free_func(others, NULL);
    *rest = (char **)g_ptr_array_free(g_steal_pointer(&others), FALSE);
  }
  return TRUE;
}
