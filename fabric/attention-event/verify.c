/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plain attention in double precision, and how far the machine may be from it: every addition may
 * be off by half a unit of what was summed so far, every factor by that of FP16. */
#include "config.h"

#include <math.h>

#include "fabric/attention-event/machine.h"
#include "fabric/event/half.h"

static const double half_unit = 0x1p-11, least_half = 0x1p-24;

/* One query head of a job: maps of queries x keys. */
typedef struct {
  const Cs3AttentionEvent *m;
  const Cs3AttentionShape *s;
  gint64 job, head;
  double unit; /* of a sum */
  double scale;
  double *weight;     /* P */
  double *weight_off; /* what the machine's may be off */
  double *log_sum;    /* by query */
  double *most_off;   /* by query: of a score */
} Map;

static double value(const Map *a, Cs3AttentionMatrix what, gint64 token, gint64 feature) {
  gboolean of_key = what == CS3_ATTENTION_K || what == CS3_ATTENTION_V;
  return cs3_half_to_float(
      cs3_attention_value(a->m, what, a->job, of_key ? 0 : a->head, token, feature));
}

/* A sum of products over features, and the sum of their sizes. */
static double product(const Map *a, Cs3AttentionMatrix x, gint64 query, Cs3AttentionMatrix y,
                      gint64 key, double *size) {
  gint64 width = x == CS3_ATTENTION_Q ? a->s->head_dim : a->s->value_dim;
  double sum = *size = 0;
  for (gint64 f = 0; f < width; f++) {
    double term = value(a, x, query, f) * value(a, y, key, f);
    sum += term;
    *size += fabs(term);
  }
  return sum;
}

/* Scores of a query, relative to the logarithm of their sum. */
static void weigh(Map *a, gint64 query) {
  Cs3KeyRange r = cs3_attention_seen(a->s, query);
  double *w = a->weight + query * a->s->keys, *off = a->weight_off + query * a->s->keys;
  double most = -INFINITY, sum = 0, size, worst = 0;
  for (gint64 k = r.lo; k < r.hi; k++) {
    w[k] = a->scale * product(a, CS3_ATTENTION_Q, query, CS3_ATTENTION_K, k, &size);
    worst = MAX(worst, a->scale * size);
    most = MAX(most, w[k]);
  }
  for (gint64 k = r.lo; k < r.hi; k++)
    sum += exp(w[k] - most);
  a->log_sum[query] = most + log(sum);
  /* A score is a sum, a multiplication and a difference; those of a row and L are all off. */
  double terms = (double)a->s->head_dim + 4;
  a->most_off[query] = a->unit * (terms * worst + fabs(a->log_sum[query]) + fabs(most));
  for (gint64 k = r.lo; k < r.hi; k++) {
    w[k] = exp(w[k] - a->log_sum[query]);
    off[k] = w[k] * (expm1(2 * a->most_off[query]) + half_unit + 2 * a->unit) + least_half;
  }
}

static void map_clear(Map *a) {
  g_free(a->weight);
  g_free(a->weight_off);
  g_free(a->log_sum);
  g_free(a->most_off);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Map, map_clear)

static Map map_of(const Cs3AttentionEvent *m, gint64 job, gint64 head) {
  const Cs3AttentionShape *s = &m->costs.shape;
  gint64 n = s->queries * s->keys;
  Map a = {.m = m,
           .s = s,
           .job = job,
           .head = head,
           .unit = cs3_attention_single(m) ? 0x1p-24 : half_unit,
           .scale = 1 / sqrt((double)s->head_dim),
           .weight = g_new0(double, n),
           .weight_off = g_new0(double, n),
           .log_sum = g_new0(double, s->queries),
           .most_off = g_new0(double, s->queries)};
  for (gint64 q = 0; q < s->queries; q++)
    weigh(&a, q);
  return a;
}

static void check(const Cs3AttentionEvent *m, double got, double want, double allowed,
                  Cs3AttentionEventResult *result) {
  double off = fabs(got - want);
  result->error = MAX(result->error, off);
  result->wrong += !(off <= allowed + fabs(want) * half_unit + least_half);
}

