/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elimination of variables. */
#include "config.h"

#include "base/minsum.h"

#include <math.h>
#include <string.h>

/* A table over some variables: the first one's values are furthest apart. */
typedef struct {
  guint n;
  guint *var; /* [n] */
  double *cost;
} Factor;

struct Cs3MinSum {
  GArray *values;     /* of guint, by variable */
  GPtrArray *factors; /* of Factor */
};

static Factor *factor_new(guint n, const guint *var, gsize entries) {
  Factor *factor = g_new0(Factor, 1);
  factor->n = n;
  factor->var = g_memdup2(var, n * sizeof *var);
  factor->cost = g_new0(double, entries);
  return factor;
}

static void factor_free(gpointer data) {
  Factor *factor = data;
  g_free(factor->var);
  g_free(factor->cost);
  g_free(factor);
}

Cs3MinSum *cs3_minsum_new(void) {
  Cs3MinSum *sum = g_new0(Cs3MinSum, 1);
  sum->values = g_array_new(FALSE, FALSE, sizeof(guint));
  sum->factors = g_ptr_array_new_with_free_func(factor_free);
  return sum;
}

void cs3_minsum_free(Cs3MinSum *sum) {
  if (sum == NULL)
    return;
  g_array_unref(sum->values);
  g_ptr_array_unref(sum->factors);
  g_free(sum);
}

static guint values_of(const Cs3MinSum *sum, guint var) {
  return g_array_index(sum->values, guint, var);
}

guint cs3_minsum_add(Cs3MinSum *sum, guint values, const double *cost) {
  guint var = sum->values->len;
  g_array_append_val(sum->values, values);
  Factor *factor = factor_new(1, &var, values);
  memcpy(factor->cost, cost, values * sizeof *cost);
  g_ptr_array_add(sum->factors, factor);
  return var;
}

void cs3_minsum_pair(Cs3MinSum *sum, guint a, guint b, const double *cost) {
  const guint var[] = {a, b};
  gsize entries = (gsize)values_of(sum, a) * values_of(sum, b);
  Factor *factor = factor_new(2, var, entries);
  memcpy(factor->cost, cost, entries * sizeof *cost);
  g_ptr_array_add(sum->factors, factor);
}

/* --- a solution ------------------------------------------------------------------------------ */

typedef struct {
  const Cs3MinSum *sum;
  double most;
  GPtrArray *alive; /* of Factor, borrowed from the sum or from `made` */
  GPtrArray *made;  /* of Factor */
  GPtrArray *back;  /* of Factor: tables of the variables gone, `var[0]` the one that left */
  gboolean *gone;
  guint *value;
  gboolean exact;
} Search;

static gboolean knows(const Factor *factor, guint var) {
  for (guint i = 0; i < factor->n; i++)
    if (factor->var[i] == var)
      return TRUE;
  return FALSE;
}

/* @var and all variables that it has a table with, it the first. */
static GArray *together(const Search *s, guint var) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(guint));
  g_array_append_val(all, var);
  for (guint k = 0; k < s->alive->len; k++) {
    const Factor *factor = s->alive->pdata[k];
    for (guint i = 0; knows(factor, var) && i < factor->n; i++) {
      gboolean known = FALSE;
      for (guint j = 0; j < all->len; j++)
        known |= g_array_index(all, guint, j) == factor->var[i];
      if (!known)
        g_array_append_val(all, factor->var[i]);
    }
  }
  return all;
}

static double entries_of(const Search *s, const GArray *vars) {
  double entries = 1;
  for (guint i = 0; i < vars->len; i++)
    entries *= values_of(s->sum, g_array_index(vars, guint, i));
  return entries;
}

/* Entry of @factor where variables have s->value. */
static double at(const Search *s, const Factor *factor) {
  gsize index = 0;
  for (guint i = 0; i < factor->n; i++)
    index = index * values_of(s->sum, factor->var[i]) + s->value[factor->var[i]];
  return factor->cost[index];
}

static double sum_at(const Search *s, const GPtrArray *factors) {
  double sum = 0;
  for (guint k = 0; k < factors->len; k++)
    sum += at(s, factors->pdata[k]);
  return sum;
}

/* The next values of @vars in s->value. Returns: %FALSE: there were none, all are 0 again. */
static gboolean next(Search *s, const guint *vars, guint n) {
  for (guint i = n; i-- > 0;) {
    if (++s->value[vars[i]] < values_of(s->sum, vars[i]))
      return TRUE;
    s->value[vars[i]] = 0;
  }
  return FALSE;
}

/* Tables with @var, which are alive no longer. */
static GPtrArray *take_tables(Search *s, guint var) {
  GPtrArray *taken = g_ptr_array_new();
  for (guint k = 0; k < s->alive->len;) {
    if (!knows(s->alive->pdata[k], var)) {
      k++;
      continue;
    }
    g_ptr_array_add(taken, s->alive->pdata[k]);
    g_ptr_array_remove_index_fast(s->alive, k);
  }
  return taken;
}

