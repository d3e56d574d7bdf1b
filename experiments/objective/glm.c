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

/* Entry k goes to partial sum k mod 4, those after the last whole group of four to the first. */
static double sparse_dot(const float *a, const uint32_t *index, size_t n, const double *w)
{
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  size_t k = 0;
  for (; k + 4 <= n; k += 4) {
    s0 += (double)a[k] * w[index[k]];
    s1 += (double)a[k + 1] * w[index[k + 1]];
    s2 += (double)a[k + 2] * w[index[k + 2]];
    s3 += (double)a[k + 3] * w[index[k + 3]];
  }
  for (; k < n; k++)
    s0 += (double)a[k] * w[index[k]];
  return (s0 + s2) + (s1 + s3);
}

double glm_dot(const struct glm *g, size_t i, const double *w)
{
  if (g->x)
    return dense_dot(g->x + i * g->stride, w, g->d);
  return sparse_dot(g->value + g->start[i], g->index + g->start[i], g->start[i + 1] - g->start[i], w);
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

void glm_links(const struct glm *g, const double *z, const double *y, size_t n, double *slope, double *value)
{
  if (g->link == GLM_LOGISTIC && g->rows) {
    g->rows->logistic(z, y, n, slope, value);
    return;
  }
  for (size_t k = 0; k < n; k++) {
    struct glm_link_at at = glm_link_at(g->link, z[k], y[k]);
    slope[k] = at.slope;
    if (value)
      value[k] = at.value;
  }
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

/* The sum of the links over all examples, and (unless NULL) of their gradients into `sum`. Dense: block by block; w and sum padded. */
static double dense_sum(const struct glm *m, const double *w, double *sum)
{
  double z[GLM_BLOCK], slope[GLM_BLOCK], value[GLM_BLOCK];
  struct compensated total = {0};
  for (size_t i = 0; i < m->n; i += GLM_BLOCK) {
    const float *row[GLM_BLOCK];
    size_t n = glm_block(m, i, row);
    m->rows->dot(row, n, w, glm_padded(m), z);
    glm_links(m, z, m->y + i, n, slope, value);
    for (size_t k = 0; k < n; k++)
      compensated_add(&total, value[k]);
    if (sum)
      m->rows->add(row, n, slope, sum, glm_padded(m));
  }
  return compensated_value(&total);
}

static double sparse_sum(const struct glm *m, const double *w, double *sum)
{
  struct compensated total = {0};
  for (size_t i = 0; i < m->n; i++) {
    struct glm_link_at at = glm_link_at(m->link, glm_dot(m, i, w), m->y[i]);
    compensated_add(&total, at.value);
    if (sum)
      glm_add(m, i, at.slope, sum);
  }
  return compensated_value(&total);
}

/* v as a padded vector: scratch number k. */
static double *padded(const struct glm *m, const double *v, size_t k)
{
  double *to = m->scratch + k * m->stride;
  if (v)
    memcpy(to, v, m->d * sizeof *v);
  else
    memset(to, 0, m->stride * sizeof *to);
  return to;
}

double glm_value(const struct objective *f, const double *w)
{
  const struct glm *m = f->glm;
  double sum = m->x ? dense_sum(m, padded(m, w, 0), NULL) : sparse_sum(m, w, NULL);
  return sum / (double)m->n + penalty(m, w, NULL);
}

double glm_gradient(const struct objective *f, const double *w, double *g)
{
  const struct glm *m = f->glm;
  double total, *sum = g;
  if (m->x) {
    sum = padded(m, NULL, 1);
    total = dense_sum(m, padded(m, w, 0), sum);
  } else {
    memset(g, 0, m->d * sizeof *g);
    total = sparse_sum(m, w, g);
  }
  for (size_t j = 0; j < m->d; j++)
    g[j] = sum[j] / (double)m->n;
  return total / (double)m->n + penalty(m, w, g);
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

double glm_batch_value(const struct objective *f, const uint32_t *index, size_t m, const double *w)
{
  const struct glm *p = f->glm;
  double sum = 0;
  for (size_t k = 0; k < m; k++)
    sum += glm_link_at(p->link, glm_dot(p, index[k], w), p->y[index[k]]).value;
  return sum * (1 / (double)m) + penalty(p, w, NULL);
}

static void dense_hvp(const struct glm *m, const double *w, const double *v, double *sum)
{
  double z[GLM_BLOCK], u[GLM_BLOCK];
  for (size_t i = 0; i < m->n; i += GLM_BLOCK) {
    const float *row[GLM_BLOCK];
    size_t n = glm_block(m, i, row);
    m->rows->dot(row, n, v, glm_padded(m), u);
    if (m->link != GLM_SQUARED)
      m->rows->dot(row, n, w, glm_padded(m), z);
    for (size_t k = 0; k < n && m->link != GLM_SQUARED; k++)
      u[k] *= glm_link_at(m->link, z[k], m->y[i + k]).curve;
    m->rows->add(row, n, u, sum, glm_padded(m));
  }
}

static void sparse_hvp(const struct glm *m, const double *w, const double *v, double *sum)
{
  for (size_t i = 0; i < m->n; i++) {
    double curve = m->link == GLM_SQUARED ? 1 : glm_link_at(m->link, glm_dot(m, i, w), m->y[i]).curve;
    if (curve != 0)
      glm_add(m, i, curve * glm_dot(m, i, v), sum);
  }
}

void glm_hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  const struct glm *m = f->glm;
  double *sum = out;
  if (m->x) {
    sum = padded(m, NULL, 2);
    dense_hvp(m, padded(m, w, 0), padded(m, v, 1), sum);
  } else {
    memset(out, 0, m->d * sizeof *out);
    sparse_hvp(m, w, v, out);
  }
  for (size_t j = 0; j < m->d; j++)
    out[j] = sum[j] / (double)m->n + m->l2 * v[j];
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
