/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoding: bytes of formats, what bounds a token, experts that a token meets. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <math.h>

#include "base/config-error.h"
#include "sim/inference/wafer-decode.h"
#include "workloads/model.h"

START_TEST(test_bytes) {
  static const struct {
    const char *name;
    double density, bytes;
  } cases[] = {{"bf16", 0.3, 2},         {"bf16-bitmask", 0.3, 0.3 * 2 + 0.125},
               {"bf16-bitmask", 1, 2},   {"int8-bitmask", 0.5, 0.625},
               {"bf16-csr", 0.3, 1.2},   {"bf16-2:4", 0.5, 1.125},
               {"int8-2:4", 0.5, 0.625}, {"int4", 1, 0.5 + 1.0 / 64}};
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Cs3WeightStorage *s = cs3_weight_storage_find(cases[i].name, &error);
    ck_assert(s != NULL);
    ck_assert_double_eq_tol(cs3_weight_storage_bytes(s, cases[i].density), cases[i].bytes, 1e-12);
  }
  ck_assert(cs3_weight_storage_find("bf16-bitmaks", &error) == NULL);
  fixture_error_in(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "did you mean bf16-bitmask?");
}
END_TEST

typedef struct {
  Cs3Model *model;
  Cs3Graph *graph;
  Cs3Sparsity *sparsity;
  Cs3DecodeWork work;
} Subject;

static Subject subject_of(const char *config, double sparsity, const Cs3Lengths *lengths,
                          double encoder) {
  g_autoptr(GError) error = NULL;
  Subject s;
  s.model = cs3_model_parse(config, strlen(config), "config", "config", &error);
  ck_assert_msg(s.model != NULL, "%s", error ? error->message : "");
  s.graph = cs3_graph_new(s.model, lengths, &error);
  ck_assert_msg(s.graph != NULL, "%s", error ? error->message : "");
  s.sparsity = cs3_sparsity_new(s.graph, sparsity, NULL, NULL, &error);
  s.work = cs3_decode_work(s.graph, s.sparsity, encoder);
  return s;
}

static Subject subject(const char *config, double sparsity) {
  Cs3Lengths lengths = {.seq = 1};
  return subject_of(config, sparsity, &lengths, 0);
}

static void subject_clear(Subject *s) {
  cs3_sparsity_free(s->sparsity);
  cs3_graph_free(s->graph);
  cs3_model_free(s->model);
}

#define LLAMA                                                                                      \
  "{\"model_type\":\"llama\",\"num_hidden_layers\":4,\"hidden_size\":1024,"                        \
  "\"num_attention_heads\":8,\"num_key_value_heads\":2,\"intermediate_size\":2816,"                \
  "\"max_position_embeddings\":4096,\"vocab_size\":8192}"
#define MIXTRAL                                                                                    \
  "{\"model_type\":\"mixtral\",\"num_hidden_layers\":2,\"hidden_size\":512,"                       \
  "\"num_attention_heads\":8,\"num_key_value_heads\":8,\"intermediate_size\":1024,"                \
  "\"num_local_experts\":8,\"num_experts_per_tok\":2,\"max_position_embeddings\":4096,"            \
  "\"vocab_size\":1024}"

START_TEST(test_what_a_token_reads) {
  Subject s = subject(LLAMA, 0.5);
  double block = 1024.0 * (1024 + 256 + 256 + 1024 + 3 * 2816), head = 1024.0 * 8192;
  ck_assert_double_eq(s.work.weights, 4 * block + head);
  ck_assert_double_eq(s.work.live, 2 * block + head);
  ck_assert_double_eq(s.work.macs, s.work.weights);
  ck_assert_double_eq(s.work.blocks, 4);
  ck_assert_double_eq(cs3_decode_kv_bytes(&s.work, 100), 4 * 100 * 2.0 * 2 * 2 * 128);
  ck_assert_double_eq(cs3_decode_attention_macs(&s.work, 100), 4 * 100 * 2.0 * 1024);
  const Cs3WeightStorage *bf16 = cs3_weight_storage_find("bf16", NULL);
  ck_assert_double_eq(cs3_decode_weight_bytes(&s.work, bf16, 1), 2 * s.work.weights);
  subject_clear(&s);
}
END_TEST

