/* gradient_flatness.c: how large the gradient becomes at worst in a small ball around the weights. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"

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

/* The point is w + u, |u| <= rho; g is the gradient there, up = H g the direction in which |g|^2/2 grows. */
struct search {
  const struct conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  struct batch batch;
  size_t n;
  double *w, *u, *g, *up, *point, *logical;
};

static enum status look(struct search *q, double *size, struct err *e)
{
  double loss;
  for (size_t i = 0; i < q->n; i++)
    q->point[i] = q->w[i] + q->u[i];
  enum status s = net_gradient_f64(q->x, q->s->net, q->s->loss, q->point, &q->batch, &loss, q->g, e);
  s = s ? s : net_curvature_f64(q->x, q->s->net, q->s->loss, q->point, &q->batch, CURVATURE_HESSIAN, q->g, q->up, NULL, e);
  *size = vec_norm2_f64(q->g, q->n);
  return s;
}

/* u += rho up/|up|, back into the ball. A direction of 0 moves nothing. */
static void climb(struct search *q)
{
  double norm = vec_norm2_f64(q->up, q->n);
  for (size_t i = 0; i < q->n && norm > 0; i++)
    q->u[i] += q->c->rho * q->up[i] / norm;
  double size = vec_norm2_f64(q->u, q->n);
  for (size_t i = 0; i < q->n && size > q->c->rho; i++)
    q->u[i] *= q->c->rho / size;
}

static void random_point(struct search *q, uint32_t number)
{
  struct rng r = probe_rng(q->s->seed, PROBE_STREAM_FLATNESS, number);
  rng_fill_normal_f64(&r, q->logical, q->s->net->n_logical, 0, 1);
  double norm = vec_norm2_f64(q->logical, q->s->net->n_logical);
  for (size_t i = 0; i < q->s->net->n_logical; i++)
    q->logical[i] *= q->c->rho / norm;
  net_pack_f64(q->s->net, q->logical, q->u);
}

/* Ascend from u; *most becomes the largest gradient seen, where that is larger; *first is that at u. */
static enum status ascend(struct search *q, double *first, double *most, struct err *e)
{
  double size;
  enum status s = look(q, &size, e);
  *first = size;
  *most = fmax(*most, size);
  for (int64_t t = 0; t < q->c->steps && !s; t++) {
    climb(q);
    s = look(q, &size, e);
    *most = fmax(*most, size);
  }
  return s;
}

static enum status search(struct search *q, struct probe_value *out, struct err *e)
{
  double here, one_step = 0, first, most = 0;
  enum status s = look(q, &here, e);
  climb(q);
  s = s ? s : ascend(q, &one_step, &most, e);
  for (int64_t i = 1; i < q->c->starts && q->c->steps && !s; i++) {
    random_point(q, (uint32_t)i);
    s = ascend(q, &first, &most, e);
  }
  most = fmax(most, here);
  const struct { const char *name; double value; } numbers[] = {
    {"flatness", q->c->rho * most}, {"one_step", q->c->rho * one_step}, {"max_gradient", most}, {"gradient", here}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !s; i++)
    s = probe_add_number(out, numbers[i].name, PROBE_WHOLE, numbers[i].value, (double)NAN, e);
  return s;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  size_t n = s->net->n_params;
  struct search q = {.c = conf, .x = x, .s = s, .batch = probe_batch(s), .n = n};
  void *memory = NULL;
  enum status status = probe_weights(s, &q.w, e);
  status = status ? status : mem_new(&memory, 5 * n, sizeof(double), "an ascent", e);
  if (!status) {
    q.u = memory, q.g = q.u + n, q.up = q.g + n, q.point = q.up + n, q.logical = q.point + n;
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
