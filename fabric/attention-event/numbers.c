/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a place computes of a chunk, in the precisions of the machine: FP16 operands, sums as
 * kernel.acc_precision says. */
#include "config.h"

#include "fabric/attention-event/machine.h"

#include <math.h>

#include "fabric/event/half.h"

static float rounded(const Cs3AttentionEvent *m, float x) {
  return cs3_attention_single(m) ? x : cs3_half_to_float(cs3_half_of_float(x));
}

/* As a factor of a multiply-add. */
static float factor(float x) {
  return cs3_half_to_float(cs3_half_of_float(x));
}

/* FP16 @index of those that begin at @words. */
static float half_at(const guint32 *words, gint64 index) {
  return cs3_half_to_float((guint16)(words[index / 2] >> index % 2 * 16));
}

static float value(const Cs3AttentionEvent *m, Cs3AttentionMatrix what, gint64 job, gint64 head,
                   gint64 token, gint64 feature) {
  return cs3_half_to_float(cs3_attention_value(m, what, job, head, token, feature));
}

/* Half @index of a row's K | V before the pass. */
static guint16 own_half(const Cs3AttentionEvent *m, const Cs3PlaceTokens *keys, gint64 job,
                        gint64 index) {
  const Cs3AttentionShape *s = &m->costs.shape;
  gint64 n = m->costs.chunk_keys, values = index - n * s->head_dim;
  gint64 width = values < 0 ? s->head_dim : s->value_dim, at = values < 0 ? index : values;
  if (at / width >= cs3_place_count(keys) || at >= n * width)
    return 0;
  return cs3_attention_value(m, values < 0 ? CS3_ATTENTION_K : CS3_ATTENTION_V, job, 0,
                             cs3_place_token(keys, at / width), at % width);
}

guint32 cs3_attention_row_word(const Cs3AttentionEvent *m, gint64 place, gint64 job, gint64 chunk,
                               gint64 word) {
  if (word >= m->costs.kv_elements)
    return 0;
  Cs3PlaceTokens keys = cs3_attention_chunk(&m->costs, place, chunk);
  return own_half(m, &keys, job, 2 * word) | (guint32)own_half(m, &keys, job, 2 * word + 1) << 16;
}

static gint64 sum_index(const Cs3AttentionEvent *m, gboolean is_value, gint64 local,
                        gint64 feature) {
  const Cs3AttentionShape *s = &m->costs.shape;
  return is_value ? m->costs.chunk_keys * s->head_dim + local * s->value_dim + feature
                  : local * s->head_dim + feature;
}

float cs3_attention_key_sum(const Cs3AttentionEvent *m, const guint32 *row, gboolean is_value,
                            gint64 local, gint64 feature) {
  const guint32 *sums = row + m->costs.kv_elements;
  gint64 index = sum_index(m, is_value, local, feature);
  return cs3_attention_single(m) ? cs3_float_of_bits(sums[index]) : half_at(sums, index);
}

static void add_to_key(const Cs3AttentionEvent *m, guint32 *row, gboolean is_value, gint64 local,
                       gint64 feature, float add) {
  guint32 *sums = row + m->costs.kv_elements;
  gint64 index = sum_index(m, is_value, local, feature);
  float sum = cs3_attention_key_sum(m, row, is_value, local, feature) + add;
  if (cs3_attention_single(m)) {
    sums[index] = cs3_bits_of_float(sum);
    return;
  }
  guint shift = (guint)(index % 2 * 16);
  sums[index / 2] = (sums[index / 2] & ~(0xffffu << shift)) | (guint32)cs3_half_of_float(sum)
                                                                  << shift;
}

/* One query and head at work on a chunk. */
typedef struct {
  Cs3AttentionEvent *m;
  gint64 job, head, query;
  const Cs3PlaceTokens *keys;
  guint32 *row;
  Cs3QueryState *state;
} Pairs;

/* K or V of key @local: a row's operands lie in the order of its sums. */
static float key_value(const Pairs *p, gboolean is_value, gint64 local, gint64 feature) {
  return half_at(p->row, sum_index(p->m, is_value, local, feature));
}

