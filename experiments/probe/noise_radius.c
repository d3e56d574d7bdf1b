/* noise_radius.c: how much the weights may be disturbed before the net answers noticeably worse: sigma, sigma', alpha and alpha' of
 * Jiang et al.: by random noise or by an adversary, absolute or relative to the size of each weight.
 *
 * The radius is found by bisection. The noise of each draw, and the start of each ascent, is fixed in direction, so that the same
 * disturbance grows with the radius. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"
#include "experiments/train/train.h"

enum by { BY_NOISE = 0, BY_ASCENT = 1 };
static const char *const by_names[] = {"noise", "ascent", NULL};

struct conf {
  int by; /* enum by */
  bool magnitude, compat;
  double drop, tolerance, most, eps;
  int64_t depth, draws, steps, starts, examples;
};

static const struct param params[] = {
  {.id = "by", .type = PARAM_CHOICE, .at = offsetof(struct conf, by), .def = BY_NOISE, .choices = by_names,
   .doc = "noise: normal noise on every weight (sigma); ascent: the worst point of the box |u_i| <= alpha that an ascent finds", .example = "ascent"},
  {.id = "magnitude", .type = PARAM_BOOL, .at = offsetof(struct conf, magnitude), .def = 0,
   .doc = "relative to the size of each weight (sigma', alpha')", .example = "true"},
  {.id = "drop", .type = PARAM_REAL, .at = offsetof(struct conf, drop), .def = 0.1, .min = 0, .max = 1, .flags = PARAM_MIN_OPEN,
   .doc = "loss of accuracy that defines the radius", .example = "0.05"},
  {.id = "tolerance", .type = PARAM_REAL, .at = offsetof(struct conf, tolerance), .def = 0.01, .min = 0, .max = 1,
   .doc = "the search ends when the drop is met to this", .example = "0.005"},
  {.id = "most", .type = PARAM_REAL, .at = offsetof(struct conf, most), .def = 2, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN | PARAM_LOG,
   .doc = "largest radius tried", .example = "1"},
  {.id = "depth", .type = PARAM_INT, .at = offsetof(struct conf, depth), .def = 15, .min = 1, .max = 60, .unit = "steps",
   .doc = "steps of bisection at most", .example = "10"},
  {.id = "draws", .type = PARAM_INT, .at = offsetof(struct conf, draws), .def = 10, .min = 1, .max = 1e6,
   .doc = "draws of the noise", .example = "5"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 20, .min = 1, .max = 1e6, .unit = "steps",
   .doc = "steps of an ascent, each 2.5/steps of the box along the signs of the gradient", .example = "10"},
  {.id = "starts", .type = PARAM_INT, .at = offsetof(struct conf, starts), .def = 3, .min = 1, .max = 1000,
   .doc = "ascents: the first from the weights, the others from random points of the box", .example = "2"},
  {.id = "examples", .type = PARAM_INT, .at = offsetof(struct conf, examples), .def = 2000, .min = 0, .max = 1e9, .unit = "examples",
   .doc = "the accuracy is that on the first so many examples of the part; 0: all", .example = "100"},
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(struct conf, eps), .def = 0.001, .min = 0, .max = 1e3, .flags = PARAM_ADVANCED,
   .doc = "floor of the relative noise: its variance is (sigma' w)^2 + eps^2", .example = "0.01"},
  {.id = "compat", .type = PARAM_BOOL, .at = offsetof(struct conf, compat), .def = 0, .flags = PARAM_ADVANCED,
   .doc = "as the published code: noise of standard deviation sigma^2, or (sigma' w)^2 + eps^2, and a rise of accuracy counts as a drop",
   .example = "true"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  return c->compat && c->by == BY_ASCENT ? err_set(e, STATUS_BAD_ARG, "compat is about noise: the published code has no ascent (by = \"ascent\")") : STATUS_OK;
}

struct search {
  const struct conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  struct examples part;
  struct train_evaluator *evaluator;
  double accuracy; /* of the weights as they are */
  float *direction, *logical, *u, *w, *g; /* direction: draws (or starts) fixed vectors of n_params */
  double *loss, *error;
};

