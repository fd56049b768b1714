/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One use of a command: its option tables bound to places for the values. */
#include "config.h"

#include "sim/cli/cli-call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const when_names[] = {"auto", "always", "never", NULL};

#define COMMON(member) (G_STRUCT_OFFSET(Cs3CliCall, common.member))
static const Cs3Option common_options[] = {
    {.name = "help",
     .letter = 'h',
     .type = CS3_OPTION_FLAG,
     .offset = COMMON(help),
     .terminal = TRUE,
     .help = "show this help"},
    {.name = "quiet",
     .letter = 'q',
     .type = CS3_OPTION_FLAG,
     .offset = COMMON(quiet),
     .help = "no progress, no notes on standard error"},
    {.name = "verbose",
     .letter = 'v',
     .type = CS3_OPTION_COUNT,
     .offset = COMMON(verbose),
     .help = "say more on standard error; twice: still more"},
    {.name = "color",
     .type = CS3_OPTION_CHOICE,
     .offset = COMMON(color),
     .metavar = "WHEN",
     .terminal = TRUE,
     .help = "colour the text",
     .choices = when_names},
    {.name = "progress",
     .type = CS3_OPTION_CHOICE,
     .offset = COMMON(progress),
     .metavar = "WHEN",
     .terminal = TRUE,
     .help = "show progress on standard error",
     .choices = when_names},
    {NULL},
};
#undef COMMON

static const Cs3OptionGroup common_group = {"Common options", common_options, 0};

const Cs3OptionGroup *cs3_common_group(void) {
  return &common_group;
}

/* (nullable): %NULL: the first of its formats. */
static const char *default_format(const Cs3Command *command) {
  return command->default_format != CS3_FORMAT_TEXT ? cs3_format_names()[command->default_format]
                                                    : NULL;
}

/* The default format is the first or the one that the command names. */
static void choose_format(Cs3CliCall *call) {
  const char *name = default_format(call->command);
  for (int f = 0; name != NULL && call->format_choices[f] != NULL; f++)
    if (g_str_equal(call->format_choices[f], name))
      call->output.format = f;
}

/* Rows of -o and -O with the formats of this command. */
static void make_output_group(Cs3CliCall *call) {
  guint n = 0;
  for (int f = 0; cs3_format_names()[f] != NULL; f++)
    if (call->command->formats & CS3_FORMAT_BIT(f))
      call->format_choices[n++] = cs3_format_names()[f];
  call->output_options[0] = (Cs3Option){.name = "output-format",
                                        .letter = 'o',
                                        .type = CS3_OPTION_CHOICE,
                                        .offset = G_STRUCT_OFFSET(Cs3CliCall, output.format),
                                        .metavar = "FORMAT",
                                        .help = "how the result is written",
                                        .choices = call->format_choices,
                                        .default_text = default_format(call->command)};
  call->output_options[1] = (Cs3Option){
      .name = "output",
      .letter = 'O',
      .type = CS3_OPTION_TEXT,
      .offset = G_STRUCT_OFFSET(Cs3CliCall, output.path),
      .metavar = "FILE",
      .help = call->command->appends
                  ? "append to FILE, line by line"
                  : "write to FILE, which appears whole or not at all; its extension selects the "
                    "format",
      .default_text = "standard output",
      .writes = TRUE,
      .completes = "files"};
  if (call->command->check != NULL)
    call->output_options[2] = (Cs3Option){
        .name = "dry-run",
        .type = CS3_OPTION_FLAG,
        .offset = G_STRUCT_OFFSET(Cs3CliCall, output.dry_run),
        .help = "check everything, print every setting and where it comes from, and stop"};
  call->output_group = (Cs3OptionGroup){"Output", call->output_options, 0};
}

static void add_target(Cs3CliCall *call, const Cs3OptionGroup *group, void *values,
                       const void *defaults) {
  g_assert(call->n_targets < G_N_ELEMENTS(call->targets));
  Cs3OptionTarget *target = &call->targets[call->n_targets++];
  *target = (Cs3OptionTarget){.group = group, .values = values, .defaults = defaults};
  cs3_options_init(target);
}

