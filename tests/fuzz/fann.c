/* fann.c: fuzz target: FANN's text. */
#include "experiments/data/read_fann.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  struct whole file = whole_of("input", data, n);
  struct fann f;
  struct err e = {0};
  fuzz_expect(fann_parse(&f, &file, &e), &e);
  fann_free(&f);
  whole_free(&file);
  return 0;
}

FUZZ_SEEDS("2 3 1\n1 2 -.5\n1\n1e3 0 0\n-1\n", ".fann");