static double relative(const struct search *q, size_t i) { return q->c->magnitude ? fabs((double)q->s->weights[i]) : 1; }

static enum status accuracy_at(struct search *q, const float *w, double *accuracy, struct err *e)
{
  double wrong = 0;
  enum status s = train_evaluator_run(q->x, q->evaluator, &q->part, q->s->data->outputs, w, q->loss, q->error, e);
  for (size_t i = 0; i < q->part.n; i++)
    wrong += q->error[i];
  *accuracy = 1 - wrong / (double)q->part.n;
  return s;
}

/* --- noise -------------------------------------------------------------------------------------------------------- */

static double noise_sd(const struct search *q, double sigma, size_t i)
{
  double scaled = sigma * relative(q, i), eps = q->c->magnitude ? q->c->eps : 0;
  return q->c->compat ? scaled * scaled + eps * eps : hypot(scaled, eps);
}

static enum status drop_by_noise(struct search *q, double sigma, double *drop, struct err *e)
{
  size_t n = q->s->net->n_params;
  double mean = 0, now;
  enum status s = STATUS_OK;
  for (int64_t d = 0; d < q->c->draws && !s; d++) {
    const float *z = q->direction + (size_t)d * n; /* 0 in the padding */
    for (size_t i = 0; i < n; i++)
      q->w[i] = (float)fma(noise_sd(q, sigma, i), (double)z[i], (double)q->s->weights[i]);
    s = accuracy_at(q, q->w, &now, e);
    mean += now / (double)q->c->draws;
  }
  *drop = q->c->compat ? fabs(q->accuracy - mean) : q->accuracy - mean;
  return s;
}

/* --- ascent ------------------------------------------------------------------------------------------------------- */

static void place(struct search *q)
{
  for (size_t i = 0; i < q->s->net->n_params; i++)
    q->w[i] = q->s->weights[i] + q->u[i];
}

/* One ascent in the box from start `d`; the accuracy where it ends, or where the loss overflows. */
static enum status climb(struct search *q, double alpha, size_t d, double *accuracy, struct err *e)
{
  size_t n = q->s->net->n_params;
  struct batch b = batch_of(&q->part, q->s->data->outputs, NULL, q->part.n);
  double loss;
  enum status s = STATUS_OK;
  for (size_t i = 0; i < n; i++)
    q->u[i] = (float)(alpha * relative(q, i) * (double)q->direction[d * n + i]);
  for (int64_t t = 0; t < q->c->steps && s == STATUS_OK; t++) {
    place(q);
    s = net_gradient_f32(q->x, q->s->net, q->s->loss, q->w, &b, &loss, q->g, e);
    for (size_t i = 0; i < n && !s; i++) {
      float box = (float)(alpha * relative(q, i)), step = 2.5F / (float)q->c->steps * box;
      q->u[i] += q->g[i] > 0 ? step : q->g[i] < 0 ? -step : 0;
      q->u[i] = fmaxf(-box, fminf(q->u[i], box));
    }
  }
  place(q);
  return s && s != STATUS_DIVERGED ? s : accuracy_at(q, q->w, accuracy, e);
}

static enum status drop_by_ascent(struct search *q, double alpha, double *drop, struct err *e)
{
  double now = 1, decided = q->c->drop + q->c->tolerance; /* beyond it, other starts can change nothing */
  enum status s = STATUS_OK;
  *drop = 0;
  for (int64_t d = 0; d < q->c->starts && *drop <= decided && !s; d++) {
    s = climb(q, alpha, (size_t)d, &now, e);
    *drop = fmax(*drop, q->accuracy - now);
  }
  return s;
}

/* --- search ------------------------------------------------------------------------------------------------------- */

static enum status drop_at(struct search *q, double radius, double *drop, struct err *e)
{
  return q->c->by == BY_NOISE ? drop_by_noise(q, radius, drop, e) : drop_by_ascent(q, radius, drop, e);
}

