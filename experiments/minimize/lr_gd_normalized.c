/* lr_gd_normalized.c: gradient descent on logistic loss whose step is a weighted mean of examples. */
#include <stddef.h>

#include "experiments/minimize/lr_gd.h"

static const struct param params[] = {LR_GD_PARAMS, {0}};

static enum status run(const void *conf, struct minimize *m, struct err *e) { return lr_gd_run(conf, true, m, e); }

const struct minimizer minimizer_lr_gd_normalized = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "lr-gd-normalized",
        .name = "Normalized logistic regression",
        .summary = "gradient descent on separable logistic loss, its step a weighted mean of examples",
        .formula = "w <- w - gamma grad f(w)/beta, beta = mean_i sigma(-m_i), m_i = y_i a_i.w: a step of at most gamma max|a_i|",
        .cite = "Tyurin 2024, From logistic regression to the perceptron algorithm: exploring gradient descent with large step sizes",
        .notes = "The weights sigma(-m_i)/(n beta) sum to 1, so steps do not shrink as the loss does. From w = 0 on separable data, with the "
                 "margin mu and the longest row R, it needs no factor n in its bound of (R/mu)^2 mistakes. The abstract names this method and "
                 "not its formula: this is the form that the bound asks for.",
        .example = "assay.minimizer(\"lr-gd-normalized\", {gamma = 1, separated = true})",
        .conf_size = sizeof(struct lr_gd_conf),
        .params = params},
  .accepts = lr_gd_accepts,
  .run = run,
};