/* Of experts a token reads those it is sent to, many tokens all of them. */
START_TEST(test_experts) {
  Subject s = subject(MIXTRAL, 0);
  const Cs3WeightStorage *int8 = cs3_weight_storage_find("int8", NULL);
  double experts = 2 * 8 * 3.0 * 512 * 1024, rest = s.work.weights - experts;
  ck_assert_double_eq_tol(cs3_decode_weight_bytes(&s.work, int8, 1), rest + experts / 4, 1);
  ck_assert_double_eq_tol(cs3_decode_weight_bytes(&s.work, int8, 2),
                          rest + experts * (1 - 0.75 * 0.75), 1);
  ck_assert_double_eq(cs3_decode_weight_bytes(&s.work, int8, INFINITY), s.work.weights);
  ck_assert_double_eq_tol(s.work.macs, rest + experts / 4, 1);
  subject_clear(&s);
}
END_TEST

#define WINDOWED(family, window)                                                                   \
  "{\"model_type\":\"" family "\",\"num_hidden_layers\":4,\"hidden_size\":128,"                    \
  "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"head_dim\":32,"                           \
  "\"intermediate_size\":256,\"max_position_embeddings\":4096,\"vocab_size\":256,"                 \
  "\"sliding_window\":" window "}"

#define T5                                                                                         \
  "{\"model_type\":\"t5\",\"architectures\":[\"T5ForConditionalGeneration\"],\"num_layers\":3,"    \
  "\"num_decoder_layers\":2,\"d_model\":256,\"d_kv\":32,\"num_heads\":4,\"d_ff\":512,"             \
  "\"vocab_size\":1024}"

/* A token of an encoder-decoder reads its decoder, but for what made the encoder's keys and values,
 * and those. */
START_TEST(test_behind_an_encoder) {
  Cs3Lengths lengths = {.seq = 1, .encoder_seq = 1, .decoding = TRUE};
  Subject s = subject_of(T5, 0, &lengths, 300);
  double attention = 4 * 256.0 * 128, cross = 2 * 256.0 * 128, mlp = 2 * 256.0 * 512;
  ck_assert_double_eq(s.work.weights, 2 * (attention + cross + mlp) + 256.0 * 1024);
  ck_assert_double_eq(s.work.blocks, 2);
  ck_assert_double_eq(cs3_decode_kv_bytes(&s.work, 100), 2 * 2.0 * 2 * 128 * (100 + 300));
  ck_assert_double_eq(cs3_decode_attention_macs(&s.work, 100), 2 * 2.0 * 128 * (100 + 300));
  Cs3Lengths whole = {.seq = 1, .encoder_seq = 300};
  Subject prefill = subject_of(T5, 0, &whole, 300);
  double encoder = 3 * 300 * (attention + mlp), states = 2 * 2 * 300 * 256.0 * 128;
  double scores = 3 * 2 * 300 * 128.0 * 300 + 2 * 2 * 128.0 * (1 + 300);
  ck_assert_double_eq_tol(cs3_prefill_macs(prefill.graph, NULL),
                          encoder + states + s.work.weights + scores, 1);
  subject_clear(&prefill);
  subject_clear(&s);
}
END_TEST

/* Of a window's keys and values so many are kept as it is long, whatever is in the cache. */
START_TEST(test_windows) {
  Cs3Lengths lengths = {.seq = 1, .decoding = TRUE};
  Subject all = subject_of(WINDOWED("mistral", "null"), 0, &lengths, 0);
  Subject windows = subject_of(WINDOWED("mistral", "128"), 0, &lengths, 0);
  Subject half = subject_of(WINDOWED("gemma2", "128"), 0, &lengths, 0);
  double each = 4 * 2.0 * 2 * 2 * 32, macs = 4 * 2.0 * 4 * 32;
  ck_assert_double_eq(cs3_decode_kv_bytes(&all.work, 1000), 1000 * each);
  ck_assert_double_eq(cs3_decode_kv_bytes(&windows.work, 100), 100 * each);
  ck_assert_double_eq(cs3_decode_kv_bytes(&windows.work, 1000), 128 * each);
  ck_assert_double_eq(cs3_decode_kv_bytes(&half.work, 1000), (1000 + 128) * each / 2);
  ck_assert_double_eq(cs3_decode_attention_macs(&half.work, 1000), (1000 + 128) * macs / 2);
  subject_clear(&half);
  subject_clear(&windows);
  subject_clear(&all);
}
END_TEST

