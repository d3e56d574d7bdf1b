/* adam.c: Adam, as in torch: epsilon stands after the bias-corrected root. */
#include "experiments/optim/adam.h"

static const struct param params[] = {
  ADAM_PARAMS(struct adam_form),
  {.id = "l2", .type = PARAM_REAL, .at = offsetof(struct adam_form, l2), .def = 0, .min = 0, .max = 1e6,
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "penalty (l2/2)|w|^2: adds l2 w to the gradient, before the moments",
   .example = "0.0005"},
  {0},
};

const struct optimizer optimizer_adam = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "adam",
        .name = "Adam",
        .summary = "steps scaled by running moments of the gradient",
        .formula = "g1 = g + l2 w;  m <- b1 m + (1 - b1) g1;  v <- b2 v + (1 - b2) g1^2;\n"
                   "w <- w - lr (m/(1 - b1^k)) / (sqrt(v/(1 - b2^k)) + eps),  k = 1, 2, ..",
        .cite = "Kingma and Ba 2015, Adam: a method for stochastic optimization",
        .notes = "The usual peak rate is 0.001. Epsilon is added after the bias correction; codes that add it before differ by up to "
                 "30 times in the first updates. l2 is divided by the root like the gradient: for decay in the usual sense "
                 "use adamw. With the preconditioner frozen, stable for lr * curvature < 2 (1 + b1)/(1 - b1).",
        .example = "assay.optimizer(\"adam\", {b2 = 0.99})",
        .conf_size = sizeof(struct adam_form),
        .params = params},
  .state_size = adam_state_size,
  .init = adam_init,
  .step_f32 = adam_step_f32,
  .step_f64 = adam_step_f64,
  .layer_rates = true,
};
