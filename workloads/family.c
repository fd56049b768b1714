/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the model families and the checks that all of them share. */
#include "config.h"

#include "workloads/family.h"

#include "workloads/workload-error.h"

static const Cs3Family *const registry[] = {
    &cs3_family_gpt2,    &cs3_family_gpt_neox, &cs3_family_gptj,  &cs3_family_llama,
    &cs3_family_mistral, &cs3_family_opt,      &cs3_family_qwen2, NULL,
};

const Cs3FieldChoice cs3_activation_names[] = {
    {"relu", CS3_ACTIVATION_RELU},      {"gelu", CS3_ACTIVATION_GELU},
    {"gelu_new", CS3_ACTIVATION_GELU},  {"gelu_fast", CS3_ACTIVATION_GELU},
    {"quick_gelu", CS3_ACTIVATION_GELU}, {"gelu_pytorch_tanh", CS3_ACTIVATION_GELU},
    {"silu", CS3_ACTIVATION_SILU},      {"swish", CS3_ACTIVATION_SILU},
    {NULL, 0},
};

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
    if (f->offset == offset)
      return f->key;
  return "?";
}

#define KEY_OF(family, member) key_of(family, offsetof(Cs3Model, member))

static gboolean derive_heads(const Cs3Family *family, Cs3Model *m, const char *source,
                             GError **error) {
  if (m->kv_heads == 0)
    m->kv_heads = m->heads;
  if (m->kv_heads > m->heads || m->heads % m->kv_heads != 0) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: %s: expected a divisor of %s (%" G_GINT64_FORMAT "), got %" G_GINT64_FORMAT,
                source, KEY_OF(family, kv_heads), KEY_OF(family, heads), m->heads, m->kv_heads);
    return FALSE;
  }
  if (m->head_dim == 0) {
    if (m->hidden % m->heads != 0) {
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

static gboolean check_rotary(Cs3Model *m, const char *source, GError **error) {
  if (m->rotary_dim <= m->head_dim && m->rotary_dim % 2 == 0)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: rotary dimensions per head: expected an even number up to the head width"
              " %" G_GINT64_FORMAT ", got %" G_GINT64_FORMAT,
              source, m->head_dim, m->rotary_dim);
  return FALSE;
}

gboolean cs3_family_read(const Cs3Family *family, Cs3Model *model, json_t *object,
                         const char *source, GError **error) {
  model->norms_per_layer = 2;
  model->final_norm = TRUE;
  model->norm_affine = TRUE;
  family->defaults(model);
  if (!cs3_config_read_fields(object, source, family->fields, model, error) ||
      !derive_heads(family, model, source, error))
    return FALSE;
  if (family->derive && !family->derive(model, object, source, error))
    return FALSE;
  if (model->ffn == 0)
    model->ffn = 4 * model->hidden;
  if (model->embed_dim == 0)
    model->embed_dim = model->hidden;
  return check_rotary(model, source, error);
}