Cs3CliCall *cs3_cli_call_new(const Cs3Command *command) {
  Cs3CliCall *call = g_new0(Cs3CliCall, 1);
  call->command = command;
  call->given = g_hash_table_new(g_str_hash, g_str_equal);
  call->own = g_malloc0(MAX(command->options_size, 1));
  if (command->defaults != NULL)
    memcpy(call->own, command->defaults, command->options_size);
  for (const Cs3OptionGroup *g = command->groups; g->options != NULL; g++)
    add_target(call, g, call->own, command->defaults);
  if (command->formats != 0) {
    make_output_group(call);
    add_target(call, &call->output_group, call, NULL);
    choose_format(call);
  }
  add_target(call, &common_group, call, NULL);
  return call;
}

void cs3_cli_call_free(Cs3CliCall *call) {
  if (call == NULL)
    return;
  for (guint t = 0; t < call->n_targets; t++)
    cs3_options_clear(&call->targets[t]);
  g_hash_table_unref(call->given);
  g_free(call->own);
  g_free(call);
}

/* The option of which @value, as it was given, is quoted in @message. */
static const Cs3Option *quoted_option(const Cs3CliCall *call, const char *message) {
  for (guint t = 0; t < call->n_targets; t++)
    for (const Cs3Option *o = call->targets[t].group->options; o->name != NULL; o++) {
      gboolean given = g_hash_table_contains(call->given, o->name);
      g_autofree char *value = given ? cs3_option_value_text(o, &call->targets[t]) : NULL;
      g_autofree char *quoted = g_strdup_printf("'%s'", value != NULL ? value : "");
      if (value != NULL && *value != '\0' && strstr(message, quoted) != NULL)
        return o;
    }
  return NULL;
}

char *cs3_cli_call_key(const Cs3CliCall *call, const char *message) {
  const char *name = g_str_has_prefix(message, "--") ? message + 2 : "";
  gsize n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
  g_autofree char *key = g_strndup(name, n);
  const Cs3Option *option = cs3_option_find(call->targets, call->n_targets, key);
  if (option == NULL)
    option = quoted_option(call, message);
  if (option == NULL)
    return NULL;
  /* "--set io.rate: ..." is about a part of the list. */
  gsize part = option->type == CS3_OPTION_LIST && name[n] == ' ' ? strcspn(name + n, ":=") : 0;
  g_autofree char *within = part > 1 ? g_strndup(name + n + 1, part - 1) : NULL;
  return g_strjoin(".", option->name, within, NULL);
}

static gboolean check_arguments(const Cs3Command *command, char **args, GError **error) {
  guint n = g_strv_length(args);
  if (n >= command->min_args && n <= command->max_args)
    return TRUE;
  const char *usage = command->arguments != NULL ? command->arguments : "";
  if (n < command->min_args)
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "missing argument; usage: cs3sim %s %s",
                command->name, usage);
  else
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "unexpected argument '%s'; usage: cs3sim %s%s%s", args[command->max_args],
                command->name, *usage != '\0' ? " " : "", usage);
  return FALSE;
}

/* One name for a file however it is written: its folder's links resolved. */
static char *name_of_file(const char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *base = g_path_get_basename(path);
  char *whole = realpath(path, NULL), *above = realpath(folder, NULL);
  char *name =
      whole != NULL ? g_strdup(whole) : g_build_filename(above ? above : folder, base, NULL);
  free(whole);
  free(above);
  return name;
}

