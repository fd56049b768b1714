/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option tables: parsing through GOption, values checked against the row. */
#include "config.h"

#include "sim/cli/cli-option.h"

#include <math.h>
#include <string.h>

#include "base/plain-text.h"
#include "base/quantity.h"
#include "base/suggest.h"

/* Whole numbers above this are not exact as doubles, so "1e17" would not mean what it says. */
#define MAX_EXACT 9007199254740992.0

typedef struct {
  const Cs3OptionTarget *targets;
  guint n_targets;
  GHashTable *given;
} Parse;

static void *member(const Cs3OptionTarget *target, const Cs3Option *option) {
  return (char *)target->values + target->group->base + option->offset;
}

static const void *default_member(const Cs3OptionTarget *target, const Cs3Option *option) {
  if (target->defaults == NULL)
    return NULL;
  return (const char *)target->defaults + target->group->base + option->offset;
}

static gsize member_size(Cs3OptionType type) {
  switch (type) {
  case CS3_OPTION_FLAG:
    return sizeof(gboolean);
  case CS3_OPTION_COUNT:
  case CS3_OPTION_CHOICE:
    return sizeof(int);
  case CS3_OPTION_INT:
    return sizeof(gint64);
  case CS3_OPTION_REAL:
    return sizeof(double);
  case CS3_OPTION_TEXT:
  case CS3_OPTION_LIST:
    return sizeof(char *);
  }
  g_assert_not_reached();
}

gboolean cs3_option_takes_value(const Cs3Option *option) {
  return option->type != CS3_OPTION_FLAG && option->type != CS3_OPTION_COUNT;
}

void cs3_options_init(const Cs3OptionTarget *target) {
  for (const Cs3Option *o = target->group->options; o->name != NULL; o++) {
    const void *initial = default_member(target, o);
    if (initial == NULL)
      memset(member(target, o), 0, member_size(o->type));
    else if (o->type == CS3_OPTION_TEXT)
      *(char **)member(target, o) = g_strdup(*(char *const *)initial);
    else if (o->type == CS3_OPTION_LIST)
      *(char ***)member(target, o) = g_strdupv(*(char **const *)initial);
    else
      memcpy(member(target, o), initial, member_size(o->type));
  }
}

void cs3_options_clear(const Cs3OptionTarget *target) {
  for (const Cs3Option *o = target->group->options; o->name != NULL; o++) {
    if (o->type == CS3_OPTION_TEXT)
      g_clear_pointer((char **)member(target, o), g_free);
    else if (o->type == CS3_OPTION_LIST)
      g_clear_pointer((char ***)member(target, o), g_strfreev);
  }
}

const Cs3Option *cs3_option_find(const Cs3OptionTarget *targets, guint n_targets,
                                 const char *name) {
  for (guint t = 0; t < n_targets; t++)
    for (const Cs3Option *o = targets[t].group->options; o->name != NULL; o++)
      if (strcmp(o->name, name) == 0)
        return o;
  return NULL;
}

const Cs3Option *cs3_option_find_letter(const Cs3OptionTarget *targets, guint n_targets,
                                        char letter) {
  for (guint t = 0; t < n_targets; t++)
    for (const Cs3Option *o = targets[t].group->options; o->name != NULL; o++)
      if (o->letter != 0 && o->letter == letter)
        return o;
  return NULL;
}

static gboolean has_range(const Cs3Option *option) {
  return option->min != 0 || option->max != 0;
}

/* "from 1 to 64", "from 0 to below 1", "at least 1", "at most 8". */
static char *range_text(const Cs3Option *option) {
  if (!has_range(option))
    return g_strdup("");
  if (!isfinite(option->max))
    return g_strdup_printf("at least %.15g", option->min);
  return g_strdup_printf("from %.15g to %s%.15g", option->min, option->below_max ? "below " : "",
                         option->max);
}

static gboolean bad_value(const Cs3Option *option, const char *text, const char *problem,
                          GError **error) {
  g_autofree char *range = range_text(option);
  gboolean share = option->type == CS3_OPTION_REAL && option->max == 1;
  g_autofree char *hint = cs3_number_hint(text, share);
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s: '%s' %s%s%s%s", option->name,
              text, problem, *range != '\0' ? "; accepted: " : "", range, hint);
  return FALSE;
}

