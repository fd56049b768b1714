/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training recipe, read from an .ini file. */
#include "config.h"

#include "sim/training/recipe.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/ini.h"
#include "base/plain-text.h"
#include "base/quantity.h"
#include "base/suggest.h"

const char *const cs3_mask_schedule_names[] = {"static", "gradual", "set", "rigl", NULL};

static void phase_free(gpointer data) {
  Cs3Phase *phase = data;
  g_free(phase->name);
  g_free(phase->pattern);
  g_free(phase->weights);
  g_free(phase->teacher);
  g_free(phase);
}

Cs3Recipe *cs3_recipe_new(const char *name) {
  Cs3Recipe *recipe = g_new0(Cs3Recipe, 1);
  recipe->name = g_strdup(name);
  recipe->phases = g_ptr_array_new_with_free_func(phase_free);
  return recipe;
}

Cs3Phase *cs3_recipe_add(Cs3Recipe *recipe, const char *name) {
  Cs3Phase *phase = g_new0(Cs3Phase, 1);
  phase->name = g_strdup(name);
  phase->mask_every = 100;
  g_ptr_array_add(recipe->phases, phase);
  return phase;
}

void cs3_recipe_free(Cs3Recipe *recipe) {
  if (recipe == NULL)
    return;
  g_free(recipe->name);
  g_free(recipe->description);
  g_free(recipe->model);
  g_free(recipe->hardware);
  g_ptr_array_unref(recipe->phases);
  g_free(recipe);
}

double cs3_phase_sparsity(const Cs3Phase *phase, double t) {
  if (phase->mask != CS3_MASK_GRADUAL || t >= phase->mask_until)
    return phase->sparsity;
  double left = 1 - t / phase->mask_until;
  return phase->sparsity + (phase->sparsity_from - phase->sparsity) * left * left * left;
}

/* --- keys ------------------------------------------------------------------------------------ */

typedef enum { KEY_TEXT, KEY_INT, KEY_REAL, KEY_MASK } KeyType;

typedef struct {
  const char *key, *help;
  KeyType type;
  gsize offset;
  double min, max;
  gboolean above_min, below_max; /* the bound itself is refused */
} Key;

#define IN_RECIPE(member) G_STRUCT_OFFSET(Cs3Recipe, member)
#define IN_PHASE(member) G_STRUCT_OFFSET(Cs3Phase, member)
#define MAX_COUNT (1 << 24)

static const Key recipe_keys[] = {
    {"description", "one line for people", KEY_TEXT, IN_RECIPE(description)},
    {"model", "as --model", KEY_TEXT, IN_RECIPE(model)},
    {"hardware", "as --hardware", KEY_TEXT, IN_RECIPE(hardware)},
    {"systems", "as --systems", KEY_INT, IN_RECIPE(systems), 1, 1 << 20},
    {"batch", "as --batch", KEY_INT, IN_RECIPE(batch), 1, MAX_COUNT},
    {"seq", "as --seq", KEY_INT, IN_RECIPE(seq), 1, MAX_COUNT},
    {"checkpoint_every", "steps between two checkpoints", KEY_INT, IN_RECIPE(checkpoint_every), 1,
     1e9},
    {NULL},
};

static const Key phase_keys[] = {
    {"tokens", "how many are trained; must be given", KEY_REAL, IN_PHASE(tokens), 0, 1e18,
     .above_min = TRUE},
    {"sparsity", "share of zeros at the end of the phase", KEY_REAL, IN_PHASE(sparsity), 0, 1,
     .below_max = TRUE},
    {"sparsity_from", "at its beginning, for mask = gradual", KEY_REAL, IN_PHASE(sparsity_from), 0,
     1, .below_max = TRUE},
    {"batch", "as --batch, for this phase", KEY_INT, IN_PHASE(batch), 1, MAX_COUNT},
    {"seq", "as --seq, for this phase", KEY_INT, IN_PHASE(seq), 1, MAX_COUNT},
    {"pattern", "as --pattern", KEY_TEXT, IN_PHASE(pattern)},
    {"weights", "as --weights, instead of sparsity and pattern", KEY_TEXT, IN_PHASE(weights)},
    {"teacher", "dense (this model without zeros) or a model: distils its layers", KEY_TEXT,
     IN_PHASE(teacher)},
    {"mask", "how the mask changes: static, gradual, set, rigl", KEY_MASK, IN_PHASE(mask)},
    {"mask_every", "steps between two changes of the mask", KEY_INT, IN_PHASE(mask_every), 1, 1e9},
    {"mask_until", "share of the phase after which it stays", KEY_REAL, IN_PHASE(mask_until), 0, 1,
     .above_min = TRUE},
    {NULL},
};

