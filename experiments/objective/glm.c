/* glm.c: values and derivatives of linear models; see glm.h. */
#include "experiments/objective/glm.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/objective/glm_math.h"

/* --- one example ------------------------------------------------------------------------------- */

/* Entry j goes to partial sum j mod 8; the eight are added in a fixed tree. */
static double tree(const double s[8]) { return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])); }

static double dense_dot(const float *a, const double *w, size_t d)
{
  double s[8] = {0};
  size_t j = 0;
  for (; j + 8 <= d; j += 8)
    for (size_t l = 0; l < 8; l++)
      s[l] += (double)a[j + l] * w[j + l];
  for (size_t l = 0; j < d; j++, l++)
    s[l] += (double)a[j] * w[j];
  return tree(s);
}

double glm_dot(const struct glm *g, size_t i, const double *w)
{
  if (g->x)
    return dense_dot(g->x + i * g->stride, w, g->d);
  double s[8] = {0};
  size_t from = g->start[i], n = g->start[i + 1] - from;
  for (size_t k = 0; k < n; k++)
    s[k % 8] += (double)g->value[from + k] * w[g->index[from + k]];
  return tree(s);
}

void glm_add(const struct glm *g, size_t i, double scale, double *to)
{
  if (g->x) {
    const float *a = g->x + i * g->stride;
    for (size_t j = 0; j < g->d; j++)
      to[j] += scale * (double)a[j];
    return;
  }
  for (size_t k = g->start[i]; k < g->start[i + 1]; k++)
    to[g->index[k]] += scale * (double)g->value[k];
}

static struct glm_link_at logistic(double m)
{
  double t = exp_minus(fabs(m)), s = 1 / (1 + t);
  return (struct glm_link_at){log_one_plus(t) + (m < 0 ? -m : 0), m < 0 ? -s : -t * s, t * s * s};
}

/* In the margin m = y z; with y = -1 or 1 the second derivative in z is the same. */
struct glm_link_at glm_link_at(enum glm_link link, double z, double y)
{
  double m = y * z, miss = m < 1 ? 1 - m : 0;
  struct glm_link_at at = {0};
  switch (link) {
  case GLM_SQUARED: return (struct glm_link_at){0.5 * (z - y) * (z - y), z - y, 1};
  case GLM_LOGISTIC: at = logistic(m); break;
  case GLM_SQUARED_HINGE: at = (struct glm_link_at){0.5 * miss * miss, -miss, m < 1}; break;
  }
  at.slope *= y;
  return at;
}

double glm_slope(enum glm_link link, double z, double y) { return glm_link_at(link, z, y).slope; }

/* --- all examples ------------------------------------------------------------------------------ */

void glm_products(const struct glm *g, const double *w, double *z)
{
  for (size_t i = 0; i < g->n; i++)
    z[i] = glm_dot(g, i, w);
}

void glm_combine(const struct glm *g, const double *scale, double *out)
{
  memset(out, 0, g->d * sizeof *out);
  for (size_t i = 0; i < g->n; i++)
    glm_add(g, i, scale[i], out);
}

/* --- the evaluations --------------------------------------------------------------------------- */

/* (l2/2)|w|^2, and l2 w added to g (if any). */
static double penalty(const struct glm *m, const double *w, double *g)
{
  if (m->l2 == 0)
    return 0;
  for (size_t j = 0; g && j < m->d; j++)
    g[j] += m->l2 * w[j];
  return 0.5 * m->l2 * vec_dot_f64(w, w, m->d);
}

double glm_value(const struct objective *f, const double *w)
{
  const struct glm *m = f->glm;
  struct compensated sum = {0};
  for (size_t i = 0; i < m->n; i++)
    compensated_add(&sum, glm_link_at(m->link, glm_dot(m, i, w), m->y[i]).value);
  return compensated_value(&sum) / (double)m->n + penalty(m, w, NULL);
}

double glm_gradient(const struct objective *f, const double *w, double *g)
{
  const struct glm *m = f->glm;
  struct compensated sum = {0};
  memset(g, 0, m->d * sizeof *g);
  for (size_t i = 0; i < m->n; i++) {
    struct glm_link_at at = glm_link_at(m->link, glm_dot(m, i, w), m->y[i]);
    compensated_add(&sum, at.value);
    glm_add(m, i, at.slope, g);
  }
  for (size_t j = 0; j < m->d; j++)
    g[j] /= (double)m->n;
  return compensated_value(&sum) / (double)m->n + penalty(m, w, g);
}

double glm_component(const struct objective *f, size_t i, const double *w, double *g)
{
  const uint32_t one = (uint32_t)i;
  return glm_batch(f, &one, 1, w, g);
}

double glm_batch(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g)
{
  const struct glm *p = f->glm;
  double sum = 0, share = 1 / (double)m;
  memset(g, 0, p->d * sizeof *g);
  for (size_t k = 0; k < m; k++) {
    size_t i = index[k];
    struct glm_link_at at = glm_link_at(p->link, glm_dot(p, i, w), p->y[i]);
    sum += at.value;
    glm_add(p, i, at.slope * share, g);
  }
  return sum * share + penalty(p, w, g);
}

void glm_hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  const struct glm *m = f->glm;
  memset(out, 0, m->d * sizeof *out);
  for (size_t i = 0; i < m->n; i++) {
    double curve = m->link == GLM_SQUARED ? 1 : glm_link_at(m->link, glm_dot(m, i, w), m->y[i]).curve;
    if (curve != 0)
      glm_add(m, i, curve * glm_dot(m, i, v), out);
  }
  for (size_t j = 0; j < m->d; j++)
    out[j] = out[j] / (double)m->n + m->l2 * v[j];
}

/* The upper triangle, row by row of the data, then the other half. */
static void add_outer(const struct glm *m, size_t i, double scale, double *h)
{
  if (m->x) {
    const float *a = m->x + i * m->stride;
    for (size_t j = 0; j < m->d; j++) {
      double s = scale * (double)a[j];
      for (size_t k = j; s != 0 && k < m->d; k++)
        h[j * m->d + k] += s * (double)a[k];
    }
    return;
  }
  for (size_t p = m->start[i]; p < m->start[i + 1]; p++)
    for (size_t q = p; q < m->start[i + 1]; q++)
      h[m->index[p] * m->d + m->index[q]] += scale * (double)m->value[p] * (double)m->value[q];
}

void glm_hessian(const struct objective *f, const double *w, double *h)
{
  const struct glm *m = f->glm;
  memset(h, 0, m->d * m->d * sizeof *h);
  for (size_t i = 0; i < m->n; i++) {
    double curve = glm_link_at(m->link, glm_dot(m, i, w), m->y[i]).curve;
    if (curve != 0)
      add_outer(m, i, curve / (double)m->n, h);
  }
  for (size_t j = 0; j < m->d; j++) {
    h[j * m->d + j] += m->l2;
    for (size_t k = 0; k < j; k++)
      h[j * m->d + k] = h[k * m->d + j];
  }
}
