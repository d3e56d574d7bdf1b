/* disturbance.h: what the measures share that ask how far weights may be disturbed (Jiang et al. 2020, equations 48 to 62): a
 * radius, typed or found by the probe "noise-radius", the examples, and a norm of the weights. */
#ifndef ASSAY_BOUNDS_DISTURBANCE_H
#define ASSAY_BOUNDS_DISTURBANCE_H

#include "experiments/bounds/measure.h"

enum disturbance { DISTURB_SIGMA, DISTURB_SIGMA_MAGNITUDE, DISTURB_ALPHA, DISTURB_ALPHA_MAGNITUDE };

struct disturbance_conf {
  int64_t n, examples;
  double radius, norm, weights; /* norm and weights: not in all of them */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define DISTURBANCE_PARAMS(name, text)                                                                                       \
  {.id = "n", .type = PARAM_INT, .at = offsetof(struct disturbance_conf, n), .min = 1, .max = 1e12, .flags = PARAM_AUTO,     \
   .unit = "examples", .doc = "examples of the training set", .example = "1000", .from = &quantity_n},                       \
  {.id = name, .type = PARAM_REAL, .at = offsetof(struct disturbance_conf, radius), .min = 0, .max = INFINITY,               \
   .flags = PARAM_AUTO | PARAM_MIN_OPEN, .doc = text "; auto: found by the probe \"noise-radius\" around a subject's weights",  \
   .example = "0.1"},                                                                                                        \
  {.id = "examples", .type = PARAM_INT, .at = offsetof(struct disturbance_conf, examples), .def = 2000, .min = 0, .max = 1e9, \
   .unit = "examples", .doc = "that probe looks at the first so many; 0: all", .example = "500"}
#define DISTURBANCE_NORM_PARAM(source, text)                                                                                 \
  {.id = "norm", .type = PARAM_REAL, .at = offsetof(struct disturbance_conf, norm), .min = 0, .max = INFINITY,               \
   .flags = PARAM_AUTO, .doc = text ", biases left out", .example = "5", .from = source}
/* NOLINTEND(bugprone-macro-parentheses) */
#define DISTURBANCE_WEIGHTS_PARAM                                                                                            \
  {.id = "weights", .type = PARAM_REAL, .at = offsetof(struct disturbance_conf, weights), .min = 1, .max = 1e15,             \
   .flags = PARAM_AUTO, .doc = "number of weights, biases left out", .example = "1000", .from = &quantity_weights}

#define DISTURBANCE_CITE "Jiang, Neyshabur, Mobahi, Krishnan and Bengio 2020, Fantastic generalization measures and where to find them"
#define DISTURBANCE_NOTES                                                                                                     \
  " in the form in which the study compares it, the root of its value over n. The study compares nets that were all "        \
  "trained to the same loss; without that the order says little."

/* The norm of all weights; of their distance from the start; their number. Biases are left out. */
extern const struct quantity quantity_weight_norm, quantity_weight_distance, quantity_weights;

/* The radius: typed, or measured. */
NODISCARD enum status disturbance_radius(const struct disturbance_conf *c, enum disturbance d, const struct exec *x,
                                         const struct bound_input *in, double *radius, struct err *e);
/* sqrt(raw/n), with the terms raw and radius. */
void disturbance_set(struct bound_value *out, const struct disturbance_conf *c, double raw, double radius);

/* The three forms: 1/radius^2; norm^2/(4 sigma^2) + ln(n/sigma) + 10; norm^2 ln(2 weights)/(4 alpha^2) + ln(n/alpha) + 10. */
NODISCARD enum status disturbance_flatness(const void *conf, enum disturbance d, const struct exec *x, const struct bound_input *in,
                                           struct bound_value *out, struct err *e);
NODISCARD enum status disturbance_size(const void *conf, enum disturbance d, const struct exec *x, const struct bound_input *in,
                                       struct bound_value *out, struct err *e);

/* The relative forms of the size: each weight's own move counts against the mean square of all. */
struct moves_conf {
  struct disturbance_conf d;
  struct param_list moves;
  double eps, delta;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define DISTURBANCE_MOVES_PARAMS                                                                                             \
  {.id = "moves", .type = PARAM_LIST, .at = offsetof(struct moves_conf, moves), .min = -INFINITY, .max = INFINITY,           \
   .doc = "of each weight, how far it is from its start, biases left out", .example = "0.5,-0.1", .from = &quantity_moves},  \
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(struct moves_conf, eps), .def = 0.001, .min = 0, .max = 1e3,              \
   .flags = PARAM_MIN_OPEN, .doc = "floor of a weight's move", .example = "0.001"}
/* NOLINTEND(bugprone-macro-parentheses) */
extern const struct quantity quantity_moves; /* of each weight, the distance from its start */

/* (1/4) sum_i ln((eps^2 + (radius^2 + c) norm^2/omega)/(eps^2 + radius^2 move_i^2)) + ln(n/radius) + 10; c = 1 for noise,
 * 4 ln(2 omega/delta) for the worst disturbance. conf: struct moves_conf. */
NODISCARD enum status disturbance_relative_size(const void *conf, enum disturbance d, const struct exec *x, const struct bound_input *in,
                                                struct bound_value *out, struct err *e);

#endif
