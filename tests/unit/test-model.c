/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model reader: published parameter counts, and everything a config.json can get wrong. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <math.h>
#include <unistd.h>

#include "workloads/family.h"

/* Totals published with the weights (Hugging Face safetensors metadata or model cards). */
static const struct {
  const char *preset;
  gint64 parameters;
} published[] = {
    {"llama7b", 6738415616},   {"llama13b", 13015864320},  {"llama70b", 68976648192},
    {"llama3-8b", 8030261248}, {"mistral-7b", 7241732096}, {"opt-6.7b", 6658473984},
    {"gpt-j-6b", 6050882784},  {"gpt2-small", 124439808},
};

START_TEST(test_published_parameters) {
  g_autoptr(Cs3Model) model = fixture_preset(published[_i].preset);
  ck_assert_int_eq(cs3_model_parameters(model), published[_i].parameters);
}
END_TEST

/* The GPT-3 style series is known by nominal sizes of two or three digits. */
static const struct {
  const char *preset;
  double nominal;
} nominal[] = {
    {"gpt3-256m", 256e6}, {"gpt3-590m", 590e6}, {"gpt3-xl", 1.3e9}, {"gpt3-2.7b", 2.7e9},
    {"gpt3-6.7b", 6.7e9}, {"gpt3-13b", 13e9},   {"gpt3-20b", 20e9}, {"gpt3-175b", 175e9},
};

START_TEST(test_nominal_parameters) {
  g_autoptr(Cs3Model) model = fixture_preset(nominal[_i].preset);
  double ratio = (double)cs3_model_parameters(model) / nominal[_i].nominal;
  ck_assert_msg(fabs(ratio - 1) < 0.02, "%s: %g of nominal", nominal[_i].preset, ratio);
}
END_TEST

static Cs3Model *parse(const char *text, GError **error) {
  return cs3_model_parse(text, strlen(text), "file.json", "model", error);
}

/* Models without a preset, by their published configuration and count. */
static const struct {
  const char *config;
  gint64 parameters;
} others[] = {
    /* GPT-NeoX-20B, arXiv 2204.06745. */
    {"{\"model_type\":\"gpt_neox\",\"hidden_size\":6144,\"intermediate_size\":24576,"
     "\"num_hidden_layers\":44,\"num_attention_heads\":64,\"vocab_size\":50432,"
     "\"max_position_embeddings\":2048,\"rotary_pct\":0.25,\"hidden_act\":\"gelu_fast\","
     "\"use_parallel_residual\":true,\"tie_word_embeddings\":false}",
     20554567680},
    /* Pythia-160m, arXiv 2304.01373. */
    {"{\"model_type\":\"gpt_neox\",\"hidden_size\":768,\"intermediate_size\":3072,"
     "\"num_hidden_layers\":12,\"num_attention_heads\":12,\"vocab_size\":50304,"
     "\"max_position_embeddings\":2048}",
     162322944},
    /* OPT-350m: embedding of 512, norms behind the layers, no final norm. */
    {"{\"model_type\":\"opt\",\"hidden_size\":1024,\"ffn_dim\":4096,\"num_hidden_layers\":24,"
     "\"num_attention_heads\":16,\"vocab_size\":50272,\"max_position_embeddings\":2048,"
     "\"word_embed_proj_dim\":512,\"do_layer_norm_before\":false}",
     331196416},
    /* Qwen2-7B, arXiv 2407.10671. */
    {"{\"model_type\":\"qwen2\",\"hidden_size\":3584,\"intermediate_size\":18944,"
     "\"num_hidden_layers\":28,\"num_attention_heads\":28,\"num_key_value_heads\":4,"
     "\"vocab_size\":152064,\"max_position_embeddings\":131072,\"tie_word_embeddings\":false,"
     "\"sliding_window\":131072,\"use_sliding_window\":false}",
     7615616512},
    /* Mistral-Nemo-12B: heads x head_dim differs from the hidden size, no window. */
    {"{\"model_type\":\"mistral\",\"hidden_size\":5120,\"intermediate_size\":14336,"
     "\"num_hidden_layers\":40,\"num_attention_heads\":32,\"num_key_value_heads\":8,"
     "\"head_dim\":128,\"vocab_size\":131072,\"max_position_embeddings\":1024000,"
     "\"sliding_window\":null}",
     12247782400},
    /* TinyLlama-1.1B, arXiv 2401.02385; head_dim null, as save_pretrained() writes it. */
    {"{\"model_type\":\"llama\",\"hidden_size\":2048,\"intermediate_size\":5632,"
     "\"num_hidden_layers\":22,\"num_attention_heads\":32,\"num_key_value_heads\":4,"
     "\"head_dim\":null,\"vocab_size\":32000,\"max_position_embeddings\":2048}",
     1100048384},
    /* Llama-3.2-1B: tied embedding. */
    {"{\"model_type\":\"llama\",\"hidden_size\":2048,\"intermediate_size\":8192,"
     "\"num_hidden_layers\":16,\"num_attention_heads\":32,\"num_key_value_heads\":8,"
     "\"vocab_size\":128256,\"max_position_embeddings\":131072,\"tie_word_embeddings\":true}",
     1235814400},
    /* LLaMA 60M as GaLore and ReLoRA configure it: a length that no network reads, by hand. */
    {"{\"model_type\":\"llama\",\"hidden_size\":512,\"intermediate_size\":1376,"
     "\"num_hidden_layers\":8,\"num_attention_heads\":8,\"vocab_size\":32000,"
     "\"max_sequence_length\":1024}",
     2 * 32000 * 512 + 8 * (4 * 512 * 512 + 3 * 512 * 1376 + 2 * 512) + 512},
};

