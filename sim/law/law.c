/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The law of loss over size, sparsity and data, and reading one. */
#include "config.h"

#include "sim/law/law.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "sim/machine/params.h"

#define ROW(group, key, member, min, max, help)                                                    \
  {                                                                                                \
    group, key, CS3_PARAM_REAL, CS3_UNIT_NONE, offsetof(Cs3Law, member), min, max, 0, 0, NULL,     \
        CS3_EVIDENCE_MEASURED, "the fit that the file names", help, NULL                           \
  }

static const char *const networks[] = {"t5", "vit", "gpt2", NULL};

/* Blocks, of encoder and decoder. */
static const double blocks[] = {[CS3_LAW_T5] = 24, [CS3_LAW_VIT] = 12, [CS3_LAW_GPT2] = 12};

static const Cs3Param params[] = {
    ROW("law", "aS", a_s, 1e-6, 1e12, "What sparsity changes."),
    ROW("law", "bS", b_s, 1e-3, 10, "How fast."),
    ROW("law", "cS", c_s, 0, 1e12, "What size changes at any sparsity."),
    ROW("law", "bN", b_n, 1e-3, 10, "Exponent of the weights alive."),
    ROW("law", "aD", a_d, 1, 1e30, "Data at which its term is 1."),
    ROW("law", "bD", b_d, 1e-3, 10, "Exponent of the data."),
    ROW("law", "c", c, 0, 1e6, "What no size and no data removes."),
    ROW("law", "tokens", unit_tokens, 1, 1e12, "Tokens of a unit of data."),
    ROW("law", "samples", unit_samples, 1e-9, 1e12, "Samples (sequences, images) of it."),
    {"law", "network", CS3_PARAM_ENUM, CS3_UNIT_NONE, offsetof(Cs3Law, network), 0,
     CS3_N_LAW_NETWORKS - 1, 0, 0, networks, CS3_EVIDENCE_VENDOR, "the publication",
     "What it was fitted to.", NULL},
    ROW("fitted", "low", fitted_low_n, 1, 1e15, "Fewest weights alive of the fit."),
    ROW("fitted", "high", fitted_high_n, 1, 1e15, "Most weights alive of the fit."),
    ROW("fitted", "sparsity", fitted_sparsity, 0, 1, "Highest sparsity of the fit."),
};

static const Cs3ParamTable table = {params, G_N_ELEMENTS(params)};

static char *find(const char *name, GError **error) {
  if (strchr(name, '/') != NULL || g_str_has_suffix(name, ".ini"))
    return g_strdup(name);
  return cs3_datadir_find(CS3_DATA_LAWS, name, error);
}

Cs3Law *cs3_law_load(const char *name, GError **error) {
  g_autofree char *path = find(name, error);
  g_autofree char *file = path != NULL ? g_path_get_basename(path) : NULL;
  g_autoptr(Cs3Ini) ini = path != NULL ? cs3_ini_load(path, file, error) : NULL;
  if (ini == NULL)
    return NULL;
  g_autoptr(Cs3Law) law = g_new0(Cs3Law, 1);
  law->name = g_strndup(file, strcspn(file, "."));
  law->description = g_strdup(cs3_ini_take(ini, "law", "description"));
  law->source = g_strdup(cs3_ini_take(ini, "law", "source"));
  if (!cs3_params_take(&table, law, ini, error))
    return NULL;
  if (law->source == NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING, "%s: no value for law.source",
                file);
    return NULL;
  }
  if (law->fitted_low_n > law->fitted_high_n) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "%s: fitted.low, %g weights, is above fitted.high, %g", file, law->fitted_low_n,
                law->fitted_high_n);
    return NULL;
  }
  return g_steal_pointer(&law);
}

void cs3_law_free(Cs3Law *law) {
  if (law == NULL)
    return;
  g_free(law->name);
  g_free(law->description);
  g_free(law->source);
  g_free(law);
}

double cs3_law_loss(const Cs3Law *law, double sparsity, double alive, double units) {
  double size = (law->a_s * pow(1 - sparsity, law->b_s) + law->c_s) * pow(alive, -law->b_n);
  return size + pow(law->a_d / units, law->b_d) + law->c;
}

double cs3_law_flop_sparsity(const Cs3Law *law, double flops, double alive) {
  double data = pow(6 * alive * law->a_d * law->unit_tokens / flops, law->b_d);
  double x = law->b_d * data * pow(alive, law->b_n) / (law->b_s * law->a_s);
  return 1 - MIN(1, pow(x, 1 / (law->b_s + law->b_d)));
}

double cs3_law_dense_size(const Cs3Law *law, double sparsity) {
  double sparse = law->a_s * pow(1 - sparsity, law->b_s) + law->c_s;
  return pow((law->a_s + law->c_s) / sparse, 1 / law->b_n);
}

double cs3_law_weights(const Cs3Law *law, double width) {
  return 12 * blocks[law->network] * width * width;
}

char *cs3_law_config(const Cs3Law *law, gint64 width) {
  int w = (int)width, heads = (int)MAX(width / 64, 1);
  switch ((Cs3LawNetwork)law->network) {
  case CS3_LAW_T5: /* T5.1.1: 2048 of 768 in its gated MLP */
    return g_strdup_printf("{\"model_type\":\"t5\",\"d_model\":%d,\"d_ff\":%d,\"d_kv\":64,"
                           "\"num_heads\":%d,\"num_layers\":12,\"num_decoder_layers\":12,"
                           "\"vocab_size\":32128,\"feed_forward_proj\":\"gated-gelu\","
                           "\"tie_word_embeddings\":false}",
                           w, w * 8 / 3 / 8 * 8, heads);
  case CS3_LAW_VIT:
    return g_strdup_printf("{\"model_type\":\"vit\",\"hidden_size\":%d,\"num_hidden_layers\":12,"
                           "\"num_attention_heads\":%d,\"intermediate_size\":%d,"
                           "\"image_size\":224,\"patch_size\":16,\"num_channels\":3}",
                           w, heads, 4 * w);
  case CS3_LAW_GPT2:
    return g_strdup_printf("{\"model_type\":\"gpt2\",\"n_embd\":%d,\"n_layer\":12,\"n_head\":%d,"
                           "\"n_positions\":1024,\"vocab_size\":50257}",
                           w, heads);
  case CS3_N_LAW_NETWORKS:
    break;
  }
  g_return_val_if_reached(NULL);
}
