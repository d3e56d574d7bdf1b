/* spectrum.h: inputs with a given covariance: eigenvalues, and a random rotation of their axes. */
#ifndef ASSAY_DATA_SPECTRUM_H
#define ASSAY_DATA_SPECTRUM_H

#include "experiments/data/data_int.h"

enum spectrum_shape { SPECTRUM_GEOMETRIC, SPECTRUM_LINEAR, SPECTRUM_POWER };
extern const char *const spectrum_shape_names[]; /* "geometric", "linear", "power", NULL */

struct spectrum {
  int shape; /* enum spectrum_shape */
  double condition, power;
  struct param_list eigenvalues;
  bool rotate;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define SPECTRUM_PARAMS(owner, member, condition_default)                                                              \
  {.id = "spectrum", .type = PARAM_CHOICE, .at = offsetof(owner, member.shape), .def = SPECTRUM_GEOMETRIC,             \
   .choices = spectrum_shape_names,                                                                                    \
   .doc = "eigenvalues from 1 to 1/condition in equal ratios or equal steps, or j^-power",                             \
   .example = "linear"},                                                                                               \
  {.id = "condition", .type = PARAM_REAL, .at = offsetof(owner, member.condition), .def = condition_default,           \
   .min = 1, .max = 1e8, .flags = PARAM_LOG, .doc = "largest over smallest eigenvalue (geometric and linear)",         \
   .example = "100"},                                                                                                  \
  {.id = "power", .type = PARAM_REAL, .at = offsetof(owner, member.power), .def = 1, .min = 0, .max = 8,               \
   .doc = "exponent of the power law", .example = "1"},                                                                \
  {.id = "eigenvalues", .type = PARAM_LIST, .at = offsetof(owner, member.eigenvalues), .min = 1e-8, .max = 1e8,        \
   .doc = "the d eigenvalues themselves, instead of spectrum", .example = "3,2,1"},                                    \
  {.id = "rotate", .type = PARAM_BOOL, .at = offsetof(owner, member.rotate), .def = 1,                                 \
   .doc = "turn the eigenvectors away from the axes", .example = "false"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* For resolve(): are there d eigenvalues, and is their ratio at most 1e8? */
NODISCARD enum status spectrum_check(const struct spectrum *s, int64_t d, struct err *e);

#define REFLECTIONS 3

/* The covariance V diag(lambda) V': V is a product of random reflections, dense and cheap to apply. */
struct covariance {
  size_t d;
  double *lambda;  /* d, in the order of the axes before rotation */
  double *vectors; /* REFLECTIONS unit vectors of length d, or NULL: V = I */
};

NODISCARD enum status covariance_make(struct covariance *c, const struct spectrum *s, size_t d, int64_t seed,
                                      struct err *e);
void covariance_free(struct covariance *c);
void covariance_turn(const struct covariance *c, double *x);      /* x <- V x */
void covariance_turn_back(const struct covariance *c, double *x); /* x <- V' x */
/* w' V diag(lambda) V' w: the variance of w.x; scratch: d numbers. */
double covariance_form(const struct covariance *c, const double *w, double *scratch);

#endif
