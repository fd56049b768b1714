/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random numbers: the published generator, the same bits in every way to draw them, and their
 * statistics as masks use them. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "workloads/ars.h"
#include "workloads/random-way.h"

#if defined(__x86_64__) && defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("aes")
#include <Random123/ars.h>
#define HAVE_REFERENCE 1
#else
#define HAVE_REFERENCE 0
#endif

/* Statistics run on a fixed seed: a bound of 4 sigma or p = 1e-4 then either holds or not. */
enum { SEED = 20240513 };

#if HAVE_REFERENCE
/* The way beside those of the program: Random123's. */
static void reference(guint rounds, const guint64 counter[2], const guint64 key[2],
                      guint64 out[2]) {
  ars4x32_ctr_t c;
  ars4x32_key_t k;
  memcpy(c.v, counter, sizeof c.v);
  memcpy(k.v, key, sizeof k.v);
  c = ars4x32_R(rounds, c, k);
  memcpy(out, c.v, sizeof c.v);
}
#pragma GCC pop_options
#endif

static guint64 random_word(GRand *rand) {
  return (guint64)g_rand_int(rand) << 32 | g_rand_int(rand);
}

/* --- the generator ---------------------------------------------------------------------------- */

/* Of Random123's tests/kat_vectors and, with seven rounds, tests/old_kat_vectors. */
static const struct {
  guint rounds;
  guint64 counter[2], key[2], out[2];
} known[] = {
    {10, {0, 0}, {0, 0}, {0x506401ef8d73ee19, 0x0cbe9c0d13c2dbe4}},
    {10, {G_MAXUINT64, G_MAXUINT64}, {G_MAXUINT64, 0}, {0x9f635551bb3743b1, 0xa19478a9ecbc87fc}},
    {10,
     {0x85a308d3243f6a88, 0x0370734413198a2e},
     {0x299f31d0a4093822, 0xec4e6c89082efa98},
     {0x8357ad74a516e7d6, 0x8763fff35b59b3ec}},
    {7, {1, 0}, {1, 0}, {0xdc14d20c3523162b, 0x7218419379184077}},
    {7, {0x0100000000000000, 0}, {1, 0}, {0x5dd75c62c6e27fb8, 0x11fd91a484f2a444}},
    {7, {0, 1}, {1, 0}, {0x748f8bd7b12ef4b4, 0xd39547a89fb1399d}},
};

START_TEST(test_known_answers) {
  guint64 out[2];
  cs3_ars(known[_i].rounds, known[_i].counter, known[_i].key, out);
  ck_assert_uint_eq(out[0], known[_i].out[0]);
  ck_assert_uint_eq(out[1], known[_i].out[1]);
}
END_TEST

/* --- ways to draw ----------------------------------------------------------------------------- */

#if HAVE_REFERENCE
START_TEST(test_reference) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 1000 && __builtin_cpu_supports("aes"); i++) {
    guint64 counter[2] = {random_word(rand), random_word(rand)}, out[2], expected[2];
    guint64 key[2] = {random_word(rand), random_word(rand)};
    guint rounds = (guint)g_rand_int_range(rand, 1, 11);
    cs3_ars(rounds, counter, key, out);
    reference(rounds, counter, key, expected);
    ck_assert_mem_eq(out, expected, sizeof out);
  }
}
END_TEST
#endif

/* Every way, also at counters whose halves overflow. */
START_TEST(test_ways_draw_the_same) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 1000; i++) {
    guint64 key = random_word(rand), row = random_word(rand);
    guint32 column = g_rand_int(rand) & ~1u, depth = g_rand_int(rand);
    Cs3RandomBlock used, other;
    if (i % 8 == 0)
      column = G_MAXUINT32 - 7;
    cs3_random_draw(key, row, column, depth, &used);
    for (const Cs3RandomWay *const *way = cs3_random_ways(); *way != NULL; way++) {
      if (!(*way)->usable())
        continue;
      (*way)->draw(key, row, column, depth, &other);
      ck_assert_msg(memcmp(&used, &other, sizeof used) == 0, "%s", (*way)->name);
    }
    const guint64 counter[2] = {(guint64)(column + 2) << 32 | (depth + 3), row}, keys[2] = {key, 0};
    guint64 pair[2];
    cs3_ars(CS3_ARS_ROUNDS, counter, keys, pair);
    ck_assert_mem_eq(used.slice[3] + 2, pair, sizeof pair);
  }
}
END_TEST

/* The number that bit @b of word @w compares: its bits stand at 32 depths. */
static guint32 number_at(guint64 key, guint64 row, guint32 w, guint b) {
  guint32 number = 0;
  for (guint32 depth = 0; depth < 32; depth += CS3_RANDOM_DEPTHS) {
    Cs3RandomBlock block;
    cs3_random_draw(key, row, w & ~1u, depth, &block);
    for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
      number = number << 1 | (block.slice[d][w % 2] >> b & 1);
  }
  return number;
}

