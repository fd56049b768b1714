/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work under a mask against scores that are looked at one by one. */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "workloads/attention-mask.h"

static gboolean sees(const Cs3AttentionSpan *s, gint64 query, gint64 key) {
  gint64 apart = query - key;
  if (s->causal && apart < 0)
    return FALSE;
  if (s->window > 0 && (s->causal ? apart >= s->window : ABS(apart) > s->window / 2))
    return FALSE;
  return s->document == 0 || query / s->document == key / s->document;
}

/* Scores of all tiles in which the mask leaves one, by their definition. */
static double count(const Cs3AttentionSpan *s, gint64 seq, gint64 tiles) {
  double edge = (double)seq / tiles, sum = 0;
  for (gint64 i = 0; i < tiles; i++)
    for (gint64 j = 0; j < tiles; j++) {
      gint64 q0 = (gint64)floor(i * edge), q1 = (gint64)floor((i + 1) * edge);
      gint64 k0 = (gint64)floor(j * edge), k1 = (gint64)floor((j + 1) * edge);
      gboolean any = FALSE;
      for (gint64 q = q0; q < q1; q++)
        for (gint64 k = k0; k < k1; k++)
          any |= sees(s, q, k);
      sum += any ? (double)((q1 - q0) * (k1 - k0)) : 0;
    }
  return sum / seq;
}

/* One restriction beside causality at a time: there a tile is left out exactly when no score lives.
 */
START_TEST(test_random) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(7);
  for (int i = 0; i < 200; i++) {
    gint64 seq = g_rand_int_range(rand, 1, 150), tiles = g_rand_int_range(rand, 1, 40);
    Cs3AttentionSpan s = {.seq = (double)seq, .causal = g_rand_boolean(rand), .tiles = tiles};
    if (g_rand_boolean(rand))
      s.window = g_rand_int_range(rand, 1, 200);
    else
      s.document = g_rand_int_range(rand, 1, 200);
    ck_assert_msg(fabs(cs3_attention_keys(&s) - count(&s, seq, MIN(tiles, seq))) < 1e-9,
                  "case %d: seq %d tiles %d causal %d window %d document %d", i, (int)seq,
                  (int)tiles, s.causal, (int)s.window, (int)s.document);
  }
}
END_TEST

/* Causal attention in tiles of sequence/256 is (1 + 1/256)/2 of the square. */
START_TEST(test_causal) {
  Cs3AttentionSpan s = {.seq = 2048, .causal = TRUE, .tiles = 256};
  ck_assert_double_eq(cs3_attention_keys(&s), 2048 * (1 + 1.0 / 256) / 2);
  s.tiles = 0;
  ck_assert_double_eq(cs3_attention_keys(&s), 2049 / 2.0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("attention-mask");
  TCase *tests = tcase_create("keys");
  tcase_add_test(tests, test_random);
  tcase_add_test(tests, test_causal);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