/* x . k, or x . v, of key @local. */
static float dot(const Pairs *p, Cs3AttentionMatrix what, gint64 local) {
  const Cs3AttentionShape *s = &p->m->costs.shape;
  gboolean is_value = what == CS3_ATTENTION_DO;
  gint64 width = is_value ? s->value_dim : s->head_dim;
  float sum = 0;
  for (gint64 f = 0; f < width; f++)
    sum = rounded(p->m, sum + value(p->m, what, p->job, p->head, p->query, f) *
                                  key_value(p, is_value, local, f));
  return sum;
}

static float score(const Pairs *p, gint64 local) {
  float scale = 1 / sqrtf((float)p->m->costs.shape.head_dim);
  return rounded(p->m, scale * dot(p, CS3_ATTENTION_Q, local));
}

static gboolean seen(const Pairs *p, gint64 local) {
  gint64 key = cs3_place_token(p->keys, local);
  Cs3KeyRange r = cs3_attention_seen(&p->m->costs.shape, p->query);
  return key >= r.lo && key < r.hi;
}

/* Everything so far was relative to a lower maximum. */
static void rescale(const Pairs *p, float most) {
  Cs3QueryState *state = p->state;
  float by = rounded(p->m, expf(state->most - most));
  for (gint64 f = 0; f < p->m->out_width; f++)
    state->out[f] = rounded(p->m, state->out[f] * by);
  state->sum = rounded(p->m, state->sum * by);
  state->most = most;
}

static void add_values(const Pairs *p, gint64 local, float weight) {
  Cs3QueryState *state = p->state;
  state->sum = rounded(p->m, state->sum + weight);
  for (gint64 f = 0; f < p->m->out_width; f++)
    state->out[f] = rounded(p->m, state->out[f] + factor(weight) * key_value(p, TRUE, local, f));
}

static void forward(const Pairs *p) {
  gint64 n = cs3_place_count(p->keys);
  float *scores = p->m->scores, most = -INFINITY;
  for (gint64 l = 0; l < n; l++) {
    scores[l] = seen(p, l) ? score(p, l) : -INFINITY;
    most = MAX(most, scores[l]);
  }
  if (most == -INFINITY)
    return;
  if (most > p->state->most)
    rescale(p, most);
  for (gint64 l = 0; l < n; l++)
    if (scores[l] > -INFINITY)
      add_values(p, l, rounded(p->m, expf(rounded(p->m, scores[l] - p->state->most))));
}

static void backward_pair(const Pairs *p, gint64 local) {
  Cs3AttentionEvent *m = p->m;
  const Cs3AttentionShape *s = &m->costs.shape;
  float weight = rounded(m, expf(rounded(m, score(p, local) - p->state->most)));
  float away = rounded(m, dot(p, CS3_ATTENTION_DO, local) - p->state->sum);
  float gradient = rounded(m, rounded(m, weight * away) / sqrtf((float)s->head_dim));
  for (gint64 f = 0; f < s->value_dim; f++)
    add_to_key(m, p->row, TRUE, local, f,
               factor(weight) * value(m, CS3_ATTENTION_DO, p->job, p->head, p->query, f));
  for (gint64 f = 0; f < s->head_dim; f++) {
    p->state->out[f] =
        rounded(m, p->state->out[f] + factor(gradient) * key_value(p, FALSE, local, f));
    add_to_key(m, p->row, FALSE, local, f,
               factor(gradient) * value(m, CS3_ATTENTION_Q, p->job, p->head, p->query, f));
  }
}

static void backward(const Pairs *p) {
  for (gint64 l = 0; l < cs3_place_count(p->keys); l++)
    if (seen(p, l))
      backward_pair(p, l);
}

/* Scores that are computed, seen or not. */
static gint64 computed(const Pairs *p) {
  Cs3KeyRange r = cs3_attention_computed(&p->m->costs.shape, p->query);
  gint64 n = 0;
  for (gint64 l = 0; l < cs3_place_count(p->keys); l++) {
    gint64 key = cs3_place_token(p->keys, l);
    n += key >= r.lo && key < r.hi;
  }
  return n;
}

static gint64 head_of(const Cs3AttentionEvent *m, gint64 state) {
  return state % m->costs.group;
}

static gint64 query_of(const Cs3AttentionEvent *m, const Cs3PlaceData *d, gint64 state) {
  return cs3_place_token(&d->queries, state / m->costs.group);
}

