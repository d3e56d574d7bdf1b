/* synthetic.c: the generators keep their promises: known errors, teachers, optima, spectra and tails. */
#include "experiments/kernel/vec.h"
#include "tests/unit/data/load.h"

extern const struct data_method data_gaussian_mixture, data_linear_teacher, data_logistic_teacher, data_quadratic,
    data_heavy_tailed, data_two_spirals;

/* Scores of the true classes, teacher row c . x, and the share of examples that the largest misses. */
static double teacher_error(const struct dataset *d, const struct examples *p)
{
  size_t wrong = 0;
  for (size_t i = 0; i < p->n; i++) {
    double best = -INFINITY;
    int32_t guess = 0;
    for (size_t c = 0; c < d->teacher.rows; c++) {
      double score = 0;
      for (size_t j = 0; j < d->d; j++)
        score += mat_row_f64(&d->teacher, c)[j] * (double)example(p, i)[j];
      if (score > best) {
        best = score;
        guess = (int32_t)c;
      }
    }
    if (d->teacher.rows == 1)
      guess = best > 0;
    wrong += guess != p->label[i];
  }
  return (double)wrong / (double)p->n;
}

static double distance(const struct mat *m, size_t a, size_t b)
{
  double square = 0;
  for (size_t j = 0; j < m->cols; j++)
    square += pow(mat_row_f64(m, a)[j] - mat_row_f64(m, b)[j], 2);
  return sqrt(square);
}

/* Four standard errors of a share p of n: a false alarm once in 16000 seeds; the seed is fixed. */
static double share_tolerance(double p, size_t n) { return 4 * sqrt(p * (1 - p) / (double)n); }

static void check_mixture(int64_t classes, int64_t dim, double separation, double noise)
{
  struct dataset *d;
  const int64_t n = 100000;
  must_load(&d, &data_gaussian_mixture, set_int("train", n), set_int("valid", 0), set_int("test", 0),
            set_int("classes", classes), set_int("d", dim), set_real("separation", separation),
            set_real("label_noise", noise));
  double simulated = teacher_error(d, &d->train);
  tap_near(
      simulated, d->bayes_error, 0, share_tolerance(d->bayes_error, (size_t)n),
      "mixture of %lld classes, d %lld, noise %g: the best rule errs as bayes_error says (4 standard errors, seed 1)",
      (long long)classes, (long long)dim, noise);
  double least = INFINITY, most = 0;
  size_t smallest = (size_t)n;
  for (size_t a = 0; a < d->classes; a++) {
    size_t members = 0;
    for (size_t i = 0; i < d->train.n; i++)
      members += d->train.label[i] == (int32_t)a;
    smallest = members < smallest ? members : smallest;
    for (size_t b = 0; b < a; b++) {
      least = fmin(least, distance(&d->teacher, a, b));
      most = fmax(most, distance(&d->teacher, a, b));
    }
  }
  tap_ok(fabs(least - separation) < 1e-12 && fabs(most - separation) < 1e-12,
         "any two means are %g apart (float64 rounding)", separation);
  double share = 1 / (double)classes;
  tap_near((double)smallest / (double)n, share, 0, 1.5 * share_tolerance(share, (size_t)n),
           "the classes are equally likely (6 standard errors: the least of %lld)", (long long)classes);
  dataset_release(d);
}

