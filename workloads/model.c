/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a model and counting its parameters. */
#include "config.h"

#include "workloads/model.h"

#include "workloads/config-reader.h"
#include "workloads/family.h"
#include "workloads/workload-error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 16 << 20 };

void cs3_model_free(Cs3Model *model) {
  if (!model)
    return;
  g_free(model->name);
  g_free(model->family);
  g_free(model);
}

static gboolean fail_io(GError **error, const char *shown) {
  int code = errno;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT,
              "cannot read model file %s: %s", shown, g_strerror(code));
  return FALSE;
}

/* Reads to the end but never more than the limit: works for pipes, and /dev/zero ends. */
static gboolean read_capped(int fd, const char *shown, GByteArray *bytes, GError **error) {
  guint8 chunk[65536];
  ssize_t n;
  while ((n = read(fd, chunk, sizeof chunk)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_io(error, shown);
    g_byte_array_append(bytes, chunk, (guint)n);
    if (bytes->len > MAX_FILE_BYTES) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
                  "model file %s is larger than 16 MiB; a config.json is a few KiB", shown);
      return FALSE;
    }
  }
  return TRUE;
}

static GByteArray *read_file(const char *path, const char *shown, GError **error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    fail_io(error, shown);
    return NULL;
  }
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  gboolean ok = read_capped(fd, shown, bytes, error);
  close(fd);
  return ok ? g_steal_pointer(&bytes) : NULL;
}

/* "a/b/llama.json" gives "llama", "a/b/config.json" gives "b". */
static char *stem(const char *path) {
  g_autofree char *base = g_path_get_basename(path);
  if (g_str_equal(base, "config.json")) {
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(folder);
    if (!g_str_equal(name, ".") && !g_str_equal(name, "/"))
      return g_steal_pointer(&name);
  }
  char *dot = strrchr(base, '.');
  if (dot && dot != base)
    *dot = '\0';
  return cs3_config_clean(base);
}

Cs3Model *cs3_model_load(const char *path, const char *name, GError **error) {
  g_autofree char *file = g_file_test(path, G_FILE_TEST_IS_DIR)
                              ? g_build_filename(path, "config.json", NULL)
                              : g_strdup(path);
  g_autofree char *shown = cs3_config_clean(file);
  g_autofree char *model_name = name ? g_strdup(name) : stem(file);
  g_autoptr(GByteArray) bytes = read_file(file, shown, error);
  if (!bytes)
    return NULL;
  const char *text = bytes->len > 0 ? (const char *)bytes->data : "";
  return cs3_model_parse(text, bytes->len, shown, model_name, error);
}

static const Cs3Family *find_family(json_t *root, const char *source, GError **error) {
  json_t *type = json_object_get(root, "model_type");
  const Cs3Family *family = json_is_string(type) ? cs3_family_find(json_string_value(type)) : NULL;
  if (family)
    return family;
  g_autoptr(GString) known = g_string_new(NULL);
  for (const Cs3Family *const *f = cs3_family_registry(); *f; f++)
    g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*f)->name);
  g_autofree char *got = type ? cs3_config_show(type) : g_strdup("no such key");
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: model_type: expected one of %s; got %s", source, known->str, got);
  return NULL;
}

Cs3Model *cs3_model_parse(const char *text, gsize size, const char *source, const char *name,
                          GError **error) {
  json_t *root = cs3_config_read_object(text, size, source, error);
  if (!root)
    return NULL;
  g_autoptr(Cs3Model) model = g_new0(Cs3Model, 1);
  const Cs3Family *family = find_family(root, source, error);
  gboolean ok = family && cs3_family_read(family, model, root, source, error);
  json_decref(root);
  if (!ok)
    return NULL;
  model->name = g_utf8_make_valid(name, -1); /* a file's name may be any bytes */
  model->family = g_strdup(family->name);
  return g_steal_pointer(&model);
}

static gint64 linear_parameters(gint64 out, gint64 in, gboolean bias) {
  return out * in + (bias ? out : 0);
}

gint64 cs3_norm_parameters(const Cs3Model *model) {
  if (!model->norm_affine)
    return 0;
  return model->norm == CS3_NORM_LAYER ? 2 * model->hidden : model->hidden;
}

static gint64 block_parameters(const Cs3Model *m) {
  gint64 q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;
  gint64 attention = linear_parameters(q + 2 * kv, m->hidden, m->qkv_bias) +
                     linear_parameters(m->hidden, q, m->attn_out_bias);
  gint64 up = linear_parameters(m->ffn, m->hidden, m->mlp_bias);
  gint64 mlp = (m->gated_mlp ? 2 : 1) * up + linear_parameters(m->hidden, m->ffn, m->mlp_bias);
  return attention + mlp + m->norms_per_layer * cs3_norm_parameters(m);
}

gint64 cs3_model_parameters(const Cs3Model *m) {
  gint64 total = m->layers * block_parameters(m) + m->vocab * m->embed_dim;
  total += m->position_rows * m->hidden;
  if (m->embed_dim != m->hidden)
    total += 2 * m->embed_dim * m->hidden;
  if (m->final_norm)
    total += cs3_norm_parameters(m);
  if (!m->tied_embedding)
    total += m->vocab * m->embed_dim;
  if (m->lm_head_bias)
    total += m->vocab;
  return total;
}