/* The whole of @text as a finite number in plain or scientific notation. */
static gboolean read_number(const char *text, double *value) {
  if (*text == '\0' || strspn(text, "+-.0123456789eE") != strlen(text))
    return FALSE;
  char *end = NULL;
  *value = g_ascii_strtod(text, &end);
  return *end == '\0' && end != text && isfinite(*value);
}

static gboolean in_range(const Cs3Option *option, double value) {
  if (!has_range(option))
    return TRUE;
  return value >= option->min && (option->below_max ? value < option->max : value <= option->max);
}

static gboolean set_real(const Cs3Option *option, double *place, const char *text, GError **error) {
  double value;
  if (!read_number(text, &value) && !(option->max == 1 && cs3_percent(text, &value)))
    return bad_value(option, text, "is not a number", error);
  if (!in_range(option, value))
    return bad_value(option, text, "is out of range", error);
  *place = value;
  return TRUE;
}

static gboolean set_int(const Cs3Option *option, gint64 *place, const char *text, GError **error) {
  gint64 exact;
  double value;
  if (g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &exact, NULL))
    value = (double)exact;
  else if (!read_number(text, &value) || value != floor(value))
    return bad_value(option, text, "is not a whole number", error);
  else if (fabs(value) > MAX_EXACT)
    return bad_value(option, text, "is out of range", error);
  else
    exact = (gint64)value;
  if (!in_range(option, value))
    return bad_value(option, text, "is out of range", error);
  *place = exact;
  return TRUE;
}

static gboolean set_choice(const Cs3Option *option, int *place, const char *text, GError **error) {
  for (int i = 0; option->choices[i] != NULL; i++)
    if (strcmp(option->choices[i], text) == 0) {
      *place = i;
      return TRUE;
    }
  g_autofree char *all = g_strjoinv(", ", (char **)option->choices);
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s: '%s' is not one of %s",
              option->name, text, all);
  return FALSE;
}

static void append_to_list(char ***list, const char *text) {
  guint n = *list != NULL ? g_strv_length(*list) : 0;
  *list = g_renew(char *, *list, n + 2);
  (*list)[n] = g_strdup(text);
  (*list)[n + 1] = NULL;
}

static gboolean set_value(const Cs3Option *option, void *place, const char *text, GError **error) {
  switch (option->type) {
  case CS3_OPTION_FLAG:
    *(gboolean *)place = TRUE;
    return TRUE;
  case CS3_OPTION_COUNT:
    (*(int *)place)++;
    return TRUE;
  case CS3_OPTION_INT:
    return set_int(option, place, text, error);
  case CS3_OPTION_REAL:
    return set_real(option, place, text, error);
  case CS3_OPTION_TEXT:
    g_free(*(char **)place);
    *(char **)place = g_strdup(text);
    return TRUE;
  case CS3_OPTION_LIST:
    append_to_list(place, text);
    return TRUE;
  case CS3_OPTION_CHOICE:
    return set_choice(option, place, text, error);
  }
  g_assert_not_reached();
}

/* GOption names the option as "--model" or "-m". */
static gboolean names_option(const Cs3Option *option, const char *written) {
  if (g_str_has_prefix(written, "--"))
    return strcmp(written + 2, option->name) == 0;
  return option->letter != 0 && written[1] == option->letter && written[2] == '\0';
}

static char *text_at(const Cs3Option *option, const void *place) {
  switch (option->type) {
  case CS3_OPTION_FLAG:
    return g_strdup(*(const gboolean *)place ? "yes" : "no");
  case CS3_OPTION_COUNT:
    return g_strdup_printf("%d", *(const int *)place);
  case CS3_OPTION_INT:
    return g_strdup_printf("%" G_GINT64_FORMAT, *(const gint64 *)place);
  case CS3_OPTION_REAL:
    return g_strdup_printf("%.15g", *(const double *)place);
  case CS3_OPTION_TEXT:
    return g_strdup(*(char *const *)place);
  case CS3_OPTION_LIST:
    return *(char **const *)place != NULL ? g_strjoinv(", ", *(char **const *)place) : NULL;
  case CS3_OPTION_CHOICE:
    return g_strdup(option->choices[*(const int *)place]);
  }
  g_assert_not_reached();
}

static gboolean given_twice(const Cs3Option *option, const char *before, const char *after,
                            GError **error) {
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
              "--%s: given twice, as '%s' and as '%s'; leave one out", option->name,
              CS3_CUT(before), CS3_CUT(after));
  return FALSE;
}

