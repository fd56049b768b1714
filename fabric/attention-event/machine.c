/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention on the event fabric: geometry, what lies where, running. */
#include "config.h"

#include "fabric/attention-event/machine.h"

#include "fabric/event/values.h"
#include "fabric/fabric-error.h"

void cs3_attention_seat(const Cs3AttentionEvent *m, gint64 position, guint *x, guint *y) {
  guint along = (guint)position % m->width;
  *y = (guint)position / m->width;
  gboolean snake = m->config.mapping.algorithm != CS3_ATTENTION_GRID;
  *x = !snake || *y % 2 == 0 ? along : m->width - 1 - along;
}

guint16 cs3_attention_value(const Cs3AttentionEvent *m, Cs3AttentionMatrix what, gint64 job,
                            gint64 head, gint64 token, gint64 feature) {
  guint64 row = cs3_mix(m->key[what] + (guint64)cs3_attention_query_index(m, job, head, 0));
  return cs3_uniform_half(cs3_mix(cs3_mix(row + (guint64)token) + (guint64)feature));
}

/* Memory. Forward: the own rows of all jobs, then the buffers (gather: for all rows). Backward: the
 * own rows, in which rows that come in take the places of those that have left, and one more. */
static void lay_out(Cs3AttentionEvent *m) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 own = c->jobs * c->chunks, extra = c->shape.backward ? 1 : c->buffers;
  m->row_words = (guint)c->elements;
  m->sums_word = (guint)((own + (c->places > 1 ? extra : 0)) * c->elements);
  m->memory_words = m->sums_word + (guint)(2 * c->merge_elements);
  m->spare = g_new(gint64, c->jobs + 1);
  m->spare[0] = own;
  for (gint64 job = 0; job < c->jobs; job++) {
    gint64 last = (c->visits - 1) % (c->chunks + 1);
    m->spare[job + 1] = last == c->chunks ? m->spare[job] : job * c->chunks + last;
  }
}

static gint64 slot_index(const Cs3AttentionEvent *m, gint64 job, gint64 visit) {
  const Cs3AttentionCosts *c = &m->costs;
  if (c->mapping.algorithm == CS3_ATTENTION_GATHER && c->places > 1)
    return c->jobs * c->chunks + (job * c->rows + visit) % c->buffers;
  if (!c->shape.backward && visit < c->chunks)
    return job * c->chunks + visit;
  if (!c->shape.backward)
    return c->jobs * c->chunks + (job * c->rows + visit - c->chunks) % c->buffers;
  gint64 turn = visit % (c->chunks + 1);
  return turn == c->chunks ? m->spare[job] : job * c->chunks + turn;
}

guint cs3_attention_slot(const Cs3AttentionEvent *m, gint64 job, gint64 visit) {
  return (guint)slot_index(m, job, visit) * m->row_words;
}

/* Before the pass: K and V of the own rows, sums of zero. */
static guint32 memory(gpointer user, guint x, guint y, guint word) {
  const Cs3AttentionEvent *m = user;
  const Cs3AttentionCosts *c = &m->costs;
  gint64 row = word / m->row_words;
  if (row >= c->jobs * c->chunks)
    return 0;
  return cs3_attention_row_word(m, m->place[x * m->height + y].place, row / c->chunks,
                                row % c->chunks, word % m->row_words);
}

static void make_place(Cs3AttentionEvent *m, Cs3PlaceData *d, gint64 place) {
  const Cs3AttentionCosts *c = &m->costs;
  d->place = place;
  d->queries = cs3_attention_queries(c, place);
  d->n_queries = cs3_place_count(&d->queries) * c->group;
  d->state = g_new0(Cs3QueryState, d->n_queries);
  d->sums = g_new0(float, d->n_queries * m->out_width);
  for (gint64 i = 0; i < d->n_queries; i++)
    d->state[i].out = d->sums + i * m->out_width;
}

static void make_places(Cs3AttentionEvent *m) {
  const Cs3AttentionCosts *c = &m->costs;
  m->place = g_new0(Cs3PlaceData, (gsize)m->width * m->height);
  for (gint64 place = 0; place < cs3_attention_all_places(c); place++) {
    guint x, y;
    cs3_attention_seat(m, cs3_attention_position(c, place), &x, &y);
    make_place(m, &m->place[x * m->height + y], place);
  }
}

static const Cs3AttentionProgram *program_of(const Cs3AttentionEvent *m) {
#define ROW(ID, name, text) [CS3_ATTENTION_##ID] = &cs3_attention_event_##name,
  static const Cs3AttentionProgram *const table[] = {CS3_ATTENTION_ALGORITHMS(ROW)};
#undef ROW
  return table[m->config.mapping.algorithm];
}

