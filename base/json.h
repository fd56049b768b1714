/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON of our own making. */
#pragma once

#include <jansson.h>

/**
 * cs3_json_pack: json_pack() of what the program itself has worked out. A format that does not go
 * with its values, or a number that is not finite, is a mistake in cs3sim and ends it with one line
 * and status 70 (EX_SOFTWARE): a record never silently lacks a member. Returns: (transfer full).
 */
json_t *cs3_json_pack(const char *format, ...);
