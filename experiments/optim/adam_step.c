/* adam_step.c: constants, state and choice of the instruction set for adam and adamw. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/cpu.h"
#include "experiments/optim/adam.h"

size_t adam_state_size(const void *conf, size_t n, enum dtype type)
{
  (void)conf;
  return 2 * n * dtype_size(type);
}

void adam_init(const void *conf, void *state, const void *w, size_t n, enum dtype type)
{
  (void)w;
  memset(state, 0, adam_state_size(conf, n, type));
}

static struct adam_update_f64 constants(const struct adam_form *f, const struct step_info *s)
{
  double k = (double)s->k;
  return (struct adam_update_f64){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps, .l2 = f->l2,
                                  .shrink = 1.0 - s->lr * f->decay, .rate = s->lr / (1.0 - pow(f->b1, k)),
                                  .root = 1.0 / sqrt(1.0 - pow(f->b2, k))};
}

static enum status overflowed(const struct step_info *s, struct err *e)
{
  return err_set(e, STATUS_DIVERGED, "the second moment of a gradient element overflows at update %llu: clip the gradient or "
                                     "lower the learning rate", (unsigned long long)s->k);
}

enum status adam_step_f32(const struct adam_form *f, float *state, float *w, const float *g, size_t n, const struct step_info *s,
                          struct err *e)
{
  struct adam_update_f64 d = constants(f, s);
  struct adam_update_f32 u = {.b1 = (float)d.b1, .a = (float)d.a, .b2 = (float)d.b2, .b = (float)d.b, .eps = (float)d.eps,
                              .l2 = (float)d.l2, .shrink = (float)d.shrink, .rate = (float)d.rate, .root = (float)d.root};
  adam_elements_f32 *const by_isa[] = {[ISA_GENERIC] = adam_elements_generic_f32, [ISA_AVX2] = adam_elements_avx2_f32,
                                       [ISA_AVX512] = adam_elements_avx512_f32};
  return by_isa[cpu_best_isa()](&u, w, state, state + n, g, n) ? STATUS_OK : overflowed(s, e);
}

enum status adam_step_f64(const struct adam_form *f, double *state, double *w, const double *g, size_t n, const struct step_info *s,
                          struct err *e)
{
  struct adam_update_f64 u = constants(f, s);
  adam_elements_f64 *const by_isa[] = {[ISA_GENERIC] = adam_elements_generic_f64, [ISA_AVX2] = adam_elements_avx2_f64,
                                       [ISA_AVX512] = adam_elements_avx512_f64};
  return by_isa[cpu_best_isa()](&u, w, state, state + n, g, n) ? STATUS_OK : overflowed(s, e);
}
