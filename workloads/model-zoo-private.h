/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of parts of a parameter file of the Model Zoo share. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Models that are read; gpt3 is a gpt2. */
typedef enum { CS3_ZOO_GPT2, CS3_ZOO_GPTJ, CS3_ZOO_LLAMA, CS3_ZOO_NONE } Cs3ZooFamily;

typedef struct {
  const char *shown;          /* the file's name, for messages */
  const json_t *root, *model; /* the document, and what of it is the model */
  GPtrArray *idle;            /* (nullable) (element-type utf8): keys that nothing depends on */
} Cs3Zoo;

/** cs3_zoo_fail: sets @error, CS3_WORKLOAD_ERROR_DATA with the file's name before the text.
 * Returns: FALSE. */
gboolean cs3_zoo_fail(const Cs3Zoo *zoo, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_zoo_text: (transfer full): a text as it is, any other @value as JSON. */
char *cs3_zoo_text(const json_t *value);

/** cs3_zoo_at: (nullable): the value at @path, "trainer.init.model", in @value. null is none. */
const json_t *cs3_zoo_at(const json_t *value, const char *path);

/** cs3_zoo_lists: whether one of @n @patterns is @key; one with a * at its head is its end. */
gboolean cs3_zoo_lists(const char *const *patterns, guint n, const char *key);

/** cs3_zoo_idle: notes @key of @section as one that nothing simulated depends on. */
void cs3_zoo_idle(const Cs3Zoo *zoo, const char *section, const char *key);

/**
 * cs3_zoo_config: the model of @zoo as a Hugging Face config. Returns: (transfer full) (nullable);
 * errors as those of cs3_model_zoo_config().
 */
json_t *cs3_zoo_config(const Cs3Zoo *zoo, GError **error) G_GNUC_WARN_UNUSED_RESULT;
