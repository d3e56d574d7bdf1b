/* rmt_max_lr.c: the largest rate for each batch size, from the spectrum that a batch's Hessian has as signal plus noise.
 *
 * The entries of the Hessian of a batch are those of the whole plus sampling noise of variance sigma^2/b. Their mean square,
 * sigma^2, follows from squared norms: |Mv|^2 has mean tr(M^2) over random signs v. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/curvature.h"
#include "experiments/probe/lanczos.h"
#include "experiments/probe/step_limit.h"

struct conf {
  struct param_list batch;
  double tolerance;
  int64_t draws, examples, steps;
  int curvature; /* enum curvature */
};

static const struct param params[] = {
  {.id = "batch", .type = PARAM_LIST, .at = offsetof(struct conf, batch), .def_text = "16,64,256", .min = 1, .max = 1e12,
   .unit = "examples", .doc = "batch sizes to give rates for", .example = "32,64,128"},
  {.id = "draws", .type = PARAM_INT, .at = offsetof(struct conf, draws), .def = 20, .min = 2, .max = 1e6,
   .doc = "random sign vectors for sigma^2", .example = "50"},
  {.id = "examples", .type = PARAM_INT, .at = offsetof(struct conf, examples), .def = 32, .min = 1, .max = 1e6,
   .doc = "examples drawn for each sign vector, with replacement", .example = "64"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 80, .min = 1, .max = 10000,
   .doc = "products with the Hessian at most, for lambda_1", .example = "40"},
  {.id = "tolerance", .type = PARAM_REAL, .at = offsetof(struct conf, tolerance), .def = 1e-4, .min = 0, .max = 1,
   .doc = "stop when the residual of lambda_1 is below this part of it", .example = "1e-6"},
  PROBE_CURVATURE_PARAM(struct conf, curvature),
  {0},
};

struct estimate {
  const struct conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  double *w, *v, *hv, *logical, *draw;
  void *scratch, *memory;
};

static enum status squared_norm(struct estimate *t, const struct batch *b, double *out, struct err *e)
{
  enum status s = net_curvature_f64(t->x, t->s->net, t->s->loss, t->w, b, (enum curvature)t->c->curvature, t->v, t->hv, t->scratch, e);
  *out = vec_dot_f64(t->hv, t->hv, t->s->net->n_params);
  return s;
}

/* One estimate of sigma^2 P^2 = E_i tr(H_i^2) - tr(H^2). */
static enum status draw(struct estimate *t, uint32_t number, double *out, struct err *e)
{
  struct rng r = probe_rng(t->s->seed, PROBE_STREAM_RATE, number);
  struct batch all = probe_batch(t->s), one = all;
  double whole, single, sum = 0;
  uint32_t index;
  for (size_t i = 0; i < t->s->net->n_logical; i++)
    t->logical[i] = rng_sign(&r);
  net_pack_f64(t->s->net, t->logical, t->v);
  enum status s = squared_norm(t, &all, &whole, e);
  one.n = 1;
  one.index = &index;
  for (int64_t k = 0; k < t->c->examples && !s; k++) {
    index = (uint32_t)rng_below(&r, all.n);
    s = squared_norm(t, &one, &single, e);
    sum += single;
  }
  *out = sum / (double)t->c->examples - whole;
  return s;
}

static enum status estimate_new(struct estimate *t, struct err *e)
{
  size_t n = t->s->net->n_params, bytes = net_curvature_bytes_f64(t->s->net), scratch = round_up(bytes, MEM_ALIGN) / sizeof(double);
  size_t vectors, numbers;
  bool fits = bytes && size_mul(n, 3, &vectors) && !__builtin_add_overflow(vectors, scratch + (size_t)t->c->draws, &numbers);
  enum status s = probe_weights(t->s, &t->w, e);
  s = s ? s : mem_new(&t->memory, fits ? numbers : SIZE_MAX, sizeof(double), "noise of the Hessian", e);
  if (s)
    return s;
  t->scratch = t->memory;
  t->v = (double *)t->memory + scratch;
  t->hv = t->v + n;
  t->logical = t->hv + n;
  t->draw = t->logical + n;
  return STATUS_OK;
}

