/* matrix_pack.c: fuzz target: matrices kept with runs. What is read is written again and must come back the same. */
#include <string.h>

#include "experiments/data/matrix_pack.h"
#include "tests/fuzz/fuzz.h"

static void write_again(const struct mat *m)
{
  unsigned char *bytes;
  size_t n;
  struct mat again = {0};
  struct err e = {0};
  if (matrix_pack(m, &bytes, &n, &e) != STATUS_OK || matrix_unpack(&again, bytes, n, &e) != STATUS_OK)
    abort();
  if (again.rows != m->rows || again.cols != m->cols || again.type != m->type)
    abort();
  if (m->rows && m->cols && memcmp(again.data, m->data, m->rows * m->cols * dtype_size(m->type)) != 0)
    abort();
  mat_free(&again);
  free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  struct mat m = {0};
  struct err e = {0};
  enum status s = matrix_unpack(&m, data, n, &e);
  fuzz_expect(s, &e);
  if (s == STATUS_OK)
    write_again(&m);
  mat_free(&m);
  return 0;
}

FUZZ_SEEDS("AMX1\1\4\0\0\2\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\x78\x9c\x6b\x70\x00\x00\x01\x42\x00\xc1", NULL);
