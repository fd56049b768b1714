/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be wrong with a cluster, as users write it. */
#include "config.h"

#include "sim/step/fault.h"

#include <math.h>
#include <string.h>

#include "base/param.h"
#include "base/config-error.h"
#include "base/plain-text.h"
#include "base/quantity.h"
#include "base/suggest.h"

static gboolean fail(GError **error, const char *text, const char *what, const char *usage) {
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "'%s': %s; write %s", CS3_CUT(text),
              what, usage);
  return FALSE;
}

/* A whole number up to @end, nothing else. */
static gboolean read_index(const char *begin, const char *end, gint64 *index) {
  char *stop = NULL;
  if (!g_ascii_isdigit(*begin) || end - begin > 9)
    return FALSE;
  *index = (gint64)g_ascii_strtoull(begin, &stop, 10);
  return stop == end;
}

static gboolean read_number(const char *text, double *number) {
  char *stop = NULL;
  *number = g_ascii_strtod(text, &stop);
  return stop != text && *stop == '\0' && isfinite(*number);
}

/* "5 ms", and hours and days, which no parameter is given in. */
static gboolean read_time(const char *text, double *time_s, GError **error) {
  static const struct {
    char letter;
    double seconds;
  } long_units[] = {{'h', 3600}, {'d', 86400}};
  gsize n = strlen(text);
  for (guint i = 0; i < G_N_ELEMENTS(long_units) && n > 1; i++) {
    if (text[n - 1] != long_units[i].letter)
      continue;
    g_autofree char *number = g_strstrip(g_strndup(text, n - 1));
    if (read_number(number, time_s) && *time_s >= 0) {
      *time_s *= long_units[i].seconds;
      return TRUE;
    }
  }
  return cs3_quantity_parse(text, CS3_UNIT_SECONDS, time_s, error);
}

/* "2.0", the name of a link. */
static gboolean read_link(const char *text, Cs3Fault *fault) {
  const char *dot = strchr(text, '.');
  gint64 tier = 0;
  if (dot == NULL || !read_index(text, dot, &tier) || tier < 1 || tier > CS3_TREE_MAX_TIERS)
    return FALSE;
  fault->tier = (guint)tier;
  return read_index(dot + 1, text + strlen(text), &fault->index);
}

/* The parts of a fault: "link:" NAME "=" VALUE "@" WHEN. */
typedef struct {
  const char *text, *usage;
  const char *name, *value, *when; /* value and when may be NULL */
} Parts;

/* Below it a step would last longer than cycles can be counted; what is slower is a link that is
 * down. */
#define SMALLEST_SHARE 1e-6

static gboolean parse_straggler(const Parts *p, Cs3Fault *fault, GError **error) {
  if (!read_index(p->name, p->name + strlen(p->name), &fault->index) || p->when != NULL)
    return fail(error, p->text, "names no system", p->usage);
  if (p->value == NULL || !read_number(p->value, &fault->share) || fault->share < SMALLEST_SHARE ||
      fault->share > 1)
    return fail(error, p->text, "a straggler's speed is a share from 1e-6 to 1", p->usage);
  return TRUE;
}

static gboolean parse_period(const Parts *p, Cs3Fault *fault, GError **error) {
  fault->to_s = INFINITY;
  if (p->when == NULL)
    return TRUE;
  fault->timed = TRUE;
  const char *dots = strstr(p->when, "..");
  g_autofree char *from = g_strndup(p->when, dots ? (gsize)(dots - p->when) : strlen(p->when));
  if (!read_time(g_strstrip(from), &fault->from_s, error) ||
      (dots != NULL && !read_time(dots + 2, &fault->to_s, error))) {
    g_prefix_error(error, "'%s': ", CS3_CUT(p->text));
    return FALSE;
  }
  if (fault->from_s >= 0 && fault->from_s < fault->to_s)
    return TRUE;
  return fail(error, p->text, "ends before it begins", p->usage);
}