/* sigma^2, at least 0, and its standard error. */
static enum status measure_noise(struct estimate *t, double *sigma2, double *se, struct err *e)
{
  size_t draws = (size_t)t->c->draws;
  double P = (double)t->s->net->n_logical, square = 0;
  enum status s = estimate_new(t, e);
  for (size_t i = 0; i < draws && !s; i++)
    s = draw(t, (uint32_t)i, &t->draw[i], e);
  if (s)
    return s;
  double mean = vec_sum_f64(t->draw, draws) / (double)draws;
  for (size_t i = 0; i < draws; i++)
    square += (t->draw[i] - mean) * (t->draw[i] - mean);
  *sigma2 = fmax(mean, 0) / (P * P);
  *se = sqrt(square / (double)(draws - 1) / (double)draws) / (P * P);
  return s;
}

static enum status measure_top(const struct conf *c, const struct exec *x, const struct probe_subject *s, double *top, struct err *e)
{
  struct lanczos l;
  enum status status = lanczos_new(&l, s, (enum curvature)c->curvature, (size_t)c->steps, e);
  if (status)
    return status;
  status = lanczos_run(&l, x, PROBE_STREAM_LANCZOS, 0, 1, c->tolerance, e);
  *top = status ? (double)NAN : mat_get(&l.values, l.m - 1, 0);
  lanczos_free(&l);
  return status;
}

static enum status add_rates(const struct conf *c, const struct probe_subject *s, double lambda1, double sigma2, struct probe_value *out,
                             struct err *e)
{
  struct mat top = {0}, limit = {0};
  enum status status = mat_new(&top, DTYPE_F64, c->batch.n, 1, e);
  status = status ? status : mat_new(&limit, DTYPE_F64, c->batch.n, 1, e);
  for (size_t i = 0; i < c->batch.n && !status; i++) {
    double seen = rmt_top(lambda1, sigma2, (double)s->net->n_logical, rmt_batch(c->batch.v[i], (double)s->part->n));
    mat_set(&top, i, 0, seen);
    mat_set(&limit, i, 0, seen > 0 ? 2 / seen : (double)INFINITY);
  }
  if (!status) {
    probe_add(out, "limit", PROBE_WHOLE, &limit, (double)NAN);
    probe_add(out, "batch_top", PROBE_WHOLE, &top, (double)NAN);
  }
  mat_free(&top);
  mat_free(&limit);
  return status;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct estimate t = {.c = conf, .x = x, .s = s};
  double lambda1 = 0, sigma2 = 0, se = 0;
  enum status status = measure_top(t.c, x, s, &lambda1, e);
  status = status ? status : measure_noise(&t, &sigma2, &se, e);
  status = status ? status : add_rates(t.c, s, lambda1, sigma2, out, e);
  status = status ? status : probe_add_number(out, "lambda1", PROBE_WHOLE, lambda1, (double)NAN, e);
  status = status ? status : probe_add_number(out, "sigma2", PROBE_WHOLE, sigma2, se, e);
  free(t.memory);
  free(t.w);
  return status;
}

const struct probe probe_rmt_max_lr = {
  .m = {.kind = KIND_PROBE,
        .id = "rmt-max-lr",
        .name = "Random-matrix maximal rate",
        .summary = "the largest rate for each batch size, from the spectrum of a batch's Hessian",
        .formula = "sigma^2 = (E_i tr(H_i^2) - tr(H^2))/P^2,  b = B/(1 - B/N),  limit = 2/lambda',\n"
                   "lambda' = lambda_1 + (P/b) sigma^2/lambda_1 where lambda_1 > sigma sqrt(P/b), else 2 sigma sqrt(P/b)",
        .cite = "Granziol, Zohren and Roberts 2022, Learning rates as a function of batch size: a random matrix theory approach to "
                "neural network training",
        .notes = "H is the Hessian of the mean loss over the part (N examples), P the number of weights. While the noise dominates the "
                 "largest rate grows linearly in B, then it saturates at 2/lambda_1; for Adam and its kin the theory has the square "
                 "root of B. The noise is taken for independent entries of one size: where the H_i have few large directions in "
                 "common the true edge lies elsewhere. Gives limit and batch_top (one for each batch), lambda1, sigma2 (with its "
                 "standard error). Costs draws * (N + examples) products of single examples.",
        .example = "assay.probe(\"rmt-max-lr\", {batch = {16, 64, 256}})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .measure = measure,
};
