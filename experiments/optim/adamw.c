/* adamw.c: Adam with decoupled weight decay, as in torch: the decay comes first, with the rate of the update. */
#include "experiments/optim/adam.h"

static const struct param params[] = {
  ADAM_PARAMS(struct adam_form),
  {.id = "weight_decay", .type = PARAM_REAL, .at = offsetof(struct adam_form, decay), .def = 0.01, .min = 0, .max = 1e6,
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "w is first multiplied by 1 - lr weight_decay", .example = "0.01"},
  {0},
};

const struct optimizer optimizer_adamw = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "adamw",
        .name = "AdamW",
        .summary = "Adam with decoupled weight decay",
        .formula = "w <- (1 - lr weight_decay) w;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;\n"
                   "w <- w - lr (m/(1 - b1^k)) / (sqrt(v/(1 - b2^k)) + eps),  k = 1, 2, ..",
        .cite = "Loshchilov and Hutter 2019, Decoupled weight decay regularization",
        .notes = "The usual peak rate is 0.001. The decay is multiplied by the scheduled rate, so that it fades with it; the "
                 "gradient is that of the undecayed weights.",
        .example = "assay.optimizer(\"adamw\", {weight_decay = 0.05})",
        .conf_size = sizeof(struct adam_form),
        .params = params},
  .state_size = adam_state_size,
  .init = adam_init,
  .step_f32 = adam_step_f32,
  .step_f64 = adam_step_f64,
  .layer_rates = true,
};
