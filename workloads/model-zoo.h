/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameter files of the Cerebras Model Zoo (params_*.yaml), in the layout with a trainer and in
 * the one before. Source of the names: github.com/Cerebras/modelzoo, the configs of gpt3, gptj and
 * llama. */
#pragma once

#include <glib.h>

/** cs3_is_model_zoo: whether @path is named like such a file: .yaml, .yml. */
gboolean cs3_is_model_zoo(const char *path);

/**
 * cs3_model_zoo_config: the model of a parameter file as a Hugging Face config.json.
 * @shown: the file's name, for messages.
 * Returns: (transfer full) (nullable): JSON. Fails with CS3_WORKLOAD_ERROR_DATA:
 * cs3_yaml_parse()'s, a model that is none of gpt2, gpt3, gptj and llama, a key that is missing,
 * that is not known to change nothing, or whose value (left out: the Model Zoo's default) is not
 * what the family has.
 */
char *cs3_model_zoo_config(const char *text, gsize n, const char *shown,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_model_zoo_options: what a parameter file @path says of the step besides its model, as options
 * of the command line: --model (the file), --batch, --seq, --systems, --sparsity,
 * --map=micro-batch.
 * @words: (element-type utf8): appended to.
 * @idle: (out) (transfer full) (nullable): the keys of the file that nothing simulated depends on,
 * by section, as a reader is told of them.
 * Fails as cs3_model_zoo_config() does, also for sparsity that is no single share of the linear
 * layers, and for sections, callbacks and optimizers that are not known to change nothing.
 */
gboolean cs3_model_zoo_options(const char *path, GPtrArray *words, char **idle,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
