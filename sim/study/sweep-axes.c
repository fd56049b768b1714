/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The axes of a sweep: values and ranges read, checked one by one, and combined to points. */
#include "config.h"

#include "sim/study/sweep-axes.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/ini.h"
#include "base/quantity.h"
#include "sim/cli/cli.h"

/* Values of one axis; more is a range that is not meant. */
#define MAX_VALUES 1000000
/* Points of a sweep. */
#define MAX_POINTS G_GUINT64_CONSTANT(1000000000)

/* What @text means on an axis, so that 0.5 and 0.50, 1.2 Tb/s and 1200 Gb/s are one value. */
static Cs3MemoKey meaning_of(const char *key, const Cs3Param *param, double number,
                             const Cs3ScenarioOptions *applied, const Cs3AxisValue *value) {
  if (param != NULL)
    return cs3_memo_key(NULL, &number, sizeof number);
  g_autofree char *text = cs3_setting_text(applied, key);
  return cs3_setting_is_file(key) || text == NULL ? value->identity
                                                  : cs3_memo_key(NULL, text, strlen(text));
}

static void value_clear(gpointer data) {
  g_free(((Cs3AxisValue *)data)->text);
}

static void axis_free(gpointer data) {
  Cs3Axis *axis = data;
  g_free(axis->key);
  g_array_unref(axis->values);
  g_free(axis);
}

Cs3Axes *cs3_axes_new(void) {
  Cs3Axes *axes = g_new0(Cs3Axes, 1);
  axes->axes = g_ptr_array_new_with_free_func(axis_free);
  return axes;
}

void cs3_axes_free(Cs3Axes *axes) {
  if (axes == NULL)
    return;
  g_ptr_array_unref(axes->axes);
  g_free(axes);
}

/* --- values --------------------------------------------------------------------------------- */

static gboolean append_value(Cs3Axis *axis, const Cs3Param *param, const char *text,
                             GError **error) {
  double number = 0;
  Cs3AxisValue value;
  g_auto(Cs3ScenarioOptions) scratch = {0};
  cs3_scenario_options_copy(&scratch, &cs3_scenario_defaults);
  gboolean alone = strcmp(axis->key, "tokens") != 0; /* tokens depend on the sequence length */
  if (param != NULL ? !cs3_param_read(param, text, &number, error)
                    : alone && !cs3_setting_apply(&scratch, axis->key, text, error))
    return FALSE;
  if (!cs3_setting_identity(axis->key, text, &value.identity, error))
    return FALSE;
  value.meaning = meaning_of(axis->key, param, number, &scratch, &value);
  value.text = g_strdup(text);
  g_array_append_val(axis->values, value);
  return TRUE;
}

/* Where the number at the beginning of @text ends, or %NULL when there is none. */
static const char *number_end(const char *text) {
  char *end = NULL;
  (void)g_ascii_strtod(text, &end);
  return end != text && (g_ascii_isdigit(*text) || strchr("+-.", *text) != NULL) ? end : NULL;
}

/* FIRST:LAST:STEP, but not a pattern like 2:4 or block:4x4. */
static char **range_parts(const char *text) {
  char **parts = g_strsplit(text, ":", -1);
  gboolean range = g_strv_length(parts) == 3;
  for (guint i = 0; range && i < 3; i++)
    range = number_end(g_strstrip(parts[i])) != NULL;
  if (range)
    return parts;
  g_strfreev(parts);
  return NULL;
}

/* @part begins with a number; a bare one takes @unit. */
static gboolean read_part(const Cs3Param *param, const char *part, const char *unit, double *value,
                          GError **error) {
  char *end = NULL;
  *value = g_ascii_strtod(part, &end);
  g_autofree char *text = *end == '\0' ? g_strconcat(part, " ", unit, NULL) : g_strdup(part);
  if (param != NULL)
    return cs3_quantity_parse(g_strstrip(text), param->unit, value, error);
  if (*end == '\0' && isfinite(*value))
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE, "'%s' is not a number", part);
  return FALSE;
}

static gboolean bad_range(const char *text, const char *why, GError **error) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "the range '%s' %s; write FIRST:LAST:STEP, as in 0.5:0.9:0.1", text, why);
  return FALSE;
}