START_TEST(test_other_parameters) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = parse(others[_i].config, &error);
  ck_assert_msg(model != NULL, "%s", error ? error->message : "");
  ck_assert_int_eq(cs3_model_parameters(model), others[_i].parameters);
}
END_TEST

#define LLAMA                                                                                      \
  "{\"model_type\":\"llama\",\"intermediate_size\":64,\"num_hidden_layers\":2,\"vocab_size\":99,"  \
  "\"max_position_embeddings\":128"

static const struct {
  const char *config, *message;
} bad[] = {
    {"", "file.json:1:0: not valid JSON"},
    {"{\"model_type\": \"llama\",\n \"hidden_size\": }", "file.json:2:"},
    {"[1, 2]", "expected a JSON object"},
    {"{\"a\": 1, \"a\": 2}", "duplicate object key"},
    {"{} x", "end of file expected"},
    {"{\"a\": \"b\nc\"}", "unexpected newline"},
    {"{\"a\": \"\xff\"}", "unable to decode byte 0xff"},
    {"{\"model_type\": NaN}", "got \"NaN\""},
    {LLAMA ",\"hidden_size\":Infinity}",
     "hidden_size: expected an integer from 1 to 1048576, got \"Infinity\""},
    {"{\"a\": 99999999999999999999}", "too big integer"},
    {"{}",
     "model_type: expected a family that is known, got no such key; write the network with the keys"
     " of one that has the same layers: albert, arcee, "},
    {"{}", "whisper, xlm-roberta"},
    {"{\"model_type\": \"Mixtral2\"}", "got \"Mixtral2\" (did you mean mixtral?); write"},
    {"{\"model_type\": \"elmo\"}", "got \"elmo\""},
    {"{\"model_type\": \"a\\nb\"}", "got \"a?b\""},
    {"{\"model_type\": 3}", "got 3"},
    {LLAMA ",\"num_attention_heads\":0}",
     "num_attention_heads: expected an integer from 1 to 1048576, got 0"},
    {LLAMA ",\"num_local_experts\":8}",
     "num_local_experts: this key (8) is not understood and may change the network"},
    {LLAMA ",\"hidden_size\":32,\"num_attention_heads\":4,"
           "\"architectures\":[\"LlamaForQuestionAnswering\"]}",
     "architectures: expected a class that ends in one of ForCausalLM, LMHeadModel,"},
    {"{\"model_type\":\"gpt2\",\"pruned_heads\":{\"0\":[1]}}",
     "pruned_heads: this key (an object) is not understood"},
    {LLAMA ",\"hidden_size\":\"32\",\"num_attention_heads\":4}",
     "hidden_size: expected an integer from 1 to 1048576, got \"32\""},
    {LLAMA ",\"hidden_size\":32.0,\"num_attention_heads\":4}", "got 32.0"},
    {LLAMA ",\"hidden_size\":null,\"num_attention_heads\":4}", "got null"},
    {LLAMA ",\"hidden_size\":[32],\"num_attention_heads\":4}", "got an array"},
    {LLAMA ",\"hidden_size\":0,\"num_attention_heads\":4}", "got 0"},
    {LLAMA ",\"hidden_size\":-32,\"num_attention_heads\":4}", "got -32"},
    {LLAMA ",\"hidden_size\":9223372036854775807,\"num_attention_heads\":4}",
     "got 9223372036854775807"},
    {LLAMA ",\"hidden_size\":32,\"num_attention_heads\":5}",
     "hidden_size: expected a multiple of num_attention_heads (5), got 32"},
    {LLAMA ",\"hidden_size\":32,\"num_attention_heads\":4,\"num_key_value_heads\":3}",
     "num_key_value_heads: expected a divisor of num_attention_heads (4), got 3"},
    {LLAMA ",\"hidden_size\":32,\"num_attention_heads\":4,\"num_key_value_heads\":8}", "got 8"},
    {LLAMA ",\"hidden_size\":12,\"num_attention_heads\":4}", "even number"},
    {LLAMA ",\"hidden_size\":32,\"num_attention_heads\":1048576,\"head_dim\":1048576}",
     "expected at most 1048576, got 1048576 x 1048576"},
    {LLAMA ",\"hidden_size\":32,\"num_attention_heads\":4,\"hidden_act\":\"xielu\"}",
     "hidden_act: expected one of \"relu\""},
    {LLAMA ",\"hidden_size\":32,\"num_attention_heads\":4,\"tie_word_embeddings\":1}",
     "tie_word_embeddings: expected true or false, got 1"},
    {"{\"model_type\":\"gpt_neox\",\"hidden_size\":32,\"intermediate_size\":64,"
     "\"num_hidden_layers\":2,\"num_attention_heads\":4,\"vocab_size\":9,"
     "\"max_position_embeddings\":8,\"rotary_pct\":1.5}",
     "rotary_pct: expected a number from 0 to 1, got 1.5"},
    {"{\"model_type\":\"gptj\",\"n_embd\":32,\"n_layer\":2,\"n_head\":4,\"vocab_size\":9,"
     "\"n_positions\":8,\"rotary_dim\":16}",
     "even number up to the head width 8, got 16"},
    {"{\"model_type\":\"qwen2\",\"hidden_size\":32,\"num_attention_heads\":4,"
     "\"num_key_value_heads\":4,\"num_hidden_layers\":2,\"layer_types\":[\"full_attention\"]}",
     "layer_types: expected a list of 2 names"},
    {"{\"model_type\":\"qwen2\",\"hidden_size\":32,\"num_attention_heads\":4,"
     "\"num_key_value_heads\":4,\"num_hidden_layers\":1,\"layer_types\":[\"linear_attention\"]}",
     "layer_types: expected \"full_attention\" or \"sliding_attention\", got \"linear_attention\""},
    {"{\"model_type\":\"mixtral\",\"num_local_experts\":8}",
     "num_experts_per_tok: expected beside num_local_experts (8), 1 to as many; got no such key"},
    {"{\"model_type\":\"mixtral\",\"num_local_experts\":8,\"num_experts_per_tok\":9}",
     "num_experts_per_tok: expected 1 to the number of experts (8), got 9"},
    {"{\"model_type\":\"t5\",\"num_layers\":12,\"num_decoder_layers\":0}",
     "num_decoder_layers: expected an integer from 1 to 10000, or null, got 0"},
    {"{\"model_type\":\"t5\",\"feed_forward_proj\":\"gated-maxout\"}",
     "feed_forward_proj: expected"},
    {"{\"model_type\":\"bart\",\"decoder_layers\":0}",
     "decoder_layers: expected an integer from 1"},
    {"{\"model_type\":\"bert\",\"position_embedding_type\":\"relative_key\"}",
     "position_embedding_type: expected \"absolute\", got \"relative_key\""},
    {"{\"model_type\":\"vit\",\"patch_size\":512}",
     "patch_size: expected at most image_size, got 512"},
    {"{\"model_type\":\"mpt\",\"attn_config\":{\"alibi\":false}}",
     "attn_config.alibi: expected true"},
    {"{\"model_type\":\"clip\",\"text_config\":3}", "text_config: expected an object, got 3"},
    {"{\"model_type\":\"llava\"}", "text_config: expected the language model of this llava"},
    {"{\"model_type\":\"llava\",\"text_config\":3}", "got something else"},
    {"{\"model_type\":\"llava\",\"text_config\":{\"text_config\":{}}}", "got one within another"},
    {"{\"model_type\":\"llava\",\"text_config\":{\"model_type\":\"llava\"}}",
     "text_config: model_type: expected a family that is known, got"},
};

