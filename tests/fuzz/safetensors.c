/* safetensors.c: fuzz target: safetensors. */
#include "experiments/data/read_safetensors.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
  struct tensors all = {.file = whole_of("input", data, n)};
  struct err e = {0};
  fuzz_expect(safetensors_parse(&all, &e), &e);
  for (size_t i = 0; i < all.n && e.code == STATUS_OK; i++)
    fuzz_touch(&all.t[i]);
  tensors_free(&all);
  return 0;
}

FUZZ_SEEDS("\x38\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}  abcd", ".safetensors");