static void mixtures(void)
{
  struct dataset *clean, *noisy, *few;
  check_mixture(2, 5, 2, 0);
  check_mixture(2, 1, 2, 0.2);
  check_mixture(10, 20, 3, 0);
  check_mixture(10, 9, 3, 0.3);
  must_load(&clean, &data_gaussian_mixture, set_real("separation", 2));
  tap_near(clean->bayes_error, 0.15865525393145705, 1e-14, 0,
           "two classes at distance 2 overlap by Phi(-1), tables of the normal law");
  must_load(&noisy, &data_gaussian_mixture, set_real("separation", 2), set_real("label_noise", 0.25));
  tap_near(noisy->bayes_error, 0.25 + 0.5 * 0.15865525393145705, 1e-14, 0,
           "label noise eta makes it eta + (1 - 2 eta) B");
  tap_same_bits(noisy->test.x, clean->test.x, clean->test.n * clean->test.stride * sizeof(float),
                "label noise changes no input");
  size_t flipped = 0;
  for (size_t i = 0; i < clean->train.n; i++)
    flipped += clean->train.label[i] != noisy->train.label[i];
  tap_near((double)flipped / 1000, 0.25, 0, share_tolerance(0.25, 1000),
           "a quarter of the labels is changed (4 standard errors)");
  must_load(&few, &data_gaussian_mixture, set_real("separation", 2), set_int("train", 10), set_int("valid", 0));
  tap_same_bits(few->train.x, clean->train.x, 10 * clean->train.stride * sizeof(float),
                "10 examples are the first 10 of 1000");
  tap_same_bits(few->test.x, clean->test.x, clean->test.n * clean->test.stride * sizeof(float),
                "the test part does not depend on other counts");
  tap_ok(memcmp(clean->train.x, clean->valid.x, 10 * clean->train.stride * sizeof(float)) != 0, "the parts differ");
  tap_ok(rows_are_padded(&clean->train) && clean->train.stride == 32 && clean->d == 20,
         "20 inputs are padded to 32 with zeros");
  dataset_release(clean);
  dataset_release(noisy);
  dataset_release(few);
}

/* Least squares by the normal equations: w with X'X w = X'y, d x 1. */
static struct mat least_squares(const struct dataset *d)
{
  struct mat gram, right, w;
  struct err e;
  const struct examples *p = &d->train;
  if (mat_new(&gram, DTYPE_F64, d->d, d->d, &e) || mat_new(&right, DTYPE_F64, d->d, 1, &e))
    give_up(&e);
  for (size_t i = 0; i < p->n; i++)
    for (size_t a = 0; a < d->d; a++) {
      *mat_row_f64(&right, a) += (double)example(p, i)[a] * (double)p->target[i];
      for (size_t b = 0; b < d->d; b++)
        mat_row_f64(&gram, a)[b] += (double)example(p, i)[a] * (double)example(p, i)[b];
    }
  if (mat_solve(&w, &gram, &right, &e))
    give_up(&e);
  mat_free(&gram);
  mat_free(&right);
  return w;
}

static double largest_gap(const struct mat *column, const struct mat *row)
{
  double gap = 0;
  for (size_t j = 0; j < row->cols; j++)
    gap = fmax(gap, fabs(*mat_row_f64(column, j) - mat_row_f64(row, 0)[j]));
  return gap;
}

static double mean_square(const struct dataset *d, const struct examples *p)
{
  double sum = 0;
  for (size_t i = 0; i < p->n; i++) {
    double output = 0;
    for (size_t j = 0; j < d->d; j++)
      output += (double)example(p, i)[j] * mat_row_f64(&d->teacher, 0)[j];
    sum += pow((double)p->target[i] - output, 2);
  }
  return sum / (double)p->n;
}

static void linear_teachers(void)
{
  struct dataset *d;
  must_load(&d, &data_linear_teacher, set_int("train", 500), set_int("d", 10), set_real("noise", 0),
            set_real("condition", 100));
  struct mat w = least_squares(d);
  tap_near(largest_gap(&w, &d->teacher), 0, 0, 1e-5,
           "without noise least squares finds the teacher (float32 targets, condition 100)");
  tap_near(d->bayes_error, 0, 0, 0, "and no error is left");
  mat_free(&w);
  dataset_release(d);
  must_load(&d, &data_linear_teacher, set_int("train", 20000), set_int("d", 10), set_real("noise", 0.5),
            set_real("teacher_norm", 3));
  w = least_squares(d);
  /* each weight has standard error noise/sqrt(n) */
  tap_near(largest_gap(&w, &d->teacher), 0, 0, 5 * 0.5 / sqrt(20000),
           "with noise it finds the teacher within 5 standard errors");
  tap_near(vec_norm2_f64(mat_row_f64(&d->teacher, 0), 10), 3, 1e-12, 0, "the teacher has the norm asked for");
  tap_near(d->bayes_error, 0.25, 1e-15, 0, "bayes_error is the noise's variance");
  tap_near(mean_square(d, &d->train), 0.25, 5 * sqrt(2.0 / 20000), 0,
           "and the mean squared error of the teacher (5 standard errors)");
  mat_free(&w);
  dataset_release(d);
}