static gboolean check_keys(const Cs3Option *option, char **list, const char *text, GError **error) {
  gsize key = strcspn(text, "=") + 1;
  for (; option->keyed && list != NULL && *list != NULL; list++)
    if (strncmp(*list, text, key) == 0 && strcmp(*list, text) != 0)
      return given_twice(option, *list, text, error);
  return TRUE;
}

/* One value is kept: another one must not be lost in silence. @given: this one is there already. */
static gboolean set_once(const Cs3Option *option, void *place, const char *text, gboolean given,
                         GError **error) {
  gboolean single = cs3_option_takes_value(option) && option->type != CS3_OPTION_LIST;
  g_autofree char *before = single && given ? text_at(option, place) : NULL;
  if (option->type == CS3_OPTION_LIST && !check_keys(option, *(char ***)place, text, error))
    return FALSE;
  if (!set_value(option, place, text, error))
    return FALSE;
  g_autofree char *after = before != NULL ? text_at(option, place) : NULL;
  return g_strcmp0(before, after) == 0 || given_twice(option, before, after, error);
}

static gboolean on_option(const char *written, const char *text, gpointer data, GError **error) {
  const Parse *parse = data;
  for (guint t = 0; t < parse->n_targets; t++)
    for (const Cs3Option *o = parse->targets[t].group->options; o->name != NULL; o++)
      if (names_option(o, written)) {
        gboolean given = g_hash_table_contains(parse->given, o->name);
        g_hash_table_insert(parse->given, (gpointer)o->name, NULL);
        return set_once(o, member(&parse->targets[t], o), text, given, error);
      }
  g_assert_not_reached();
}

static GArray *option_entries(const Parse *parse) {
  GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
  for (guint t = 0; t < parse->n_targets; t++)
    for (const Cs3Option *o = parse->targets[t].group->options; o->name != NULL; o++) {
      GOptionEntry entry = {
          .long_name = o->name,
          .short_name = o->letter,
          /* FILENAME: the bytes as they are, whatever the character set of the locale. */
          .flags = cs3_option_takes_value(o) ? G_OPTION_FLAG_FILENAME : G_OPTION_FLAG_NO_ARG,
          .arg = G_OPTION_ARG_CALLBACK,
          .arg_data = on_option,
      };
      g_array_append_val(entries, entry);
    }
  return entries;
}

gboolean cs3_option_unknown(const Cs3OptionTarget *targets, guint n_targets, const char *name,
                            GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint t = 0; t < n_targets; t++)
    for (const Cs3Option *o = targets[t].group->options; o->name != NULL; o++)
      g_ptr_array_add(names, (gpointer)o->name);
  g_ptr_array_add(names, NULL);
  const char *nearest = cs3_suggest(name, (const char *const *)names->pdata);
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option --%s%s%s%s",
              name, nearest != NULL ? "; did you mean --" : "", nearest != NULL ? nearest : "",
              nearest != NULL ? "?" : "");
  return FALSE;
}

/* GOption says "Unknown option --xyz"; the nearest known name makes it useful. */
static gboolean explain_unknown(const Parse *parse, GError *problem, GError **error) {
  const char *written = strrchr(problem->message, ' ');
  if (!g_error_matches(problem, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) || written == NULL ||
      !g_str_has_prefix(written, " --")) {
    g_propagate_error(error, problem);
    return FALSE;
  }
  g_autofree char *unknown = g_strndup(written + 3, strcspn(written + 3, "="));
  g_error_free(problem);
  return cs3_option_unknown(parse->targets, parse->n_targets, unknown, error);
}

static gboolean no_value(const char *name, GError **error) {
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s takes no value", name);
  return FALSE;
}

/* "--name", "--name=value": whether the next word is the option's value. */
static gboolean prepare_long(const Parse *parse, const char *word, gboolean *takes_next,
                             GError **error) {
  const char *equals = strchr(word, '=');
  g_autofree char *name = g_strndup(word + 2, strcspn(word + 2, "="));
  const Cs3Option *option = cs3_option_find(parse->targets, parse->n_targets, name);
  *takes_next = option != NULL && equals == NULL && cs3_option_takes_value(option);
  if (option != NULL && equals != NULL && !cs3_option_takes_value(option))
    return no_value(name, error);
  return TRUE;
}

