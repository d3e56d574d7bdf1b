/* lbfgs.c: limited-memory BFGS: the last few changes of weights and gradient stand for the inverse Hessian. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/line_search.h"

struct conf {
  int64_t memory, trials;
  double c1, c2;
};

static const struct param params[] = {
  {.id = "memory", .type = PARAM_INT, .at = offsetof(struct conf, memory), .def = 10, .min = 1, .max = 1000, .unit = "pairs",
   .doc = "pairs of changes kept", .example = "20"},
  {.id = "c1", .type = PARAM_REAL, .at = offsetof(struct conf, c1), .def = 1e-4, .min = 0, .max = 0.5,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "share of the predicted decrease that is asked for", .example = "0.001"},
  {.id = "c2", .type = PARAM_REAL, .at = offsetof(struct conf, c2), .def = 0.9, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "share of the slope that may be left; above c1", .example = "0.5"},
  {.id = "trials", .type = PARAM_INT, .at = offsetof(struct conf, trials), .def = 30, .min = 1, .max = 1000, .flags = PARAM_ADVANCED,
   .doc = "evaluations a line search may take", .example = "20"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  return c->c1 < c->c2 ? STATUS_OK : err_set(e, STATUS_BAD_ARG, "c2 must be above c1 = %g, got %g", c->c1, c->c2);
}

/* A ring of the last `count` pairs, the newest at (next - 1) mod room. */
struct memory {
  size_t d, room, count, next;
  double *s, *y, *rho, *alpha; /* s, y: room vectors of d; rho = 1/(s.y) */
  double *g, *p, *trial, *new_g;
  double *all;
};

static enum status memory_new(struct memory *k, size_t d, size_t room, struct err *e)
{
  void *all;
  size_t vectors = 2 * room + 4, count;
  *k = (struct memory){.d = d, .room = room};
  if (!size_mul(vectors, d, &count)) {
    err_set(e, STATUS_NO_MEMORY, "%zu vectors of %zu weights are more than this machine can address", vectors, d);
    return STATUS_NO_MEMORY;
  }
  enum status s = mem_new(&all, count + 2 * room, sizeof(double), "the pairs of L-BFGS", e);
  if (s != STATUS_OK)
    return s;
  k->all = k->s = all;
  k->y = k->s + room * d, k->g = k->y + room * d, k->p = k->g + d, k->trial = k->p + d, k->new_g = k->trial + d;
  k->rho = k->new_g + d, k->alpha = k->rho + room;
  return STATUS_OK;
}

static void add_to(double *x, double a, const double *v, size_t d)
{
  for (size_t j = 0; j < d; j++)
    x[j] += a * v[j];
}

/* p = -H g by the two loops (Nocedal 1980). */
static void direction(struct memory *k)
{
  for (size_t j = 0; j < k->d; j++)
    k->p[j] = -k->g[j];
  for (size_t i = 0; i < k->count; i++) { /* from the newest */
    size_t at = (k->next + k->room - 1 - i) % k->room;
    k->alpha[at] = k->rho[at] * vec_dot_f64(k->s + at * k->d, k->p, k->d);
    add_to(k->p, -k->alpha[at], k->y + at * k->d, k->d);
  }
  if (k->count > 0) {
    size_t at = (k->next + k->room - 1) % k->room;
    const double *y = k->y + at * k->d;
    double gamma = 1 / (k->rho[at] * vec_dot_f64(y, y, k->d));
    for (size_t j = 0; j < k->d; j++)
      k->p[j] *= gamma;
  }
  for (size_t i = k->count; i-- > 0;) { /* from the oldest */
    size_t at = (k->next + k->room - 1 - i) % k->room;
    double beta = k->rho[at] * vec_dot_f64(k->y + at * k->d, k->p, k->d);
    add_to(k->p, k->alpha[at] - beta, k->s + at * k->d, k->d);
  }
}

/* The step from w to trial. A pair with s.y <= 0 (rounding; the Wolfe conditions exclude it) is not kept. */
static void remember(struct memory *k, const double *w)
{
  double *s = k->s + k->next * k->d, *y = k->y + k->next * k->d;
  for (size_t j = 0; j < k->d; j++) {
    s[j] = k->trial[j] - w[j];
    y[j] = k->new_g[j] - k->g[j];
  }
  double sy = vec_dot_f64(s, y, k->d);
  if (!(sy > 1e-16 * vec_dot_f64(y, y, k->d)))
    return;
  k->rho[k->next] = 1 / sy;
  k->next = (k->next + 1) % k->room;
  k->count += k->count < k->room;
}

/* One line search; false where none succeeds along the remembered direction nor along the gradient. */
static bool step(const struct conf *c, struct minimize *m, struct memory *k, struct minimize_point *p)
{
  for (int attempt = 0; attempt < 2; attempt++) {
    direction(k);
    struct line line = {.m = m, .w = m->w, .p = k->p, .value = p->value, .slope = vec_dot_f64(k->g, k->p, k->d), .trial = k->trial,
                        .gradient = k->new_g};
    double first = k->count ? 1 : 1 / vec_norm2_f64(k->g, k->d);
    double a = line.slope < 0 ? line_wolfe(&line, first, c->c1, c->c2, (int)c->trials) : 0;
    if (a > 0) {
      remember(k, m->w);
      memcpy(m->w, k->trial, k->d * sizeof *m->w);
      memcpy(k->g, k->new_g, k->d * sizeof *k->g);
      p->value = line.trial_value;
      p->step = a;
      return true;
    }
    if (k->count == 0)
      return false;
    k->count = 0;
  }
  return false;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct memory k;
  enum status s = memory_new(&k, m->f->d, (size_t)c->memory, e);
  if (s != STATUS_OK)
    return s;
  struct minimize_point p = {.w = m->w, .gradient = k.g, .value = minimize_gradient(m, m->w, k.g), .step = NAN};
  while (minimize_go_on(m, &p)) {
    p.iterations = 1;
    if (!step(c, m, &k, &p)) {
      p.iterations = 0;
      minimize_converged(m, &p);
      break;
    }
  }
  free(k.all);
  return m->status;
}

const struct minimizer minimizer_lbfgs = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "lbfgs",
        .name = "L-BFGS",
        .summary = "quasi-Newton steps from the last few changes of weights and gradient",
        .formula = "w <- w + a p, p = -H_k grad f(w): H_k from `memory` pairs s = w' - w, y = g' - g, H_0 = (s.y/y.y) I\n"
                   "a: strong Wolfe, f(w + a p) <= f(w) + c1 a g.p and |g'.p| <= c2 |g.p|; a = 1 is tried first, 1/|grad f| in the first iteration",
        .cite = "Liu and Nocedal 1989, On the limited memory BFGS method for large scale optimization; "
                "Nocedal and Wright 2006, Numerical optimization",
        .notes = "The whole gradient at every trial: usually one an iteration. Ends as \"converged\" where no step improves f in "
                 "float64. For smooth objectives.",
        .example = "assay.minimizer(\"lbfgs\", {memory = 20})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .run = run,
};
