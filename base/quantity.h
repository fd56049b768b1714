/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with units, as text: "1.1 GHz", "48 KiB", "1.2 Tb/s". Never depends on the locale. */
#pragma once

#include <glib.h>

#include "base/param.h"

/**
 * cs3_quantity_parse: read a number with its unit.
 * A number is digits with an optional fraction and decimal exponent; the unit follows with or
 * without a space. Decimal prefixes n u m k M G T P E as the unit allows; Ki Mi Gi Ti Pi Ei for
 * bytes only. %CS3_UNIT_NONE takes a bare number, %CS3_UNIT_CYCLES a bare number or "N cycles",
 * every other unit must be written. The value is the double nearest to the decimal text.
 * @value: in the base unit: hertz, bytes, bits/s, bytes/s, seconds, watts, parameters/s.
 * Fails with %CS3_CONFIG_ERROR_VALUE: no number, a missing or wrong unit, anything behind it,
 * hexadecimal, infinity, NaN, overflow, underflow.
 */
gboolean cs3_quantity_parse(const char *text, Cs3Unit unit, double *value,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_quantity_format: @value in the shortest form that cs3_quantity_parse() reads back to exactly
 * the same double, with the prefix that suits its size.
 * @value: finite, in the base unit.
 * Returns: (transfer full).
 */
char *cs3_quantity_format(double value, Cs3Unit unit);

/** cs3_quantity_unit: (transfer none): "Hz", "B", "b/s", ...; "" for %CS3_UNIT_NONE. */
const char *cs3_quantity_unit(Cs3Unit unit);

/** cs3_quantity_example: (transfer none): how such a value is written, "1.1 GHz". */
const char *cs3_quantity_example(Cs3Unit unit);

/** cs3_number_text: (transfer full): the shortest text of 15 digits or more that reads back as
 * @value, a finite number. */
char *cs3_number_text(double value);

/** cs3_percent: whether @text is a percentage ("70%", "12.5 %"); @value: (out): its share. */
gboolean cs3_percent(const char *text, double *value);

/**
 * cs3_number_hint: how to write the number that @text, which was refused, probably means: "70"
 * where a @share is wanted, "4k", "80B". Returns: (transfer full): "; write 4000 or 4096", or ""
 * when it is no such number.
 */
char *cs3_number_hint(const char *text, gboolean share);