START_TEST(test_bad_config) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = parse(bad[_i].config, &error);
  ck_assert_ptr_null(model);
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, bad[_i].message);
  ck_assert_uint_lt(strlen(error->message), 1500);
}
END_TEST

START_TEST(test_deep_nesting) {
  g_autofree char *deep = g_strnfill(1 << 20, '[');
  g_autofree char *text = g_strconcat("{\"a\":", deep, NULL);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(parse(text, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, "maximum parsing depth");
}
END_TEST

START_TEST(test_long_string_is_cut) {
  g_autofree char *name = g_strnfill(1 << 20, 'x');
  g_autofree char *text = g_strconcat("{\"model_type\":\"", name, "\"}", NULL);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(parse(text, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, "xxx...\"");
  ck_assert_uint_lt(strlen(error->message), 1500);
}
END_TEST

/* Every prefix of a good file is an error, never a crash. */
START_TEST(test_truncated) {
  const char *config = others[0].config;
  for (gsize size = 0; size < strlen(config); size++) {
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(cs3_model_parse(config, size, "file.json", "model", &error));
    fixture_error(error, CS3_WORKLOAD_ERROR_DATA, "file.json:1:");
  }
}
END_TEST

/* Random damage to a good file: a model or an error, never both, neither or a crash. */
START_TEST(test_mutated) {
  static const char alphabet[] = "0123456789-.eE\"{}[],:ntf \n\x01\xff";
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < 5000; i++) {
    g_autofree char *text = g_strdup(others[i % G_N_ELEMENTS(others)].config);
    gsize size = strlen(text);
    for (int j = g_rand_int_range(rand, 1, 4); j > 0; j--)
      text[g_rand_int_range(rand, 0, (gint32)size)] =
          alphabet[g_rand_int_range(rand, 0, sizeof alphabet - 1)];
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3Model) model = cs3_model_parse(text, size, "file.json", "model", &error);
    ck_assert((model != NULL) != (error != NULL));
    if (error)
      fixture_error(error, CS3_WORKLOAD_ERROR_DATA, "file.json");
    else
      ck_assert_int_gt(cs3_model_parameters(model), 0);
  }
}
END_TEST

