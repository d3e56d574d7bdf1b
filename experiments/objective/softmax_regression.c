/* softmax_regression.c: multinomial logistic regression: K d weights, row k for class k. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/objective/glm.h"

struct conf {
  struct object data;
  double l2;
};

static const struct param params[] = {
  {.id = "data", .type = PARAM_METHOD, .at = offsetof(struct conf, data), .of = KIND_DATA, .def_text = "breast-cancer",
   .doc = "data set with classes: its training part", .example = "breast-cancer"},
  {.id = "l2", .type = PARAM_REAL, .at = offsetof(struct conf, l2), .def = 1e-4, .min = 0, .max = 1e6, .flags = PARAM_LOG,
   .doc = "factor of |w|^2/2", .example = "0.001"},
  {0},
};

struct state {
  struct glm rows;   /* only its rows: for products and the largest eigenvalue */
  size_t classes, d;
  double l2;
  double *padded;    /* classes x stride: weights */
  double *direction; /* the same: a direction, or a sum of gradients */
  double *sum;
  double *z, *p, *u; /* classes each */
};

static void release(struct objective *f)
{
  struct state *s = f->state;
  if (!s)
    return;
  double *owned[] = {s->rows.scratch, s->padded, s->direction, s->sum, s->z, s->p, s->u};
  for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
    free(owned[k]);
  dataset_release(s->rows.data);
  free(s);
}

static enum status new_room(struct state *s, struct err *e)
{
  double **wide[] = {&s->padded, &s->direction, &s->sum}, **narrow[] = {&s->z, &s->p, &s->u};
  enum status status = STATUS_OK;
  for (size_t k = 0; k < 3 && status == STATUS_OK; k++) {
    void *p = NULL;
    status = mem_new(&p, s->classes, s->rows.stride * sizeof(double), "weights", e);
    *wide[k] = p;
    p = NULL;
    if (status == STATUS_OK)
      status = mem_new(&p, s->classes, sizeof(double), "outputs", e);
    *narrow[k] = p;
  }
  void *scratch = NULL;
  if (status == STATUS_OK)
    status = mem_new(&scratch, 3 * s->rows.stride, sizeof(double), "weights", e);
  s->rows.scratch = scratch;
  return status;
}

static void find_norms(struct objective *f, const struct state *s)
{
  double largest = 0;
  for (size_t i = 0; i < f->n; i++)
    largest = fmax(largest, vec_dot_f32(s->rows.x + i * s->rows.stride, s->rows.x + i * s->rows.stride, s->d));
  f->smoothness_max = 0.5 * largest + s->l2; /* the Hessian in the outputs, diag(p) - p p', is at most 1/2 */
}

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  struct state *s = out->state = xcalloc(1, sizeof *s);
  struct dataset **data = &s->rows.data;
  enum status status = env->load ? env->load(env->self, data, &c->data, e) : dataset_load(data, &c->data, env->data, e);
  if (status != STATUS_OK)
    return status;
  if ((*data)->task != TASK_CLASSES)
    return err_set(e, STATUS_BAD_DATA, "data \"%s\" has targets, not classes", (*data)->name);
  const struct examples *part = &(*data)->train;
  s->rows.n = out->n = part->n, s->rows.d = s->d = part->d, s->rows.x = part->x, s->rows.stride = part->stride;
  s->rows.rows = glm_rows_best();
  s->classes = (*data)->classes;
  s->l2 = c->l2;
  out->d = s->classes * s->d;
  status = new_room(s, e);
  find_norms(out, s);
  return status == STATUS_OK ? objective_new_start(out, false, e) : status;
}

/* Weights, row by row, into rows as long as the data's. */
static void pad(const struct state *s, const double *w, double *to)
{
  for (size_t k = 0; k < s->classes; k++)
    memcpy(to + k * s->rows.stride, w + k * s->d, s->d * sizeof *w);
}

static void outputs(const struct state *s, size_t i, const double *padded, double *z)
{
  const float *row = s->rows.x + i * s->rows.stride;
  for (size_t k = 0; k < s->classes; k++)
    s->rows.rows->dot(&row, 1, padded + k * s->rows.stride, glm_padded(&s->rows), z + k);
}

static void add_row(const struct state *s, size_t i, const double *scale, double *sum)
{
  const float *row = s->rows.x + i * s->rows.stride;
  for (size_t k = 0; k < s->classes; k++)
    s->rows.rows->add(&row, 1, scale + k, sum + k * s->rows.stride, glm_padded(&s->rows));
}

