/* adam_avx2.c: adam_body.inc.c compiled for AVX2. */
#include <float.h>
#include <math.h>

#include "experiments/optim/adam.h"

#define REAL float
#define FMA fmaf
#define SQRT sqrtf
#define LARGEST FLT_MAX
#define UPDATE adam_update_f32
#define NAME adam_elements_avx2_f32
#include "experiments/optim/adam_body.inc.c" /* one body, two types */

#undef REAL
#undef FMA
#undef SQRT
#undef LARGEST
#undef UPDATE
#undef NAME
#define REAL double
#define FMA fma
#define SQRT sqrt
#define LARGEST DBL_MAX
#define UPDATE adam_update_f64
#define NAME adam_elements_avx2_f64
#include "experiments/optim/adam_body.inc.c" /* one body, two types */
