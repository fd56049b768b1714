/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The output sink: a file is there whole or not at all, and every failure to write is reported. */
#include "config.h"

#include "base/output.h"
#include "base/plain-text.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

/* An empty folder to write to, and the file in it. */
typedef struct {
  char *folder, *file;
} Place;

static Place place_new(void) {
  Place place = {.folder = g_dir_make_tmp("cs3sim-XXXXXX", NULL)};
  place.file = g_build_filename(place.folder, "out.json", NULL);
  return place;
}

static guint files_in(const char *folder) {
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name(dir) != NULL)
    n++;
  return n;
}

static void place_clear(Place *place) {
  g_unlink(place->file);
  ck_assert_uint_eq(files_in(place->folder), 0);
  g_rmdir(place->folder);
  g_free(place->folder);
  g_free(place->file);
}

static void assert_content(const char *path, const char *expected) {
  g_autofree char *content = NULL;
  ck_assert(g_file_get_contents(path, &content, NULL, NULL));
  ck_assert_str_eq(content, expected);
}

START_TEST(test_appears_when_finished) {
  Place place = place_new();
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Output) output = cs3_output_new(place.file, &error);
  ck_assert_ptr_nonnull(output);
  cs3_output_printf(output, "%s %d\n", "number", 7);
  cs3_output_flush(output);
  ck_assert(!g_file_test(place.file, G_FILE_TEST_EXISTS));
  cs3_output_puts(output, "end\n");
  ck_assert_uint_eq(cs3_output_bytes(output), 13);
  ck_assert(cs3_output_finish(output, &error));
  assert_content(place.file, "number 7\nend\n");
  ck_assert_uint_eq(files_in(place.folder), 1);
  place_clear(&place);
}
END_TEST

START_TEST(test_nothing_written_is_an_empty_file) {
  Place place = place_new();
  g_autoptr(Cs3Output) output = cs3_output_new(place.file, NULL);
  ck_assert(cs3_output_finish(output, NULL));
  assert_content(place.file, "");
  place_clear(&place);
}
END_TEST

START_TEST(test_dropped_leaves_the_old_file) {
  Place place = place_new();
  ck_assert(g_file_set_contents(place.file, "old", -1, NULL));
  Cs3Output *output = cs3_output_new(place.file, NULL);
  cs3_output_puts(output, "new");
  cs3_output_flush(output);
  cs3_output_free(output);
  assert_content(place.file, "old");
  ck_assert_uint_eq(files_in(place.folder), 1);
  place_clear(&place);
}
END_TEST

START_TEST(test_link_is_followed) {
  Place place = place_new();
  g_autofree char *link = g_build_filename(place.folder, "link", NULL);
  ck_assert(g_file_set_contents(place.file, "old", -1, NULL));
  ck_assert_int_eq(symlink("out.json", link), 0);
  g_autoptr(Cs3Output) output = cs3_output_new(link, NULL);
  cs3_output_puts(output, "new");
  ck_assert(cs3_output_finish(output, NULL));
  assert_content(place.file, "new");
  ck_assert(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
  g_unlink(link);
  place_clear(&place);
}
END_TEST

START_TEST(test_mode_follows_umask) {
  Place place = place_new();
  umask(027);
  g_autoptr(Cs3Output) output = cs3_output_new(place.file, NULL);
  ck_assert(cs3_output_finish(output, NULL));
  GStatBuf status;
  ck_assert_int_eq(g_stat(place.file, &status), 0);
  ck_assert_uint_eq(status.st_mode & 0777, 0640);
  place_clear(&place);
}
END_TEST

static const struct {
  const char *path;
  const char *text;
} refused[] = {
    {"/no/such/folder/out.json", "cannot write /no/such/folder/out.json: No such file"},
    {"/tmp", "cannot write /tmp: Is a directory"},
    {"/dev/null/out.json", "Not a directory"},
    {"", "is empty"},
};

START_TEST(test_refused_at_once) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_output_new(refused[_i].path, &error));
  fixture_error_in(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_CREATE, refused[_i].text);
}
END_TEST

/* The folder goes away between the check and the first write. */
START_TEST(test_folder_vanishes) {
  Place place = place_new();
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Output) output = cs3_output_new(place.file, NULL);
  g_rmdir(place.folder);
  cs3_output_puts(output, "text");
  ck_assert(!cs3_output_finish(output, &error));
  fixture_error_in(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_CREATE, "No such file");
  g_free(place.folder);
  g_free(place.file);
}
END_TEST

START_TEST(test_disk_full) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Output) output = cs3_output_new("/dev/full", NULL);
  cs3_output_puts(output, "text");
  ck_assert(!cs3_output_finish(output, &error));
  fixture_error_in(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_WRITE,
                   "cannot write /dev/full: No space left on device");
}
END_TEST

/* The limit strikes in the middle: the old file stays, the temporary goes. */
START_TEST(test_file_size_limit) {
  Place place = place_new();
  ck_assert(g_file_set_contents(place.file, "old", -1, NULL));
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit before, limit;
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 4096;
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  g_autoptr(GError) error = NULL;
  Cs3Output *output = cs3_output_new(place.file, NULL);
  for (int i = 0; i < 100; i++)
    cs3_output_printf(output, "%0200d\n", i);
  ck_assert(!cs3_output_finish(output, &error));
  cs3_output_free(output);
  /* The report of this very test must get through. */
  setrlimit(RLIMIT_FSIZE, &before);
  fixture_error_in(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_WRITE, "File too large");
  assert_content(place.file, "old");
  ck_assert_uint_eq(files_in(place.folder), 1);
  place_clear(&place);
}
END_TEST

