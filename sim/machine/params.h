/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading, setting and printing the members of any struct that a parameter table describes. */
#pragma once

#include <glib.h>

#include "base/ini.h"
#include "base/param.h"

/* A table and the struct it describes; lists of them end with a NULL table. */
typedef struct {
  const Cs3ParamTable *table;
  void *base;
} Cs3ParamBinding;

/** cs3_param_name: (transfer full): "group.key". */
char *cs3_param_name(const Cs3Param *param);

/** cs3_param_readers: (transfer full): the commands that param->readers, which is not %NULL, names:
 * "fabric, layer --fidelity event, plot". */
char *cs3_param_readers(const Cs3Param *param);

/** cs3_param_get: the member's value in its base unit; the index of an enum's choice. */
double cs3_param_get(const Cs3Param *param, const void *base);

/**
 * cs3_param_check: whether @value may be given to @param.
 * Fails with %CS3_CONFIG_ERROR_RANGE (outside min..max) or %CS3_CONFIG_ERROR_VALUE (a fraction
 * where the parameter counts, not finite).
 */
gboolean cs3_param_check(const Cs3Param *param, double value,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_param_set: give the member @value (base unit), which must pass cs3_param_check(). */
gboolean cs3_param_set(const Cs3Param *param, void *base, double value,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_param_read: the value that @text stands for, checked: a quantity with its unit, or the name
 * of a choice. Fails as cs3_param_check() and cs3_quantity_parse() do, and with
 * %CS3_CONFIG_ERROR_UNKNOWN for a choice that does not exist.
 */
gboolean cs3_param_read(const Cs3Param *param, const char *text, double *value,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_param_format: (transfer full): @value as cs3_param_read() takes it. */
char *cs3_param_format(const Cs3Param *param, double value);

/** cs3_param_format_range: (transfer full): "LOW .. HIGH", or the names of the choices
 * from one to the other. */
char *cs3_param_format_range(const Cs3Param *param, double low, double high);

/** cs3_param_uncertain: whether the table gives a plausible range to sample. */
gboolean cs3_param_uncertain(const Cs3Param *param);

/** cs3_evidence_name: (transfer none): "vendor", "measured", "derived", "disputed", "unpublished".
 */
const char *cs3_evidence_name(Cs3Evidence evidence);

/**
 * cs3_params_find: the row of a parameter and the binding it belongs to.
 * @binding: (out) (optional).
 * Returns: (transfer none) (nullable): %NULL when there is none; no error is set.
 */
const Cs3Param *cs3_params_find(const Cs3ParamBinding *bindings, const char *group, const char *key,
                                const Cs3ParamBinding **binding);

/**
 * cs3_params_find_name: the same by "group.key".
 * Fails with %CS3_CONFIG_ERROR_UNKNOWN and the nearest known name.
 */
const Cs3Param *cs3_params_find_name(const Cs3ParamBinding *bindings, const char *name,
                                     const Cs3ParamBinding **binding,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_params_has_group: whether any parameter stands in [@group]. */
gboolean cs3_params_has_group(const Cs3ParamBinding *bindings, const char *group);

/**
 * cs3_params_unknown: the text of a complaint about a parameter that does not exist: "unknown key
 * 'clok' in [wafer]; did you mean clock?". Looks for the key in other groups too.
 * @group: (nullable): %NULL when the user gave one word only.
 * Returns: (transfer full).
 */
char *cs3_params_unknown(const Cs3ParamBinding *bindings, const char *group, const char *key);

/**
 * cs3_params_take: every parameter of @table from @ini into @object: none may lack, and nothing
 * else may be left in @ini. Errors: CS3_CONFIG_ERROR_MISSING, those of cs3_param_read() and
 * cs3_param_set(), CS3_CONFIG_ERROR_UNKNOWN, each with its place in the file.
 */
gboolean cs3_params_take(const Cs3ParamTable *table, gpointer object, Cs3Ini *ini,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