static enum status bisect(struct search *q, struct probe_value *out, struct err *e)
{
  double low = 0, high = q->c->most, radius = 0, drop = 0;
  int64_t t = 0;
  enum status s = accuracy_at(q, q->s->weights, &q->accuracy, e);
  bool met = false;
  for (; t < q->c->depth && !s && !met; t++) {
    radius = (low + high) / 2;
    s = drop_at(q, radius, &drop, e);
    met = fabs(drop - q->c->drop) < q->c->tolerance;
    if (drop > q->c->drop)
      high = radius;
    else
      low = radius;
  }
  const struct { const char *name; double value; } numbers[] = {
    {"radius", radius}, {"drop", drop}, {"accuracy", q->accuracy}, {"met", met}, {"searched", (double)t}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !s; i++)
    s = probe_add_number(out, numbers[i].name, PROBE_WHOLE, numbers[i].value, (double)NAN, e);
  return s;
}

/* The fixed directions: normal numbers, or points of the box [-1, 1] of which the first is its centre. */
static void choose_directions(struct search *q, size_t count)
{
  const struct net *net = q->s->net;
  for (size_t d = 0; d < count; d++) {
    struct rng r = probe_rng(q->s->seed, PROBE_STREAM_NOISE, (uint32_t)d);
    if (q->c->by == BY_NOISE)
      rng_fill_normal_f32(&r, q->logical, net->n_logical, 0, 1);
    else
      rng_fill_uniform_f32(&r, q->logical, net->n_logical, d ? -1 : 0, d ? 1 : 0);
    net_pack_f32(net, q->logical, q->direction + d * net->n_params);
  }
}

static enum status prepare(struct search *q, void **memory, struct err *e)
{
  const struct conf *c = q->c;
  size_t p = q->s->net->n_params, count = (size_t)(c->by == BY_NOISE ? c->draws : c->starts);
  q->part = *q->s->part;
  enum status s = STATUS_OK;
  if (!q->part.label)
    s = err_set(e, STATUS_BAD_ARG, "the data set \"%s\" has no classes, so there is no accuracy", q->s->data->name ? q->s->data->name : "?");
  if (c->examples && (size_t)c->examples < q->part.n)
    q->part.n = (size_t)c->examples;
  s = s ? s : train_evaluator_new(&q->evaluator, q->s->net, q->s->loss, e);
  s = s ? s : mem_new(&memory[0], count + 4, p * sizeof(float), "disturbed weights", e);
  s = s ? s : mem_new(&memory[1], 2 * q->part.n, sizeof(double), "losses", e);
  if (s)
    return s;
  q->u = memory[0], q->w = q->u + p, q->g = q->w + p, q->logical = q->g + p, q->direction = q->logical + p;
  q->loss = memory[1], q->error = q->loss + q->part.n;
  choose_directions(q, count);
  return STATUS_OK;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct search q = {.c = conf, .x = x, .s = s};
  void *memory[2] = {NULL, NULL};
  enum status status = prepare(&q, memory, e);
  status = status ? status : bisect(&q, out, e);
  train_evaluator_free(q.evaluator);
  free(memory[0]);
  free(memory[1]);
  return status;
}

const struct probe probe_noise_radius = {
  .m = {.kind = KIND_PROBE, .id = "noise-radius", .name = "Radius of disturbance", .summary = "how much the weights may be disturbed before the accuracy drops by a tenth",
        .formula = "noise: sigma with mean accuracy of N(w, sigma^2) = accuracy - drop;  magnitude: variance (sigma' w)^2 + eps^2\n"
                   "ascent: alpha with least accuracy over |u_i| <= alpha = accuracy - drop;  magnitude: |u_i| <= alpha' |w_i|",
        .cite = "Jiang, Neyshabur, Mobahi, Krishnan and Bengio 2020, Fantastic generalization measures and where to find them",
        .notes = "Bisection on [0, most]; met = 1 where the drop was met to the tolerance, else radius is the last one tried. All parameters are "
                 "disturbed, biases too. The published code draws noise of standard deviation sigma^2 in place of sigma: compat repeats that. An "
                 "ascent finds a lower bound of the drop, so alpha is an upper bound.",
        .example = "assay.probe(\"noise-radius\", {draws = 5, depth = 8})", .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .measure = measure,
};
