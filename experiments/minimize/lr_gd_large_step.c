/* lr_gd_large_step.c: gradient descent on logistic loss with a large rate, and its limit, the batch perceptron. */
#include <stddef.h>

#include "experiments/minimize/lr_gd.h"

static const struct param params[] = {
  LR_GD_PARAMS,
  {.id = "perceptron", .type = PARAM_BOOL, .at = offsetof(struct lr_gd_conf, perceptron), .def = 0,
   .doc = "the limit of gamma -> infinity, in v = w/gamma: the batch perceptron", .example = "true"},
  {0},
};

static enum status run(const void *conf, struct minimize *m, struct err *e) { return lr_gd_run(conf, false, m, e); }

const struct minimizer minimizer_lr_gd_large_step = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "lr-gd-large-step",
        .name = "Logistic regression with large steps",
        .summary = "gradient descent on separable logistic loss, up to the batch perceptron",
        .formula = "w <- w + (gamma/n) sum_i sigma(-m_i) y_i a_i, m_i = y_i a_i.w: gradient descent of rate gamma\n"
                   "perceptron: v <- v + (1/n) sum_{m_i < 0} y_i a_i, where m_i = 0 counts half: its limit in v = w/gamma, gamma -> infinity",
        .cite = "Tyurin 2024, From logistic regression to the perceptron algorithm: exploring gradient descent with large step sizes",
        .notes = "With larger gamma the loss rises higher on the way, and fewer steps separate the data: the loss is a poor measure of progress "
                 "here. The limit depends on the directions of the examples alone; its loss is that of weights of no meaningful length. From "
                 "w = 0 on separable data it ends within n (R/mu)^2 steps (R: the longest row, mu: the margin).",
        .example = "assay.minimizer(\"lr-gd-large-step\", {gamma = 100, separated = true})",
        .conf_size = sizeof(struct lr_gd_conf),
        .params = params},
  .accepts = lr_gd_accepts,
  .run = run,
};