/* What lasts is part of every step and needs no time; what has a time must also end. */
static gboolean needs_end(const Parts *p, const Cs3Fault *fault, GError **error) {
  if (isfinite(fault->to_s) || (!fault->timed && fault->share > 0))
    return TRUE;
  return fail(error, p->text,
              fault->share > 0 ? "a time without an end; leave it out or give both"
                               : "a link that stays down ends the training",
              p->usage);
}

static gboolean parse_link(const Parts *p, Cs3Fault *fault, GError **error) {
  if (!read_link(p->name, fault))
    return fail(error, p->text, "names no link", p->usage);
  if (p->value == NULL || !read_number(p->value, &fault->share) || fault->share > 1 ||
      (fault->share != 0 && fault->share < SMALLEST_SHARE))
    return fail(error, p->text, "what is left of a link's rate is 0, or a share from 1e-6 to 1",
                p->usage);
  return parse_period(p, fault, error) && needs_end(p, fault, error);
}

static gboolean parse_traffic(const Parts *p, Cs3Fault *fault, GError **error) {
  fault->timed = p->when != NULL;
  if (!read_link(p->name, fault))
    return fail(error, p->text, "names no link", p->usage);
  if (p->value == NULL)
    return fail(error, p->text, "lacks an amount", p->usage);
  if (!cs3_quantity_parse(p->value, CS3_UNIT_BYTES, &fault->bytes, error) ||
      (p->when != NULL && !read_time(p->when, &fault->from_s, error))) {
    g_prefix_error(error, "'%s': ", CS3_CUT(p->text));
    return FALSE;
  }
  if (fault->bytes > 0 && fault->bytes <= 1e18 && fault->from_s >= 0)
    return TRUE;
  return fail(error, p->text, "the amount is above 0 and at most 1e18 B, the time not negative",
              p->usage);
}

static gboolean parse_system(const Parts *p, Cs3Fault *fault, GError **error) {
  if (!read_index(p->name, p->name + strlen(p->name), &fault->index) || p->value != NULL)
    return fail(error, p->text, "names no system", p->usage);
  if (p->when == NULL)
    return fail(error, p->text, "lacks the time of the loss", p->usage);
  fault->from_share = -1;
  if (g_str_has_suffix(p->when, "%")) {
    g_autofree char *number = g_strndup(p->when, strlen(p->when) - 1);
    if (!read_number(number, &fault->from_share) || fault->from_share < 0 ||
        fault->from_share >= 100)
      return fail(error, p->text, "the time is a share from 0% to below 100%", p->usage);
    fault->from_share /= 100;
    return TRUE;
  }
  if (!read_time(p->when, &fault->from_s, error)) {
    g_prefix_error(error, "'%s': ", CS3_CUT(p->text));
    return FALSE;
  }
  return fault->from_s >= 0 || fail(error, p->text, "the time is negative", p->usage);
}

static const struct {
  const char *name, *usage;
  gboolean (*parse)(const Parts *parts, Cs3Fault *fault, GError **error);
} kinds[] = {
    [CS3_FAULT_STRAGGLER] = {"straggler", "straggler:SYSTEM=SPEED, for example straggler:7=0.9",
                             parse_straggler},
    [CS3_FAULT_LINK] = {"link",
                        "link:TIER.INDEX=SHARE[@TIME[..TIME]], for example link:1.3=0.5 or "
                        "link:1.3=0@5ms..20ms",
                        parse_link},
    [CS3_FAULT_TRAFFIC] = {"traffic",
                           "traffic:TIER.INDEX=BYTES[@TIME], for example "
                           "traffic:1.0=10GB@1ms",
                           parse_traffic},
    [CS3_FAULT_SYSTEM] = {"system", "system:SYSTEM@TIME, for example system:5@50% or system:5@3d",
                          parse_system},
};

static gboolean unknown_kind(const char *text, GError **error) {
  const char *names[G_N_ELEMENTS(kinds) + 1] = {NULL};
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    names[i] = kinds[i].name;
  g_autofree char *word = g_strndup(text, strcspn(text, ":"));
  g_autofree char *hint = cs3_suggestion(word, names);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "'%s': no fault of this kind%s",
              CS3_CUT(text), hint);
  return FALSE;
}