/* Thresholds with few and with many digits, near none and near all; rows of any length. A weight
 * lives where its number is below, and nothing is written beyond the row. */
START_TEST(test_bernoulli) {
  static const guint32 special[] = {0,          1,          0x80000000, 0xffffffff,
                                    0x40000000, 0xfffffffe, 0x00010000, 0x4ccccccd};
  enum { MOST = 40 };
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < 400; i++) {
    guint64 key = random_word(rand), row = random_word(rand), used[MOST + 1], other[MOST + 1];
    guint32 threshold = i < 64 ? special[i % 8] : g_rand_int(rand) >> g_rand_int_range(rand, 0, 32);
    gint64 n = g_rand_int_range(rand, 1, MOST + 1);
    for (guint k = 0; k <= MOST; k++)
      used[k] = other[k] = 0x5555555555555555;
    cs3_random_bernoulli(key, row, threshold, used, n);
    for (const Cs3RandomWay *const *way = cs3_random_ways(); *way != NULL; way++)
      if ((*way)->usable()) {
        (*way)->bernoulli(key, row, threshold, other, n);
        ck_assert_msg(memcmp(used, other, sizeof used) == 0, "%s: %x, %d words", (*way)->name,
                      threshold, (int)n);
      }
    for (gint64 k = n; k <= MOST; k++)
      ck_assert_uint_eq(used[k], 0x5555555555555555);
    guint32 w = (guint32)g_rand_int_range(rand, 0, (gint32)n);
    guint b = (guint)g_rand_int_range(rand, 0, 64);
    ck_assert_int_eq(used[w] >> b & 1, number_at(key, row, w, b) < threshold);
  }
}
END_TEST

/* --- statistics ------------------------------------------------------------------------------- */

/* @n words as masks use them: depth 0 and on of neighbouring columns of neighbouring rows. */
static guint64 *words_in_use(gsize n) {
  guint64 key = cs3_random_key(SEED, 1, CS3_RANDOM_BERNOULLI), *words = g_new(guint64, n);
  Cs3RandomBlock block;
  const gsize size = sizeof block / sizeof *words, row = 64;
  for (gsize at = 0; at < n; at += size) {
    guint32 column = (guint32)(at / size % row) * CS3_RANDOM_LANES;
    cs3_random_draw(key, at / size / row, column, 0, &block);
    memcpy(words + at, &block, MIN(sizeof block, (n - at) * sizeof *words));
  }
  return words;
}

static double sigmas(double seen, double n, double p) {
  return (seen - n * p) / sqrt(n * p * (1 - p));
}

/* Every one of the 64 places of a word is set as often as not. */
START_TEST(test_means) {
  enum { WORDS = 1 << 17 };
  g_autofree guint64 *words = words_in_use(WORDS);
  double chi2 = 0;
  for (guint b = 0; b < 64; b++) {
    double seen = 0;
    for (guint i = 0; i < WORDS; i++)
      seen += (double)(words[i] >> b & 1);
    chi2 += pow(sigmas(seen, WORDS, 0.5), 2);
  }
  double p = gsl_cdf_chisq_Q(chi2, 64);
  ck_assert_msg(p > 1e-4 && p < 1 - 1e-4, "p = %g", p);
}
END_TEST

/* A word agrees with others in half of its bits: the next columns, depths and rows. */
START_TEST(test_pairs) {
  static const guint lag[] = {1, 2, 3, 4, 7, 8, 16, 24, 32, 64, 2048, 4096};
  enum { WORDS = 1 << 17 };
  g_autofree guint64 *words = words_in_use(WORDS);
  for (guint k = 0; k < G_N_ELEMENTS(lag); k++) {
    double same = 0, n = 64.0 * (WORDS - lag[k]);
    for (guint i = lag[k]; i < WORDS; i++)
      same += __builtin_popcountll(~(words[i] ^ words[i - lag[k]]));
    ck_assert_msg(fabs(sigmas(same, n, 0.5)) < 4, "%g sigma at %u", sigmas(same, n, 0.5), lag[k]);
  }
}
END_TEST

/* Runs of equal bits along the columns have lengths 1, 2, ... in a half, a quarter, ... of cases.
 */
START_TEST(test_runs) {
  enum { WORDS = 1 << 17, LONGEST = 14 };
  g_autofree guint64 *words = words_in_use(WORDS);
  double seen[LONGEST + 1] = {0}, n = 0, chi2 = 0;
  guint length = 0;
  for (gsize i = 1; i < 64 * (gsize)WORDS; i++) {
    length++;
    if ((words[i / 64] >> i % 64 & 1) == (words[(i - 1) / 64] >> (i - 1) % 64 & 1))
      continue;
    seen[MIN(length, LONGEST)]++;
    n++;
    length = 0;
  }
  for (int k = 1; k <= LONGEST; k++) {
    double expected = n * ldexp(1, k < LONGEST ? -k : 1 - k);
    chi2 += (seen[k] - expected) * (seen[k] - expected) / expected;
  }
  double p = gsl_cdf_chisq_Q(chi2, LONGEST - 1);
  ck_assert_msg(p > 1e-4 && p < 1 - 1e-4, "p = %g", p);
}
END_TEST