/* O of a query's feature; @size: (out): of its terms. */
static double output(const Map *a, gint64 query, gint64 feature, double *size, double *off) {
  Cs3KeyRange r = cs3_attention_seen(a->s, query);
  double sum = *size = *off = 0;
  for (gint64 k = r.lo; k < r.hi; k++) {
    double v = value(a, CS3_ATTENTION_V, k, feature), w = a->weight[query * a->s->keys + k];
    sum += w * v;
    *size += w * fabs(v);
    *off += a->weight_off[query * a->s->keys + k] * fabs(v);
  }
  return sum;
}

/* Additions and rescalings of a query's sums. */
static double additions(const Map *a) {
  return (double)(a->s->keys + 2 * a->m->costs.visits + 4 * a->m->costs.parts);
}

static void compare_outputs(const Map *a, Cs3AttentionEventResult *result) {
  const Cs3AttentionEvent *m = a->m;
  for (gint64 q = 0; q < a->s->queries; q++)
    for (gint64 f = 0; f < a->s->value_dim; f++) {
      double size, off, want = output(a, q, f, &size, &off);
      gint64 index = cs3_attention_query_index(m, a->job, a->head, q);
      double slack = 2 * off + 2 * size * a->unit * additions(a);
      check(m, m->out[index * m->out_width + f], want, slack, result);
    }
}

/* Gradients of the scores, by query and key, and what the machine's may be off. */
static void score_gradients(const Map *a, double *gradient, double *off) {
  for (gint64 q = 0; q < a->s->queries; q++) {
    const float *kept = a->m->statistics + 2 * cs3_attention_query_index(a->m, a->job, a->head, q);
    Cs3KeyRange r = cs3_attention_seen(a->s, q);
    for (gint64 k = r.lo; k < r.hi; k++) {
      gint64 at = q * a->s->keys + k;
      double size, w = a->weight[at];
      double away = product(a, CS3_ATTENTION_DO, q, CS3_ATTENTION_V, k, &size) - kept[1];
      double away_off = a->unit * ((double)(a->s->value_dim + 2) * size + 2 * fabs(kept[1]));
      gradient[at] = w * away * a->scale;
      off[at] = a->scale * (w * away_off + a->weight_off[at] * (fabs(away) + away_off)) +
                fabs(gradient[at]) * (half_unit + 3 * a->unit) + least_half;
    }
  }
}

static void compare_dq(const Map *a, const double *gradient, const double *off,
                       Cs3AttentionEventResult *result) {
  const Cs3AttentionEvent *m = a->m;
  for (gint64 q = 0; q < a->s->queries; q++)
    for (gint64 f = 0; f < a->s->head_dim; f++) {
      double want = 0, size = 0, slack = 0;
      for (gint64 k = 0; k < a->s->keys; k++) {
        double x = value(a, CS3_ATTENTION_K, k, f), g = gradient[q * a->s->keys + k];
        want += g * x;
        size += fabs(g * x);
        slack += off[q * a->s->keys + k] * fabs(x);
      }
      gint64 index = cs3_attention_query_index(m, a->job, a->head, q);
      check(m, m->out[index * m->out_width + f], want, slack + size * a->unit * additions(a),
            result);
    }
}

/* dK or dV of a job: sums over the queries of all heads of the group. */
typedef struct {
  double *sum, *size, *slack;
} KeySums;

static KeySums key_sums(gint64 n) {
  return (KeySums){g_new0(double, n), g_new0(double, n), g_new0(double, n)};
}

static void key_sums_clear(KeySums *k) {
  g_free(k->sum);
  g_free(k->size);
  g_free(k->slack);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeySums, key_sums_clear)

static void add_key_sums(const Map *a, Cs3AttentionMatrix what, const double *by, const double *off,
                         KeySums *to) {
  gint64 width = what == CS3_ATTENTION_Q ? a->s->head_dim : a->s->value_dim;
  for (gint64 q = 0; q < a->s->queries; q++)
    for (gint64 f = 0; f < width; f++) {
      double x = value(a, what, q, f);
      for (gint64 k = 0; k < a->s->keys; k++) {
        gint64 at = q * a->s->keys + k;
        to->sum[k * width + f] += by[at] * x;
        to->size[k * width + f] += fabs(by[at] * x);
        to->slack[k * width + f] += off[at] * fabs(x);
      }
    }
}

