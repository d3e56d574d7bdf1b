/* net_evaluate.c: activations, outputs, losses and errors of many examples, by blocks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/models/net_block.h"

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_evaluate.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_evaluate.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
