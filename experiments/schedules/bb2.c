/* bb2.c: the Barzilai-Borwein rate s.y/y.y. */
#include "experiments/schedules/bb.h"

static double quotient(const struct bb_change *b) { return b->sy / b->yy; }

static enum status rate(const void *conf, void *state, struct control *k, double *lr, struct err *e)
{
  return bb_rate(conf, state, k, quotient, lr, e);
}

const struct controller controller_bb2 = {
  .m = {.kind = KIND_CONTROLLER,
        .id = "bb2",
        .name = "Barzilai-Borwein rate, second",
        .summary = "the rate that explains the last change of the gradient: s.y/y.y",
        .formula = "eta_t = s.y/y.y,  s = x_t - x_{t-1},  y = g_t - g_{t-1};  eta_0 for the first update\n"
                   "quadratics: 1/lambda_max <= s.y/y.y <= s.s/s.y <= 1/lambda_min",
        .cite = "Barzilai and Borwein 1988, Two-point step size gradient methods",
        .notes = "By the inequality of Cauchy and Schwarz the shorter of the two: bb2 <= bb1 always. " BB_NOTES,
        .example = "assay.controller(\"bb2\", {eta0 = 0.1})",
        .conf_size = sizeof(struct bb_conf),
        .params = bb_params},
  .state_size = bb_state_size,
  .init = bb_init,
  .rate = rate,
};
