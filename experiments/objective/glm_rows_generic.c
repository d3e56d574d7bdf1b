/* glm_rows_generic.c: glm_rows.inc.c for any processor. */
#define NAME glm_rows_generic
#define WIDTH 2
#include "experiments/objective/glm_rows.inc.c" /* one body, three sets */
