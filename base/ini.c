/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An .ini file read strictly. GKeyFile parses; a scan of the lines beside it supplies what
 * GKeyFile does not keep: line numbers, comments, repetitions. */
#include "config.h"

#include "base/ini.h"

#include "base/config-error.h"
#include "base/plain-text.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* A hardware or scenario file is a few kilobytes; more is a mistake (a device, a checkpoint). */
#define MAX_BYTES (1 << 20)

typedef struct {
  char *group, *key;
  guint line;
  char *comment; /* NULL: none */
  char *value;
  gboolean taken;
} Entry;

struct Cs3Ini {
  char *label;
  GPtrArray *entries;  /* Entry, in the order of the file */
  GPtrArray *empty;    /* Entry without a key: [group] and no key up to the next */
  GHashTable *by_name; /* "group.key" -> Entry */
};

/* Where the scan of the lines stands. */
typedef struct {
  const char *label;
  guint line;
  char *group;      /* NULL: before the first */
  GString *comment; /* of the current paragraph */
  gboolean in_comment;
  gboolean empty; /* no key since the last [group] */
} Scan;

static void entry_free(gpointer data) {
  Entry *entry = data;
  g_free(entry->group);
  g_free(entry->key);
  g_free(entry->comment);
  g_free(entry->value);
  g_free(entry);
}

void cs3_ini_free(Cs3Ini *ini) {
  if (ini == NULL)
    return;
  g_free(ini->label);
  g_ptr_array_unref(ini->entries);
  g_ptr_array_unref(ini->empty);
  g_hash_table_unref(ini->by_name);
  g_free(ini);
}

static Entry *lookup(const Cs3Ini *ini, const char *group, const char *key) {
  g_autofree char *name = g_strconcat(group, ".", key, NULL);
  return g_hash_table_lookup(ini->by_name, name);
}

static gboolean refuse(const Scan *scan, const char *what, const char *line, GError **error) {
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s:%u: %s: '%s'", scan->label,
              scan->line, what, CS3_CUT(line));
  return FALSE;
}

static gboolean scan_group(Cs3Ini *ini, Scan *scan, const char *line, GError **error) {
  const char *end = strchr(line, ']');
  if (end == NULL || end[1] != '\0' || end == line + 1)
    return refuse(scan, "a group is written [name]", line, error);
  g_free(scan->group);
  scan->group = g_strndup(line + 1, (gsize)(end - line - 1));
  Entry *entry = g_new0(Entry, 1);
  entry->group = g_strdup(scan->group);
  entry->line = scan->line;
  g_ptr_array_add(ini->empty, entry);
  scan->empty = TRUE;
  g_string_truncate(scan->comment, 0);
  scan->in_comment = FALSE;
  return TRUE;
}

static void scan_comment(Scan *scan, const char *line) {
  if (!scan->in_comment)
    g_string_truncate(scan->comment, 0);
  scan->in_comment = TRUE;
  line += strspn(line, "# \t");
  if (scan->comment->len > 0 && *line != '\0')
    g_string_append_c(scan->comment, ' ');
  g_string_append(scan->comment, line);
}

static gboolean scan_key(Cs3Ini *ini, Scan *scan, const char *line, GError **error) {
  const char *equals = strchr(line, '=');
  if (equals == NULL || equals == line)
    return refuse(scan, "neither [group], key = value nor # comment", line, error);
  if (scan->group == NULL)
    return refuse(scan, "a key before the first [group]", line, error);
  g_autofree char *key = g_strchomp(g_strndup(line, (gsize)(equals - line)));
  if (strpbrk(key, "[]") != NULL)
    return refuse(scan, "a key has no brackets", line, error);
  const Entry *first = lookup(ini, scan->group, key);
  if (first != NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_DUPLICATE,
                "%s:%u: %s.%s is given twice, first in line %u; keep one", scan->label, scan->line,
                scan->group, key, first->line);
    return FALSE;
  }
  if (scan->empty)
    g_ptr_array_set_size(ini->empty, (int)ini->empty->len - 1);
  scan->in_comment = scan->empty = FALSE;
  Entry *entry = g_new0(Entry, 1);
  entry->group = g_strdup(scan->group);
  entry->key = g_steal_pointer(&key);
  entry->line = scan->line;
  entry->comment = scan->comment->len > 0 ? g_strdup(scan->comment->str) : NULL;
  g_ptr_array_add(ini->entries, entry);
  g_hash_table_insert(ini->by_name, g_strconcat(entry->group, ".", entry->key, NULL), entry);
  return TRUE;
}

static gboolean scan_line(Cs3Ini *ini, Scan *scan, char *line, GError **error) {
  g_strstrip(line);
  scan->line++;
  if (line[0] == '[')
    return scan_group(ini, scan, line, error);
  if (line[0] == '#') {
    scan_comment(scan, line);
    return TRUE;
  }
  if (line[0] != '\0')
    return scan_key(ini, scan, line, error);
  g_string_truncate(scan->comment, 0);
  return TRUE;
}

