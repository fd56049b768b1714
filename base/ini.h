/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An .ini file read strictly: keys are taken one by one, with their line and the comment above
 * them, and what nobody took can be reported. */
#pragma once

#include <glib.h>

typedef struct Cs3Ini Cs3Ini;

/**
 * cs3_ini_load: read @path as a GKeyFile, and refuse what GKeyFile would pass over in silence: a
 * key given twice, translated keys (`key[de]`), empty values, a key before the first group.
 * @label: how messages name the file.
 * Fails with %CS3_CONFIG_ERROR_NOT_FOUND, %CS3_CONFIG_ERROR_SYNTAX or %CS3_CONFIG_ERROR_DUPLICATE.
 */
Cs3Ini *cs3_ini_load(const char *path, const char *label, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_ini_empty: the @n-th [group], from 0, with no key below it. @line: (out): where it stands.
 * Returns: (transfer none) (nullable): %NULL behind the last.
 */
const char *cs3_ini_empty(const Cs3Ini *ini, guint n, guint *line);
void cs3_ini_free(Cs3Ini *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Ini, cs3_ini_free)

/** cs3_ini_take: (transfer none) (nullable): the value of a key, now consumed; %NULL: not given. */
const char *cs3_ini_take(Cs3Ini *ini, const char *group, const char *key);

/** cs3_ini_where: (transfer full): "LABEL:LINE" of a key that the file gives, else "LABEL". */
char *cs3_ini_where(const Cs3Ini *ini, const char *group, const char *key);

/**
 * cs3_ini_comment: the comment above a key. Keys of one paragraph share the comment over them.
 * Returns: (transfer none) (nullable): one line, without '#'; %NULL: no comment or no such key.
 */
const char *cs3_ini_comment(const Cs3Ini *ini, const char *group, const char *key);

/**
 * cs3_ini_left: the first key, in the order of the file, that nobody has taken.
 * @group, @key: (out) (transfer none): set when there is one.
 */
gboolean cs3_ini_left(const Cs3Ini *ini, const char **group, const char **key);