/* Eigenvalues of X'X/n, ascending. */
static struct mat spectrum_of(const struct dataset *d)
{
  struct mat gram, values, vectors;
  struct err e;
  if (mat_new(&gram, DTYPE_F64, d->d, d->d, &e))
    give_up(&e);
  for (size_t i = 0; i < d->train.n; i++)
    for (size_t a = 0; a < d->d; a++)
      for (size_t b = 0; b < d->d; b++)
        mat_row_f64(&gram, a)[b] +=
            (double)example(&d->train, i)[a] * (double)example(&d->train, i)[b] / (double)d->train.n;
  if (mat_eigh(&values, &vectors, &gram, &e))
    give_up(&e);
  mat_free(&gram);
  mat_free(&vectors);
  return values;
}

static double eigenvalue_of(const struct mat *values, size_t j)
{
  return values->rows == 1 ? mat_get(values, 0, j) : mat_get(values, j, 0);
}

static void covariances(void)
{
  struct dataset *d;
  must_load(&d, &data_linear_teacher, set_int("train", 50000), set_int("d", 4), set_real("condition", 8));
  struct mat values = spectrum_of(d);
  for (size_t j = 0; j < 4; j++) /* a sample eigenvalue has standard error lambda sqrt(2/n), plus a small bias */
    tap_near(eigenvalue_of(&values, 3 - j), pow(8, -(double)j / 3), 5 * sqrt(2.0 / 50000), 0,
             "eigenvalue %zu of the inputs' covariance (5 standard errors)", j + 1);
  double along_axis = 0;
  for (size_t i = 0; i < d->train.n; i++)
    along_axis += pow((double)example(&d->train, i)[0], 2) / 50000;
  tap_ok(fabs(along_axis - 1) > 0.05, "rotated: the first input is not the first eigenvector (variance %g)",
         along_axis);
  mat_free(&values);
  dataset_release(d);
}

static void check_gradient(const struct dataset *d, double size)
{
  double largest = 0;
  for (size_t a = 0; a < d->d; a++) {
    double g = 0;
    for (size_t i = 0; i < d->train.n; i++) {
      double output = 0;
      for (size_t j = 0; j < d->d; j++)
        output += (double)example(&d->train, i)[j] * mat_row_f64(&d->teacher, 0)[j];
      g += (output - (double)d->train.target[i]) * (double)example(&d->train, i)[a] / (double)d->train.n;
    }
    largest = fmax(largest, fabs(g));
  }
  tap_near(largest, 0, 0, size, "quadratic: the gradient vanishes at the teacher (float64 rounding)");
}