/* A device like /dev/null takes any number of writers. */
static gboolean is_device(const char *path) {
  return strcmp(path, "-") != 0 && g_file_test(path, G_FILE_TEST_EXISTS) &&
         !g_file_test(path, G_FILE_TEST_IS_REGULAR) && !g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* The files that naming @path writes: beside a picture lie its data and its script. */
static char **files_of(const char *path) {
  int format = cs3_format_from_path(path);
  gboolean picture =
      format == CS3_FORMAT_SVG || format == CS3_FORMAT_PNG || format == CS3_FORMAT_PDF;
  g_autofree char *name = name_of_file(path);
  const char *dot = picture ? strrchr(name, '.') : NULL;
  int stem = dot != NULL ? (int)(dot - name) : 0;
  char **files = g_new0(char *, 4);
  files[0] = g_strdup(name);
  files[1] = dot != NULL ? g_strdup_printf("%.*s.dat", stem, name) : NULL;
  files[2] = dot != NULL ? g_strdup_printf("%.*s.gp", stem, name) : NULL;
  return files;
}

/* @seen: file -> the option that writes it. */
static gboolean claim(GHashTable *seen, const Cs3Option *option, const char *path, GError **error) {
  g_auto(GStrv) files = files_of(path);
  for (char **file = files; *file != NULL; file++) {
    const char *other = g_hash_table_lookup(seen, *file);
    if (other != NULL) {
      g_autofree char *shown = g_path_get_basename(*file);
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--%s and --%s would both write '%s'; give two names", other, option->name,
                  shown);
      return FALSE;
    }
    g_hash_table_insert(seen, g_strdup(*file), (gpointer)option->name);
  }
  return TRUE;
}

/* Of two results in one file the first would be lost. */
static gboolean check_outputs(const Cs3CliCall *call, GError **error) {
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint t = 0; t < call->n_targets; t++)
    for (const Cs3Option *o = call->targets[t].group->options; o->name != NULL; o++) {
      g_autofree char *path = o->writes ? cs3_option_value_text(o, &call->targets[t]) : NULL;
      if (path != NULL && *path != '\0' && !is_device(path) && !claim(seen, o, path, error))
        return FALSE;
    }
  return TRUE;
}

/* Standard input, so that it can be opened by name and read more than once. */
static gboolean hold_standard_input(GError **error) {
  struct stat status;
  char part[1 << 16];
  if (fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode))
    return TRUE;
  int fd = memfd_create("standard input", MFD_CLOEXEC);
  gssize n = fd >= 0 ? read(STDIN_FILENO, part, sizeof part) : -1;
  for (; n > 0 && write(fd, part, (gsize)n) == n;)
    n = read(STDIN_FILENO, part, sizeof part);
  gboolean ok = n == 0 && dup2(fd, STDIN_FILENO) >= 0;
  if (!ok)
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                "cannot read standard input: %s", g_strerror(errno));
  if (fd >= 0)
    close(fd);
  return ok;
}

/* "-" where a file is read is standard input. Records read it by themselves. */
static gboolean takes_input(const char *completes) {
  static const char *const kinds[] = {"models", "hardware", "recipes", NULL};
  return completes != NULL && g_strv_contains(kinds, completes);
}

static gboolean option_takes_input(const Cs3Option *o) {
  return o->type == CS3_OPTION_TEXT && !o->writes &&
         (takes_input(o->completes) || g_strcmp0(o->completes, "files") == 0);
}

/* Of the names in @text, separated by commas, "-" becomes a name that can be opened. Returns: how
 * many did. */
static guint name_input(char **text) {
  g_auto(GStrv) names = g_strsplit(*text != NULL ? *text : "", ",", -1);
  guint found = 0;
  for (char **name = names; *name != NULL; name++) {
    if (strcmp(*name, "-") != 0)
      continue;
    g_free(*name);
    *name = g_strdup("/dev/stdin");
    found++;
  }
  if (found > 0) {
    g_free(*text);
    *text = g_strjoinv(",", names);
  }
  return found;
}

static gboolean name_standard_input(const Cs3CliCall *call, char **args, GError **error) {
  const Cs3Command *command = call->command;
  gboolean one_file = command->max_args == 1 && g_strcmp0(command->completes, "files") == 0;
  guint used = 0;
  for (guint t = 0; t < call->n_targets; t++)
    for (const Cs3Option *o = call->targets[t].group->options; o->name != NULL; o++) {
      const Cs3OptionTarget *target = &call->targets[t];
      char **text = G_STRUCT_MEMBER_P(target->values, target->group->base + o->offset);
      used += option_takes_input(o) ? name_input(text) : 0;
    }
  for (char **arg = args; *arg != NULL; arg++)
    used += one_file || takes_input(command->completes) ? name_input(arg) : 0;
  if (used <= 1)
    return used == 0 || hold_standard_input(error);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "'-', standard input, stands for %u files; it can be one: name the others", used);
  return FALSE;
}

