/* libsvm.c: fuzz target: LIBSVM's text, with indices from 1 and from 0. */
#include "experiments/data/read_libsvm.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  struct whole file = whole_of("input", data, n);
  for (int zero_based = 0; zero_based < 2; zero_based++) {
    struct libsvm s;
    struct err e = {0};
    fuzz_expect(libsvm_parse(&s, &file, zero_based, &e), &e);
    libsvm_free(&s);
  }
  whole_free(&file);
  return 0;
}

FUZZ_SEEDS("+1 1:0.5 3:-2e-1 # x\r\n-1\n\n0 2:.25", ".libsvm");