static void quadratics(void)
{
  struct dataset *d;
  must_load(&d, &data_quadratic, set_int("train", 100), set_int("d", 12), set_real("condition", 1e4),
            set_real("noise", 0.7));
  struct mat values = spectrum_of(d);
  for (size_t j = 0; j < 12;
       j++) /* inputs of size 1 rounded to float32 move an eigenvalue by at most about 2 sqrt(lambda) 2^-24 */
    tap_near(eigenvalue_of(&values, 11 - j), pow(1e4, -(double)j / 11), 1e-7 * pow(1e4, 0.5 * (double)j / 11), 0,
             "quadratic: eigenvalue %zu of the Hessian", j + 1);
  check_gradient(d, 1e-14);
  tap_near(d->bayes_error, 0.49, 1e-6, 0,
           "quadratic: the mean squared residual at the optimum is noise^2 (float32 rounding)");
  tap_near(mean_square(d, &d->train), d->bayes_error, 1e-13, 0, "quadratic: bayes_error is that of the stored numbers");
  tap_ok(d->valid.n == 0 && d->test.n == 0, "quadratic: there is a training part only");
  mat_free(&values);
  dataset_release(d);
  must_load(&d, &data_quadratic, set_int("train", 6), set_int("d", 6), set_real("condition", 10));
  check_gradient(d, 1e-14);
  tap_near(d->bayes_error, 0, 0, 1e-12, "quadratic: n = d without noise is fitted exactly (float32 rounding)");
  dataset_release(d);
  static const double given[] = {5, 0.5, 2};
  struct named_value list = {"eigenvalues", {VALUE_LIST, {.list = {3, given}}}};
  must_load(&d, &data_quadratic, set_int("train", 10), set_int("d", 3), list, set_bool("rotate", false));
  double diagonal[3] = {0};
  for (size_t i = 0; i < 10; i++)
    for (size_t j = 0; j < 3; j++)
      diagonal[j] += pow((double)example(&d->train, i)[j], 2) / 10;
  for (size_t j = 0; j < 3; j++)
    tap_near(diagonal[j], given[j], 1e-6, 0,
             "eigenvalues given and not rotated stand on the diagonal (float32 rounding)");
  dataset_release(d);
}

static void logistic_teachers(void)
{
  struct dataset *d;
  const double scales[] = {0.1, 4, 1000};
  for (int k = 0; k < 3; k++) {
    must_load(&d, &data_logistic_teacher, set_int("train", 100000), set_int("valid", 0), set_int("test", 0),
              set_real("scale", scales[k]), set_real("condition", 5));
    tap_near(teacher_error(d, &d->train), d->bayes_error, 0, share_tolerance(d->bayes_error, 100000),
             "logistic teacher of scale %g errs as bayes_error says (4 standard errors, seed 1)", scales[k]);
    dataset_release(d);
  }
  must_load(&d, &data_logistic_teacher, set_real("scale", 0));
  tap_near(d->bayes_error, 0.5, 0, 0, "a teacher of scale 0 tosses a coin");
  dataset_release(d);
}

static int descending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x < y) - (x > y);
}

/* Hill 1975: 1/mean of ln(X_(i)/X_(k+1)) over the k largest. */
static double hill(const struct dataset *d, size_t k)
{
  const struct examples *p = &d->train;
  double *size = malloc(p->n * sizeof *size), sum = 0;
  for (size_t i = 0; i < p->n; i++)
    size[i] = fabs((double)p->target[i]);
  qsort(size, p->n, sizeof *size, descending);
  for (size_t i = 0; i < k; i++)
    sum += log(size[i] / size[k]);
  free(size);
  return (double)k / sum;
}

static void tails(void)
{
  static const double alphas[] = {0.8, 1.5, 2.5};
  static const char *const laws[] = {"student", "pareto"};
  struct dataset *d;
  const size_t n = 200000, k = 1000;
  for (int law = 0; law < 2; law++)
    for (int a = 0; a < 3; a++) {
      must_load(&d, &data_heavy_tailed, set_int("train", (int64_t)n), set_int("valid", 0), set_int("test", 0),
                set_int("d", 1), set_real("alpha", alphas[a]), set_text("law", laws[law]), set_real("noise", 1000));
      /* standard error alpha/sqrt(k); noise 1000 makes w.x vanish; Student's t has a bias of order (k/n)^(2/alpha),
       * below 2 % here */
      tap_near(hill(d, k), alphas[a], 4 / sqrt((double)k) + 0.02, 0,
               "%s noise of index %g: Hill's estimator agrees (4 standard errors + 2 %% bias)", laws[law], alphas[a]);
      if (alphas[a] < 2)
        tap_ok(isinf(d->bayes_error), "its squared error has no finite expectation");
      else
        tap_near(d->bayes_error, 1e6 * 2.5 / 0.5, 1e-12, 0, "its mean square is alpha/(alpha - 2)");
      size_t positive = 0;
      for (size_t i = 0; i < n; i++)
        positive += d->train.target[i] > 0;
      tap_near((double)positive / (double)n, 0.5, 0, share_tolerance(0.5, n), "it is symmetric (4 standard errors)");
      dataset_release(d);
    }
  must_load(&d, &data_heavy_tailed, set_int("train", 200000), set_int("d", 1), set_real("alpha", 1),
            set_real("noise", 1000));
  size_t below = 0;
  for (size_t i = 0; i < n; i++)
    below += fabs((double)d->train.target[i]) < 1000;
  tap_near((double)below / (double)n, 0.5, 0, share_tolerance(0.5, n) + 0.001,
           "alpha = 1 is Cauchy's law: half lies within 1 (w.x moves it by less than 0.001)");
  dataset_release(d);
}