/* The rows that came home. */
static void compare_keys(const Cs3AttentionEvent *m, gint64 job, gboolean is_value,
                         const KeySums *want, Cs3AttentionEventResult *result) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 width = is_value ? c->shape.value_dim : c->shape.head_dim;
  double unit = cs3_attention_single(m) ? 0x1p-24 : half_unit;
  double terms = (double)(c->shape.queries * c->group + 4);
  g_autofree guint32 *row = g_new(guint32, m->row_words);
  for (gint64 place = 0; place < cs3_attention_all_places(c); place++)
    for (gint64 chunk = 0; chunk < c->chunks; chunk++) {
      Cs3PlaceTokens keys = cs3_attention_chunk(c, place, chunk);
      guint x, y, at = cs3_attention_slot(m, job, (c->places > 1 ? c->visits : 0) + chunk);
      cs3_attention_seat(m, cs3_attention_position(c, place), &x, &y);
      for (guint i = 0; i < m->row_words; i++)
        row[i] = cs3_fabric_word(m->fabric, x, y, at + i);
      for (gint64 l = 0; l < cs3_place_count(&keys); l++)
        for (gint64 f = 0; f < width; f++) {
          gint64 index = cs3_place_token(&keys, l) * width + f;
          check(m, cs3_attention_key_sum(m, row, is_value, l, f), want->sum[index],
                want->slack[index] + want->size[index] * unit * terms, result);
        }
    }
}

static void compare_backward(const Cs3AttentionEvent *m, gint64 job,
                             Cs3AttentionEventResult *result) {
  const Cs3AttentionShape *s = &m->costs.shape;
  gint64 n = s->queries * s->keys;
  g_auto(KeySums) dk = key_sums(s->keys * s->head_dim), dv = key_sums(s->keys * s->value_dim);
  for (gint64 head = 0; head < m->costs.group; head++) {
    g_auto(Map) a = map_of(m, job, head);
    g_autofree double *gradient = g_new0(double, n), *off = g_new0(double, n);
    score_gradients(&a, gradient, off);
    compare_dq(&a, gradient, off, result);
    add_key_sums(&a, CS3_ATTENTION_Q, gradient, off, &dk);
    add_key_sums(&a, CS3_ATTENTION_DO, a.weight, a.weight_off, &dv);
  }
  compare_keys(m, job, FALSE, &dk, result);
  compare_keys(m, job, TRUE, &dv, result);
}

void cs3_attention_event_compare(const Cs3AttentionEvent *m, Cs3AttentionEventResult *result) {
  for (gint64 job = 0; job < m->costs.jobs; job++) {
    if (m->costs.shape.backward) {
      compare_backward(m, job, result);
      continue;
    }
    for (gint64 head = 0; head < m->costs.group; head++) {
      g_auto(Map) a = map_of(m, job, head);
      compare_outputs(&a, result);
    }
  }
}

/* D of O as forward stored it, in FP16. */
static double statistic(const Map *a, gint64 query) {
  double sum = 0, size, off;
  for (gint64 f = 0; f < a->s->value_dim; f++)
    sum += value(a, CS3_ATTENTION_DO, query, f) *
           cs3_half_to_float(cs3_half_of_float((float)output(a, query, f, &size, &off)));
  return sum;
}

void cs3_attention_plain_statistics(Cs3AttentionEvent *m) {
  for (gint64 job = 0; job < m->costs.jobs; job++)
    for (gint64 head = 0; head < m->costs.group; head++) {
      g_auto(Map) a = map_of(m, job, head);
      for (gint64 q = 0; q < a.s->queries; q++) {
        gint64 index = cs3_attention_query_index(m, job, head, q);
        m->statistics[2 * index] = (float)a.log_sum[q];
        m->statistics[2 * index + 1] = (float)statistic(&a, q);
      }
    }
}
