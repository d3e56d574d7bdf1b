/* idx.c: fuzz target: IDX, plain and gzipped. */
#include "experiments/data/read_idx.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  char path[64];
  int fd = fuzz_file(data, n, path);
  struct idx x;
  struct err e = {0};
  double v[256];
  enum status s = idx_open(&x, path, &e);
  while (s == STATUS_OK && x.read < x.count)
    s = idx_read(&x, v, x.count - x.read < 256 ? x.count - x.read : 256, &e);
  if (s == STATUS_OK)
    s = idx_finish(&x, &e);
  fuzz_expect(s, &e);
  idx_close(&x);
  close(fd);
  return 0;
}

FUZZ_SEEDS("\0\0\x8\2\0\0\0\2\0\0\0\2abcd", ".idx", ".idx.gz");
