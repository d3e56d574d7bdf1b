/* product_avx2.c: the tuned products for AVX2 and FMA: product_body.inc.c with 8 lanes. */
#include "experiments/kernel/product_int.h"

#if defined(__x86_64__)
#include "experiments/kernel/product_lanes_avx2.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "experiments/kernel/product_math.inc.c"

#include "experiments/kernel/product_body.inc.c"

const struct product product_avx2 = {
  .name = "avx2", .conv = &conv_avx2, .forward = forward, .backward = backward, .gradient = gradient, .gradient_update = gradient_update,
  .update = update, .row_sums = row_sums, .transpose = transpose, .softmax_xent = softmax_xent,
  .tanh_forward = tanh_forward, .tanh_backward = tanh_backward, .gelu_forward = gelu_forward, .gelu_backward = gelu_backward,
};
#else
typedef int product_avx2_needs_x86_64; /* ISO C forbids an empty translation unit */
#endif