/* Everything that is stored has to lie somewhere. */
START_TEST(test_memory) {
  static const char *const configs[] = {LLAMA, MIXTRAL, T5};
  const Cs3WeightStorage *int8 = cs3_weight_storage_find("int8", NULL);
  for (guint i = 0; i < G_N_ELEMENTS(configs); i++) {
    Subject s = subject(configs[i], 0);
    double parameters = (double)cs3_model_parameters(s.model);
    ck_assert_double_eq(cs3_decode_held_bytes(s.graph, s.sparsity, int8, 1), parameters);
    ck_assert_double_gt(cs3_decode_held_bytes(s.graph, s.sparsity, int8, 2), parameters);
    subject_clear(&s);
  }
  Subject s = subject(LLAMA, 0);
  ck_assert_double_eq(cs3_decode_activation_bytes(s.graph, 2), 2 * 3 * 2816.0); /* the gate */
  subject_clear(&s);
}
END_TEST

START_TEST(test_bounds) {
  Subject s = subject(LLAMA, 0.7);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Decoder) gpu = cs3_decoder_load("h200", &error);
  g_autoptr(Cs3Decoder) cpu = cs3_decoder_load("cpu-32", &error);
  ck_assert_msg(gpu != NULL && cpu != NULL, "%s", error ? error->message : "");
  double last = 0;
  for (double batch = 1; batch <= 4096; batch *= 4) {
    const Cs3WeightStorage *bf16 = cs3_weight_storage_find("bf16", NULL);
    const Cs3WeightStorage *mask = cs3_weight_storage_find("bf16-bitmask", NULL);
    Cs3DecodeTime t = cs3_decoder_time(gpu, &s.work, bf16, batch, 100);
    Cs3DecodeTime fewer = cs3_decoder_time(gpu, &s.work, mask, batch, 100);
    ck_assert_double_ge(t.token_s, last);
    ck_assert_double_le(fewer.token_s, t.token_s);
    ck_assert_double_eq(fewer.compute_s, t.compute_s);
    last = t.token_s;
    /* a CPU that skips zeros computes less, too */
    ck_assert_double_lt(cs3_decoder_time(cpu, &s.work, mask, batch, 0).compute_s,
                        0.6 * cs3_decoder_time(cpu, &s.work, bf16, batch, 0).compute_s);
  }
  subject_clear(&s);
}
END_TEST

/* A wafer that holds its weights is never faster than its lanes or its SRAM. */
START_TEST(test_resident) {
  Subject s = subject(LLAMA, 0);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, &error);
  const Cs3WeightStorage *bf16 = cs3_weight_storage_find("bf16", NULL);
  Cs3DecodeTime spread =
      cs3_wafer_resident(&machine->hw, &s.work, bf16, CS3_RESIDENT_SPREAD, 1, 100);
  Cs3DecodeTime regions =
      cs3_wafer_resident(&machine->hw, &s.work, bf16, CS3_RESIDENT_REGIONS, 1, 100);
  ck_assert_double_le(2 * s.work.macs / spread.compute_s, cs3_hardware_peak_flops(&machine->hw));
  ck_assert_double_eq_tol(regions.compute_s, 4 * spread.compute_s, 1e-15);
  ck_assert_double_eq_tol(regions.fixed_s, spread.fixed_s / 2, 1e-12);
  subject_clear(&s);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("inference");
  TCase *tests = tcase_create("decoding");
  tcase_add_test(tests, test_bytes);
  tcase_add_test(tests, test_what_a_token_reads);
  tcase_add_test(tests, test_experts);
  tcase_add_test(tests, test_behind_an_encoder);
  tcase_add_test(tests, test_windows);
  tcase_add_test(tests, test_memory);
  tcase_add_test(tests, test_bounds);
  tcase_add_test(tests, test_resident);
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
