/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the model families and the checks that all of them share. */
#include "config.h"

#include "workloads/family.h"

#include "workloads/workload-error.h"

static const Cs3Family *const registry[] = {
#define FAMILY(NAME) &cs3_family_##NAME,
    CS3_FAMILIES(FAMILY)
#undef FAMILY
        NULL,
};

const Cs3FieldChoice cs3_activation_names[] = {
    {"relu", CS3_ACTIVATION_RELU},
    {"relu6", CS3_ACTIVATION_CLIP},
    {"gelu", CS3_ACTIVATION_GELU},
    {"gelu_new", CS3_ACTIVATION_GELU},
    {"gelu_fast", CS3_ACTIVATION_GELU},
    {"quick_gelu", CS3_ACTIVATION_GELU},
    {"gelu_pytorch_tanh", CS3_ACTIVATION_GELU},
    {"gelu_python", CS3_ACTIVATION_GELU},
    {"gelu_10", CS3_ACTIVATION_GELU},
    {"silu", CS3_ACTIVATION_SILU},
    {"swish", CS3_ACTIVATION_SILU},
    {"relu2", CS3_ACTIVATION_RELU2},
    {"tanh", CS3_ACTIVATION_TANH},
    {"sigmoid", CS3_ACTIVATION_SIGMOID},
    {"hard_sigmoid", CS3_ACTIVATION_HARD_SIGMOID},
    {"hard_swish", CS3_ACTIVATION_HARD_SILU},
    {NULL, 0},
};

static const Cs3FactField dims_facts[] = {
    {"layers", offsetof(Cs3Dims, layers)},     {"hidden", offsetof(Cs3Dims, hidden)},
    {"heads", offsetof(Cs3Dims, heads)},       {"kv_heads", offsetof(Cs3Dims, kv_heads)},
    {"head_dim", offsetof(Cs3Dims, head_dim)}, {"ffn", offsetof(Cs3Dims, ffn)},
    {"vocab", offsetof(Cs3Dims, vocab)},       {"max_seq", offsetof(Cs3Dims, max_seq)},
    {"window", offsetof(Cs3Dims, window)},     {NULL, 0},
};

static void add_facts(GArray *facts, const Cs3FactField *fields, gconstpointer config) {
  for (const Cs3FactField *f = fields; f && f->key; f++) {
    Cs3Fact fact = {f->key, *(const gint64 *)(gconstpointer)((const char *)config + f->offset)};
    g_array_append_val(facts, fact);
  }
}

/* Those that everybody has, 0 where the graph says none, then the others that it says. */
static void add_graph_facts(GArray *facts, const GArray *own) {
  const Cs3Dims none = {0};
  add_facts(facts, dims_facts, &none);
  guint usual = facts->len;
  for (guint i = 0; i < own->len; i++) {
    Cs3Fact fact = g_array_index(own, Cs3Fact, i);
    guint at = 0;
    while (at < usual && !g_str_equal(g_array_index(facts, Cs3Fact, at).key, fact.key))
      at++;
    if (at < usual)
      g_array_index(facts, Cs3Fact, at).value = fact.value;
    else
      g_array_append_val(facts, fact);
  }
}

GArray *cs3_model_facts(const Cs3Model *model) {
  GArray *facts = g_array_new(FALSE, FALSE, sizeof(Cs3Fact));
  if (model->graph) {
    add_graph_facts(facts, model->facts);
    return facts;
  }
  add_facts(facts, dims_facts, model->config);
  add_facts(facts, model->ops->facts, model->config);
  return facts;
}

gint64 cs3_model_fact(const Cs3Model *model, const char *key) {
  g_autoptr(GArray) facts = cs3_model_facts(model);
  for (guint i = 0; i < facts->len; i++)
    if (g_str_equal(g_array_index(facts, Cs3Fact, i).key, key))
      return g_array_index(facts, Cs3Fact, i).value;
  return 0;
}

