/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Documents that are packed into sequences, as sequences of their own. */
#include "config.h"

#include "fabric/attention/attention.h"
#include "fabric/fabric-error.h"

const char *cs3_documents_name(Cs3Documents documents) {
  static const char *const names[] = {"auto", "within", "apart"};
  return names[documents];
}

/* Whether documents can be sequences. */
static gboolean divide(const Cs3AttentionShape *s) {
  return cs3_attention_documents_fill(s->document, s->keys, s->tile) && s->queries == s->keys &&
         s->sequences <= CS3_ATTENTION_MOST_SEQUENCES / (s->keys / s->document);
}

static Cs3AttentionShape apart(const Cs3AttentionShape *s) {
  Cs3AttentionShape shape = *s;
  shape.sequences *= s->keys / s->document;
  shape.queries = shape.keys = s->document;
  shape.document = 0;
  shape.window = cs3_attention_window_binds(s->causal, s->window, s->document) ? s->window : 0;
  return shape;
}

/* Without what hides nothing. */
static Cs3AttentionShape within(const Cs3AttentionShape *s) {
  Cs3AttentionShape shape = *s;
  if (s->queries == s->keys && s->window <= (s->causal ? 1 : 2) * s->keys &&
      !cs3_attention_window_binds(s->causal, s->window, s->keys))
    shape.window = 0;
  shape.document = s->document == s->keys ? 0 : s->document;
  return shape;
}

guint cs3_attention_shapes(const Cs3AttentionShape *shape, const Cs3AttentionForce *force,
                           Cs3AttentionShape shapes[2], GError **error) {
  gboolean possible = divide(shape);
  guint n = 0;
  if (force->documents == CS3_DOCUMENTS_APART && !possible && shape->document > 0) {
    gboolean fill = shape->keys % shape->document == 0;
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "documents of %" G_GINT64_FORMAT " tokens cannot be apart: %s %" G_GINT64_FORMAT
                "%s",
                shape->document,
                fill ? "they are no whole number of tiles of" : "they do not fill a sequence of",
                fill ? shape->tile : shape->keys, fill ? " tokens" : "");
    return 0;
  }
  if (force->documents != CS3_DOCUMENTS_APART || shape->document == 0)
    shapes[n++] = within(shape);
  if (force->documents != CS3_DOCUMENTS_WITHIN && possible)
    shapes[n++] = apart(shape);
  return n;
}
