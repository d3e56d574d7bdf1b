/* adam.h: the update that adam and adamw share, compiled for several instruction sets. */
#ifndef ASSAY_OPTIM_ADAM_H
#define ASSAY_OPTIM_ADAM_H

#include "experiments/optim/optimizer.h"

struct adam_form {
  double b1, b2, eps, l2, decay;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
/* Rows of the constants; `owner` has a struct adam_form `member`. */
#define ADAM_PARAMS(owner, member)                                                                                     \
  {.id = "b1", .type = PARAM_REAL, .at = offsetof(owner, member.b1), .def = 0.9, .min = 0, .max = 1,                   \
   .flags = PARAM_MAX_OPEN | PARAM_TUNED, .doc = "memory of the first moment", .example = "0.9"},                      \
  {.id = "b2", .type = PARAM_REAL, .at = offsetof(owner, member.b2), .def = 0.999, .min = 0, .max = 1,                 \
   .flags = PARAM_MAX_OPEN | PARAM_TUNED, .doc = "memory of the second moment", .example = "0.999"},                   \
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(owner, member.eps), .def = 1e-8, .min = 0, .max = 1,                \
   .flags = PARAM_LOG | PARAM_ADVANCED, .doc = "added to the bias-corrected root", .example = "1e-8"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* The constants of one update, bias corrections included (computed in float64, then rounded to the type):
 * rate = lr/(1 - b1^k), root = 1/sqrt(1 - b2^k), a = 1 - b1, b = 1 - b2. */
struct adam_update_f32 { float b1, a, b2, b, eps, l2, shrink, rate, root; };
struct adam_update_f64 { double b1, a, b2, b, eps, l2, shrink, rate, root; };

/* One update of n elements; m and v are the moments. False if a second moment overflows. */
typedef bool adam_elements_f32(const struct adam_update_f32 *u, float *restrict w, float *restrict m, float *restrict v,
                               const float *restrict g, size_t n);
typedef bool adam_elements_f64(const struct adam_update_f64 *u, double *restrict w, double *restrict m, double *restrict v,
                               const double *restrict g, size_t n);
adam_elements_f32 adam_elements_generic_f32, adam_elements_avx2_f32, adam_elements_avx512_f32;
adam_elements_f64 adam_elements_generic_f64, adam_elements_avx2_f64, adam_elements_avx512_f64;

/* Members of struct optimizer: the state is m, then v. */
size_t adam_state_size(const void *conf, size_t n, enum dtype type);
void adam_init(const void *conf, void *state, const void *w, size_t n, enum dtype type);

enum status adam_step_f32(const struct adam_form *f, float *state, float *w, const float *g, size_t n,
                          const struct step_info *s, struct err *e);
enum status adam_step_f64(const struct adam_form *f, double *state, double *w, const double *g, size_t n,
                          const struct step_info *s, struct err *e);

#endif