/* "-j2" and "-vj2" are written as "-j 2" and "-vj 2", the only form that GOption knows. */
static gboolean prepare_short(const Parse *parse, const char *word, GPtrArray *out) {
  for (const char *letter = word + 1; *letter != '\0'; letter++) {
    const Cs3Option *option = cs3_option_find_letter(parse->targets, parse->n_targets, *letter);
    if (option == NULL || !cs3_option_takes_value(option))
      continue;
    g_ptr_array_add(out, g_strndup(word, (gsize)(letter - word) + 1));
    if (letter[1] != '\0')
      g_ptr_array_add(out, g_strdup(letter + 1));
    return letter[1] == '\0';
  }
  g_ptr_array_add(out, g_strdup(word));
  return FALSE;
}

/* The words up to "--" as GOption takes them, behind a name for the program.
 * Returns: (transfer full): %NULL with @error set. @rest: the words behind "--". */
static char **prepare_words(const Parse *parse, char **argv, char ***rest, GError **error) {
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(out, g_strdup("cs3sim"));
  char **word = argv;
  for (; *word != NULL && strcmp(*word, "--") != 0; word++) {
    gboolean takes_next = FALSE;
    if (g_str_has_prefix(*word, "--")) {
      if (!prepare_long(parse, *word, &takes_next, error))
        return NULL;
      g_ptr_array_add(out, g_strdup(*word));
    } else if ((*word)[0] == '-') {
      takes_next = prepare_short(parse, *word, out);
    } else {
      g_ptr_array_add(out, g_strdup(*word));
    }
    if (takes_next && word[1] != NULL)
      g_ptr_array_add(out, g_strdup(*++word));
  }
  *rest = *word != NULL ? word + 1 : word;
  g_ptr_array_add(out, NULL);
  return (char **)g_ptr_array_steal(out, NULL);
}

/* What GOption left, without the program's name, and the words behind "--". */
static char **positional(char **left, char **rest) {
  GPtrArray *args = g_ptr_array_new();
  for (char **word = left + (left[0] != NULL); *word != NULL; word++)
    g_ptr_array_add(args, g_strdup(*word));
  for (char **word = rest; *word != NULL; word++)
    g_ptr_array_add(args, g_strdup(*word));
  g_ptr_array_add(args, NULL);
  return (char **)g_ptr_array_free(args, FALSE);
}

static GOptionContext *option_context(Parse *parse, const GOptionEntry *entries) {
  GOptionContext *context = g_option_context_new(NULL);
  GOptionGroup *group = g_option_group_new("main", "", "", parse, NULL);
  g_option_group_add_entries(group, entries);
  g_option_context_set_main_group(context, group);
  g_option_context_set_help_enabled(context, FALSE);
  return context;
}

static gboolean read_environment(const Parse *parse, GError **error) {
  for (guint t = 0; t < parse->n_targets; t++)
    for (const Cs3Option *o = parse->targets[t].group->options; o->name != NULL; o++) {
      const char *text = o->environment != NULL ? g_getenv(o->environment) : NULL;
      if (text == NULL || *text == '\0' || g_hash_table_contains(parse->given, o->name))
        continue;
      g_hash_table_insert(parse->given, (gpointer)o->name, (gpointer)o->environment);
      if (!set_value(o, member(&parse->targets[t], o), text, error)) {
        g_prefix_error(error, "%s: ", o->environment);
        return FALSE;
      }
    }
  return TRUE;
}

gboolean cs3_options_parse(const Cs3OptionTarget *targets, guint n_targets, char ***argv,
                           GHashTable *given, GError **error) {
  Parse parse = {.targets = targets, .n_targets = n_targets, .given = given};
  char **rest = NULL;
  g_auto(GStrv) words = prepare_words(&parse, *argv, &rest, error);
  if (words == NULL)
    return FALSE;
  g_autoptr(GArray) entries = option_entries(&parse);
  g_autoptr(GOptionContext) context =
      option_context(&parse, (const GOptionEntry *)(void *)entries->data);
  GError *problem = NULL;
  if (g_option_context_parse_strv(context, &words, &problem)) {
    char **args = positional(words, rest);
    g_strfreev(*argv);
    *argv = args;
    return read_environment(&parse, error);
  }
  problem->message[0] = g_ascii_tolower(problem->message[0]);
  return explain_unknown(&parse, problem, error);
}

