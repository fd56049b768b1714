/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers of one stack that see all tokens or only a window of them. */
#include "config.h"

#include "workloads/layer-kinds.h"

#include "workloads/workload-error.h"

const char *const cs3_layer_kind_names[] = {"full", "window", NULL};

int cs3_layer_kind(gconstpointer config, gint64 layer) {
  const Cs3Dims *d = config;
  return d->kinds ? d->kinds[layer] : CS3_LAYER_FULL;
}

static gboolean read_type(json_t *type, guint8 *kind) {
  static const struct {
    const char *name;
    guint8 kind;
  } names[] = {{"full_attention", CS3_LAYER_FULL},
               {"attention", CS3_LAYER_FULL},
               {"global", CS3_LAYER_FULL},
               {"sliding_attention", CS3_LAYER_WINDOW},
               {"local", CS3_LAYER_WINDOW}};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_strcmp0(json_string_value(type), names[i].name) == 0) {
      *kind = names[i].kind;
      return TRUE;
    }
  return FALSE;
}

/* TRUE: read, or there is none. */
static gboolean read_types(Cs3Dims *d, json_t *object, const char *source, gboolean *found,
                           GError **error) {
  json_t *types = json_object_get(object, "layer_types");
  if (!types)
    types = json_object_get(object, "attention_layers");
  *found = types && !json_is_null(types);
  if (!*found)
    return TRUE;
  if (!json_is_array(types) || (gint64)json_array_size(types) != d->layers) {
    g_set_error(
        error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
        "%s: layer_types: expected a list of %" G_GINT64_FORMAT " names, one a layer; got %s"
        " of %zu",
        source, d->layers, json_is_array(types) ? "one" : "something else", json_array_size(types));
    return FALSE;
  }
  for (gint64 i = 0; i < d->layers; i++)
    if (!read_type(json_array_get(types, (gsize)i), &d->kinds[i]))
      return cs3_config_fail(error, source, "layer_types", json_array_get(types, (gsize)i),
                             "\"full_attention\" or \"sliding_attention\"");
  return TRUE;
}

/* A window that no layer has is none of the model's. */
static void drop_unused_window(Cs3Dims *d) {
  gboolean windowed = FALSE;
  for (gint64 i = 0; i < d->layers; i++) {
    if (d->window == 0)
      d->kinds[i] = CS3_LAYER_FULL;
    windowed = windowed || d->kinds[i] == CS3_LAYER_WINDOW;
  }
  if (!windowed)
    d->window = 0;
}

gboolean cs3_layer_kinds_from(Cs3Dims *d, gint64 first, json_t *object, const char *source,
                              GError **error) {
  gboolean found;
  d->kinds = g_new0(guint8, d->layers);
  if (!read_types(d, object, source, &found, error))
    return FALSE;
  for (gint64 i = first; !found && i < d->layers; i++)
    d->kinds[i] = CS3_LAYER_WINDOW;
  drop_unused_window(d);
  return TRUE;
}

gboolean cs3_layer_kinds_every(Cs3Dims *d, gint64 period, json_t *object, const char *source,
                               GError **error) {
  gboolean found;
  d->kinds = g_new0(guint8, d->layers);
  if (!read_types(d, object, source, &found, error))
    return FALSE;
  for (gint64 i = 0; !found && i < d->layers; i++)
    d->kinds[i] = (i + 1) % period != 0 ? CS3_LAYER_WINDOW : CS3_LAYER_FULL;
  drop_unused_window(d);
  return TRUE;
}