static gboolean append_range(Cs3Axis *axis, const Cs3Param *param, const char *text, char **parts,
                             GError **error) {
  double first, last, step;
  const char *unit = g_strchug((char *)number_end(parts[2]));
  if (!read_part(param, parts[0], unit, &first, error) ||
      !read_part(param, parts[1], unit, &last, error) ||
      !read_part(param, parts[2], unit, &step, error))
    return FALSE;
  if (step == 0 || !isfinite(step))
    return bad_range(text, "never ends: its step is 0", error);
  double n = floor((last - first) / step + 1e-9) + 1;
  if (n < 1)
    return bad_range(text, "never ends: its step leads away from the last value", error);
  if (n < 2)
    return bad_range(text, "has one value only: its step, the third number, leads beyond the last",
                     error);
  if (n > MAX_VALUES)
    return bad_range(text, "has more than a million values", error);
  for (guint i = 0; i < (guint)n; i++) {
    /* Free of the rounding that 0.1 + 0.2 shows. */
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(number, sizeof number, "%.12g", first + i * step);
    double value = g_ascii_strtod(number, NULL);
    g_autofree char *item = param != NULL ? cs3_param_format(param, value) : g_strdup(number);
    if (!append_value(axis, param, item, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean append_item(Cs3Axis *axis, const Cs3Param *param, const char *item,
                            GError **error) {
  g_auto(GStrv) parts = range_parts(item);
  if (parts != NULL)
    return append_range(axis, param, item, parts, error);
  if (*item != '\0')
    return append_value(axis, param, item, error);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "a value is empty");
  return FALSE;
}

static gboolean is_known(const Cs3Axes *axes, const char *key) {
  for (guint a = 0; a < axes->axes->len; a++)
    if (strcmp(((const Cs3Axis *)axes->axes->pdata[a])->key, key) == 0)
      return TRUE;
  return FALSE;
}

gboolean cs3_axes_add(Cs3Axes *axes, const char *key, const char *values, const char *where,
                      GError **error) {
  const Cs3Param *param;
  if (!cs3_setting_param(key, &param, error)) {
    g_prefix_error(error, "%s: ", where);
    return FALSE;
  }
  if (is_known(axes, key)) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "%s: %s is an axis twice", where, key);
    return FALSE;
  }
  Cs3Axis *axis = g_new0(Cs3Axis, 1);
  axis->key = g_strdup(key);
  axis->for_dense = cs3_setting_for_dense(key);
  axis->values = g_array_new(FALSE, FALSE, sizeof(Cs3AxisValue));
  g_array_set_clear_func(axis->values, value_clear);
  g_ptr_array_add(axes->axes, axis);
  g_auto(GStrv) items = g_strsplit(values, ",", -1);
  for (char **item = items; *item != NULL; item++)
    if (!append_item(axis, param, g_strstrip(*item), error)) {
      gboolean same = g_str_has_prefix(where, "--") && strcmp(where + 2, key) == 0;
      g_prefix_error(error, same ? "%s: " : "%s: %s: ", where, key);
      return FALSE;
    }
  if (axis->values->len > 0)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "%s: %s has no values", where, key);
  return FALSE;
}

static gboolean add_text(Cs3Axes *axes, const char *text, GError **error) {
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--sweep: '%s' is not KEY=VALUES, as in sparsity=0.5:0.9:0.1", text);
    return FALSE;
  }
  g_autofree char *key = g_strndup(text, (gsize)(equals - text));
  return cs3_axes_add(axes, key, equals + 1, "--sweep", error);
}

/* On the command line itself: what a file or a variable stands for, an axis overrides. */
static gboolean is_given(GHashTable *given, const char *key) {
  gpointer source = NULL;
  return g_hash_table_lookup_extended(given, key, NULL, &source) && source == NULL;
}

static gboolean is_set(const Cs3ScenarioOptions *options, const char *key) {
  gsize n = strlen(key);
  for (char **set = options->set; set != NULL && *set != NULL; set++)
    if (strncmp(*set, key, n) == 0 && (*set)[n] == '=')
      return TRUE;
  return FALSE;
}

gboolean cs3_axes_add_texts(Cs3Axes *axes, char **texts, const Cs3ScenarioOptions *base,
                            GHashTable *given, GError **error) {
  for (char **text = texts; text != NULL && *text != NULL; text++)
    if (!add_text(axes, *text, error))
      return FALSE;
  for (guint a = 0; a < axes->axes->len; a++) {
    const char *key = ((const Cs3Axis *)axes->axes->pdata[a])->key;
    gboolean set = is_set(base, key), tokens = strcmp(key, "tokens") == 0;
    if (!set && !is_given(given, tokens ? "batch" : key))
      continue;
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--%s%s: %s an axis of the sweep; leave one of them out", set ? "set " : "",
                tokens ? "batch" : key, tokens ? "follows from tokens," : "is");
    return FALSE;
  }
  return TRUE;
}