/* The largest model the limits allow: a count in 128 bits agrees, so nothing has overflowed. */
START_TEST(test_largest_model) {
  g_autofree char *text =
      g_strdup_printf("{\"model_type\":\"llama\",\"hidden_size\":%d,\"intermediate_size\":%d,"
                      "\"num_hidden_layers\":%d,\"num_attention_heads\":1024,\"vocab_size\":%d,"
                      "\"max_position_embeddings\":%d,\"attention_bias\":true,\"mlp_bias\":true}",
                      (int)CS3_MODEL_MAX_WIDTH, (int)CS3_MODEL_MAX_FFN, (int)CS3_MODEL_MAX_LAYERS,
                      (int)CS3_MODEL_MAX_VOCAB, (int)CS3_MODEL_MAX_SEQ);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) m = parse(text, &error);
  ck_assert_ptr_nonnull(m);
  __int128 h = cs3_model_fact(m, "hidden"), f = cs3_model_fact(m, "ffn");
  __int128 block = 4 * h * h + 4 * h + 3 * h * f + 2 * f + h + 2 * h;
  __int128 total =
      cs3_model_fact(m, "layers") * block + 2 * (__int128)cs3_model_fact(m, "vocab") * h + h;
  ck_assert(total < (__int128)1 << 62);
  ck_assert(cs3_model_parameters(m) == (gint64)total);
}
END_TEST