static gboolean scan_lines(Cs3Ini *ini, const char *text, GError **error) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  Scan scan = {.label = ini->label, .comment = g_string_new(NULL)};
  gboolean ok = TRUE;
  for (guint i = 0; ok && lines[i] != NULL; i++)
    ok = scan_line(ini, &scan, lines[i], error);
  g_string_free(scan.comment, TRUE);
  g_free(scan.group);
  return ok;
}

/* The values as they stand: backslashes mean nothing. */
static gboolean read_values(Cs3Ini *ini, const char *text, gsize length, GError **error) {
  g_autoptr(GKeyFile) file = g_key_file_new();
  g_autoptr(GError) problem = NULL;
  if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, &problem)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s: %s", ini->label,
                problem->message);
    return FALSE;
  }
  for (guint i = 0; i < ini->entries->len; i++) {
    Entry *entry = g_ptr_array_index(ini->entries, i);
    entry->value = g_key_file_get_value(file, entry->group, entry->key, &problem);
    if (entry->value != NULL && g_strchomp(entry->value)[0] != '\0')
      continue;
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s:%u: %s.%s: %s", ini->label,
                entry->line, entry->group, entry->key,
                problem != NULL ? problem->message : "no value behind '='");
    return FALSE;
  }
  return TRUE;
}

/* The mark that some editors put in front of UTF-8. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* At most @size bytes of a file; -1 with errno set. Bounded, so that a device cannot fill memory.
 */
static gssize read_some(const char *path, char *buffer, gsize size) {
  FILE *file = g_fopen(path, "rbe");
  if (file == NULL)
    return -1;
  errno = 0;
  gssize n = (gssize)fread(buffer, 1, size, file);
  int failure = ferror(file) ? errno : 0;
  fclose(file);
  errno = failure;
  return failure != 0 ? -1 : n;
}

static char *read_text(const char *path, const char *label, gsize *length, GError **error) {
  g_autofree char *text = g_malloc(MAX_BYTES + 2);
  gssize n = read_some(path, text, MAX_BYTES + 1);
  if (n < 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND, "cannot read '%s': %s", path,
                g_strerror(errno));
    return NULL;
  }
  if (n > MAX_BYTES || !g_utf8_validate(text, n, NULL)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s: not an .ini file: %s", label,
                n > MAX_BYTES ? "larger than 1 MiB" : "not UTF-8 text");
    return NULL;
  }
  text[n] = '\0';
  gsize skip = g_str_has_prefix(text, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0;
  *length = (gsize)n - skip;
  memmove(text, text + skip, *length + 1);
  return g_steal_pointer(&text);
}

Cs3Ini *cs3_ini_load(const char *path, const char *label, GError **error) {
  gsize length = 0;
  g_autofree char *text = read_text(path, label, &length, error);
  if (text == NULL)
    return NULL;
  g_autoptr(Cs3Ini) ini = g_new0(Cs3Ini, 1);
  /* A file's name may be any bytes; where a value comes from is text. */
  ini->label = g_utf8_make_valid(label, -1);
  ini->entries = g_ptr_array_new_with_free_func(entry_free);
  ini->empty = g_ptr_array_new_with_free_func(entry_free);
  ini->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (!scan_lines(ini, text, error) || !read_values(ini, text, length, error))
    return NULL;
  return g_steal_pointer(&ini);
}

const char *cs3_ini_take(Cs3Ini *ini, const char *group, const char *key) {
  Entry *entry = lookup(ini, group, key);
  if (entry == NULL)
    return NULL;
  entry->taken = TRUE;
  return entry->value;
}

char *cs3_ini_where(const Cs3Ini *ini, const char *group, const char *key) {
  const Entry *entry = lookup(ini, group, key);
  return entry != NULL ? g_strdup_printf("%s:%u", ini->label, entry->line) : g_strdup(ini->label);
}

const char *cs3_ini_comment(const Cs3Ini *ini, const char *group, const char *key) {
  const Entry *entry = lookup(ini, group, key);
  return entry != NULL ? entry->comment : NULL;
}

gboolean cs3_ini_left(const Cs3Ini *ini, const char **group, const char **key) {
  for (guint i = 0; i < ini->entries->len; i++) {
    const Entry *entry = g_ptr_array_index(ini->entries, i);
    if (entry->taken)
      continue;
    *group = entry->group;
    *key = entry->key;
    return TRUE;
  }
  return FALSE;
}

const char *cs3_ini_empty(const Cs3Ini *ini, guint n, guint *line) {
  if (n >= ini->empty->len)
    return NULL;
  const Entry *entry = g_ptr_array_index(ini->empty, n);
  *line = entry->line;
  return entry->group;
}