const Cs3Family *const *cs3_family_registry(void) {
  return registry;
}

const Cs3Family *cs3_family_find(const char *model_type) {
  for (const Cs3Family *const *f = registry; *f; f++)
    if (g_str_equal((*f)->name, model_type))
      return *f;
  return NULL;
}

/* The key that fills the member at @offset, for messages. */
static const char *key_of(const Cs3Family *family, gsize offset) {
  for (const Cs3Field *f = family->fields; f->key; f++)
    if (f->type == CS3_FIELD_INT && f->offset == offset)
      return f->key;
  return "?";
}

#define KEY_OF(family, member) key_of(family, offsetof(Cs3Dims, member))

gboolean cs3_family_divides(const char *source, const char *key, gint64 value, const char *of_key,
                            gint64 of, GError **error) {
  if (value > 0 && of % value == 0)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: %s: expected a divisor of %s (%" G_GINT64_FORMAT "), got %" G_GINT64_FORMAT,
              source, key, of_key, of, value);
  return FALSE;
}

static gboolean derive_heads(const Cs3Family *family, Cs3Dims *m, const char *source,
                             GError **error) {
  if (m->kv_heads == 0)
    m->kv_heads = m->heads;
  if (!cs3_family_divides(source, KEY_OF(family, kv_heads), m->kv_heads, KEY_OF(family, heads),
                          m->heads, error))
    return FALSE;
  if (m->head_dim == 0) {
    if (m->hidden % m->heads != 0 && !m->rounded_heads) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                  "%s: %s: expected a multiple of %s (%" G_GINT64_FORMAT "), got %" G_GINT64_FORMAT,
                  source, KEY_OF(family, hidden), KEY_OF(family, heads), m->heads, m->hidden);
      return FALSE;
    }
    m->head_dim = m->hidden / m->heads;
  }
  if (m->heads * m->head_dim > CS3_MODEL_MAX_WIDTH) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: %s x head width: expected at most %" G_GINT64_FORMAT ", got %" G_GINT64_FORMAT
                " x %" G_GINT64_FORMAT,
                source, KEY_OF(family, heads), CS3_MODEL_MAX_WIDTH, m->heads, m->head_dim);
    return FALSE;
  }
  return TRUE;
}

/* The share of a head that turns: under either of its names, or among the newer rope_parameters. */
static json_t *rotary_share(json_t *object, const char **key) {
  static const char *const holders[] = {NULL, "rope_parameters", "rope_scaling"};
  static const char *const keys[] = {"partial_rotary_factor", "rotary_pct"};
  for (guint i = 0; i < G_N_ELEMENTS(holders); i++) {
    json_t *holder = holders[i] ? json_object_get(object, holders[i]) : object;
    for (guint k = 0; k < G_N_ELEMENTS(keys); k++) {
      json_t *share = json_object_get(holder, keys[k]);
      if (share && !json_is_null(share)) {
        *key = keys[k];
        return share;
      }
    }
  }
  return NULL;
}

static gboolean derive_rotary(Cs3Dims *m, json_t *object, const char *source, GError **error) {
  const char *key;
  json_t *share = rotary_share(object, &key);
  if (share &&
      !(json_is_number(share) && json_number_value(share) >= 0 && json_number_value(share) <= 1))
    return cs3_config_fail(error, source, key, share, "a number from 0 to 1");
  if (share && m->rotary_share > 0)
    m->rotary_share = json_number_value(share);
  if (m->rotary_dim == 0)
    m->rotary_dim = (gint64)((double)m->head_dim * m->rotary_share);
  return TRUE;
}

static gboolean check_rotary(Cs3Dims *m, const char *source, GError **error) {
  if (m->rounded_heads)
    m->rotary_dim -= m->rotary_dim % 2;
  if (m->rotary_dim <= m->head_dim && m->rotary_dim % 2 == 0)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: rotary dimensions per head: expected an even number up to the head width"
              " %" G_GINT64_FORMAT ", got %" G_GINT64_FORMAT,
              source, m->head_dim, m->rotary_dim);
  return FALSE;
}