static gboolean read_number(const Key *key, const char *text, gpointer member, GError **error) {
  char *stop = NULL;
  double value = g_ascii_strtod(text, &stop);
  gboolean share = key->type == KEY_REAL && key->max == 1;
  if (share && cs3_percent(text, &value))
    stop = (char *)text + strlen(text);
  gboolean whole = key->type == KEY_REAL || value == floor(value);
  if (stop != text && *stop == '\0' && isfinite(value) && whole && value >= key->min &&
      value <= key->max && !(key->above_min && value == key->min) &&
      !(key->below_max && value == key->max)) {
    if (key->type == KEY_REAL)
      *(double *)member = value;
    else
      *(gint64 *)member = (gint64)value;
    return TRUE;
  }
  g_autofree char *hint = cs3_number_hint(text, share);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
              "%s = %s is not %s number %s %.10g %s %.10g%s", key->key, CS3_CUT(text),
              key->type == KEY_REAL ? "a" : "a whole", key->above_min ? "above" : "from", key->min,
              key->below_max ? "to below" : "to", key->max, hint);
  return FALSE;
}

static gboolean read_mask(const char *text, int *mask, GError **error) {
  for (int i = 0; cs3_mask_schedule_names[i] != NULL; i++) {
    if (!g_str_equal(text, cs3_mask_schedule_names[i]))
      continue;
    *mask = i;
    return TRUE;
  }
  g_autofree char *hint = cs3_suggestion(text, cs3_mask_schedule_names);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "mask = %s is not known%s",
              CS3_CUT(text), hint);
  return FALSE;
}

static gboolean read_key(const Key *key, const char *text, gpointer member, GError **error) {
  switch (key->type) {
  case KEY_TEXT:
    *(char **)member = g_strdup(text);
    return TRUE;
  case KEY_MASK:
    return read_mask(text, member, error);
  default:
    return read_number(key, text, member, error);
  }
}

/* All keys of @group that are known. */
static gboolean read_group(Cs3Ini *ini, const char *group, const Key *keys, gpointer into,
                           GError **error) {
  for (const Key *key = keys; key->key != NULL; key++) {
    const char *text = cs3_ini_take(ini, group, key->key);
    if (text == NULL || read_key(key, text, (char *)into + key->offset, error))
      continue;
    g_autofree char *where = cs3_ini_where(ini, group, key->key);
    g_prefix_error(error, "%s: ", where);
    return FALSE;
  }
  return TRUE;
}

static gboolean unknown_key(const Cs3Ini *ini, const char *group, const char *key, GError **error) {
  const Key *keys = g_str_equal(group, "training") ? recipe_keys : phase_keys;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Key *k = keys; k->key != NULL; k++)
    g_ptr_array_add(names, (gpointer)k->key);
  g_ptr_array_add(names, NULL);
  g_autofree char *where = cs3_ini_where(ini, group, key);
  g_autofree char *hint = cs3_suggestion(key, (const char *const *)names->pdata);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "%s: [%s] has no key '%s'%s",
              where, group, CS3_CUT(key), hint);
  return FALSE;
}

/* --- the file -------------------------------------------------------------------------------- */

static gboolean phase_error(const Cs3Ini *ini, const Cs3Phase *phase, const char *what,
                            GError **error) {
  g_autofree char *where = cs3_ini_where(ini, "training", "");
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT, "%s: [phase %s]: %s", where,
              phase->name, what);
  return FALSE;
}

/* RigL stops at three quarters of the training (Evci et al. 2020, section 3). */
static gboolean complete_phase(const Cs3Ini *ini, Cs3Phase *phase, GError **error) {
  if (phase->mask_until == 0)
    phase->mask_until = phase->mask == CS3_MASK_RIGL ? 0.75 : 1;
  if (phase->tokens == 0)
    return phase_error(ini, phase, "lacks tokens", error);
  if (phase->weights != NULL && (phase->sparsity != 0 || phase->pattern != NULL))
    return phase_error(ini, phase, "weights have their own zeros: no sparsity and pattern", error);
  if (phase->weights != NULL && phase->mask == CS3_MASK_GRADUAL)
    return phase_error(ini, phase, "weights are at one sparsity, mask = gradual is at many", error);
  if (phase->mask != CS3_MASK_STATIC && phase->sparsity == 0 && phase->weights == NULL)
    return phase_error(ini, phase, "a mask that changes needs a sparsity above 0", error);
  if (phase->mask != CS3_MASK_GRADUAL && phase->sparsity_from != 0)
    return phase_error(ini, phase, "sparsity_from is for mask = gradual", error);
  if (phase->sparsity_from > phase->sparsity)
    return phase_error(ini, phase, "sparsity_from is above sparsity", error);
  return TRUE;
}

