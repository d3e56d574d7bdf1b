/* interpolation_asgd.c: Nesterov's acceleration with stochastic gradients that vanish at the minimum (interpolation).
 *
 * Strong growth: E|g|^2 <= rho |grad f|^2. With E f(y - eta g) <= f(y) - (eta/2)|grad f(y)|^2 (eta <= 1/(rho L)) the potential
 * f(w) - f* + (mu/2)|v - w*|^2 shrinks by 1 - theta an iteration for theta = sqrt(mu eta/rho), a = theta/(1 + theta): expand
 * |v+ - w*|^2, use convexity at w* and w; what is left is (theta^2/mu) rho |grad f|^2 <= eta |grad f|^2. That is the setting "rho", and with
 * rho = 1 Nesterov's method. The setting "sqrt-rho" takes theta = sqrt(mu eta). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/minimize/finite_sum.h"

enum { SETTING_RHO, SETTING_SQRT_RHO };
static const char *const settings[] = {"rho", "sqrt-rho", NULL};

struct conf {
  struct sum_conf sum;
  double rho, mu;
  int setting;
};

static const struct param params[] = {
  SUM_PARAMS(struct conf, sum, "1/(rho L)", "1"),
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .min = 1, .max = 1e12, .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED,
   .doc = "constant of strong growth; auto: L_b/L, the smoothness of a mini-batch over that of f", .example = "10"},
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .min = 0, .max = 1e12, .flags = PARAM_AUTO | PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "strong convexity; auto: that of the objective", .example = "0.01"},
  {.id = "setting", .type = PARAM_CHOICE, .at = offsetof(struct conf, setting), .choices = settings,
   .doc = "rho: theta = sqrt(mu rate/rho); sqrt-rho: theta = sqrt(mu rate)", .example = "sqrt-rho"},
  {0},
};

struct constants {
  size_t batch;
  double rate, theta, mu;
};

static enum status resolve_run(const struct conf *c, struct minimize *m, struct constants *k, struct err *e)
{
  struct objective *f = m->f;
  enum status s = objective_constants(f, m->exec, e);
  if (s != STATUS_OK)
    return s;
  k->batch = c->sum.batch == PARAM_AUTO_INT ? 1 : (size_t)fmin((double)c->sum.batch, (double)f->n);
  k->mu = isnan(c->mu) ? f->strong_convexity : c->mu;
  double l = f->smoothness, l_b = sum_smoothness((double)f->n, (double)k->batch, l, f->smoothness_max);
  double rho = isnan(c->rho) ? fmax(1, l_b / l) : c->rho;
  k->rate = isnan(c->sum.rate) ? 1 / (rho * l) : c->sum.rate;
  if (!(k->mu > 0) || !(k->rate > 0) || !(rho >= 1))
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known L or no strong convexity: give mu, rate and rho", f->of.method->id);
  k->theta = fmin(1, sqrt(k->mu * k->rate / (c->setting == SETTING_RHO ? rho : 1)));
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct constants k = {0};
  struct sum_order order = {0};
  size_t d = m->f->d;
  void *memory;
  enum status s = mem_new(&memory, 3, d * sizeof(double), "three sequences", e);
  if (s != STATUS_OK)
    return s;
  double *v = memory, *y = v + d, *g = v + 2 * d;
  memcpy(v, m->w, d * sizeof *v);
  s = resolve_run(c, m, &k, e);
  if (s == STATUS_OK)
    s = sum_order_new(&order, &c->sum.sampler, m, e);
  struct minimize_point at = {.w = m->w, .step = NAN};
  while (s == STATUS_OK && minimize_go_on(m, &at)) {
    const uint32_t *index;
    size_t b;
    double a = k.theta / (1 + k.theta);
    s = sum_order_next(&order, k.batch, &index, &b, e);
    for (size_t j = 0; j < d && s == STATUS_OK; j++)
      y[j] = a * v[j] + (1 - a) * m->w[j];
    if (s == STATUS_OK)
      minimize_batch(m, index, b, y, g);
    for (size_t j = 0; j < d && s == STATUS_OK; j++) {
      m->w[j] = y[j] - k.rate * g[j];
      v[j] = (1 - k.theta) * v[j] + k.theta * y[j] - k.theta / k.mu * g[j];
    }
    at.iterations = 1;
    at.step = k.rate;
  }
  sum_order_free(&order);
  free(memory);
  return s == STATUS_OK ? m->status : s;
}

const struct minimizer minimizer_interpolation_asgd = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "interpolation-asgd",
        .name = "Accelerated SGD under interpolation",
        .summary = "Nesterov's acceleration with stochastic gradients that vanish at the minimum",
        .formula = "y = a v + (1-a) w; w <- y - rate g(y); v <- (1-theta) v + theta y - (theta/mu) g(y)\n"
                   "a = theta/(1+theta), rate = 1/(rho L); rho: theta = sqrt(mu rate/rho); sqrt-rho: theta = sqrt(mu rate); E gap shrinks by 1 - theta",
        .cite = "Vaswani, Bach and Schmidt 2019, Fast and faster convergence of SGD for over-parameterized models and an accelerated perceptron; "
                "Mishkin, Pilanci and Schmidt 2024, Faster convergence of stochastic accelerated gradient descent under interpolation",
        .notes = "For sums whose components share a minimum: elsewhere the noise, which acceleration amplifies, remains. The setting rho is proved in "
                 "the source; sqrt-rho takes the rate announced in 2024, which cannot hold for all sums: with rows along the axes a coordinate not "
                 "yet drawn stays, so E gap >= (1 - 1/rho)^k. There it diverges from some rho on. With the whole gradient and rho = 1 both are "
                 "Nesterov's method. rho is a property of the data: tune it.",
        .example = "assay.minimizer(\"interpolation-asgd\", {rho = 10, mu = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .run = run,
};
