/* npz.c: fuzz target: NumPy's .npz. */
#include "experiments/data/read_npz.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  struct tensors all = {.file = whole_of("input", data, n)};
  struct err e = {0};
  fuzz_expect(npz_parse(&all, &e), &e);
  for (size_t i = 0; i < all.n && e.code == STATUS_OK; i++)
    fuzz_touch(&all.t[i]);
  tensors_free(&all);
  return 0;
}

FUZZ_SEEDS("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ".npz");
