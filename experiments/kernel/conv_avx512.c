/* conv_avx512.c: the tuned convolutions: conv_body.inc.c with 16 lanes. */
#include "experiments/kernel/conv.h"

#if defined(__x86_64__)
#include "experiments/kernel/product_lanes_avx512.h"

#include "experiments/kernel/conv_body.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two widths */

const struct conv conv_avx512 = {
  .forward = forward, .backward = backward, .gradient = gradient, .pool_forward = pool_forward, .pool_backward = pool_backward,
};
#else
typedef int conv_avx512_needs_x86_64; /* ISO C forbids an empty translation unit */
#endif
