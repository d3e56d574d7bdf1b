/* sharpness.c: how much the loss rises at worst in a small ball around the weights. */
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
  bool adaptive;
};

static const struct param params[] = {
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .def = 0.05, .min = 0, .max = 1e3,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "radius of the ball", .example = "0.1"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 20, .min = 0, .max = 1e6,
   .doc = "steps of projected gradient ascent from each start; 0: only the one step along the gradient", .example = "50"},
  {.id = "starts", .type = PARAM_INT, .at = offsetof(struct conf, starts), .def = 3, .min = 1, .max = 1000,
   .doc = "ascents: the first from the one-step point, the others from random points of the sphere", .example = "5"},
  {.id = "adaptive", .type = PARAM_BOOL, .at = offsetof(struct conf, adaptive), .def = 0,
   .doc = "measure each weight's change relative to its size, which rescaling a relu net does not change", .example = "true"},
  {0},
};

/* The point is w + scale u, |u| <= rho, with scale all 1 or |w|; g is the gradient with respect to u. */
struct search {
  const struct conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  struct batch batch;
  size_t n;
  const double *w;
  double *u, *g, *point, *logical;
};

static double scale(const struct search *q, size_t i) { return q->c->adaptive ? fabs(q->w[i]) : 1; }

/* Loss at u and, in g, its gradient there. */
static enum status look(struct search *q, double *loss, struct err *e)
{
  for (size_t i = 0; i < q->n; i++)
    q->point[i] = fma(scale(q, i), q->u[i], q->w[i]);
  enum status s = net_gradient_f64(q->x, q->s->net, q->s->loss, q->point, &q->batch, loss, q->g, e);
  for (size_t i = 0; i < q->n && !s; i++)
    q->g[i] *= scale(q, i);
  return s;
}

/* u += length g / |g|, back into the ball. A gradient of 0 moves nothing. */
static void climb(struct search *q, double length)
{
  double norm = vec_norm2_f64(q->g, q->n);
  for (size_t i = 0; i < q->n && norm > 0; i++)
    q->u[i] += length * q->g[i] / norm;
  double size = vec_norm2_f64(q->u, q->n);
  for (size_t i = 0; i < q->n && size > q->c->rho; i++)
    q->u[i] *= q->c->rho / size;
}

static void random_point(struct search *q, uint32_t number)
{
  struct rng r = probe_rng(q->s->seed, PROBE_STREAM_SHARPNESS, number);
  rng_fill_normal_f64(&r, q->logical, q->s->net->n_logical, 0, 1);
  double norm = vec_norm2_f64(q->logical, q->s->net->n_logical);
  for (size_t i = 0; i < q->s->net->n_logical; i++)
    q->logical[i] *= q->c->rho / norm;
  net_pack_f64(q->s->net, q->logical, q->u);
}

/* Ascend from u, by steps of one radius: where the loss is near a quadratic that is a power iteration, which shorter steps
 * only slow down. *most becomes the largest loss seen, where that is larger. */
static enum status ascend(struct search *q, double *first, double *most, struct err *e)
{
  double loss;
  enum status s = look(q, &loss, e);
  *first = loss;
  for (int64_t t = 0; t < q->c->steps && !s; t++) {
    *most = fmax(*most, loss);
    climb(q, q->c->rho);
    s = look(q, &loss, e);
  }
  *most = fmax(*most, loss);
  return s;
}

static enum status search(struct search *q, struct probe_value *out, struct err *e)
{
  double loss, one_step, first, most;
  enum status s = look(q, &loss, e);
  most = loss;
  climb(q, q->c->rho);
  s = s ? s : ascend(q, &one_step, &most, e);
  for (int64_t i = 1; i < q->c->starts && q->c->steps && !s; i++) {
    random_point(q, (uint32_t)i);
    s = ascend(q, &first, &most, e);
  }
  s = s ? s : probe_add_number(out, "sharpness", PROBE_WHOLE, most - loss, (double)NAN, e);
  s = s ? s : probe_add_number(out, "one_step", PROBE_WHOLE, one_step - loss, (double)NAN, e);
  return s ? s : probe_add_number(out, "loss", PROBE_WHOLE, loss, (double)NAN, e);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  size_t n = s->net->n_params;
  double *w = NULL;
  void *memory = NULL;
  enum status status = probe_weights(s, &w, e);
  status = status ? status : mem_new(&memory, 4 * n, sizeof(double), "an ascent", e);
  if (!status) {
    double *at = memory;
    struct search q = {.c = conf, .x = x, .s = s, .batch = probe_batch(s), .n = n, .w = w, .u = at, .g = at + n, .point = at + 2 * n,
                       .logical = at + 3 * n};
    status = search(&q, out, e);
  }
  free(memory);
  free(w);
  return status;
}

const struct probe probe_sharpness = {
  .m = {.kind = KIND_PROBE, .id = "sharpness", .name = "Sharpness", .summary = "largest rise of the loss found in a ball around the weights",
        .formula = "sharpness = max_{|e| <= rho} F(w + e) - F(w);  one_step: e = rho g/|g|\n"
                   "adaptive: |e / |w|| <= rho, element by element;  one_step: e = rho w^2 g / |w g|",
        .cite = "Foret, Kleiner, Mobahi and Neyshabur 2021, Sharpness-aware minimization for efficiently improving generalization; "
                "Kwon, Kim, Park and Choi 2021, ASAM: adaptive sharpness-aware minimization",
        .notes = "A lower bound of the maximum: the largest of all points that projected gradient ascent visits, never below 0. F is the "
                 "mean loss over the part. The plain form changes when a relu net is rescaled, the adaptive one does not; weights of 0 do "
                 "not move in it.",
        .example = "assay.probe(\"sharpness\", {rho = 0.05, steps = 10})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