/* "--NAME=VALUE", from @source, unless the option is given. */
static gboolean set_word(const Parse *parse, const char *word, GHashTable *before,
                         const char *source, GError **error) {
  g_autofree char *name = g_strndup(word + 2, strcspn(word + 2, "="));
  for (guint t = 0; t < parse->n_targets; t++) {
    const Cs3Option *option = cs3_option_find(&parse->targets[t], 1, name);
    if (option == NULL || g_hash_table_contains(before, option->name))
      continue;
    g_hash_table_insert(parse->given, (gpointer)option->name, (gpointer)source);
    if (!set_value(option, member(&parse->targets[t], option), strchr(word, '=') + 1, error)) {
      g_prefix_error(error, "%s: ", source);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean expand(const Parse *parse, const Cs3Option *option, const char *value,
                       GHashTable *before, GError **error) {
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  if (!option->expand(value, words, error))
    return FALSE;
  g_autofree char *name = g_strconcat("--", option->name, NULL);
  const char *source = g_intern_string(name);
  for (guint i = 0; i < words->len; i++)
    if (!set_word(parse, words->pdata[i], before, source, error))
      return FALSE;
  return TRUE;
}

gboolean cs3_options_expand(const Cs3OptionTarget *targets, guint n_targets, GHashTable *given,
                            GError **error) {
  const Parse parse = {.targets = targets, .n_targets = n_targets, .given = given};
  g_autoptr(GHashTable) before = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init(&iter, given);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    g_hash_table_add(before, name);
  for (guint t = 0; t < n_targets; t++)
    for (const Cs3Option *o = targets[t].group->options; o->name != NULL; o++) {
      const char *value = o->expand != NULL ? *(char *const *)member(&targets[t], o) : NULL;
      if (value != NULL && !expand(&parse, o, value, before, error))
        return FALSE;
    }
  return TRUE;
}

char *cs3_option_value_text(const Cs3Option *option, const Cs3OptionTarget *target) {
  return text_at(option, member(target, option));
}

/* The default, where there is one to tell: off, none and never given go without saying. */
static char *default_text(const Cs3Option *option, const Cs3OptionTarget *target) {
  if (option->default_text != NULL)
    return g_strdup(option->default_text);
  if (!cs3_option_takes_value(option) || option->type == CS3_OPTION_LIST)
    return NULL;
  const void *initial = default_member(target, option);
  if (initial == NULL)
    return option->type == CS3_OPTION_CHOICE ? g_strdup(option->choices[0]) : NULL;
  return text_at(option, initial);
}

static void add_words(const Cs3Option *option, const void *place, GPtrArray *words) {
  char **list = option->type == CS3_OPTION_LIST ? *(char **const *)place : NULL;
  for (; list != NULL && *list != NULL; list++)
    g_ptr_array_add(words, g_strdup_printf("--%s=%s", option->name, *list));
  int times = option->type == CS3_OPTION_COUNT  ? *(const int *)place
              : option->type == CS3_OPTION_FLAG ? *(const gboolean *)place
                                                : 0;
  for (; times > 0; times--)
    g_ptr_array_add(words, g_strdup_printf("--%s", option->name));
  if (!cs3_option_takes_value(option) || option->type == CS3_OPTION_LIST)
    return;
  g_autofree char *text = option->type == CS3_OPTION_REAL ? cs3_number_text(*(const double *)place)
                                                          : text_at(option, place);
  g_ptr_array_add(words, g_strdup_printf("--%s=%s", option->name, text));
}

void cs3_options_words(const Cs3OptionTarget *target, GHashTable *given, const char *const *without,
                       GPtrArray *words) {
  for (const Cs3Option *o = target->group->options; o->name != NULL; o++)
    if (g_hash_table_contains(given, o->name) && !g_strv_contains(without, o->name))
      add_words(o, member(target, o), words);
}

char *cs3_option_note(const Cs3Option *option, const Cs3OptionTarget *target) {
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
  if (option->type == CS3_OPTION_CHOICE)
    g_ptr_array_add(parts, g_strjoinv(", ", (char **)option->choices));
  if (has_range(option))
    g_ptr_array_add(parts, range_text(option));
  if (option->type == CS3_OPTION_LIST)
    g_ptr_array_add(parts, g_strdup("may be repeated"));
  if (option->environment != NULL)
    g_ptr_array_add(parts, g_strdup_printf("variable: %s", option->environment));
  g_autofree char *initial = default_text(option, target);
  if (initial != NULL)
    g_ptr_array_add(parts, g_strdup_printf("default: %s", initial));
  g_ptr_array_add(parts, NULL);
  return g_strjoinv("; ", (char **)parts->pdata);
}
