/* matrix_pack.c: see matrix_pack.h. */
#include "experiments/data/matrix_pack.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "experiments/kernel/mem.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are kept as they lie in memory");

enum { HEAD = 24, BITS = 1, DEFLATE_RATIO = 1032 /* a 258-byte match can take 2 bits, no less */ };

bool matrix_is_mask(const struct mat *m)
{
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++) {
      double v = mat_get(m, i, j);
      if (v != 1 && (v != 0 || signbit(v)))
        return false;
    }
  return true;
}

/* Bytes of the elements when they are kept so. */
static size_t raw_size(size_t count, unsigned kept_as) { return kept_as == BITS ? (count + 7) / 8 : count * kept_as; }

static void copy_rows(unsigned char *raw, const struct mat *m)
{
  size_t size = dtype_size(m->type), width = m->cols * size;
  for (size_t i = 0; i < m->rows && width; i++)
    memcpy(raw + i * width, (const unsigned char *)m->data + i * m->stride * size, width);
}

static void copy_bits(unsigned char *raw, const struct mat *m)
{
  for (size_t i = 0, at = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++, at++)
      if (mat_get(m, i, j) > 0)
        raw[at / 8] |= (unsigned char)(0x80 >> at % 8);
}

static void write_head(unsigned char *to, const struct mat *m, unsigned kept_as)
{
  const uint64_t rows = m->rows, cols = m->cols;
  memcpy(to, "AMX1", 4);
  to[4] = (unsigned char)kept_as;
  to[5] = (unsigned char)dtype_size(m->type);
  to[6] = to[7] = 0;
  memcpy(to + 8, &rows, 8);
  memcpy(to + 16, &cols, 8);
}

static bool fits(uint64_t rows, uint64_t cols)
{
  return rows <= MATRIX_PACK_MOST && cols <= MATRIX_PACK_MOST && rows * cols <= MATRIX_PACK_MOST;
}

enum status matrix_pack(const struct mat *m, unsigned char **bytes, size_t *n, struct err *e)
{
  void *raw = NULL, *out = NULL;
  *bytes = NULL;
  if (!fits(m->rows, m->cols))
    return err_set(e, STATUS_BAD_ARG, "a matrix of %zu x %zu is too large to be kept: at most %zu numbers", m->rows, m->cols, MATRIX_PACK_MOST);
  unsigned kept_as = matrix_is_mask(m) ? BITS : (unsigned)dtype_size(m->type);
  size_t size = raw_size(m->rows * m->cols, kept_as);
  uLongf packed = compressBound(size);
  enum status s = mem_new(&raw, size, 1, "a matrix to be kept", e);
  if (s == STATUS_OK)
    s = mem_new(&out, HEAD + packed, 1, "a packed matrix", e);
  if (s == STATUS_OK) {
    write_head(out, m, kept_as);
    (kept_as == BITS ? copy_bits : copy_rows)(raw, m);
    if (compress2((unsigned char *)out + HEAD, &packed, raw, size, Z_DEFAULT_COMPRESSION) != Z_OK)
      s = err_set(e, STATUS_NO_MEMORY, "zlib has no memory to keep a matrix of %zu x %zu", m->rows, m->cols);
  }
  free(raw);
  if (s != STATUS_OK) {
    free(out);
    return s;
  }
  *bytes = out;
  *n = HEAD + packed;
  return STATUS_OK;
}

/* --- reading --------------------------------------------------------------------------------------------------- */

struct head { unsigned kept_as; enum dtype type; uint64_t rows, cols; };

static enum status read_head(struct head *h, const unsigned char *b, size_t n, struct err *e)
{
  if (n < HEAD || memcmp(b, "AMX1", 4) != 0)
    return err_set(e, STATUS_BAD_DATA, "this is no packed matrix: %zu bytes that do not begin with AMX1", n);
  memcpy(&h->rows, b + 8, 8);
  memcpy(&h->cols, b + 16, 8);
  h->kept_as = b[4];
  h->type = b[5] == sizeof(float) ? DTYPE_F32 : DTYPE_F64;
  if ((b[5] != sizeof(float) && b[5] != sizeof(double)) || (b[4] != BITS && b[4] != b[5]) || b[6] || b[7])
    return err_set(e, STATUS_BAD_DATA, "a packed matrix of an unknown kind: elements %d, type %d, then %d and %d", b[4], b[5], b[6], b[7]);
  if (!fits(h->rows, h->cols))
    return err_set(e, STATUS_BAD_DATA, "a packed matrix of %llu x %llu: at most %zu numbers are read", (unsigned long long)h->rows,
                   (unsigned long long)h->cols, MATRIX_PACK_MOST);
  if (raw_size((size_t)(h->rows * h->cols), h->kept_as) / DEFLATE_RATIO > n - HEAD)
    return err_set(e, STATUS_BAD_DATA, "a packed matrix of %llu x %llu in %zu bytes, which cannot hold it", (unsigned long long)h->rows,
                   (unsigned long long)h->cols, n);
  return STATUS_OK;
}

static void fill(struct mat *m, const unsigned char *raw, unsigned kept_as)
{
  size_t width = m->cols * dtype_size(m->type);
  for (size_t i = 0, at = 0; i < m->rows; i++)
    if (kept_as != BITS)
      memcpy((unsigned char *)m->data + i * m->stride * dtype_size(m->type), raw + i * width, width);
    else
      for (size_t j = 0; j < m->cols; j++, at++)
        mat_set(m, i, j, raw[at / 8] >> (7 - at % 8) & 1);
}

enum status matrix_unpack(struct mat *out, const void *bytes, size_t n, struct err *e)
{
  struct head h = {0};
  const unsigned char *b = bytes;
  enum status s = read_head(&h, b, n, e);
  if (s != STATUS_OK)
    return s;
  size_t size = raw_size((size_t)(h.rows * h.cols), h.kept_as);
  uLongf got = size + 1; /* room for one too many, so that it is seen */
  uLong used = n - HEAD;
  void *raw;
  if ((s = mem_new(&raw, size + 1, 1, "a packed matrix", e)) != STATUS_OK)
    return s;
  int code = uncompress2(raw, &got, b + HEAD, &used);
  if (code == Z_MEM_ERROR)
    s = err_set(e, STATUS_NO_MEMORY, "zlib has no memory for a packed matrix");
  else if (code != Z_OK || got != size || used != n - HEAD)
    s = err_set(e, STATUS_BAD_DATA, "a packed matrix of %llu x %llu: its numbers are damaged", (unsigned long long)h.rows, (unsigned long long)h.cols);
  if (s == STATUS_OK)
    s = mat_new(out, h.type, (size_t)h.rows, (size_t)h.cols, e);
  if (s == STATUS_OK && size)
    fill(out, raw, h.kept_as);
  free(raw);
  return s;
}