gboolean cs3_fault_parse(const char *text, Cs3Fault *fault, GError **error) {
  const char *colon = strchr(text, ':');
  for (guint kind = 0; colon != NULL && kind < G_N_ELEMENTS(kinds); kind++) {
    if (strlen(kinds[kind].name) != (gsize)(colon - text) ||
        strncmp(kinds[kind].name, text, (gsize)(colon - text)) != 0)
      continue;
    g_autofree char *rest = g_strdup(colon + 1);
    char *when = strchr(rest, '@');
    if (when != NULL)
      *when++ = '\0';
    char *value = strchr(rest, '=');
    if (value != NULL)
      *value++ = '\0';
    Parts parts = {text, kinds[kind].usage, g_strstrip(rest), value ? g_strstrip(value) : NULL,
                   when ? g_strstrip(when) : NULL};
    *fault = (Cs3Fault){.kind = (Cs3FaultKind)kind, .share = 1};
    return kinds[kind].parse(&parts, fault, error);
  }
  return unknown_kind(text, error);
}

static gboolean out_of_range(const char *text, const char *what, gint64 last, GError **error) {
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
              "'%s': %s; this cluster has 0 to %" G_GINT64_FORMAT, CS3_CUT(text), what, last);
  return FALSE;
}

gboolean cs3_fault_check(const Cs3Fault *fault, const char *text, const Cs3Tree *tree,
                         GError **error) {
  if (fault->kind == CS3_FAULT_STRAGGLER || fault->kind == CS3_FAULT_SYSTEM)
    return fault->index < tree->systems ||
           out_of_range(text, "there is no such system", tree->systems - 1, error);
  guint tiers = cs3_tree_tiers(tree);
  if (fault->tier > tiers) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
                "'%s': there is no link in tier %u; the tree over %" G_GINT64_FORMAT
                " systems has tiers 1 to %u",
                CS3_CUT(text), fault->tier, tree->systems, tiers);
    return FALSE;
  }
  g_autofree char *what = g_strdup_printf("there is no such link in tier %u", fault->tier);
  gint64 links = cs3_tree_links(tree, fault->tier);
  return fault->index < links || out_of_range(text, what, links - 1, error);
}

static gboolean same_place(const Cs3Fault *a, const Cs3Fault *b) {
  return a->kind == b->kind && a->tier == b->tier && a->index == b->index;
}

/* Whether both would set the same thing at the same time. */
static gboolean contradict(const Cs3Fault *a, const Cs3Fault *b) {
  if (!same_place(a, b) || a->kind == CS3_FAULT_TRAFFIC || a->kind == CS3_FAULT_SYSTEM)
    return FALSE;
  if (a->kind == CS3_FAULT_STRAGGLER || a->timed != b->timed)
    return a->kind == CS3_FAULT_STRAGGLER;
  return !a->timed || (a->from_s <= b->to_s && b->from_s <= a->to_s);
}

static gboolean check_apart(const GArray *faults, const Cs3Fault *fault, const char *text,
                            GError **error) {
  for (guint i = 0; i < faults->len; i++) {
    if (!contradict(&g_array_index(faults, Cs3Fault, i), fault))
      continue;
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "'%s': there is already a fault at this place and time; make them one",
                CS3_CUT(text));
    return FALSE;
  }
  return TRUE;
}

GArray *cs3_faults_parse(const char *const *texts, const Cs3Tree *tree, const char *prefix,
                         GError **error) {
  g_autoptr(GArray) faults = g_array_new(FALSE, TRUE, sizeof(Cs3Fault));
  for (; texts != NULL && *texts != NULL; texts++) {
    Cs3Fault fault;
    if (!cs3_fault_parse(*texts, &fault, error) || !cs3_fault_check(&fault, *texts, tree, error) ||
        !check_apart(faults, &fault, *texts, error)) {
      g_prefix_error(error, "%s ", prefix);
      return NULL;
    }
    g_array_append_val(faults, fault);
  }
  return g_steal_pointer(&faults);
}
