/* sharpness.c: how much the loss rises at worst in a small ball around the weights. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/ascent.h"

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

/* The point is w + scale u, with scale all 1 or |w|. */
struct search {
  const struct exec *x;
  struct ascent a;
  struct batch batch;
  bool adaptive;
  double *w, *point;
};

static double scale(const struct search *q, size_t i) { return q->adaptive ? fabs(q->w[i]) : 1; }

/* The loss at u and, in up, its gradient with respect to u. */
static enum status look(void *self, double *loss, struct err *e)
{
  struct search *q = self;
  for (size_t i = 0; i < q->a.n; i++)
    q->point[i] = fma(scale(q, i), q->a.u[i], q->w[i]);
  enum status s = net_gradient_f64(q->x, q->a.s->net, q->a.s->loss, q->point, &q->batch, loss, q->a.up, e);
  for (size_t i = 0; i < q->a.n && !s; i++)
    q->a.up[i] *= scale(q, i);
  return s;
}

static enum status search(struct search *q, struct probe_value *out, struct err *e)
{
  struct ascent_found found;
  enum status s = ascent_run(&q->a, &found, e);
  s = s ? s : probe_add_number(out, "sharpness", PROBE_WHOLE, found.most - found.here, (double)NAN, e);
  s = s ? s : probe_add_number(out, "one_step", PROBE_WHOLE, found.one_step - found.here, (double)NAN, e);
  return s ? s : probe_add_number(out, "loss", PROBE_WHOLE, found.here, (double)NAN, e);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  size_t n = s->net->n_params;
  struct search q = {.x = x, .batch = probe_batch(s), .adaptive = c->adaptive};
  void *memory = NULL;
  enum status status = probe_weights(s, &q.w, e);
  status = status ? status : mem_new(&memory, 4 * n, sizeof(double), "an ascent", e);
  if (!status) {
    double *at = memory;
    q.point = at;
    q.a = (struct ascent){.s = s, .stream = PROBE_STREAM_SHARPNESS, .rho = c->rho, .steps = c->steps, .starts = c->starts, .n = n,
                          .u = at + n, .up = at + 2 * n, .logical = at + 3 * n, .look = look, .self = &q};
    status = search(&q, out, e);
  }
  free(memory);
  free(q.w);
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
