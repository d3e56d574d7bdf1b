/* glm_make.c: a linear model from a data set (dense) or from a file in LIBSVM's format (sparse); see glm.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/data_int.h"
#include "experiments/data/read_libsvm.h"
#include "experiments/kernel/mem.h"
#include "experiments/objective/glm.h"

void glm_release(struct objective *f)
{
  struct glm *g = f->state;
  if (!g)
    return;
  free(g->y);
  free(g->norm2);
  free(g->start);
  free(g->index);
  free(g->value);
  free(g->own);
  free(g->scratch);
  dataset_release(g->data);
  free(g);
}

/* --- answers ----------------------------------------------------------------------------------- */

static enum status new_answers(struct glm *g, struct err *e)
{
  void *y = NULL, *norm2 = NULL;
  enum status s = mem_new(&y, g->n, sizeof(double), "answers", e);
  if (s == STATUS_OK)
    s = mem_new(&norm2, g->n, sizeof(double), "norms of the rows", e);
  g->y = y, g->norm2 = norm2;
  return s;
}

static bool wants_signs(enum glm_link link) { return link != GLM_SQUARED; }

/* The two values among the answers, *low < *high; false where there are more or fewer. */
static bool two_values(const struct glm *g, double *low, double *high)
{
  *low = *high = g->y[0];
  for (size_t i = 1; i < g->n; i++) {
    if (*low == *high && g->y[i] != *low) {
      *low = fmin(*low, g->y[i]);
      *high = fmax(*high, g->y[i]);
    } else if (g->y[i] != *low && g->y[i] != *high) {
      return false;
    }
  }
  return *low != *high;
}

/* Labels become -1 and 1. */
static enum status make_signs(struct glm *g, double positive, struct err *e)
{
  size_t found = 0;
  double low, high;
  if (isnan(positive)) {
    if (!two_values(g, &low, &high))
      return err_set(e, STATUS_BAD_ARG, "there are not two labels but %s; give positive, the label that becomes +1",
                     low == high ? "one" : "more");
    positive = high;
  }
  for (size_t i = 0; i < g->n; i++) {
    found += g->y[i] == positive;
    g->y[i] = g->y[i] == positive ? 1 : -1;
  }
  if (found == 0 || found == g->n)
    return err_set(e, STATUS_BAD_ARG, "positive is %g, but %s of the %zu examples have that label", positive,
                   found ? "all" : "none", g->n);
  return STATUS_OK;
}

/* --- dense ------------------------------------------------------------------------------------- */

static enum status dense_answers(struct glm *g, const struct dataset *d, struct err *e)
{
  if (d->task == TASK_REGRESSION && d->outputs != 1)
    return err_set(e, STATUS_BAD_DATA, "data \"%s\" has %zu targets for each example; a linear model here has one", d->name, d->outputs);
  if (d->task == TASK_CLASSES && g->link == GLM_SQUARED && d->classes != 2)
    return err_set(e, STATUS_BAD_DATA, "data \"%s\" has %zu classes; least squares wants a number or two classes (-1 and 1)", d->name,
                   d->classes);
  for (size_t i = 0; i < g->n; i++)
    g->y[i] = d->task == TASK_CLASSES ? d->train.label[i] : (double)d->train.target[i];
  if (d->task == TASK_CLASSES && g->link == GLM_SQUARED)
    return make_signs(g, NAN, e);
  return STATUS_OK;
}

static enum status make_dense(struct glm *g, const struct glm_conf *c, const struct objective_env *env, struct err *e)
{
  enum status s = env->load ? env->load(env->self, &g->data, &c->data, e) : dataset_load(&g->data, &c->data, env->data, e);
  if (s != STATUS_OK)
    return s;
  const struct examples *part = &g->data->train;
  g->n = part->n, g->d = part->d, g->stride = part->stride, g->x = part->x, g->entries = part->n * part->d;
  g->rows = glm_rows_best();
  void *scratch = NULL;
  s = mem_new(&scratch, 3 * g->stride, sizeof(double), "weights", e);
  g->scratch = scratch;
  if (s == STATUS_OK)
    s = new_answers(g, e);
  return s == STATUS_OK ? dense_answers(g, g->data, e) : s;
}

/* --- sparse ------------------------------------------------------------------------------------ */

static enum status make_sparse(struct glm *g, const struct glm_conf *c, const struct objective_env *env, struct err *e)
{
  struct libsvm file = {0};
  char *path = data_path(env->data, c->file);
  enum status s = libsvm_read(&file, path, c->zero_based, e);
  if (s == STATUS_OK && (file.n == 0 || file.d == 0))
    s = err_set(e, STATUS_BAD_DATA, "%s: no %s", path, file.n == 0 ? "rows" : "entries");
  free(path);
  g->n = file.n, g->d = file.d, g->entries = file.n_entries;
  if (s == STATUS_OK)
    s = new_answers(g, e);
  if (s == STATUS_OK) {
    memcpy(g->y, file.label, g->n * sizeof *g->y);
    g->start = file.start, g->index = file.index, g->value = file.value;
    file.start = NULL, file.index = NULL, file.value = NULL;
  }
  libsvm_free(&file);
  return s;
}

/* --- both -------------------------------------------------------------------------------------- */

static float *row_of(const struct glm *g, size_t i, size_t *n)
{
  *n = g->x ? g->d : g->start[i + 1] - g->start[i];
  return g->x ? (float *)g->x + i * g->stride : g->value + g->start[i];
}

static void measure_rows(struct glm *g)
{
  for (size_t i = 0; i < g->n; i++) {
    size_t n;
    const float *a = row_of(g, i, &n);
    g->norm2[i] = vec_dot_f32(a, a, n);
  }
}

static enum status normalize_rows(struct glm *g, struct err *e)
{
  if (g->x) { /* the data set does not change: rows of our own */
    void *own;
    enum status s = mem_new(&own, g->n, g->stride * sizeof(float), "scaled rows", e);
    if (s != STATUS_OK)
      return s;
    memcpy(own, g->x, g->n * g->stride * sizeof(float));
    g->x = g->own = own;
  }
  for (size_t i = 0; i < g->n; i++) {
    size_t n;
    float *a = row_of(g, i, &n);
    for (size_t k = 0; k < n && g->norm2[i] > 0; k++)
      a[k] = (float)((double)a[k] / sqrt(g->norm2[i]));
  }
  measure_rows(g);
  return STATUS_OK;
}

enum status glm_make(const struct glm_conf *c, enum glm_link link, const struct objective_env *env, struct objective *out,
                     struct err *e)
{
  struct glm *g = out->state = xcalloc(1, sizeof *g);
  g->link = link;
  g->l2 = c->l2;
  g->curvature = link == GLM_LOGISTIC ? 0.25 : 1;
  out->glm = g;
  enum status s = c->file ? make_sparse(g, c, env, e) : make_dense(g, c, env, e);
  if (s == STATUS_OK && wants_signs(link))
    s = make_signs(g, c->positive, e);
  if (s != STATUS_OK)
    return s;
  measure_rows(g);
  if (c->normalize)
    s = normalize_rows(g, e);
  if (g->n > UINT32_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "%zu examples are more than can be numbered", g->n);
  out->n = g->n;
  out->d = g->d;
  out->smoothness_max = g->curvature * vec_max_f64(g->norm2, g->n) + g->l2;
  return s == STATUS_OK ? objective_new_start(out, false, e) : s;
}
