/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of model presets as people write them: with owner, in any case, with or without dashes. */
#pragma once

#include <glib.h>

/**
 * cs3_model_preset: the preset that @text names: by its own name or one of the "_names" that its
 * file gives; an owner in front ("meta-llama/"), case, separators and a tail that leaves the shapes
 * as they are ("-hf", "-chat") do not matter.
 * Returns: (transfer full) (nullable): %NULL: none.
 */
char *cs3_model_preset(const char *text);

/** cs3_model_unknown: fails with the preset that @text most likely means, and all there are. */
void cs3_model_unknown(const char *text, GError **error);
