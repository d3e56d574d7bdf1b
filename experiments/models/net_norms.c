/* net_norms.c: gradients and norms of per-example gradients, by blocks of examples.
 *
 * The gradient of one example with respect to a dense layer is the outer product of delta and the layer's
 * input, so its squared norm is |delta|^2 |input|^2 (Goodfellow 2015, Efficient per-example gradient computations). With
 * respect to a convolution it is a sum over positions. The Gram matrices of deltas and patches over pairs of positions
 * would give its norm too, but filters are small and positions many: each weight's sum, squared at once, is cheaper. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/net_block.h"

#define LANES 16

static enum status cancelled(struct err *e) { return err_set(e, STATUS_CANCELLED, "cancelled"); }

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_norms.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_norms.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
