/* mem.c: see mem.h. */
#include "experiments/kernel/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_B ((size_t)16 << 20) /* from here on huge pages are worth asking for */

/* Kernels that go down the columns of a large matrix find each row on another page: without huge pages they wait for the page
 * table (a fifth of the time of SparseGPT on 768 x 3072). Whether the system grants them changes no result; but where it must
 * move memory for them, clearing the block takes a tenth of a second and answers no interrupt: only for those who gain. */
static void ask_huge_pages(void *p, size_t bytes)
{
#ifdef MADV_HUGEPAGE
  const size_t page = 4096, skip = (page - (uintptr_t)p % page) % page; /* whole pages only */
  if (bytes >= HUGE_B)
    (void)madvise((char *)p + skip, (bytes - skip) / page * page, MADV_HUGEPAGE);
#else
  (void)p;
  (void)bytes;
#endif
}

static enum status new_block(void **out, size_t count, size_t size, bool huge, const char *what, struct err *e)
{
  size_t bytes;
  *out = NULL;
  if (!size_mul(count, size, &bytes) || bytes > PTRDIFF_MAX - MEM_ALIGN)
    return err_set(e, STATUS_NO_MEMORY, "%s: %zu times %zu bytes is more than this machine can address", what, count, size);
  size_t padded = round_up(bytes ? bytes : 1, MEM_ALIGN);
  void *p = aligned_alloc(MEM_ALIGN, padded);
  if (!p)
    return err_set(e, STATUS_NO_MEMORY, "%s: no memory for %.1f MB", what, (double)bytes / 1e6);
  if (huge)
    ask_huge_pages(p, padded);
  memset(p, 0, padded);
  *out = p;
  return STATUS_OK;
}

enum status mem_new(void **out, size_t count, size_t size, const char *what, struct err *e)
{
  return new_block(out, count, size, false, what, e);
}

enum status mem_new_columns(void **out, size_t count, size_t size, const char *what, struct err *e)
{
  return new_block(out, count, size, true, what, e);
}

enum status mem_resize(void **p, size_t count, size_t size, const char *what, struct err *e)
{
  size_t bytes;
  if (!size_mul(count, size, &bytes))
    return err_set(e, STATUS_NO_MEMORY, "%s: %zu times %zu bytes is more than this machine can address", what, count, size);
  void *larger = realloc(*p, bytes ? bytes : 1);
  if (!larger)
    return err_set(e, STATUS_NO_MEMORY, "%s: no memory for %.1f MB", what, (double)bytes / 1e6);
  *p = larger;
  return STATUS_OK;
}

static _Noreturn void give_up(void)
{
  fputs("assay: out of memory\n", stderr);
  abort();
}

static void *checked(void *p)
{
  if (!p)
    give_up();
  return p;
}

void *xmalloc(size_t size) { return checked(malloc(size ? size : 1)); }
void *xcalloc(size_t count, size_t size) { return checked(calloc(count ? count : 1, size ? size : 1)); }
void *xrealloc(void *old, size_t size) { return checked(realloc(old, size ? size : 1)); }
char *xstrdup(const char *s) { return checked(strdup(s)); }

char *xasprintf(const char *format, ...)
{
  va_list args;
  char *s = NULL;
  va_start(args, format);
  int n = vasprintf(&s, format, args);
  va_end(args);
  return checked(n < 0 ? NULL : s);
}

FILE *xstream_open(char **text, size_t *size) { return checked(open_memstream(text, size)); }

/* The stream allocates as it is written, so that only its end tells. */
void xstream_close(FILE *f)
{
  bool failed = ferror(f);
  if (fclose(f) != 0 || failed)
    give_up();
}