START_TEST(test_reader_gone) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ck_assert_int_eq(pipe(ends), 0);
  g_autofree char *path = g_strdup_printf("/dev/fd/%d", ends[1]);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Output) output = cs3_output_new(path, &error);
  ck_assert_msg(output != NULL, "%s", error != NULL ? error->message : "");
  /* The pipe is opened by the first write, which needs the reader; then the reader goes. */
  cs3_output_puts(output, "text");
  close(ends[0]);
  ck_assert(!cs3_output_finish(output, &error));
  fixture_error_in(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_WRITE, "Broken pipe");
  close(ends[1]);
}
END_TEST

static const struct {
  double value;
  const char *text;
} reals[] = {
    {0.7, "0.7\n"},         {1e21, "1e21\n"}, {1e-8, "1e-8\n"}, {1.0 / 3, "0.333333333333333\n"},
    {-1234.5, "-1234.5\n"}, {1, "1.0\n"},
};

START_TEST(test_json_reals) {
  Place place = place_new();
  g_autoptr(Cs3Output) output = cs3_output_new(place.file, NULL);
  json_t *value = json_real(reals[_i].value);
  cs3_output_json(output, value, CS3_FORMAT_JSON);
  json_decref(value);
  ck_assert(cs3_output_finish(output, NULL));
  assert_content(place.file, reals[_i].text);
  place_clear(&place);
}
END_TEST

START_TEST(test_json_layouts) {
  Place place = place_new();
  g_autoptr(Cs3Output) output = cs3_output_new(place.file, NULL);
  json_t *value = json_pack("{s:i, s:[i]}", "z", 1, "a", 2);
  cs3_output_json(output, value, CS3_FORMAT_JSONL);
  cs3_output_json(output, value, CS3_FORMAT_JSON);
  json_decref(value);
  ck_assert(cs3_output_finish(output, NULL));
  assert_content(place.file, "{\"z\":1,\"a\":[2]}\n{\n  \"z\": 1,\n  \"a\": [\n    2\n  ]\n}\n");
  place_clear(&place);
}
END_TEST

/* What cannot be written as JSON is a failure, not a hole in the document. */
START_TEST(test_json_failure) {
  Place place = place_new();
  g_autoptr(GError) error = NULL;
  Cs3Output *output = cs3_output_new(place.file, NULL);
  cs3_output_json(output, NULL, CS3_FORMAT_JSON);
  ck_assert(!cs3_output_finish(output, &error));
  cs3_output_free(output);
  fixture_error_in(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_WRITE, "out.json");
  ck_assert(!g_file_test(place.file, G_FILE_TEST_EXISTS));
  place_clear(&place);
}
END_TEST

static const struct {
  const char *path;
  int format;
} extensions[] = {
    {"a.json", CS3_FORMAT_JSON},
    {"a.JSONL", CS3_FORMAT_JSONL},
    {"a.b.csv", CS3_FORMAT_CSV},
    {"a.txt", CS3_FORMAT_TEXT},
    {"a.svg", CS3_FORMAT_SVG},
    {"a.htm", CS3_FORMAT_HTML},
    {"a", -1},
    {"a.json/b", -1},
    {"a.jpeg", -1},
    {".json", CS3_FORMAT_JSON},
    {"a.", -1},
};

START_TEST(test_format_from_path) {
  ck_assert_int_eq(cs3_format_from_path(extensions[_i].path), extensions[_i].format);
}
END_TEST

/* However long and whatever the letters: whole letters, and all of a short text. */
START_TEST(test_cut) {
  static const char *const letters[] = {"a", "\u00f6", "\u20ac", "\U0001f600"};
  g_autoptr(GString) text = g_string_new(NULL), head = g_string_new(NULL);
  for (int n = 0; n <= 2 * CS3_CUT_LETTERS; n++) {
    g_autofree char *expected =
        n <= CS3_CUT_LETTERS ? g_strdup(text->str) : g_strconcat(head->str, "...", NULL);
    ck_assert_str_eq(CS3_CUT(text->str), expected);
    g_string_append(text, letters[_i]);
    if (n < CS3_CUT_LETTERS)
      g_string_append(head, letters[_i]);
  }
}
END_TEST

START_TEST(test_cut_is_plain) {
  ck_assert_str_eq(CS3_CUT("a\nb\033[31m\xc2\x9b\u202e"), "a b [31m  ");
  ck_assert_str_eq(CS3_CUT("\xff"), "\ufffd");
  ck_assert_str_eq(CS3_CUT(""), "");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("output");
  TCase *files = tcase_create("files"), *failures = tcase_create("failures");
  TCase *json = tcase_create("json");
  tcase_add_test(files, test_appears_when_finished);
  tcase_add_test(files, test_nothing_written_is_an_empty_file);
  tcase_add_test(files, test_dropped_leaves_the_old_file);
  tcase_add_test(files, test_link_is_followed);
  tcase_add_test(files, test_mode_follows_umask);
  tcase_add_loop_test(files, test_format_from_path, 0, G_N_ELEMENTS(extensions));
  tcase_add_loop_test(failures, test_refused_at_once, 0, G_N_ELEMENTS(refused));
  tcase_add_test(failures, test_folder_vanishes);
  tcase_add_test(failures, test_disk_full);
  tcase_add_test(failures, test_file_size_limit);
  tcase_add_test(failures, test_reader_gone);
  tcase_add_loop_test(json, test_json_reals, 0, G_N_ELEMENTS(reals));
  tcase_add_test(json, test_json_layouts);
  tcase_add_test(json, test_json_failure);
  TCase *text = tcase_create("text");
  tcase_add_loop_test(text, test_cut, 0, 4);
  tcase_add_test(text, test_cut_is_plain);
  suite_add_tcase(suite, text);
  suite_add_tcase(suite, files);
  suite_add_tcase(suite, failures);
  suite_add_tcase(suite, json);
  return fixture_run(suite);
}