START_TEST(test_names) {
  g_autofree char *folder = g_dir_make_tmp("cs3-model-XXXXXX", NULL);
  ck_assert_ptr_nonnull(folder);
  g_autofree char *path = g_build_filename(folder, "config.json", NULL);
  g_autofree char *last = g_path_get_basename(folder);
  ck_assert(g_file_set_contents(path, others[1].config, -1, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) by_file = cs3_model_load(path, NULL, &error);
  g_autoptr(Cs3Model) by_folder = cs3_model_load(folder, NULL, &error);
  g_autoptr(Cs3Model) named = cs3_model_load(folder, "pythia", &error);
  unlink(path);
  rmdir(folder);
  ck_assert_str_eq(by_file->name, last);
  ck_assert_str_eq(by_folder->name, last);
  ck_assert_str_eq(named->name, "pythia");
  ck_assert_str_eq(named->family, "gpt_neox");
}
END_TEST

/* "gpt3-6.7b.json" is called gpt3-6.7b, not gpt3-6. */
START_TEST(test_stem) {
  g_autofree char *path =
      g_build_filename(g_getenv("CS3SIM_SRCDIR"), "workloads/presets/gpt3-6.7b.json", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = cs3_model_load(path, NULL, &error);
  ck_assert_str_eq(model->name, "gpt3-6.7b");
}
END_TEST

static const struct {
  const char *path, *message;
  int code;
} unreadable[] = {
    {"/nonexistent/model.json", "/nonexistent/model.json: No such file",
     CS3_WORKLOAD_ERROR_NO_INPUT},
    {"/", "/config.json: No such file", CS3_WORKLOAD_ERROR_NO_INPUT},
    {"a\nb", "a?b: No such file", CS3_WORKLOAD_ERROR_NO_INPUT},
    {"/dev/zero", "larger than 16 MiB", CS3_WORKLOAD_ERROR_TOO_LARGE},
    {"/dev/null", "not valid JSON", CS3_WORKLOAD_ERROR_DATA},
};

START_TEST(test_unreadable) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_model_load(unreadable[_i].path, NULL, &error));
  fixture_error(error, unreadable[_i].code, unreadable[_i].message);
}
END_TEST

static double rotary_elements(const Cs3Model *model) {
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, NULL);
  for (guint i = 0; i < graph->nodes->len; i++)
    if (cs3_graph_node(graph, i)->kind == CS3_NODE_ROTARY)
      return cs3_graph_node(graph, i)->vector_elements;
  return 0;
}

START_TEST(test_special_keys) {
  g_autoptr(Cs3Model) opt = fixture_preset("opt-6.7b");
  ck_assert_int_eq(cs3_model_fact(opt, "max_seq"), 2048);
  g_autoptr(Cs3Model) gpt2 = fixture_preset("gpt2-small");
  ck_assert_int_eq(cs3_model_fact(gpt2, "ffn"), 3072);
  g_autoptr(Cs3Model) gptj = fixture_preset("gpt-j-6b");
  ck_assert_double_eq(rotary_elements(gptj), 2 * 2 * 16 * 64);
  g_autoptr(Cs3Model) mistral = fixture_preset("mistral-7b");
  ck_assert_int_eq(cs3_model_fact(mistral, "window"), 4096);
  ck_assert_int_eq(cs3_model_fact(mistral, "kv_heads"), 8);
  g_autoptr(Cs3Model) neox = parse(others[0].config, NULL);
  ck_assert_double_eq(rotary_elements(neox), 2 * 2 * 64 * 24);
  g_autoptr(Cs3Model) pythia = parse(others[1].config, NULL);
  ck_assert_double_eq(rotary_elements(pythia), 2 * 2 * 12 * 16);
  g_autoptr(Cs3Model) no_window = parse(
      "{\"model_type\":\"mistral\",\"hidden_size\":64,\"intermediate_size\":64,\"vocab_size\":9,"
      "\"num_hidden_layers\":1,\"num_attention_heads\":8,\"max_position_embeddings\":8}",
      NULL);
  ck_assert_int_eq(cs3_model_fact(no_window, "window"), 4096);
  g_autoptr(Cs3Model) nemo = parse(others[4].config, NULL);
  ck_assert_int_eq(cs3_model_fact(nemo, "window"), 0);
  ck_assert_double_eq(rotary_elements(nemo), 2 * (32 + 8) * 128);
}
END_TEST