static void spirals(void)
{
  struct dataset *d;
  double off = 0;
  must_load(&d, &data_two_spirals, set_real("noise", 0), set_real("turns", 2));
  for (size_t i = 0; i < d->train.n; i++) {
    double x = (double)example(&d->train, i)[0], y = (double)example(&d->train, i)[1], r = hypot(x, y);
    double side = d->train.label[i] ? -1 : 1, angle = 4 * acos(-1) * r;
    off = fmax(off, hypot(x - side * r * cos(angle), y - side * r * sin(angle)));
  }
  tap_near(off, 0, 0, 2e-6,
           "two spirals: without noise every point lies on its spiral (float32 radius times the angle)");
  tap_near(d->bayes_error, 0, 0, 0, "two spirals: and nothing need be wrong");
  tap_ok(d->d == 2 && d->classes == 2 && d->train.stride == 16 && rows_are_padded(&d->train),
         "two spirals: 2 inputs, 2 classes");
  dataset_release(d);
  must_load(&d, &data_two_spirals, set_real("noise", 0.1));
  tap_ok(isnan(d->bayes_error), "two spirals: with noise the best error is not known");
  dataset_release(d);
}

static void refuse(const struct data_method *m, struct named_value v, const char *part)
{
  struct dataset *d;
  struct err e = {0};
  enum status s = load(&d, m, &e, v);
  tap_ok(s == STATUS_BAD_ARG || s == STATUS_NO_MEMORY, "%s refuses it", m->m.id);
  tap_has(e.message, part, "and says: %s", e.message);
  dataset_release(d);
}

static void refusals(void)
{
  struct dataset *d;
  struct err e = {0};
  static const double given[] = {5, 0.5, 2};
  refuse(&data_gaussian_mixture, set_int("classes", 22), "22 means at equal distances need d >= 21, but d is 20");
  refuse(&data_gaussian_mixture, set_real("label_noise", 0.5), "label_noise must be below (classes - 1)/classes = 0.5");
  refuse(&data_gaussian_mixture, set_int("train", 4000000000), "this machine has");
  refuse(&data_quadratic, set_int("train", 19), "train must be at least 20 (d), got 19");
  refuse(&data_linear_teacher, (struct named_value){"eigenvalues", {VALUE_LIST, {.list = {3, given}}}},
         "eigenvalues has 3 numbers, but d is 20");
  refuse(&data_linear_teacher, set_real("condition", 1e9), "condition must be");
  tap_is_int(load(&d, &data_linear_teacher, &e, set_text("spectrum", "power"), set_real("power", 8)), STATUS_BAD_ARG,
             "a power law beyond float32 is refused");
  tap_has(e.message, "at most 1e8", "and says so");
}

int main(void)
{
  tap_diag("seed 1 throughout: the default");
  mixtures();
  linear_teachers();
  covariances();
  quadratics();
  logistic_teachers();
  tails();
  spirals();
  refusals();
  return tap_done();
}