/* --- points --------------------------------------------------------------------------------- */

static const Cs3Axis *axis_at(const Cs3Axes *axes, guint a) {
  return axes->axes->pdata[a];
}

static guint meaning_hash(gconstpointer key) {
  return (guint)((const Cs3MemoKey *)key)->word[0];
}

static gboolean meaning_equal(gconstpointer a, gconstpointer b) {
  return memcmp(a, b, sizeof(Cs3MemoKey)) == 0;
}

/* @n values, or combinations of values: the place of one that an earlier one equals, or @n.
 * @earlier: (out): that one. */
static guint find_repeated(const Cs3MemoKey *meanings, guint n, guint *earlier) {
  g_autoptr(GHashTable) seen = g_hash_table_new(meaning_hash, meaning_equal);
  for (guint i = 0; i < n; i++) {
    const Cs3MemoKey *before = g_hash_table_lookup(seen, &meanings[i]);
    if (before != NULL) {
      *earlier = (guint)(before - meanings);
      return i;
    }
    g_hash_table_insert(seen, (gpointer)&meanings[i], (gpointer)&meanings[i]);
  }
  return n;
}

/* Of one axis, or of zipped ones together. */
static gboolean no_repetition(const Cs3Axes *axes, guint from, guint to, GError **error) {
  guint n = axis_at(axes, from)->values->len, earlier = 0;
  g_autofree Cs3MemoKey *meanings = g_new0(Cs3MemoKey, n);
  for (guint i = 0; i < n; i++)
    for (guint a = from; a < to; a++) {
      const GArray *values = axis_at(axes, a)->values;
      const Cs3MemoKey *meaning = &g_array_index(values, Cs3AxisValue, i).meaning;
      meanings[i] = cs3_memo_key(&meanings[i], meaning, sizeof *meaning);
    }
  guint again = find_repeated(meanings, n, &earlier);
  if (again == n)
    return TRUE;
  const GArray *values = axis_at(axes, from)->values;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "%s%s: value %u, '%s', repeats value %u, '%s': the same point would be run twice; "
              "leave one out",
              to - from > 1 ? "zipped axes from " : "", axis_at(axes, from)->key, again + 1,
              g_array_index(values, Cs3AxisValue, again).text, earlier + 1,
              g_array_index(values, Cs3AxisValue, earlier).text);
  return FALSE;
}

static gboolean count_zipped(const Cs3Axes *axes, guint64 *points, GError **error) {
  const Cs3Axis *first = axis_at(axes, 0);
  *points = first->values->len;
  for (guint a = 1; a < axes->axes->len; a++) {
    const Cs3Axis *axis = axis_at(axes, a);
    if (axis->values->len == first->values->len)
      continue;
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "zipped axes need the same number of values: %s has %u, %s has %u", first->key,
                first->values->len, axis->key, axis->values->len);
    return FALSE;
  }
  return no_repetition(axes, 0, axes->axes->len, error);
}

gboolean cs3_axes_count(const Cs3Axes *axes, guint64 *points, GError **error) {
  if (axes->axes->len == 0) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "the sweep is empty: give a file with [axes], or --sweep sparsity=0.5:0.9:0.1");
    return FALSE;
  }
  if (axes->zip)
    return count_zipped(axes, points, error);
  *points = 1;
  for (guint a = 0; a < axes->axes->len; a++) {
    if (!no_repetition(axes, a, a + 1, error))
      return FALSE;
    *points *= axis_at(axes, a)->values->len;
    if (*points > MAX_POINTS) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "the sweep has more than %" G_GUINT64_FORMAT " points; take fewer values",
                  MAX_POINTS);
      return FALSE;
    }
  }
  return TRUE;
}

const Cs3AxisValue *cs3_axes_value(const Cs3Axes *axes, guint64 point, guint a) {
  guint64 stride = 1;
  for (guint b = a + 1; !axes->zip && b < axes->axes->len; b++)
    stride *= axis_at(axes, b)->values->len;
  const GArray *values = axis_at(axes, a)->values;
  return &g_array_index(values, Cs3AxisValue, point / stride % values->len);
}

char *cs3_axes_describe(const Cs3Axes *axes, guint64 point) {
  GString *text = g_string_new(NULL);
  for (guint a = 0; a < axes->axes->len; a++)
    g_string_append_printf(text, "%s%s=%s", a > 0 ? " " : "", axis_at(axes, a)->key,
                           cs3_axes_value(axes, point, a)->text);
  return g_string_free(text, FALSE);
}

