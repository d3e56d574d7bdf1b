/* net_hvp.c: products of the Hessian and the Gauss-Newton matrix with a vector, exactly, forward over reverse.
 *
 * The gradient's own computation is differentiated along v (Pearlmutter 1994, Fast exact multiplication by the Hessian).
 * With R{.} that derivative, z = W a + b and a' = act(z):
 *
 *   R{z} = W R{a} + V a + v_b         R{a'} = act'(z) R{z}
 *   R{dL/dz} = act'(z) R{dL/da'} + act''(z) R{z} dL/da'
 *   R{dL/da} = W' R{dL/dz} + V' dL/dz     R{dL/dW} = R{dL/dz} a' + dL/dz R{a}'
 *
 * where W stands for a layer as a linear map: dense, convolution, or the elements that a pooling takes (these without V),
 * starting from R{dL/da_L} = (Hessian of the loss) R{a_L}. Dropping every term with dL/dz itself leaves the
 * Gauss-Newton product (Schraudolph 2002, Fast curvature matrix-vector products). */
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/net_block.h"

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_hvp.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_hvp.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
