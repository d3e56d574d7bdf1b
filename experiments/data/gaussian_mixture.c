/* gaussian_mixture.c: k Gaussian classes whose means form a regular simplex, with label noise: the smallest possible
 * error is known.
 *
 * The means are m_c = (separation/sqrt 2) sum_j H_jc q_j with q_1 … q_{k-1} random orthonormal vectors and H the
 * Helmert matrix, whose columns are at distance sqrt 2 from each other. All have the same norm, so that the true
 * posterior is softmax(m_c . x). For the Bayes error, let the simplex stand on the axes of R^k (same distances): the
 * right class wins if its coordinate s/sqrt 2 + z exceeds k - 1 independent standard normal numbers. */
#include <math.h>
#include <stdlib.h>

#include "experiments/data/synthetic.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

struct conf {
  struct data_counts counts;
  int64_t d, classes, seed;
  double separation, label_noise;
};

static const struct param params[] = {
  DATA_MADE_COUNT_PARAMS(struct conf, counts, 1000, 1000, 1000),
  DATA_INPUTS_PARAM(struct conf, d, 20),
  {.id = "classes", .type = PARAM_INT, .at = offsetof(struct conf, classes), .def = 2, .min = 2, .max = 10000,
   .doc = "number of classes k, at most d + 1", .example = "2"},
  {.id = "separation", .type = PARAM_REAL, .at = offsetof(struct conf, separation), .def = 3, .min = 0, .max = 100,
   .unit = "standard deviations", .doc = "distance between any two means", .example = "3"},
  {.id = "label_noise", .type = PARAM_REAL, .at = offsetof(struct conf, label_noise), .def = 0, .min = 0, .max = 1,
   .flags = PARAM_MAX_OPEN, .unit = "fraction", .example = "0.1",
   .doc = "probability that a label, in any part, is replaced by another class; below (k - 1)/k"},
  DATA_SEED_PARAM(struct conf, seed),
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  double limit = (double)(c->classes - 1) / (double)c->classes;
  if (c->classes > c->d + 1)
    return err_set(e, STATUS_BAD_ARG, "%lld means at equal distances need d >= %lld, but d is %lld",
                   (long long)c->classes, (long long)c->classes - 1, (long long)c->d);
  if (c->label_noise >= limit)
    return err_set(e, STATUS_BAD_ARG,
                   "label_noise must be below (classes - 1)/classes = %g, got %g: labels would say nothing", limit,
                   c->label_noise);
  return STATUS_OK;
}

struct posterior {
  double shift, others;
};

static double wins(double z, const void *self)
{
  const struct posterior *p = self;
  return normal_density(z) * pow(normal_cdf(z + p->shift), p->others);
}

/* Without noise 1 - P(right class wins); noise spreads over the others and leaves the best rule the same. */
static double bayes_error(const struct conf *c)
{
  struct posterior p = {c->separation / sqrt(2), (double)(c->classes - 1)};
  double clean = c->classes == 2 ? normal_cdf(-c->separation / 2) : 1 - integrate(wins, &p, -10, 10, 4000);
  double other = c->label_noise / p.others;
  return c->label_noise + clean * (1 - c->label_noise - other);
}

/* v <- v without its parts along the n orthonormal rows of q, twice for full precision, then of norm 1. */
static void orthonormalize(double *v, const double *q, size_t n, size_t d)
{
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < n; i++) {
      double along = vec_dot_f64(q + i * d, v, d);
      for (size_t j = 0; j < d; j++)
        v[j] -= along * q[i * d + j];
    }
  double norm = vec_norm2_f64(v, d);
  for (size_t j = 0; j < d; j++)
    v[j] /= norm;
}

/* out->teacher = the means, classes x d. Row j of the Helmert matrix: j equal entries, then one that balances them. */
static enum status make_means(struct dataset *out, const struct conf *c, struct err *e)
{
  size_t k = (size_t)c->classes, d = out->d;
  void *memory;
  enum status s = mat_new(&out->teacher, DTYPE_F64, k, d, e);
  if (s == STATUS_OK)
    s = mem_new(&memory, (k - 1) * d, sizeof(double), "directions of the means", e);
  if (s != STATUS_OK)
    return s;
  double *q = memory;
  struct rng rng = rng_make((uint64_t)c->seed, RNG_TEACHER, 0);
  rng_fill_normal_f64(&rng, q, (k - 1) * d, 0, 1);
  for (size_t j = 1; j < k; j++) {
    double *direction = q + (j - 1) * d, unit = c->separation / sqrt(2) / sqrt((double)j * (double)(j + 1));
    orthonormalize(direction, q, j - 1, d);
    for (size_t i = 0; i <= j; i++)
      for (size_t l = 0; l < d; l++)
        mat_row_f64(&out->teacher, i)[l] += (i < j ? 1 : -(double)j) * unit * direction[l];
  }
  free(q);
  return STATUS_OK;
}

struct maker {
  const struct conf *c;
  const struct mat *means;
};

static void make(const void *self, struct draw *to)
{
  const struct maker *m = self;
  size_t k = (size_t)m->c->classes, d = (size_t)m->c->d, label = (size_t)rng_below(&to->input, k);
  const double *mean = mat_row_f64(m->means, label);
  rng_fill_normal_f32(&to->input, to->x, d, 0, 1);
  for (size_t j = 0; j < d; j++)
    to->x[j] = (float)((double)to->x[j] + mean[j]);
  if (rng_uniform(&to->noise) < m->c->label_noise)
    label = (label + 1 + (size_t)rng_below(&to->noise, k - 1)) % k;
  *to->label = (int32_t)label;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  out->task = TASK_CLASSES;
  out->d = (size_t)c->d;
  out->classes = (size_t)c->classes;
  out->bayes_error = bayes_error(c);
  enum status s = make_means(out, c, e);
  struct maker m = {c, &out->teacher};
  return s == STATUS_OK ? synthetic_parts(out, &c->counts, c->seed, env->exec, make, &m, e) : s;
}

const struct data_method data_gaussian_mixture = {
  .m = {.kind = KIND_DATA, .id = "gaussian-mixture", .name = "Gaussian mixture",
        .summary = "k Gaussian classes at equal distances, with label noise and known Bayes error",
        .formula = "x ~ N(m_y, I), y uniform, |m_a - m_b| = separation; then y is replaced with probability eta\n"
                   "B = 1 - E[Phi(z + separation/sqrt 2)^(k-1)], z ~ N(0, 1); k = 2: Phi(-separation/2)\n"
                   "Bayes error with noise: eta + B (1 - eta - eta/(k - 1))",
        .cite = "Fisher 1936, The use of multiple measurements in taxonomic problems",
        .notes = "The teacher holds the means: softmax(m_c . x) is the true posterior. " SYNTHETIC_NOTE,
        .example = "assay.data(\"gaussian-mixture\", {d = 20, separation = 3, label_noise = 0.1})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .load = load,
};