/* The head whose name ends the class that `architectures` names first. */
static gboolean derive_head(const Cs3Family *family, Cs3Dims *m, json_t *object, const char *source,
                            GError **error) {
  const Cs3Head *heads = family->heads;
  m->head = heads[0].value;
  json_t *list = json_object_get(object, "architectures");
  if (json_is_array(list))
    list = json_array_get(list, 0);
  if (!list || json_is_null(list))
    return TRUE;
  const char *class = json_string_value(list);
  g_autoptr(GString) known = g_string_new("a class that ends in one of ");
  for (const Cs3Head *h = heads; h->suffix; h++) {
    if (class && g_str_has_suffix(class, h->suffix)) {
      m->head = h->value;
      if (m->head != CS3_HEAD_REFUSED)
        return TRUE;
      break;
    }
  }
  for (const Cs3Head *h = heads; h->suffix; h++)
    if (h->value != CS3_HEAD_REFUSED)
      g_string_append_printf(known, "%s%s", h == heads ? "" : ", ", h->suffix);
  return cs3_config_fail(error, source, "architectures", list, known->str);
}

static gboolean derive_labels(Cs3Dims *m, json_t *object, const char *source, GError **error) {
  json_t *names = json_object_get(object, "id2label");
  json_t *number = json_object_get(object, "num_labels");
  if (m->labels == 0)
    m->labels = 2;
  if (json_is_object(names) && json_object_size(names) > 0)
    m->labels = (gint64)json_object_size(names);
  else if (json_is_integer(number))
    m->labels = json_integer_value(number);
  if (m->labels < 1 || m->labels > CS3_MODEL_MAX_VOCAB)
    return cs3_config_fail(error, source, "num_labels", number, "an integer from 1 to 16777216");
  return TRUE;
}

static gboolean derive(const Cs3Family *family, gpointer config, json_t *object, const char *source,
                       GError **error) {
  Cs3Dims *m = config;
  if (!derive_head(family, m, object, source, error) || !derive_labels(m, object, source, error) ||
      (m->heads > 0 && !derive_heads(family, m, source, error)) ||
      !derive_rotary(m, object, source, error))
    return FALSE;
  if (family->derive && !family->derive(config, object, source, error))
    return FALSE;
  if (m->ffn == 0)
    m->ffn = 4 * m->hidden;
  return check_rotary(m, source, error) &&
         cs3_config_account(object, source, family->fields, family->harmless, error);
}

static void note_left_out(const Cs3Family *family, json_t *object, GPtrArray *notes) {
  g_autofree char *names = cs3_config_left_out(object, family->fields);
  if (names)
    g_ptr_array_add(notes, g_strdup_printf("%s left out: cs3sim takes what %s has by"
                                           " default",
                                           names, family->name));
}

void cs3_family_clear(const Cs3Family *family, gpointer config) {
  if (config && family->clear)
    family->clear(config);
  if (config)
    g_free(((Cs3Dims *)config)->kinds);
  g_free(config);
}

gpointer cs3_family_read(const Cs3Family *family, json_t *object, const char *source,
                         GPtrArray *notes, GError **error) {
  gpointer config = g_malloc0(family->config_size);
  family->defaults(config);
  if (cs3_config_read_fields(object, source, family->fields, config, error) &&
      derive(family, config, object, source, error)) {
    note_left_out(family, object, notes);
    return config;
  }
  cs3_family_clear(family, config);
  return NULL;
}

Cs3LengthRules cs3_family_rules(const Cs3Family *family, gconstpointer config) {
  const Cs3Dims *m = config;
  Cs3LengthRules rules = {.seq = MIN(m->max_seq, CS3_MODEL_DEFAULT_SEQ),
                          .seq_limit = CS3_MODEL_MAX_SEQ};
  if (family->lengths)
    family->lengths(config, &rules);
  return rules;
}
