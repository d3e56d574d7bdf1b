/* gradient_flatness.c: how large the gradient becomes at worst in a small ball around the weights. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/ascent.h"

struct conf {
  double rho;
  int64_t steps, starts;
};

static const struct param params[] = {
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .def = 0.05, .min = 0, .max = 1e3,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "radius of the ball", .example = "0.1"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 10, .min = 0, .max = 1e6,
   .doc = "steps of ascent from each start; 0: only the one step along Hg", .example = "20"},
  {.id = "starts", .type = PARAM_INT, .at = offsetof(struct conf, starts), .def = 3, .min = 1, .max = 1000,
   .doc = "ascents: the first from the one-step point, the others from random points of the sphere", .example = "5"},
  {0},
};

/* g is the gradient at w + u; up = H g is the direction in which |g|^2/2 grows. */
struct search {
  const struct exec *x;
  struct ascent a;
  struct batch batch;
  double *w, *g, *point;
};

static enum status look(void *self, double *size, struct err *e)
{
  struct search *q = self;
  const struct probe_subject *s = q->a.s;
  double loss;
  for (size_t i = 0; i < q->a.n; i++)
    q->point[i] = q->w[i] + q->a.u[i];
  enum status status = net_gradient_f64(q->x, s->net, s->loss, q->point, &q->batch, &loss, q->g, e);
  status = status ? status : net_curvature_f64(q->x, s->net, s->loss, q->point, &q->batch, CURVATURE_HESSIAN, q->g, q->a.up, NULL, e);
  *size = vec_norm2_f64(q->g, q->a.n);
  return status;
}

static enum status search(struct search *q, struct probe_value *out, struct err *e)
{
  struct ascent_found found;
  enum status s = ascent_run(&q->a, &found, e);
  if (s != STATUS_OK)
    return s;
  const struct { const char *name; double value; } numbers[] = {{"flatness", q->a.rho * found.most},
                                                                {"one_step", q->a.rho * found.one_step},
                                                                {"max_gradient", found.most},
                                                                {"gradient", found.here}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !s; i++)
    s = probe_add_number(out, numbers[i].name, PROBE_WHOLE, numbers[i].value, (double)NAN, e);
  return s;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  size_t n = s->net->n_params;
  struct search q = {.x = x, .batch = probe_batch(s)};
  void *memory = NULL;
  enum status status = probe_weights(s, &q.w, e);
  status = status ? status : mem_new(&memory, 5 * n, sizeof(double), "an ascent", e);
  if (!status) {
    double *at = memory;
    q.g = at, q.point = at + n;
    q.a = (struct ascent){.s = s, .stream = PROBE_STREAM_FLATNESS, .rho = c->rho, .steps = c->steps, .starts = c->starts, .n = n,
                          .u = at + 2 * n, .up = at + 3 * n, .logical = at + 4 * n, .look = look, .self = &q};
    status = search(&q, out, e);
  }
  free(memory);
  free(q.w);
  return status;
}

const struct probe probe_gradient_flatness = {
  .m = {.kind = KIND_PROBE, .id = "gradient-flatness", .name = "First-order flatness", .summary = "largest gradient found in a ball around the weights",
        .formula = "flatness = rho max_{|e| <= rho} |grad F(w + e)|;  one_step: e = rho Hg/|Hg|",
        .cite = "Zhang, Xu, Yu, Zou and Cui 2023, Gradient norm aware minimization seeks first-order flatness and improves generalization",
        .notes = "A lower bound of the maximum: the largest of all points visited by projected ascent along Hg. It is never below the "
                 "sharpness at the same rho, were both maxima exact (mean value theorem); at the minimum of a quadratic it is rho^2 times the "
                 "largest eigenvalue. Each step costs about four gradients.",
        .example = "assay.probe(\"gradient-flatness\", {rho = 0.05, steps = 5})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
