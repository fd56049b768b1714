/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where presets are found. */
#include "config.h"

#include "base/datadir.h"

#include "base/config-error.h"
#include "base/suggest.h"

#include <string.h>

typedef struct {
  const char *what;      /* for messages */
  const char *source;    /* below the source tree */
  const char *installed; /* below the data directory */
  const char *suffix;
} Kind;

static const Kind kinds[] = {
    [CS3_DATA_HARDWARE] = {"hardware", "fabric/presets", "hardware", ".ini"},
    [CS3_DATA_MODELS] = {"model", "workloads/presets", "models", ".json"},
    [CS3_DATA_VALIDATION] = {"validation", "sim/validation/data", "validation", ".csv"},
    [CS3_DATA_BASELINES] = {"measured machine", "sim/machine/baselines", "baselines", ".json"},
    [CS3_DATA_TRAINING] = {"training recipe", "sim/training/recipes", "training", ".ini"},
    [CS3_DATA_POSTERIORS] = {"posterior", "sim/validation/posteriors", "posteriors", ".json"},
    [CS3_DATA_MASKS] = {"mask", "workloads/masks", "masks", ""},
    [CS3_DATA_GPUS] = {"GPU", "sim/gpu/gpus", "gpus", ".ini"},
    [CS3_DATA_DECODERS] = {"machine that decodes", "sim/inference/decoders", "decoders", ".ini"},
    [CS3_DATA_LAWS] = {"law", "sim/law/laws", "laws", ".ini"},
};

/* The directory of the running program. A build directory has the presets beside the program
 * (configure links them there), an installation does not. */
static char *program_dir(void) {
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  return program != NULL ? g_path_get_dirname(program) : NULL;
}

char **cs3_datadir_search(Cs3DataKind kind) {
  const Kind *k = &kinds[kind];
  GPtrArray *dirs = g_ptr_array_new();
  const char *given = g_getenv("CS3SIM_DATA_DIR");
  if (given != NULL && given[0] != '\0') {
    g_ptr_array_add(dirs, g_build_filename(given, k->source, NULL));
    g_ptr_array_add(dirs, g_build_filename(given, k->installed, NULL));
  }
  g_ptr_array_add(dirs, g_build_filename(g_get_user_config_dir(), "cs3sim", k->installed, NULL));
  g_autofree char *beside = program_dir();
  if (beside != NULL)
    g_ptr_array_add(dirs, g_build_filename(beside, k->source, NULL));
  g_ptr_array_add(dirs, g_build_filename(CS3_PKGDATADIR, k->installed, NULL));
  g_ptr_array_add(dirs, NULL);
  return (char **)g_ptr_array_free(dirs, FALSE);
}

char *cs3_datadir_locate(Cs3DataKind kind, const char *name) {
  if (name[0] == '\0' || strchr(name, '/') != NULL)
    return NULL;
  g_autofree char *file = g_strconcat(name, kinds[kind].suffix, NULL);
  g_auto(GStrv) dirs = cs3_datadir_search(kind);
  for (char **dir = dirs; *dir != NULL; dir++) {
    g_autofree char *path = g_build_filename(*dir, file, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer(&path);
  }
  return NULL;
}

char *cs3_datadir_find(Cs3DataKind kind, const char *name, GError **error) {
  char *path = cs3_datadir_locate(kind, name);
  if (path != NULL)
    return path;
  g_auto(GStrv) names = cs3_datadir_list(kind);
  if (names[0] == NULL) {
    g_auto(GStrv) dirs = cs3_datadir_search(kind);
    g_autofree char *searched = g_strjoinv(", ", dirs);
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
                "%s preset '%s' not found, nor any other, in %s; set CS3SIM_DATA_DIR",
                kinds[kind].what, name, searched);
    return NULL;
  }
  g_autofree char *hint = cs3_suggestion(name, (const char *const *)names);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND, "unknown %s '%s'%s",
              kinds[kind].what, name, hint);
  return NULL;
}

static void collect(const char *path, const char *suffix, GHashTable *names) {
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  if (dir == NULL)
    return;
  for (const char *file; (file = g_dir_read_name(dir)) != NULL;)
    if (file[0] != '.' && g_str_has_suffix(file, suffix))
      g_hash_table_add(names, g_strndup(file, strlen(file) - strlen(suffix)));
}

static int compare(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **cs3_datadir_list(Cs3DataKind kind) {
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(GStrv) dirs = cs3_datadir_search(kind);
  for (char **dir = dirs; *dir != NULL; dir++)
    collect(*dir, kinds[kind].suffix, names);
  GPtrArray *sorted = g_ptr_array_new();
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init(&iter, names);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    g_ptr_array_add(sorted, g_strdup(name));
  g_ptr_array_sort(sorted, compare);
  g_ptr_array_add(sorted, NULL);
  return (char **)g_ptr_array_free(sorted, FALSE);
}