/* "run llama7b" is "run --model llama7b". */
static gboolean take_argument(Cs3CliCall *call, char ***argv, GError **error) {
  const char *name = call->command->argument_option;
  if (name == NULL || (*argv)[0] == NULL || g_hash_table_contains(call->given, name))
    return TRUE;
  g_auto(GStrv) words = g_new0(char *, 2);
  words[0] = g_strdup_printf("--%s=%s", name, (*argv)[0]);
  g_auto(GStrv) all = g_steal_pointer(argv);
  *argv = g_strdupv(all + 1);
  return cs3_options_parse(call->targets, call->n_targets, &words, call->given, error);
}

gboolean cs3_cli_call_parse(Cs3CliCall *call, char ***argv, GError **error) {
  if (!cs3_options_parse(call->targets, call->n_targets, argv, call->given, error) ||
      !take_argument(call, argv, error) ||
      !cs3_options_expand(call->targets, call->n_targets, call->given, error))
    return FALSE;
  return call->common.help ||
         (check_arguments(call->command, *argv, error) && check_outputs(call, error) &&
          name_standard_input(call, *argv, error));
}

/* What an ending promises is kept or refused; a name without one, or mktemp(1)'s, promises nothing.
 */
static gboolean check_ending(const Cs3CliCall *call, GError **error) {
  const char *path = call->output.path;
  g_autofree char *base = g_path_get_basename(path);
  const char *dot = strrchr(base, '.');
  gsize n = dot != NULL && dot > base ? strlen(dot + 1) : 0;
  if (n == 0 || n > 5 || !g_ascii_isalpha(dot[1]) ||
      g_strv_contains(call->command->endings, dot + 1) ||
      (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)))
    return TRUE;
  const char *const *endings = call->command->endings, *const *choices = call->format_choices;
  g_autofree char *formats = g_strjoinv(", ", (char **)choices);
  g_autofree char *files = g_strjoinv(", .", (char **)endings);
  /* A command with files of its own and no choice of formats writes those files. */
  gboolean chooses = *endings == NULL || g_strv_length((char **)choices) > 1;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--output: %s: the ending %s is of no format that %s writes; it writes %s%s%s%s",
              path, dot, call->command->name, chooses ? formats : "",
              chooses ? " (choose one with -o)" : "",
              *endings == NULL ? ""
              : chooses        ? ", and ."
                               : ".",
              files);
  return FALSE;
}

static int format_by_name(const char *name) {
  for (int f = 0; cs3_format_names()[f] != NULL; f++)
    if (strcmp(cs3_format_names()[f], name) == 0)
      return f;
  g_assert_not_reached();
}

gboolean cs3_cli_call_format(const Cs3CliCall *call, Cs3Format *format, GError **error) {
  *format = CS3_FORMAT_TEXT;
  if (call->command->formats == 0)
    return TRUE;
  *format = (Cs3Format)format_by_name(call->format_choices[call->output.format]);
  if (call->output.path == NULL || g_hash_table_contains(call->given, "output-format"))
    return TRUE;
  int by_name = cs3_format_from_path(call->output.path);
  if (by_name < 0)
    return check_ending(call, error);
  if ((call->command->formats & CS3_FORMAT_BIT(by_name)) == 0) {
    g_autofree char *all = g_strjoinv(", ", (char **)call->format_choices);
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--output: %s: %s does not write %s; it writes %s (choose one with -o)",
                call->output.path, call->command->name, cs3_format_names()[by_name], all);
    return FALSE;
  }
  *format = (Cs3Format)by_name;
  return TRUE;
}
