/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers of one stack that see all tokens or only a window of them. */
#pragma once

#include "workloads/family.h"

enum { CS3_LAYER_FULL, CS3_LAYER_WINDOW };

/** cs3_layer_kind_names: "full", "window"; for Cs3Stack.kinds. cs3_layer_kind: for Cs3Stack.kind,
 * of a config that begins with Cs3Dims. */
extern const char *const cs3_layer_kind_names[];
int cs3_layer_kind(gconstpointer config, gint64 layer);

/**
 * cs3_layer_kinds_from, cs3_layer_kinds_every: fill the kinds of @d: by the file's `layer_types`
 * where it has it; otherwise windows from layer @first on, or everywhere but in every @period-th
 * layer. Without a window (@d) all layers see all tokens. Fails with CS3_WORKLOAD_ERROR_DATA when
 * `layer_types` is malformed or names another kind.
 */
gboolean cs3_layer_kinds_from(Cs3Dims *d, gint64 first, json_t *object, const char *source,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean cs3_layer_kinds_every(Cs3Dims *d, gint64 period, json_t *object, const char *source,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
