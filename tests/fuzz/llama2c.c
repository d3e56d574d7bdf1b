/* llama2c.c: fuzz target: llama2.c's .bin. */
#include "experiments/data/read_llama2c.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  struct llama2c config;
  struct tensors all = {.file = whole_of("input", data, n)};
  struct err e = {0};
  fuzz_expect(llama2c_parse(&all, &config, &e), &e);
  for (size_t i = 0; i < all.n && e.code == STATUS_OK; i++)
    fuzz_touch(&all.t[i]);
  tensors_free(&all);
  return 0;
}

FUZZ_SEEDS("\4\0\0\0\x8\0\0\0\1\0\0\0\2\0\0\0\1\0\0\0\3\0\0\0\4\0\0\0", ".bin");