/* The loss of example i at the padded weights, and (if wanted) its gradient added to the sum. */
static double example(const struct state *s, size_t i, bool slope)
{
  size_t label = (size_t)s->rows.data->train.label[i];
  outputs(s, i, s->padded, s->z);
  double loss = logsumexp_f64(s->z, s->classes) - s->z[label];
  if (slope) {
    softmax_f64(s->z, s->p, s->classes);
    s->p[label] -= 1;
    add_row(s, i, s->p, s->sum);
  }
  return loss;
}

/* g = sum/n + l2 w; the penalty. g NULL: the penalty alone. */
static double finish(const struct objective *f, double share, const double *w, double *g)
{
  const struct state *s = f->state;
  for (size_t k = 0; g && k < s->classes; k++)
    for (size_t j = 0; j < s->d; j++)
      g[k * s->d + j] = share * s->sum[k * s->rows.stride + j] + s->l2 * w[k * s->d + j];
  return 0.5 * s->l2 * vec_dot_f64(w, w, f->d);
}

static void clear(const struct state *s) { memset(s->sum, 0, s->classes * s->rows.stride * sizeof *s->sum); }

static double whole(const struct objective *f, const double *w, double *g)
{
  const struct state *s = f->state;
  struct compensated total = {0};
  pad(s, w, s->padded);
  clear(s);
  for (size_t i = 0; i < f->n; i++)
    compensated_add(&total, example(s, i, g != NULL));
  return compensated_value(&total) / (double)f->n + finish(f, 1 / (double)f->n, w, g);
}

static double value(const struct objective *f, const double *w) { return whole(f, w, NULL); }
static double gradient(const struct objective *f, const double *w, double *g) { return whole(f, w, g); }

static double batch(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g)
{
  const struct state *s = f->state;
  double total = 0, share = 1 / (double)m;
  pad(s, w, s->padded);
  clear(s);
  for (size_t k = 0; k < m; k++)
    total += example(s, index[k], true);
  return total * share + finish(f, share, w, g);
}

static double batch_value(const struct objective *f, const uint32_t *index, size_t m, const double *w)
{
  const struct state *s = f->state;
  double total = 0;
  pad(s, w, s->padded);
  for (size_t k = 0; k < m; k++)
    total += example(s, index[k], false);
  return total * (1 / (double)m) + finish(f, 0, w, NULL);
}

static double component(const struct objective *f, size_t i, const double *w, double *g)
{
  const uint32_t one = (uint32_t)i;
  return batch(f, &one, 1, w, g);
}

/* In the outputs: p o (u - p.u), u the outputs of the direction. */
static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  const struct state *s = f->state;
  pad(s, w, s->padded);
  pad(s, v, s->direction);
  clear(s);
  for (size_t i = 0; i < f->n; i++) {
    outputs(s, i, s->padded, s->z);
    outputs(s, i, s->direction, s->u);
    softmax_f64(s->z, s->p, s->classes);
    double mean = vec_dot_f64(s->p, s->u, s->classes);
    for (size_t k = 0; k < s->classes; k++)
      s->u[k] = s->p[k] * (s->u[k] - mean);
    add_row(s, i, s->u, s->sum);
  }
  finish(f, 1 / (double)f->n, v, out);
}

static enum status constants(struct objective *f, const struct exec *x, struct err *e)
{
  const struct state *s = f->state;
  double top, products;
  enum status status = glm_top_eigenvalue(&s->rows, x, 1e-6, &top, &products, e);
  if (status != STATUS_OK)
    return status;
  f->smoothness = 0.5 * top + s->l2;
  f->strong_convexity = s->l2;
  return STATUS_OK;
}

const struct objective_method objective_softmax_regression = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "softmax-regression",
        .name = "Softmax regression",
        .summary = "mean cross-entropy of a linear model on several classes, with l2",
        .formula = "f(W) = (1/n) sum_i (ln sum_k exp(w_k.a_i) - w_{y_i}.a_i) + (l2/2) |W|^2\n"
                   "L = lambda_max(X'X/n)/2 + l2, L_max = max_i |a_i|^2/2 + l2, mu = l2",
        .cite = "Bohning 1992, Multinomial logistic regression algorithm",
        .notes = "The weights are W, class by class. No intercept. With two classes it is logistic regression in w_1 - w_0, with half the penalty. "
                 "Without l2 the minimum is not unique: adding one vector to all classes changes nothing.",
        .example = "assay.objective(\"softmax-regression\", {data = assay.data(\"digits\"), l2 = 0.001})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  .release = release,
  .value = value,
  .gradient = gradient,
  .component = component,
  .batch = batch,
  .batch_value = batch_value,
  .hvp = hvp,
  .constants = constants,
};
