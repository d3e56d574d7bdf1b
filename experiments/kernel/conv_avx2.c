/* conv_avx2.c: the tuned convolutions: conv_body.inc.c with 8 lanes. */
#include "experiments/kernel/conv.h"

#if defined(__x86_64__)
#include "experiments/kernel/product_lanes_avx2.h"

#include "experiments/kernel/conv_body.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two widths */

const struct conv conv_avx2 = {
  .forward = forward, .backward = backward, .gradient = gradient, .pool_forward = pool_forward, .pool_backward = pool_backward,
};
#else
typedef int conv_avx2_needs_x86_64; /* ISO C forbids an empty translation unit */
#endif