static gboolean is_phase(const char *group) {
  return g_str_has_prefix(group, "phase ") && group[strlen("phase ")] != '\0';
}

static gboolean unknown_group(const char *where, const char *group, GError **error) {
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
              "%s: unknown group [%s]; known: [training], [phase NAME]", where, CS3_CUT(group));
  return FALSE;
}

/* A phase without a key would not be among what is left to take. */
static gboolean check_empty(const Cs3Ini *ini, const char *label, GError **error) {
  const char *group;
  guint line;
  for (guint n = 0; (group = cs3_ini_empty(ini, n, &line)) != NULL; n++) {
    g_autofree char *where = g_strdup_printf("%s:%u", label, line);
    if (is_phase(group)) {
      g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING, "%s: [%s]: lacks tokens",
                  where, group);
      return FALSE;
    }
    if (!g_str_equal(group, "training"))
      return unknown_group(where, group, error);
  }
  return TRUE;
}

/* Phases in the order of the file: what is not taken yet names the next one. */
static gboolean read_phases(Cs3Ini *ini, Cs3Recipe *recipe, GError **error) {
  const char *group = NULL, *key = NULL;
  while (cs3_ini_left(ini, &group, &key)) {
    if (!is_phase(group)) {
      if (g_str_equal(group, "training"))
        return unknown_key(ini, group, key, error);
      g_autofree char *where = cs3_ini_where(ini, group, key);
      return unknown_group(where, group, error);
    }
    g_autofree char *this_group = g_strdup(group);
    Cs3Phase *phase = cs3_recipe_add(recipe, this_group + strlen("phase "));
    if (!read_group(ini, this_group, phase_keys, phase, error) ||
        !complete_phase(ini, phase, error))
      return FALSE;
    if (cs3_ini_left(ini, &group, &key) && g_str_equal(group, this_group))
      return unknown_key(ini, group, key, error);
  }
  return TRUE;
}

static gboolean is_path(const char *name) {
  return strchr(name, '/') != NULL || g_str_has_suffix(name, ".ini");
}

static char *stem_of(const char *path) {
  g_autofree char *file = g_path_get_basename(path);
  gsize n = strlen(file) - (g_str_has_suffix(file, ".ini") ? strlen(".ini") : 0);
  return g_utf8_make_valid(file, (gssize)n);
}

Cs3Recipe *cs3_recipe_load(const char *name_or_path, GError **error) {
  g_autofree char *path = is_path(name_or_path)
                              ? g_strdup(name_or_path)
                              : cs3_datadir_find(CS3_DATA_TRAINING, name_or_path, error);
  if (path == NULL)
    return NULL;
  g_autofree char *label = g_path_get_basename(path);
  g_autoptr(Cs3Ini) ini = cs3_ini_load(path, label, error);
  if (ini == NULL)
    return NULL;
  g_autofree char *stem = stem_of(path);
  g_autoptr(Cs3Recipe) recipe = cs3_recipe_new(stem);
  if (!check_empty(ini, label, error) || !read_group(ini, "training", recipe_keys, recipe, error) ||
      !read_phases(ini, recipe, error))
    return NULL;
  if (recipe->phases->len > 0)
    return g_steal_pointer(&recipe);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING,
              "%s: no phase; write [phase NAME] with tokens = ...", label);
  return NULL;
}

/* --- in words -------------------------------------------------------------------------------- */

static void describe_keys(GString *text, const char *group, const Key *keys) {
  g_string_append_printf(text, "  %s\n", group);
  for (const Key *key = keys; key->key != NULL; key++)
    g_string_append_printf(text, "    %-18s %s\n", key->key, key->help);
}

char *cs3_recipe_file_text(void) {
  GString *text = g_string_new(
      "A training run in phases is an .ini file. 'cs3sim list recipes' names those that come with "
      "the program; 'cs3sim train' also takes the path of a file of your own. A complete one:\n\n"
      "  [training]\n"
      "  model = gpt3-xl\n"
      "  batch = 512\n"
      "\n"
      "  [phase pre-training]\n"
      "  tokens = 26e9\n"
      "  sparsity = 0.75\n"
      "  mask = rigl\n"
      "\n"
      "  [phase fine-tuning]\n"
      "  tokens = 21e6\n\n"
      "The phases follow one another. What is not given is what the command line says, and its "
      "defaults; a phase is dense, and its mask changes every 100 steps (if not static) until its "
      "end, RigL's until three quarters of it. The keys:\n\n");
  describe_keys(text, "[training]", recipe_keys);
  describe_keys(text, "[phase NAME]", phase_keys);
  g_string_append(text, "\ndoc/cluster.md says what each kind of mask costs.");
  return g_string_free(text, FALSE);
}
