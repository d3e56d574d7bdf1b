/* rule.h: elementwise update rules, each element's update written once.
 *
 * A rule file includes this header, says what rule.inc.c asks for, and includes that; rule.inc.c reads the
 * rule file again with REAL set, once for each type, to find ELEMENT: the update of one element. So a rule is one file:
 *
 *   #ifndef REAL
 *   struct conf, struct constants, the parameter rows, prepare();
 *   #define SELF "experiments/optim/lion.c"
 *   #define VECTORS 1
 *   #include "experiments/optim/rule.inc.c"
 *   the descriptor, with RULE_FUNCTIONS
 *   #else
 *   static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
 *   #endif
 *
 * The loop over ELEMENT is compiled for each instruction set and chosen at run time. Bits: an element sees nothing of
 * its neighbours, fused multiply-adds are spelled out, and sums over elements (MEASURE) have one order, so the
 * width of a vector changes nothing. */
#ifndef ASSAY_OPTIM_RULE_H
#define ASSAY_OPTIM_RULE_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "experiments/kernel/cpu.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/optim/optimizer.h"

enum { RULE_MAX_VECTORS = 5 };

/* What prepare() and settle() may look at. */
struct update {
  const void *conf;
  void *scalars;     /* the rule's struct scalars, at the head of the state; NULL where it has none */
  const void *w, *g; /* n numbers of `type` */
  void *vector[RULE_MAX_VECTORS]; /* the state's vectors, of the same kind */
  void *extra;       /* EXTRA_VECTORS more of them, one after the other, which no ELEMENT sees */
  size_t n;
  enum dtype type;
  const struct step_info *s;
};

static inline double update_gradient_norm(const struct update *u)
{
  return u->type == DTYPE_F32 ? vec_norm2_f32(u->g, u->n) : vec_norm2_f64(u->g, u->n);
}

/* Where the state, or a weight, has overflowed. */
enum status rule_overflowed(const struct step_info *s, struct err *e);
enum isa rule_isa(const struct step_info *s);

/* The decoupled decay that most rules offer; `owner` has a double weight_decay. */
#define RULE_DECAY_PARAM(owner, value)                                                                                 \
  {.id = "weight_decay", .type = PARAM_REAL, .at = offsetof(owner, weight_decay), .def = (value), .min = 0, .max = 1e6,\
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "decoupled decay: w is first multiplied by 1 - lr weight_decay",           \
   .example = "0.01"}
#define RULE_EPS_PARAM(owner, value, text)                                                                             \
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(owner, eps), .def = (value), .min = 0, .max = 1,                    \
   .flags = PARAM_LOG | PARAM_ADVANCED, .doc = (text), .example = "1e-8"}
/* A memory in [0, 1): b1, b2, momentum, … */
#define RULE_MEMORY_PARAM(owner, member, value, text)                                                                  \
  {.id = #member, .type = PARAM_REAL, .at = offsetof(owner, member), .def = (value), .min = 0, .max = 1,               \
   .flags = PARAM_MAX_OPEN | PARAM_TUNED, .doc = (text), .example = "0.9"}

#define RULE_FUNCTIONS .state_size = state_size, .init = init, .step_f32 = step_f32, .step_f64 = step_f64, .layer_rates = LAYER_RATES
#define RULE_EVALUATION .eval_weights_f32 = eval_weights_f32, .eval_weights_f64 = eval_weights_f64 /* with EVALUATED */

#endif
