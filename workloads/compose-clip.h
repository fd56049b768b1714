/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CLIP's towers. */
#pragma once

#include "workloads/compose-vision.h"

extern const Cs3Field cs3_clip_text_fields[], cs3_clip_vision_fields[];
extern const char *const cs3_clip_harmless[];

/** cs3_clip_text_defaults: values of keys that a text tower may leave out. */
void cs3_clip_text_defaults(gpointer config);
/** cs3_clip_vision_defaults: values of keys that a vision tower may leave out. */
void cs3_clip_vision_defaults(gpointer config);

/** cs3_clip_text, cs3_clip_vision: a tower under @prefix ("text_model.") in segments called @name
 * ("text.") and so on. Returns: its hidden states behind the final norm; the segment is open. */
Cs3Act cs3_clip_text(Cs3Builder *b, const Cs3Dims *d, const char *prefix, const char *name);
Cs3Act cs3_clip_vision(Cs3Builder *b, const Cs3Vision *c, const char *prefix, const char *name);