static gboolean set_roles(Cs3AttentionEvent *m, GError **error) {
  const Cs3AttentionCosts *c = &m->costs;
  for (gint64 place = 0; place < cs3_attention_all_places(c); place++) {
    Cs3Role role;
    guint x, y, id;
    cs3_role_clear(&role);
    role.memory_bytes = 4 * m->memory_words;
    role.init = memory;
    program_of(m)->role(m, place, &role);
    cs3_attention_seat(m, cs3_attention_position(c, place), &x, &y);
    if (!cs3_fabric_add_role(m->fabric, &role, &id, error))
      return FALSE;
    cs3_fabric_set_role(m->fabric, x, y, id);
  }
  return TRUE;
}

static void make_numbers(Cs3AttentionEvent *m) {
  const Cs3AttentionShape *s = &m->costs.shape;
  gint64 queries = cs3_attention_query_index(m, m->costs.jobs, 0, 0);
  for (guint64 what = 0; what < CS3_ATTENTION_N_MATRICES; what++)
    m->key[what] = cs3_matrix_key(m->config.seed, what);
  m->out_width = s->backward ? s->head_dim : s->value_dim;
  m->scores = g_new(float, m->costs.chunk_keys);
  m->out = g_new0(float, queries * m->out_width);
  if (!s->backward)
    return;
  m->statistics = g_new0(float, 2 * queries);
  cs3_attention_plain_statistics(m);
}

Cs3AttentionEvent *cs3_attention_event_new(const Cs3AttentionEventConfig *config, GError **error) {
  g_autoptr(Cs3AttentionEvent) m = g_new0(Cs3AttentionEvent, 1);
  m->config = *config;
  cs3_attention_costs(config->hw, &config->shape, &config->mapping, &m->costs);
  if (!cs3_event_timing_init(&m->timing, config->hw, error))
    return NULL;
  m->timing.task_start = 0; /* kernel.control says what a visit costs */
  m->width = (guint)MIN(m->costs.columns, m->costs.places);
  m->height = (guint)((cs3_attention_all_places(&m->costs) + m->width - 1) / m->width);
  m->total = m->costs.jobs * m->costs.visits;
  make_numbers(m);
  lay_out(m);
  make_places(m);
  m->fabric = cs3_fabric_new(m->width, m->height, &m->timing, m, error);
  if (m->fabric == NULL)
    return NULL;
  if (config->singles)
    cs3_fabric_set_trains(m->fabric, FALSE);
  cs3_fabric_set_data(m->fabric, m->place, sizeof *m->place);
  if (!set_roles(m, error))
    return NULL;
  cs3_fabric_load(m->fabric);
  return g_steal_pointer(&m);
}

void cs3_attention_event_free(Cs3AttentionEvent *m) {
  for (gsize i = 0; m->place != NULL && i < (gsize)m->width * m->height; i++) {
    g_free(m->place[i].state);
    g_free(m->place[i].sums);
  }
  g_free(m->place);
  g_free(m->spare);
  g_free(m->out);
  g_free(m->scores);
  g_free(m->statistics);
  g_clear_pointer(&m->fabric, cs3_fabric_free);
  g_free(m);
}

Cs3Fabric *cs3_attention_event_fabric(Cs3AttentionEvent *m) {
  return m->fabric;
}

void cs3_attention_event_size(const Cs3AttentionEvent *m, guint *width, guint *height) {
  *width = m->width;
  *height = m->height;
}

static gboolean all_done(const Cs3AttentionEvent *m, GError **error) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 done = 0, merges = c->parts > 1 ? c->jobs : 0;
  gint64 all = (m->total + merges) * cs3_attention_all_places(c);
  for (gsize i = 0; i < (gsize)m->width * m->height; i++)
    done += m->place[i].visited + m->place[i].merged;
  if (done == all)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_DEADLOCK,
              "attention stands still: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
              " visits were made",
              done, all);
  return FALSE;
}

gboolean cs3_attention_event_run(Cs3AttentionEvent *m, Cs3AttentionEventResult *result,
                                 GError **error) {
  *result = (Cs3AttentionEventResult){0};
  if (!cs3_fabric_run(m->fabric, error) || !all_done(m, error))
    return FALSE;
  cs3_fabric_stats(m->fabric, &result->stats);
  result->cycles = (gint64)result->stats.cycles;
  result->pairs = m->pairs;
  return TRUE;
}
