/* select_avx2.c: select_body.inc.c compiled for AVX2. */
#include "experiments/kernel/select_int.h"

#define NAME select_avx2
#include "experiments/kernel/select_body.inc.c" /* one body, three sets */