/* Bits of a word as of a binomial distribution: their variance, too. */
START_TEST(test_weights_of_words) {
  enum { WORDS = 1 << 17, LOW = 20, HIGH = 44 };
  g_autofree guint64 *words = words_in_use(WORDS);
  double seen[65] = {0}, chi2 = 0, pdf = ldexp(1, -64), below = 0, few = 0;
  for (guint i = 0; i < WORDS; i++)
    seen[__builtin_popcountll(words[i])]++;
  for (int k = 0; k <= 64; pdf *= (64.0 - k) / (k + 1.0), k++) {
    if (k < LOW || k > HIGH) {
      below += WORDS * pdf;
      few += seen[k];
      continue;
    }
    chi2 += pow(seen[k] - WORDS * pdf, 2) / (WORDS * pdf);
  }
  chi2 += (few - below) * (few - below) / below;
  double p = gsl_cdf_chisq_Q(chi2, HIGH - LOW + 1);
  ck_assert_msg(p > 1e-4 && p < 1 - 1e-4, "p = %g", p);
}
END_TEST

/* One bit of a counter or key changes half of what is drawn, whichever it is. */
START_TEST(test_neighbours) {
  enum { CASES = 512 };
  for (guint bit = 0; bit < 192; bit++) {
    double same = 0;
    for (guint64 i = 0; i < CASES; i++) {
      guint64 flip = (guint64)1 << bit % 64, half = bit / 64;
      const guint64 counter[2] = {i << 32, i >> 3}, key[2] = {SEED + i, 0};
      const guint64 near_counter[2] = {counter[0] ^ (half == 0 ? flip : 0),
                                       counter[1] ^ (half == 1 ? flip : 0)};
      const guint64 near_key[2] = {key[0] ^ (half == 2 ? flip : 0), 0};
      guint64 one[2], two[2];
      cs3_ars(CS3_ARS_ROUNDS, counter, key, one);
      cs3_ars(CS3_ARS_ROUNDS, near_counter, near_key, two);
      same += __builtin_popcountll(~(one[0] ^ two[0])) + __builtin_popcountll(~(one[1] ^ two[1]));
    }
    ck_assert_msg(fabs(sigmas(same, 128 * CASES, 0.5)) < 4.5, "bit %u: %g sigma", bit,
                  sigmas(same, 128 * CASES, 0.5));
  }
}
END_TEST

/* Streams: seeds, tensors and purposes side by side have words that agree in half of their bits. */
START_TEST(test_streams) {
  enum { ROWS = 512 };
  const guint64 keys[] = {
      cs3_random_key(1, 7, CS3_RANDOM_BERNOULLI), cs3_random_key(2, 7, CS3_RANDOM_BERNOULLI),
      cs3_random_key(1, 8, CS3_RANDOM_BERNOULLI), cs3_random_key(7, 1, CS3_RANDOM_BERNOULLI),
      cs3_random_key(1, 7, CS3_RANDOM_SELECT),    cs3_random_key(1, 7, CS3_RANDOM_ORDER)};
  for (guint a = 0; a < G_N_ELEMENTS(keys); a++)
    for (guint b = 0; b < a; b++) {
      double same = 0, n = ROWS * 8.0 * sizeof(Cs3RandomBlock);
      for (guint64 row = 0; row < ROWS; row++) {
        Cs3RandomBlock one, two;
        cs3_random_draw(keys[a], row, 0, 0, &one);
        cs3_random_draw(keys[b], row, 0, 0, &two);
        for (guint i = 0; i < sizeof one / 8; i++)
          same += __builtin_popcountll(~(one.slice[i / 8][i % 8] ^ two.slice[i / 8][i % 8]));
      }
      ck_assert_msg(fabs(sigmas(same, n, 0.5)) < 4, "%u, %u: %g sigma", a, b, sigmas(same, n, 0.5));
    }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("random");
  TCase *tc = tcase_create("generator");
  tcase_add_loop_test(tc, test_known_answers, 0, G_N_ELEMENTS(known));
#if HAVE_REFERENCE
  tcase_add_test(tc, test_reference);
#endif
  tcase_add_test(tc, test_ways_draw_the_same);
  tcase_add_test(tc, test_bernoulli);
  suite_add_tcase(suite, tc);
  tc = tcase_create("statistics");
  tcase_add_test(tc, test_means);
  tcase_add_test(tc, test_pairs);
  tcase_add_test(tc, test_runs);
  tcase_add_test(tc, test_weights_of_words);
  tcase_add_test(tc, test_neighbours);
  tcase_add_test(tc, test_streams);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
