/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live bits of values: every way of a processor gives what the formats' definitions give. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <math.h>
#include <string.h>

#include "workloads/tensor-dtype.h"

/* Half-precision formats, widened exactly to a float's bits. */
static float widen(const char *name, guint64 bits) {
  guint32 wide = (guint32)bits << 16;
  float value;
  if (strcmp(name, "BF16") != 0) { /* F16 */
    guint exponent = bits >> 10 & 31, fraction = bits & 1023;
    float magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                      : exponent == 0 ? ldexpf((float)fraction, -24)
                                      : ldexpf((float)(1024 + fraction), (int)exponent - 25);
    return bits >> 15 ? -magnitude : magnitude;
  }
  memcpy(&value, &wide, sizeof value);
  return value;
}

/* Every value of the 16-bit formats, by the arithmetic of the processor. */
START_TEST(test_all_halves) {
  const char *const names[] = {"F16", "BF16"};
  const Cs3Dtype *dtype = cs3_dtype_find(names[_i]);
  g_autofree guint16 *values = g_new(guint16, 65536);
  g_autofree guint64 *bits = g_new(guint64, 1024);
  gint64 nan = 0;
  for (guint v = 0; v < 65536; v++) {
    values[v] = GUINT16_TO_LE((guint16)v);
    nan += isnan(widen(names[_i], v));
  }
  ck_assert_int_eq(cs3_dtype_live(dtype, cs3_live_best(), (guint8 *)values, 65536, bits), nan);
  for (guint v = 0; v < 65536; v++) {
    float value = widen(names[_i], v);
    ck_assert_int_eq(bits[v / 64] >> v % 64 & 1, !isnan(value) && value != 0);
  }
}
END_TEST

/* Values that readers stumble over, between random ones. */
static void fill(GRand *rand, const Cs3Dtype *dtype, guint8 *values, gint64 n) {
  guint bytes = MAX(1, dtype->bits / 8);
  for (gint64 i = 0; i < n; i++) {
    const guint64 special[] = {
        0, dtype->sign, dtype->largest, dtype->largest + 1, dtype->largest | dtype->sign,
        1, G_MAXUINT64};
    guint64 value = g_rand_boolean(rand) ? special[g_rand_int_range(rand, 0, 7)]
                                         : (guint64)g_rand_int(rand) << 32 | g_rand_int(rand);
    value = GUINT64_TO_LE(value);
    memcpy(values + i * bytes, &value, bytes);
  }
}

START_TEST(test_ways_agree) {
  const char *const names[] = {"F64",  "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F4",  "I8",
                               "BOOL", "U8",  "I16", "U16",  "I32",     "U32",     "I64", "U64"};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint k = 0; k < G_N_ELEMENTS(names); k++) {
    const Cs3Dtype *dtype = cs3_dtype_find(names[k]);
    ck_assert_ptr_nonnull(dtype);
    gint64 n = g_rand_int_range(rand, 1, 700);
    g_autofree guint8 *values = g_malloc((gsize)n * 8);
    guint64 expected[11], bits[11];
    fill(rand, dtype, values, n);
    gint64 beyond = cs3_dtype_live(dtype, CS3_LIVE_PORTABLE, values, n, expected);
    for (Cs3LiveWay way = CS3_LIVE_PORTABLE; way <= cs3_live_best(); way++) {
      memset(bits, 0xff, sizeof bits);
      ck_assert_int_eq(cs3_dtype_live(dtype, way, values, n, bits), beyond);
      ck_assert_mem_eq(bits, expected, (gsize)(n + 63) / 64 * 8);
    }
  }
}
END_TEST

/* Two in a byte, low half first: 0, minus 0, 0.5, -6. */
START_TEST(test_four_bits) {
  const guint8 values[] = {0x80, 0xf1};
  guint64 bits;
  ck_assert_int_eq(cs3_dtype_live(cs3_dtype_find("F4"), cs3_live_best(), values, 4, &bits), 0);
  ck_assert_int_eq(bits, 0xc);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("tensor-dtype");
  TCase *t = tcase_create("tensor-dtype");
  tcase_add_loop_test(t, test_all_halves, 0, 2);
  tcase_add_loop_test(t, test_ways_agree, 0, 20);
  tcase_add_test(t, test_four_bits);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
