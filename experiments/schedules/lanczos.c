/* lanczos.c: the rate from the extremes of the mini-batch Hessian, found along the way by a few Lanczos steps.
 *
 * The iteration starts at the gradient: eigenvectors that it has no part in play no part in the step either, and a
 * vector of the net's layout is at hand. Curvature changes slowly beside the weights, so it is taken every k updates.
 * The paper's own rule was not to be had; these are the two that follow from a quadratic (Polyak 1964). */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/tridiagonal.h"
#include "experiments/schedules/controller.h"

enum rule { RULE_MAX = 0, RULE_EDGES = 1 };
static const char *const rule_names[] = {"max", "edges", NULL};

#define STEPS_MOST 100

struct conf {
  int rule; /* enum rule */
  int64_t every, steps;
  double delta, floor, eta0, eta_max;
};

/* At the head of the state; then float vectors x and A x, and steps + 1 float64 ones. */
struct state {
  double eta, momentum;
};

static const struct param params[] = {
  {.id = "rule", .type = PARAM_CHOICE, .at = offsetof(struct conf, rule), .def = RULE_MAX, .choices = rule_names,
   .doc = "max: the largest rate that is stable; edges: the best rate and momentum of heavy-ball between both ends", .example = "edges"},
  {.id = "every", .type = PARAM_INT, .at = offsetof(struct conf, every), .def = 10, .min = 1, .max = 1e9, .unit = "steps",
   .doc = "updates from one look at the curvature to the next", .example = "50"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 15, .min = 1, .max = STEPS_MOST,
   .doc = "Lanczos steps of a look: Hessian-vector products, and vectors kept", .example = "10"},
  {.id = "delta", .type = PARAM_REAL, .at = offsetof(struct conf, delta), .def = 0.1, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "added to the largest eigenvalue, as a part of it", .example = "0.5"},
  {.id = "floor", .type = PARAM_REAL, .at = offsetof(struct conf, floor), .def = 1e-3, .min = 0, .max = 1, .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_ADVANCED,
   .doc = "with edges, the lower end is the smallest Ritz value of at least this part of the largest", .example = "0.01"},
  {.id = "eta0", .type = PARAM_REAL, .at = offsetof(struct conf, eta0), .def = 0.01, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN | PARAM_LOG,
   .doc = "rate before any positive curvature has been seen", .example = "0.1"},
  {.id = "eta_max", .type = PARAM_REAL, .at = offsetof(struct conf, eta_max), .def = 1e3, .min = 0, .max = 1e9,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_ADVANCED, .doc = "largest rate", .example = "10"},
  {0},
};

#define HEAD round_up(sizeof(struct state), MEM_ALIGN)

static size_t state_size(const void *conf, size_t n)
{
  const struct conf *c = conf;
  return HEAD + 2 * round_up(n * sizeof(float), MEM_ALIGN) + ((size_t)c->steps + 1) * n * sizeof(double);
}

static void init(const void *conf, void *state, size_t n)
{
  memset(state, 0, state_size(conf, n));
  *(struct state *)state = (struct state){((const struct conf *)conf)->eta0, (double)NAN};
}

struct look {
  struct control *k;
  float *x, *ax;
};

static enum status product(void *self, const double *x, double *out, struct err *e)
{
  const struct look *l = self;
  for (size_t i = 0; i < l->k->n; i++)
    l->x[i] = (float)x[i];
  enum status s = l->k->hvp(l->k, l->x, l->ax, e);
  for (size_t i = 0; i < l->k->n && !s; i++)
    out[i] = (double)l->ax[i];
  return s;
}

/* What the ends of the spectrum say. Ritz values, ascending; the last is positive. */
static void choose(const struct conf *c, const double *value, size_t n, struct state *s)
{
  double high = value[n - 1] * (1 + c->delta);
  size_t low = 0;
  while (value[low] < c->floor * value[n - 1])
    low++;
  s->eta = 2 / high;
  if (c->rule == RULE_EDGES) {
    double a = sqrt(high), b = sqrt(value[low]);
    s->eta = 4 / ((a + b) * (a + b));
    s->momentum = (a - b) / (a + b) * ((a - b) / (a + b));
  }
  s->eta = fmin(s->eta, c->eta_max);
}

static enum status look(const struct conf *c, struct state *s, struct control *k, struct err *e)
{
  double t[STEPS_MOST * STEPS_MOST], value[STEPS_MOST];
  size_t vector = round_up(k->n * sizeof(float), MEM_ALIGN);
  char *at = (char *)s + HEAD;
  struct look l = {k, (float *)(void *)at, (float *)(void *)(at + vector)};
  struct tridiagonal q = {.d = k->n, .most = (size_t)c->steps, .q = (double *)(void *)(at + 2 * vector), .t = t, .self = &l, .product = product};
  for (size_t i = 0; i < k->n; i++)
    q.q[i] = (double)k->g[i];
  enum status status = tridiagonal_run(&q, e);
  if (status)
    return status;
  if (blas_syevd_f64(q.n, t, q.most, value))
    return err_set(e, STATUS_DIVERGED, "the eigenvalues of a tridiagonal matrix were not found");
  if (value[q.n - 1] > 0)
    choose(c, value, q.n, s);
  return STATUS_OK;
}

static enum status rate(const void *conf, void *state, struct control *k, double *lr, struct err *e)
{
  const struct conf *c = conf;
  struct state *s = state;
  enum status status = controller_check(k, e);
  if (!status && k->t % (uint64_t)c->every == 0 && !controller_skips(k))
    status = look(c, s, k, e);
  *lr = s->eta;
  k->momentum = c->rule == RULE_EDGES ? s->momentum : (double)NAN;
  return status;
}

static const char *const needs[] = {"hvp", NULL};

const struct controller controller_lanczos = {
  .m = {.kind = KIND_CONTROLLER,
        .id = "lanczos",
        .name = "Rate from the Hessian's extremes",
        .summary = "every k updates, the largest stable rate from Lanczos steps on the mini-batch Hessian",
        .formula = "theta: eigenvalues of T = Q'HQ, Q from the gradient\n"
                   "L = (1 + delta) theta_max;  max: eta = 2/L;  edges: eta = 4/(sqrt(L) + sqrt(theta_min))^2,\n"
                   "momentum = ((sqrt(kappa) - 1)/(sqrt(kappa) + 1))^2,  kappa = L/theta_min",
        .cite = "Granziol, Zohren and Roberts 2022, Learning rates as a function of batch size: a random matrix theory approach to "
                "neural network training; Polyak 1964, Some methods of speeding up the convergence of iteration methods",
        .notes = "The Hessian of a mini-batch has larger extremes than that of all data, so the rate grows with the batch (probe "
                 "rmt-max-lr). With delta 0 max stands at the edge of stability, where a quadratic neither falls nor grows along its "
                 "steepest direction. edges sets the momentum too, and needs an optimizer that has some, like "
                 "heavy-ball. A look costs `steps` Hessian-vector products and keeps as many float64 vectors.",
        .example = "assay.controller(\"lanczos\", {every = 20, steps = 10, delta = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs},
  .state_size = state_size,
  .init = init,
  .rate = rate,
};
