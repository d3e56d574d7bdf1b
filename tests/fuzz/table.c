/* table.c: fuzz target: CSV and TSV, plain and gzipped. */
#include "experiments/data/read_table.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  char path[64];
  int fd = fuzz_file(data, n, path);
  const struct table_options options = {0};
  struct table t;
  struct err e = {0};
  double v;
  bool more = true;
  enum status s = table_open(&t, path, &options, &e);
  while (s == STATUS_OK && more) {
    s = table_next(&t, &more, &e);
    for (size_t j = 0; s == STATUS_OK && more && j < t.cols; j++)
      if (!table_missing(&t, j))
        (void)!table_number(&t, j, &v, NULL);
  }
  fuzz_expect(s, &e);
  table_close(&t);
  close(fd);
  return 0;
}

FUZZ_SEEDS("a,b\n1,\"2\"\"\"\n?,-3e-2\n", ".csv");
