/* matrix_pack.c: matrices kept with runs come back to the bit, masks are small, and damage is refused. */
#include "experiments/data/matrix_pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "tests/tap.h"

/* Made by Python: "AMX1", 1, 4, 0, 0, 2, 5, and zlib.compress(bytes([0x80, 0x40])). */
static const unsigned char from_python[] = "AMX1\1\4\0\0\2\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\x78\x9c\x6b\x70\x00\x00\x01\x42\x00\xc1";
enum { PYTHON = sizeof from_python - 1 };

static struct mat matrix(enum dtype type, size_t rows, size_t cols)
{
  struct mat m;
  struct err e = {0};
  if (mat_new(&m, type, rows, cols, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return m;
}

/* Packed and read again: the same shape, type and bits? *n: bytes. */
static bool comes_back(const struct mat *m, size_t *n)
{
  unsigned char *bytes;
  struct mat again = {0};
  struct err e = {0};
  bool same = matrix_pack(m, &bytes, n, &e) == STATUS_OK && matrix_unpack(&again, bytes, *n, &e) == STATUS_OK && again.type == m->type &&
              again.rows == m->rows && again.cols == m->cols;
  for (size_t i = 0; same && i < m->rows && m->cols; i++)
    same = memcmp((char *)again.data + i * again.stride * dtype_size(m->type), (char *)m->data + i * m->stride * dtype_size(m->type),
                  m->cols * dtype_size(m->type)) == 0;
  free(bytes);
  mat_free(&again);
  return same;
}

static void round_trips(void)
{
  struct mat m = matrix(DTYPE_F64, 3, 4), view;
  struct err e = {0};
  size_t n;
  const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 0.1, -1e308, 5e-324};
  for (size_t i = 0; i < 7; i++)
    mat_set(&m, i / 4, i % 4, odd[i]);
  tap_ok(comes_back(&m, &n), "float64, with what is not finite");
  tap_ok(mat_view(&view, &m, 1, 3, 1, 3, &e) == STATUS_OK && comes_back(&view, &n), "a view, without what lies between its rows");
  mat_free(&view);
  mat_free(&m);
  m = matrix(DTYPE_F32, 2, 2);
  mat_set(&m, 0, 0, -0.0);
  tap_ok(!matrix_is_mask(&m) && comes_back(&m, &n), "a matrix of float32 zeros with a sign is no mask, and keeps it");
  mat_free(&m);
  for (size_t cols = 0; cols <= 17; cols++) {
    m = matrix(cols % 2 ? DTYPE_F32 : DTYPE_F64, 3, cols);
    for (size_t i = 0; i < 3 * cols; i++)
      mat_set(&m, i / cols, i % cols, (i * i) % 3 == 1);
    if (!matrix_is_mask(&m) || !comes_back(&m, &n))
      break;
    mat_free(&m);
    m = (struct mat){0};
  }
  tap_ok(!m.data, "masks of 0 to 17 columns, whose rows do not end with a byte");
  mat_free(&m);
}

static void sizes(void)
{
  struct mat m = matrix(DTYPE_F32, 64, 784);
  struct rng r = rng_make(1, RNG_USER, 0);
  size_t n;
  for (size_t i = 0; i < 64 * 784; i++)
    mat_set(&m, i / 784, i % 784, rng_uniform(&r) < 0.1);
  tap_ok(comes_back(&m, &n), "a random mask of a layer");
  /* Nothing can be shorter on average than its entropy, .469 bits a weight; a bit each is what no compression needs. */
  double bits = 8.0 * (double)n / (64 * 784);
  tap_ok(bits > 0.469 && bits < 1, "with a tenth kept it takes %.3f bits a weight: between the entropy and one bit", bits);
  mat_free(&m);
}

static void damage(void)
{
  struct mat m = {0};
  struct err e = {0};
  unsigned char b[PYTHON + 1];
  tap_ok(matrix_unpack(&m, from_python, PYTHON, &e) == STATUS_OK && m.rows == 2 && m.cols == 5 && m.type == DTYPE_F32, "what Python has written is read");
  double sum = 0;
  for (size_t i = 0; i < 10; i++)
    sum += mat_get(&m, i / 5, i % 5);
  tap_ok(sum == 2 && mat_get(&m, 0, 0) == 1 && mat_get(&m, 1, 4) == 1, "the first bit is the highest, and rows follow without a gap");
  mat_free(&m);
  size_t refused = 0;
  for (size_t k = 0; k < PYTHON; k++)
    refused += matrix_unpack(&m, from_python, k, &e) == STATUS_BAD_DATA;
  tap_is_int((long)refused, PYTHON, "every beginning is refused");
  refused = 0;
  for (size_t k = 0; k < PYTHON; k++) {
    memcpy(b, from_python, PYTHON);
    b[k] ^= 0x81;
    refused += matrix_unpack(&m, b, PYTHON, &e) == STATUS_BAD_DATA;
  }
  tap_is_int((long)refused, PYTHON, "and every change of a byte: a check sum stands behind the numbers");
  memcpy(b, from_python, PYTHON);
  b[PYTHON] = 0;
  tap_is_int(matrix_unpack(&m, b, PYTHON + 1, &e), STATUS_BAD_DATA, "and a byte too many");
  memset(b + 8, 0xff, 16);
  tap_is_int(matrix_unpack(&m, b, PYTHON, &e), STATUS_BAD_DATA, "a size beyond all memory is refused before it is asked for");
  memcpy(b + 8, "\0\0\0\2\0\0\0\0\2\0\0\0\0\0\0\0", 16);
  tap_is_int(matrix_unpack(&m, b, PYTHON, &e), STATUS_BAD_DATA, "and one that these bytes cannot hold");
  tap_has(e.message, "cannot hold it", "which is said");
  struct mat wide = {.type = DTYPE_F32, .rows = (size_t)1 << 40, .cols = (size_t)1 << 40};
  unsigned char *bytes;
  size_t n;
  tap_is_int(matrix_pack(&wide, &bytes, &n, &e), STATUS_BAD_ARG, "too large a matrix is not written");
}

int main(void)
{
  round_trips();
  sizes();
  damage();
  return tap_done();
}
