/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error domain of what the user configures: hardware files, presets, --set, quantities. */
#pragma once

#include <glib.h>

#define CS3_CONFIG_ERROR (cs3_config_error_quark())
GQuark cs3_config_error_quark(void);

typedef enum {
  CS3_CONFIG_ERROR_NOT_FOUND, /* no such preset or file, or it cannot be read */
  CS3_CONFIG_ERROR_SYNTAX,    /* not an .ini file, or not "group.key=value" */
  CS3_CONFIG_ERROR_DUPLICATE, /* the same key twice in one file */
  CS3_CONFIG_ERROR_UNKNOWN,   /* no such group, key or choice */
  CS3_CONFIG_ERROR_VALUE,     /* not a number, or a missing or wrong unit */
  CS3_CONFIG_ERROR_RANGE,     /* a number outside the accepted range */
  CS3_CONFIG_ERROR_MISSING,   /* a parameter that nobody gave a value */
  CS3_CONFIG_ERROR_CYCLE,     /* presets that build on one another in a circle */
  CS3_CONFIG_ERROR_CONFLICT   /* two values that cannot both be true */
} Cs3ConfigError;

/**
 * cs3_config_hide: a file that another file names may be any file, and its content is not for
 * everybody who reads the message. Where @error is about what @file holds (it begins with its
 * name), the place stays and the words go: "FILE:7: is not WHAT; 'COMMAND FILE' says why".
 * @what: "a hardware file"; @command: with which the user can look by himself.
 */
void cs3_config_hide(GError **error, const char *file, const char *what, const char *command);
