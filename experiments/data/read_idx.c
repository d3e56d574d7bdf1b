/* read_idx.c: see read_idx.h. */
#include "experiments/data/read_idx.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define BLOCK 4096 /* elements converted at a time */

static size_t item_size(unsigned type)
{
  switch (type) {
  case IDX_U8:
  case IDX_I8: return 1;
  case IDX_I16: return 2;
  case IDX_I32:
  case IDX_F32: return 4;
  case IDX_F64: return 8;
  default: return 0;
  }
}

static size_t header_size(const struct idx *x) { return 4 + 4 * x->ndim; }

unsigned long long idx_byte(const struct idx *x, size_t i) { return header_size(x) + (unsigned long long)i * x->item; }

const char *idx_shape(const struct idx *x, char out[IDX_SHAPE_MAX])
{
  size_t length = 0;
  for (size_t i = 0; i < x->ndim; i++)
    length += (size_t)snprintf(out + length, IDX_SHAPE_MAX - length, "%s%zu", i ? " x " : "", x->dim[i]);
  return out;
}

static enum status read_exactly(struct idx *x, void *to, size_t want, const char *what, struct err *e)
{
  size_t got;
  enum status s = bytes_read(x->source, to, want, &got, e);
  if (s == STATUS_OK && got < want)
    s = err_set(e, STATUS_BAD_DATA, "%s: byte %llu: the file ends inside %s", bytes_path(x->source),
                (unsigned long long)bytes_at(x->source), what);
  return s;
}

static enum status read_magic(struct idx *x, struct err *e)
{
  const char *path = bytes_path(x->source);
  unsigned char magic[4];
  if (bytes_file_size(x->source) == 0)
    return err_set(e, STATUS_BAD_DATA, "%s: the file is empty", path);
  enum status s = read_exactly(x, magic, 4, "its IDX header", e);
  if (s != STATUS_OK)
    return s;
  if (magic[0] || magic[1])
    return err_set(e, STATUS_BAD_DATA, "%s: byte 0: not an IDX file: it starts %02x %02x, not 00 00", path, magic[0],
                   magic[1]);
  x->item = item_size(magic[2]);
  if (x->item == 0)
    return err_set(e, STATUS_BAD_DATA,
                   "%s: byte 2: IDX element type 0x%02X is not defined (08 u8, 09 i8, 0B i16, 0C i32, 0D f32, 0E f64)",
                   path, magic[2]);
  x->type = (enum idx_type)magic[2];
  if (magic[3] < 1 || magic[3] > IDX_NDIM_MAX)
    return err_set(e, STATUS_BAD_DATA, "%s: byte 3: %d dimensions; 1 to %d can be read", path, magic[3], IDX_NDIM_MAX);
  x->ndim = magic[3];
  return STATUS_OK;
}

/* Does the stream hold what the dimensions claim? */
static enum status check_size(const struct idx *x, struct err *e)
{
  const char *path = bytes_path(x->source);
  char shape[IDX_SHAPE_MAX];
  size_t bytes, total;
  if (!size_mul(x->count, x->item, &bytes) || __builtin_add_overflow(bytes, header_size(x), &total))
    return err_set(e, STATUS_BAD_DATA, "%s: byte 4: %s elements of %zu bytes are more than 64 bits can count", path,
                   idx_shape(x, shape), x->item);
  if (bytes_gzipped(x->source) && total > bytes_bound(x->source))
    return err_set(e, STATUS_BAD_DATA,
                   "%s: byte 4: %s elements need %zu bytes, but %llu gzipped bytes hold at most %llu", path,
                   idx_shape(x, shape), total, (unsigned long long)bytes_file_size(x->source),
                   (unsigned long long)bytes_bound(x->source));
  if (!bytes_gzipped(x->source) && total != bytes_file_size(x->source))
    return err_set(e, STATUS_BAD_DATA, "%s: byte 4: %s elements need a file of %zu bytes, but it has %llu", path,
                   idx_shape(x, shape), total, (unsigned long long)bytes_file_size(x->source));
  return STATUS_OK;
}

