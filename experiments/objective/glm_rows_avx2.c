/* glm_rows_avx2.c: glm_rows.inc.c for AVX2. */
#define NAME glm_rows_avx2
#define WIDTH 4
#include "experiments/objective/glm_rows.inc.c" /* one body, three sets */