Cs3MemoKey cs3_axes_key(const Cs3Axes *axes, guint64 point, const Cs3MemoKey *base,
                        gboolean dense) {
  Cs3MemoKey key = *base;
  for (guint a = 0; a < axes->axes->len; a++) {
    const Cs3MemoKey *identity = &cs3_axes_value(axes, point, a)->identity;
    if (!dense || axis_at(axes, a)->for_dense)
      key = cs3_memo_key(&key, identity, sizeof *identity);
  }
  return key;
}

Cs3Scenario *cs3_axes_scenario(const Cs3Axes *axes, guint64 point, const Cs3ScenarioOptions *base,
                               Cs3ScenarioOptions *options, GError **error) {
  cs3_scenario_options_copy(options, base);
  /* Tokens last: how many sequences they are depends on model and length. */
  for (int last = 0; last <= 1; last++)
    for (guint a = 0; a < axes->axes->len; a++) {
      const char *key = axis_at(axes, a)->key;
      if ((strcmp(key, "tokens") == 0) == last &&
          !cs3_setting_apply(options, key, cs3_axes_value(axes, point, a)->text, error))
        return NULL;
    }
  options->jobs = 1;
  return cs3_scenario_new(options, error);
}

/* --- files ---------------------------------------------------------------------------------- */

static gboolean take_mode(Cs3Axes *axes, Cs3Ini *ini, const char *path, GError **error) {
  const char *mode = cs3_ini_take(ini, "sweep", "mode");
  if (mode != NULL && strcmp(mode, "cartesian") != 0 && strcmp(mode, "zip") != 0) {
    g_autofree char *where = cs3_ini_where(ini, "sweep", "mode");
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "%s: mode is '%s'; accepted: cartesian, zip", where, mode);
    return FALSE;
  }
  axes->zip = axes->zip || (mode != NULL && strcmp(mode, "zip") == 0);
  return TRUE;
}

static gboolean apply_base(Cs3ScenarioOptions *base, const char *key, const char *value,
                           const char *where, GError **error) {
  if (cs3_setting_apply(base, key, value, error))
    return TRUE;
  g_prefix_error(error, "%s: ", where);
  return FALSE;
}

/* The files that a sweep's file names are not told about: its user may not be its author. */
static gboolean check_files(const char *key, const char *value, GError **error) {
  gboolean model = strcmp(key, "model") == 0;
  if (!model && strcmp(key, "hardware") != 0)
    return TRUE;
  g_auto(GStrv) items = g_strsplit(value, ",", -1);
  for (char **item = items; *item != NULL; item++) {
    GError *problem = NULL;
    Cs3MemoKey identity;
    if (*g_strstrip(*item) == '\0' || cs3_setting_identity(key, *item, &identity, &problem))
      continue;
    cs3_config_hide(&problem, *item, model ? "a network that can be read" : "a hardware file",
                    model ? "cs3sim inspect" : "cs3sim explain --hardware");
    g_propagate_error(error, problem);
    return FALSE;
  }
  return TRUE;
}

static gboolean take_entry(Cs3Axes *axes, Cs3ScenarioOptions *base, Cs3Ini *ini, const char *group,
                           const char *key, GHashTable *given, GError **error) {
  g_autofree char *where = cs3_ini_where(ini, group, key);
  const char *value = cs3_ini_take(ini, group, key);
  gboolean axis = strcmp(group, "axes") == 0;
  if (!axis && strcmp(group, "base") != 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "%s: unknown entry '%s' in [%s]; a sweep file has [sweep] mode, [base] and [axes]",
                where, key, group);
    return FALSE;
  }
  if (axis && cs3_ini_take(ini, "base", key) != NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "%s: %s is an axis, and one value in [base]; leave one of them out", where, key);
    return FALSE;
  }
  /* The command line wins over [base]. */
  if (!axis && ((given != NULL && g_hash_table_contains(given, key)) || is_set(base, key)))
    return TRUE;
  if (check_files(key, value, error))
    return axis ? cs3_axes_add(axes, key, value, where, error)
                : apply_base(base, key, value, where, error);
  g_prefix_error(error, "%s: %s: ", where, key);
  return FALSE;
}

gboolean cs3_axes_load(Cs3Axes *axes, Cs3ScenarioOptions *base, const char *path, GHashTable *given,
                       GError **error) {
  g_autoptr(Cs3Ini) ini = cs3_ini_load(path, path, error);
  if (ini == NULL || !take_mode(axes, ini, path, error))
    return FALSE;
  const char *group, *key;
  while (cs3_ini_left(ini, &group, &key))
    if (!take_entry(axes, base, ini, group, key, given, error))
      return FALSE;
  return TRUE;
}
