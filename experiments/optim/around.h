/* around.h: rules that look at the mini-batch around the weights before they step: SAM, gradient penalties and their kin.
 *
 * Such a rule asks the oracle (oracle.h) for gradients at points near w, makes one gradient of the answers, and hands it to
 * a base rule. Its state is a few numbers, so many vectors of its own, then the state of the base. What it does to vectors is a handful
 * of operations that cost next to nothing beside a gradient, so they are written once for both element types: each takes
 * the type and void pointers to n numbers of it. Sums are float64. */
#ifndef ASSAY_OPTIM_AROUND_H
#define ASSAY_OPTIM_AROUND_H

#include "experiments/kernel/rng.h"
#include "experiments/optim/optimizer.h"

/* The place of an update. */
struct around {
  enum dtype type;
  size_t n;
  char *state;
  size_t n_own;               /* vectors of the rule's own */
  const struct object *base;  /* NULL: it steps by itself */
  const struct step_info *info;
};

#define AROUND_BASE_PARAM(owner, member)                                                                                \
  {.id = "base", .type = PARAM_METHOD, .at = offsetof(owner, member), .of = KIND_OPTIMIZER, .def_text = "sgd",          \
   .doc = "the optimizer that takes the step", .example = "heavy-ball"}

/* resolve(): the base must be a rule that asks for nothing itself. */
enum status around_check_base(const char *id, const struct object *base, struct err *e);

size_t around_state_size(const struct object *base, size_t n_own, const struct net *net, size_t n, enum dtype type);
void around_init(const struct object *base, size_t n_own, const struct net *net, void *state, const void *w, size_t n, enum dtype type);
enum { AROUND_NUMBERS = 8 };
double *around_numbers(const struct around *a);     /* AROUND_NUMBERS of the rule's own, 0 at the start */
void *around_own(const struct around *a, size_t i); /* vector i of the rule's own, 0 at the start */
/* The base's step of w with gradient g. */
enum status around_step(const struct around *a, void *w, const void *g, struct err *e);
/* The base's evaluation weights; w itself where it has none of its own, or there is no base. */
void around_weights(const struct object *base, size_t n_own, const void *state, const void *w, void *out, size_t n, enum dtype type);

/* The functions of a rule with so many vectors of its own, from
 *   static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e);
 * AROUND_MEMBERS names them in the descriptor. `base` is `conf` where that starts with the base, or NULL. */
#define AROUND_FUNCTIONS(n_own, base)                                                                                  \
  static size_t state_size(const void *conf, const struct net *net, size_t n, enum dtype type)                         \
  {                                                                                                                    \
    (void)conf;                                                                                                        \
    return around_state_size(base, n_own, net, n, type);                                                               \
  }                                                                                                                    \
  static void init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type)     \
  {                                                                                                                    \
    (void)conf;                                                                                                        \
    around_init(base, n_own, net, state, w, n, type);                                                                  \
  }                                                                                                                    \
  static enum status step_f32(const void *conf, void *state, float *w, const float *g, size_t n, const struct step_info *s,\
                              struct err *e)                                                                           \
  {                                                                                                                    \
    return step(conf, &(struct around){DTYPE_F32, n, state, n_own, base, s}, w, g, e);                                 \
  }                                                                                                                    \
  static enum status step_f64(const void *conf, void *state, double *w, const double *g, size_t n, const struct step_info *s,\
                              struct err *e)                                                                           \
  {                                                                                                                    \
    return step(conf, &(struct around){DTYPE_F64, n, state, n_own, base, s}, w, g, e);                                 \
  }                                                                                                                    \
  static void weights_f32(const void *conf, const void *state, const float *w, float *out, size_t n)                   \
  {                                                                                                                    \
    (void)conf;                                                                                                        \
    around_weights(base, n_own, state, w, out, n, DTYPE_F32);                                                          \
  }                                                                                                                    \
  static void weights_f64(const void *conf, const void *state, const double *w, double *out, size_t n)                 \
  {                                                                                                                    \
    (void)conf;                                                                                                        \
    around_weights(base, n_own, state, w, out, n, DTYPE_F64);                                                          \
  }
#define AROUND_MEMBERS                                                                                                  \
  .state_size = state_size, .init = init, .step_f32 = step_f32, .step_f64 = step_f64, .eval_weights_f32 = weights_f32,  \
  .eval_weights_f64 = weights_f64

double around_dot(const struct around *a, const void *x, const void *y);
double around_norm(const struct around *a, const void *x);
/* out = x + c y, one rounding as in the steps of the optimizers; here and below out may be x or y. */
void around_add(const struct around *a, void *out, const void *x, double c, const void *y);
void around_scale(const struct around *a, void *x, double c);
void around_copy(const struct around *a, void *out, const void *x);
/* out = c out + d x o y, element by element; out is neither x nor y. */
void around_blend(const struct around *a, void *out, double c, double d, const void *x, const void *y);
/* out = x o max(|y|, least), and x / max(|y|, least), least >= 0. */
void around_times_size(const struct around *a, void *out, const void *x, const void *y, double least);
void around_over_size(const struct around *a, void *out, const void *x, const void *y, double least);
/* out = independent random signs. */
void around_signs(const struct around *a, void *out, struct rng *r);
/* For the functions above on elements [from, to) of vectors: these begin around_offset() bytes into each. */
struct around around_part(const struct around *a, size_t from, size_t to);
size_t around_offset(const struct around *a, size_t from);

/* The oracle's answers in the type at hand. */
enum status around_loss(const struct around *a, const void *at, double *loss, struct err *e);
enum status around_gradient(const struct around *a, const void *at, double *loss, void *g, struct err *e);
enum status around_hvp(const struct around *a, const void *v, void *out, struct err *e);

#endif
