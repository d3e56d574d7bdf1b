/* mem.h: allocation. Sizes that a user can choose are checked for overflow and may fail; small
 * book-keeping uses the aborting x-functions. Kernel buffers are aligned to 64 bytes. */
#ifndef ASSAY_KERNEL_MEM_H
#define ASSAY_KERNEL_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "experiments/kernel/err.h"

#define MEM_ALIGN 64u

/* *out = count * size zeroed bytes, 64-byte aligned, released with free(). count * size may be 0 (a
 * valid pointer results). On overflow or exhaustion: STATUS_NO_MEMORY with the figure and `what`. */
NODISCARD enum status mem_new(void **out, size_t count, size_t size, const char *what, struct err *e);

/* The same for a large matrix that a kernel walks down by columns: on huge pages where the system has them. */
NODISCARD enum status mem_new_columns(void **out, size_t count, size_t size, const char *what, struct err *e);

/* Give *p, from malloc or this function or NULL, room for count * size bytes; new ones are not set. On failure *p is
 * as before. For what grows with the data. */
NODISCARD enum status mem_resize(void **p, size_t count, size_t size, const char *what, struct err *e);

/* a * b, false on overflow. */
static inline bool size_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }

/* n rounded up to a multiple of m (m > 0). */
static inline size_t round_up(size_t n, size_t m) { return (n + m - 1) / m * m; }

/* Abort with a message on exhaustion: for small, bounded book-keeping only. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *s);
/* A stream whose text, in *text and to be freed, is complete after xstream_close. */
FILE *xstream_open(char **text, size_t *size);
void xstream_close(FILE *f);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
