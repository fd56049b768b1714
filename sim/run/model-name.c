/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of model presets as people write them. */
#include "config.h"

#include "sim/run/model-name.h"

#include <jansson.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/plain-text.h"
#include "base/suggest.h"

/* Same shapes under another name. */
static const char *const tails[] = {"-hf", "-chat", "-instruct", "-base", NULL};

typedef enum { OTHER, LETTER, DIGIT } Kind;

static Kind kind_of(const char *c) {
  if (g_ascii_isdigit(*c) || (*c == '.' && g_ascii_isdigit(c[1])))
    return DIGIT;
  return g_ascii_isalpha(*c) ? LETTER : OTHER;
}

/* "meta-llama/Llama-2-7b-hf" and "llama2_7B" are "llama-2-7-b". Numbers stay whole: 27b is not
 * 2-7b. */
static char *normal_form(const char *text) {
  const char *slash = strrchr(text, '/');
  GString *form = g_string_new(NULL);
  Kind last = OTHER;
  for (const char *c = slash != NULL ? slash + 1 : text; *c != '\0'; c++) {
    Kind kind = kind_of(c);
    if (kind != last && kind != OTHER && form->len > 0)
      g_string_append_c(form, '-');
    if (kind != OTHER)
      g_string_append_c(form, g_ascii_tolower(*c));
    last = kind;
  }
  for (const char *const *tail = tails; *tail != NULL;)
    if (g_str_has_suffix(form->str, *tail)) {
      g_string_truncate(form, form->len - strlen(*tail));
      tail = tails;
    } else {
      tail++;
    }
  return g_string_free(form, FALSE);
}

static gboolean means(const char *name, const char *form) {
  g_autofree char *own = normal_form(name);
  return strcmp(own, form) == 0;
}

static gboolean file_means(const char *preset, const char *form) {
  g_autofree char *path = cs3_datadir_locate(CS3_DATA_MODELS, preset);
  json_auto_t *file = path != NULL ? json_load_file(path, 0, NULL) : NULL;
  json_t *names = json_object_get(file, "_names");
  for (size_t i = 0; i < json_array_size(names); i++) {
    const char *name = json_string_value(json_array_get(names, i));
    if (name != NULL && means(name, form))
      return TRUE;
  }
  return FALSE;
}

char *cs3_model_preset(const char *text) {
  g_autofree char *form = normal_form(text);
  g_auto(GStrv) presets = cs3_datadir_list(CS3_DATA_MODELS);
  for (char **preset = presets; *form != '\0' && *preset != NULL; preset++)
    if (means(*preset, form) || file_means(*preset, form))
      return g_strdup(*preset);
  return NULL;
}

/* Of the same family, the nearest in letters; else the nearest of all. */
static const char *likely(const char *text, char **presets) {
  g_autofree char *form = normal_form(text);
  gsize word = strcspn(form, "-");
  const char *nearest = cs3_suggest(text, (const char *const *)presets), *relative = NULL;
  for (char **preset = presets; word > 0 && *preset != NULL; preset++) {
    g_autofree char *own = normal_form(*preset);
    gboolean related = strncmp(own, form, word) == 0 && strchr("-", own[word]) != NULL;
    if (related && (relative == NULL || *preset == nearest))
      relative = *preset;
  }
  return relative != NULL ? relative : nearest;
}

void cs3_model_unknown(const char *text, GError **error) {
  g_auto(GStrv) presets = cs3_datadir_list(CS3_DATA_MODELS);
  const char *meant = likely(text, presets);
  g_autofree char *all = g_strjoinv(", ", presets);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
              "unknown model '%s'%s%s%s known: %s, or a config.json", CS3_CUT(text),
              meant != NULL ? "; did you mean " : ";", meant != NULL ? meant : "",
              meant != NULL ? "?" : "", all);
}
