/* select_avx512.c: select_body.inc.c compiled for AVX-512. */
#include "experiments/kernel/select_int.h"

#define NAME select_avx512
#include "experiments/kernel/select_body.inc.c" /* one body, three sets */