void cs3_attention_compute(Cs3AttentionEvent *m, Cs3PlaceData *d, gint64 job, gint64 visit,
                           guint32 *row) {
  const Cs3AttentionCosts *c = &m->costs;
  Cs3PlaceTokens keys =
      cs3_attention_chunk(c, cs3_attention_tile_of(c, d->place, visit), visit % c->chunks);
  for (gint64 i = 0; i < d->n_queries; i++) {
    Pairs p = {m, job, head_of(m, i), query_of(m, d, i), &keys, row, &d->state[i]};
    m->pairs += computed(&p);
    if (c->shape.backward)
      backward(&p);
    else
      forward(&p);
  }
}

void cs3_attention_begin_job(const Cs3AttentionEvent *m, Cs3PlaceData *d, gint64 job) {
  for (gint64 i = 0; i < d->n_queries; i++) {
    Cs3QueryState *state = &d->state[i];
    gint64 index = cs3_attention_query_index(m, job, head_of(m, i), query_of(m, d, i));
    state->most = m->costs.shape.backward ? rounded(m, m->statistics[2 * index]) : -INFINITY;
    state->sum = m->costs.shape.backward ? rounded(m, m->statistics[2 * index + 1]) : 0;
    for (gint64 f = 0; f < m->out_width; f++)
      state->out[f] = 0;
  }
}

/* A row of sums: by state its maximum and sum (forward), then its outputs, in FP32 or two FP16 a
 * word. */
static gint64 words_of_state(const Cs3AttentionEvent *m) {
  return m->costs.merge_elements / (m->costs.queries.most * m->costs.group);
}

static void put_state(const Cs3AttentionEvent *m, const Cs3QueryState *state, guint32 *words) {
  if (!m->costs.shape.backward) {
    *words++ = cs3_bits_of_float(state->most);
    *words++ = cs3_bits_of_float(state->sum);
  }
  for (gint64 f = 0; f < m->out_width; f++)
    if (cs3_attention_single(m))
      words[f] = cs3_bits_of_float(state->out[f]);
    else if (f % 2 == 0)
      words[f / 2] = cs3_half_of_float(state->out[f]);
    else
      words[f / 2] |= (guint32)cs3_half_of_float(state->out[f]) << 16;
}

static float out_of(const Cs3AttentionEvent *m, const guint32 *words, gint64 feature) {
  return cs3_attention_single(m) ? cs3_float_of_bits(words[feature]) : half_at(words, feature);
}

/* Both to the larger maximum, then added; a line of whose keys the query sees none has nothing. */
static void take_state(const Cs3AttentionEvent *m, Cs3QueryState *state, const guint32 *words) {
  float own = 1, other = 1;
  if (!m->costs.shape.backward) {
    float most = cs3_float_of_bits(words[0]), sum = cs3_float_of_bits(words[1]);
    float both = MAX(state->most, most);
    own = state->most == -INFINITY ? 0 : rounded(m, expf(state->most - both));
    other = most == -INFINITY ? 0 : rounded(m, expf(most - both));
    state->sum = rounded(m, rounded(m, state->sum * own) + rounded(m, sum * other));
    state->most = both;
    words += 2;
  }
  for (gint64 f = 0; f < m->out_width; f++)
    state->out[f] =
        rounded(m, rounded(m, state->out[f] * own) + rounded(m, out_of(m, words, f) * other));
}

void cs3_attention_merge(const Cs3AttentionEvent *m, Cs3PlaceData *d, const guint32 *in,
                         guint32 *out) {
  gint64 words = words_of_state(m);
  for (gint64 i = 0; i < d->n_queries; i++) {
    if (in != NULL)
      take_state(m, &d->state[i], in + i * words);
    if (out != NULL)
      put_state(m, &d->state[i], out + i * words);
  }
}

void cs3_attention_end_job(Cs3AttentionEvent *m, const Cs3PlaceData *d, gint64 job) {
  for (gint64 i = 0; i < d->n_queries; i++) {
    const Cs3QueryState *state = &d->state[i];
    gint64 index = cs3_attention_query_index(m, job, head_of(m, i), query_of(m, d, i));
    float by = m->costs.shape.backward ? 1 : rounded(m, 1 / state->sum);
    for (gint64 f = 0; f < m->out_width; f++)
      m->out[index * m->out_width + f] = factor(state->out[f] * by);
  }
}
