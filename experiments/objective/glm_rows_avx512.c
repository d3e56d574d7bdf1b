/* glm_rows_avx512.c: glm_rows.inc.c for AVX-512. */
#define NAME glm_rows_avx512
#define WIDTH 8
#include "experiments/objective/glm_rows.inc.c" /* one body, three sets */