static const char *note(const Cs3Model *model, const char *text) {
  for (guint i = 0; i < model->notes->len; i++)
    if (strstr(model->notes->pdata[i], text))
      return model->notes->pdata[i];
  return NULL;
}

/* What a reader would not expect is said: a shortened default length, keys left out, zeros stored.
 */
START_TEST(test_notes) {
  g_autoptr(Cs3Model) long_one = parse(others[6].config, NULL);
  ck_assert_int_eq(long_one->lengths.seq, 8192);
  g_autoptr(Cs3Model) left = parse("{\"model_type\":\"llama\",\"vocab_size\":32000}", NULL);
  ck_assert_ptr_nonnull(note(left, "hidden_size, intermediate_size, num_hidden_layers,"));
  ck_assert_int_eq(left->parameters, 6738415616);
  g_autoptr(Cs3Model) zeros =
      parse("{\"model_type\":\"llama\",\"quantization_config\":{\"sparsity_config\":"
            "{\"global_sparsity\":0.4596}}}",
            NULL);
  ck_assert_ptr_nonnull(note(zeros, "46.0 % of this checkpoint's weights are zero"));
}
END_TEST

/* Files as others write them: a byte-order mark, numbers that are none, the newer spelling of the
 * share that turns. */
START_TEST(test_spellings) {
  g_autoptr(Cs3Model) marked =
      parse("\xef\xbb\xbf{\"model_type\":\"llama\",\"x_loss\":NaN,\"y\":-Infinity}", NULL);
  ck_assert_ptr_nonnull(marked);
  g_autoptr(Cs3Model) share = parse("{\"model_type\":\"gpt_neox\",\"hidden_size\":2048,"
                                    "\"num_attention_heads\":8,\"rope_parameters\":"
                                    "{\"partial_rotary_factor\":1.0}}",
                                    NULL);
  ck_assert_double_eq(rotary_elements(share), 2 * 2 * 2048);
  g_autoptr(Cs3Model) whole = parse("{\"model_type\":\"gptj\",\"rotary_dim\":null}", NULL);
  ck_assert_double_eq(rotary_elements(whole), 2 * 2 * 4096);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("model");
  TCase *tc = tcase_create("model");
  tcase_add_loop_test(tc, test_published_parameters, 0, G_N_ELEMENTS(published));
  tcase_add_loop_test(tc, test_nominal_parameters, 0, G_N_ELEMENTS(nominal));
  tcase_add_loop_test(tc, test_other_parameters, 0, G_N_ELEMENTS(others));
  tcase_add_loop_test(tc, test_bad_config, 0, G_N_ELEMENTS(bad));
  tcase_add_loop_test(tc, test_unreadable, 0, G_N_ELEMENTS(unreadable));
  tcase_add_test(tc, test_deep_nesting);
  tcase_add_test(tc, test_long_string_is_cut);
  tcase_add_test(tc, test_truncated);
  tcase_add_test(tc, test_mutated);
  tcase_add_test(tc, test_largest_model);
  tcase_add_test(tc, test_names);
  tcase_add_test(tc, test_stem);
  tcase_add_test(tc, test_special_keys);
  tcase_add_test(tc, test_notes);
  tcase_add_test(tc, test_spellings);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
