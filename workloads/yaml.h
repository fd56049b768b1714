/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML files as JSON documents, by libyaml. */
#pragma once

#include <glib.h>
#include <jansson.h>

/**
 * cs3_yaml_parse: the one document that @n bytes of @text hold. Plain scalars are what YAML 1.2's
 * core schema says (null, true, integers, decimals with a point or exponent); quoted ones are
 * texts. Aliases are copies.
 * @shown: the file's name, for messages.
 * Returns: (transfer full) (nullable). Fails with %CS3_WORKLOAD_ERROR_DATA, file:line: bad syntax,
 * several documents, a key twice, a key that is no scalar, merging (<<), tags;
 * %CS3_WORKLOAD_ERROR_TOO_LARGE: more than 100,000 values (aliases counted as often as they stand),
 * or 64 levels.
 */
json_t *cs3_yaml_parse(const char *text, gsize n, const char *shown,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
