/* npy.c: fuzz target: NumPy's .npy. */
#include "experiments/data/read_npy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  struct whole file = whole_of("input", data, n);
  struct tensor t;
  struct err e = {0};
  enum status s = npy_parse(&t, &file, &e);
  fuzz_expect(s, &e);
  if (s == STATUS_OK)
    fuzz_touch(&t);
  whole_free(&file);
  return 0;
}

FUZZ_SEEDS("\x93NUMPY\1\0\x38\0{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2)}\nabcdefgh", ".npy");
