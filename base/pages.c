/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Large arrays in huge pages. */
#include "config.h"

#include "base/pages.h"

#include <sys/mman.h>

/* Of x86-64, and of AArch64 with small pages of 4 KiB; where it is another, the advice is without
 * effect. What is smaller than a quarter of one comes from the heap. */
static const gsize HUGE_PAGE = 2 << 20, LEAST = 512 << 10;

gsize cs3_pages_size(gsize size) {
  return size < LEAST ? size : (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/* Of @all bytes that are mapped, those from the first boundary on. */
static char *cut(char *all, gsize mapped, gsize size) {
  char *begin = all + (HUGE_PAGE - (guintptr)all % HUGE_PAGE) % HUGE_PAGE, *end = begin + size;
  if (begin > all)
    munmap(all, (gsize)(begin - all));
  if (all + mapped > end)
    munmap(end, (gsize)(all + mapped - end));
#ifdef MADV_HUGEPAGE
  (void)madvise(begin, size, MADV_HUGEPAGE);
#endif
  return begin;
}

gpointer cs3_pages_new(gsize size) {
  if (size > G_MAXSSIZE - 2 * HUGE_PAGE)
    return NULL;
  if (size < LEAST)
    return g_try_malloc0(MAX(size, 1));
  gsize rounded = cs3_pages_size(size), mapped = rounded + HUGE_PAGE;
  char *all = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return all != MAP_FAILED ? cut(all, mapped, rounded) : NULL;
}

void cs3_pages_free(gpointer pages, gsize size) {
  if (size < LEAST)
    g_free(pages);
  else if (pages != NULL)
    munmap(pages, cs3_pages_size(size));
}

void cs3_pages_keep(gpointer pages, gsize size) {
  if (size >= LEAST)
    (void)madvise(pages, cs3_pages_size(size), MADV_DONTFORK);
}