/* @vars: the one that goes, then its neighbours. */
static void eliminate(Search *s, const GArray *vars) {
  guint var = g_array_index(vars, guint, 0), rest = vars->len - 1;
  const guint *others = &g_array_index(vars, guint, 0) + 1;
  gsize entries = (gsize)entries_of(s, vars), left = entries / values_of(s->sum, var);
  g_autoptr(GPtrArray) taken = take_tables(s, var);
  Factor *table = factor_new(rest, others, left);
  Factor *best = factor_new(vars->len, &g_array_index(vars, guint, 0), left);
  for (guint i = 0; i < vars->len; i++)
    s->value[g_array_index(vars, guint, i)] = 0;
  gsize index = 0;
  do {
    double least = INFINITY;
    for (guint v = 0; v < values_of(s->sum, var); v++) {
      s->value[var] = v;
      double cost = sum_at(s, taken);
      if (v > 0 && cost >= least)
        continue;
      least = cost;
      best->cost[index] = v;
    }
    table->cost[index++] = least;
  } while (next(s, others, rest));
  g_ptr_array_add(s->made, table);
  g_ptr_array_add(s->alive, table);
  g_ptr_array_add(s->back, best);
  s->gone[var] = TRUE;
}

/* @var takes the value that its own table likes best: one value of it is left in every table. */
static void settle(Search *s, guint var) {
  double least = INFINITY;
  guint settled = 0;
  for (guint v = 0; v < values_of(s->sum, var); v++) {
    double cost = 0;
    for (guint k = 0; k < s->alive->len; k++) {
      const Factor *factor = s->alive->pdata[k];
      cost += factor->n == 1 && factor->var[0] == var ? factor->cost[v] : 0;
    }
    if (cost < least) {
      least = cost;
      settled = v;
    }
  }
  for (guint k = 0; k < s->alive->len; k++) {
    Factor *old = s->alive->pdata[k];
    if (!knows(old, var))
      continue;
    g_autoptr(GArray) rest = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < old->n; i++) {
      s->value[old->var[i]] = 0;
      if (old->var[i] != var)
        g_array_append_val(rest, old->var[i]);
    }
    const guint *others = (const guint *)(void *)rest->data;
    Factor *table = factor_new(rest->len, others, (gsize)entries_of(s, rest));
    gsize index = 0;
    do {
      s->value[var] = settled;
      table->cost[index++] = at(s, old);
    } while (next(s, others, rest->len));
    g_ptr_array_add(s->made, table);
    s->alive->pdata[k] = table;
  }
  Factor *best = factor_new(1, &var, 1);
  best->cost[0] = settled;
  g_ptr_array_add(s->back, best);
  s->gone[var] = TRUE;
  s->exact = FALSE;
}

/* The variable that is cheapest to eliminate, and the one with most neighbours. */
static guint cheapest(const Search *s, double *entries, guint *widest) {
  guint found = 0, most = 0;
  *entries = INFINITY;
  for (guint var = 0; var < s->sum->values->len; var++) {
    if (s->gone[var])
      continue;
    g_autoptr(GArray) vars = together(s, var);
    if (entries_of(s, vars) < *entries) {
      *entries = entries_of(s, vars);
      found = var;
    }
    if (vars->len > most) {
      most = vars->len;
      *widest = var;
    }
  }
  return found;
}

/* Values of the variables gone, the last that went first. */
static void go_back(Search *s) {
  for (guint k = s->back->len; k-- > 0;) {
    const Factor *best = s->back->pdata[k];
    gsize index = 0;
    for (guint i = 1; i < best->n; i++)
      index = index * values_of(s->sum, best->var[i]) + s->value[best->var[i]];
    s->value[best->var[0]] = (guint)best->cost[index];
  }
}

double cs3_minsum_solve(const Cs3MinSum *sum, double most, guint *value, gboolean *exact) {
  g_autoptr(GPtrArray) alive = g_ptr_array_new();
  g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(factor_free);
  g_autoptr(GPtrArray) back = g_ptr_array_new_with_free_func(factor_free);
  g_autofree gboolean *gone = g_new0(gboolean, sum->values->len + 1);
  Search s = {sum, most, alive, made, back, gone, value, TRUE};
  for (guint k = 0; k < sum->factors->len; k++)
    g_ptr_array_add(alive, sum->factors->pdata[k]);
  for (guint left = sum->values->len; left > 0; left--) {
    double entries;
    guint widest = 0, var = cheapest(&s, &entries, &widest);
    g_autoptr(GArray) vars = together(&s, var);
    if (entries > most)
      settle(&s, widest);
    else
      eliminate(&s, vars);
  }
  go_back(&s);
  if (exact != NULL)
    *exact = s.exact;
  return sum_at(&s, sum->factors);
}