static enum status read_dimensions(struct idx *x, struct err *e)
{
  unsigned char raw[4 * IDX_NDIM_MAX];
  bool fits = true;
  enum status s = read_exactly(x, raw, 4 * x->ndim, "its IDX dimensions", e);
  if (s != STATUS_OK)
    return s;
  x->count = 1;
  for (size_t i = 0; i < x->ndim; i++) {
    const unsigned char *b = raw + 4 * i;
    x->dim[i] = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    fits = size_mul(x->count, x->dim[i], &x->count) && fits;
  }
  char shape[IDX_SHAPE_MAX];
  if (!fits)
    return err_set(e, STATUS_BAD_DATA, "%s: byte 4: %s elements are more than 64 bits can count", bytes_path(x->source),
                   idx_shape(x, shape));
  return check_size(x, e);
}

enum status idx_open(struct idx *x, const char *path, struct err *e)
{
  *x = (struct idx){0};
  enum status s = bytes_open(&x->source, path, e);
  if (s == STATUS_OK)
    s = read_magic(x, e);
  if (s == STATUS_OK)
    s = read_dimensions(x, e);
  if (s != STATUS_OK)
    idx_close(x);
  return s;
}

void idx_close(struct idx *x)
{
  bytes_close(x->source);
  x->source = NULL;
}

enum status idx_read_u8(struct idx *x, uint8_t *to, size_t n, struct err *e)
{
  assert(x->type == IDX_U8 && n <= x->count - x->read);
  x->read += n;
  return read_exactly(x, to, n, "its data", e);
}

/* Bytes of one element, big-endian, as an integer. */
static uint64_t big_endian(const unsigned char *b, size_t size)
{
  uint64_t v = 0;
  for (size_t i = 0; i < size; i++)
    v = v << 8 | b[i];
  return v;
}

static double element(const unsigned char *b, enum idx_type type, size_t size)
{
  uint64_t bits = big_endian(b, size);
  uint32_t low = (uint32_t)bits;
  float f;
  double d;
  switch (type) {
  case IDX_U8: return (double)bits;
  case IDX_I8: return (double)(int8_t)bits;
  case IDX_I16: return (double)(int16_t)bits;
  case IDX_I32: return (double)(int32_t)low;
  case IDX_F32: memcpy(&f, &low, sizeof f); return (double)f;
  case IDX_F64: memcpy(&d, &bits, sizeof d); return d;
  }
  return 0;
}

enum status idx_read(struct idx *x, double *to, size_t n, struct err *e)
{
  unsigned char raw[BLOCK * 8];
  assert(n <= x->count - x->read);
  for (size_t at = 0; at < n;) {
    size_t now = n - at < BLOCK ? n - at : BLOCK;
    enum status s = read_exactly(x, raw, now * x->item, "its data", e);
    if (s != STATUS_OK)
      return s;
    for (size_t i = 0; i < now; i++)
      to[at + i] = element(raw + i * x->item, x->type, x->item);
    at += now;
  }
  x->read += n;
  return STATUS_OK;
}

enum status idx_skip(struct idx *x, size_t n, struct err *e)
{
  unsigned char raw[BLOCK * 8];
  assert(n <= x->count - x->read);
  for (size_t left = n * x->item; left;) {
    size_t now = left < sizeof raw ? left : sizeof raw;
    enum status s = read_exactly(x, raw, now, "its data", e);
    if (s != STATUS_OK)
      return s;
    left -= now;
  }
  x->read += n;
  return STATUS_OK;
}

enum status idx_finish(struct idx *x, struct err *e)
{
  unsigned char more;
  size_t got;
  assert(x->read == x->count);
  enum status s = bytes_read(x->source, &more, 1, &got, e);
  if (s == STATUS_OK && got)
    s = err_set(e, STATUS_BAD_DATA, "%s: byte %llu: more data follows than the dimensions say", bytes_path(x->source),
                idx_byte(x, x->count));
  return s;
}
