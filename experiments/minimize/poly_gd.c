/* poly_gd.c: gradient steps preconditioned by a symmetric polynomial of the curvature: the largest eigenvalues are cut off without
 * being known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/minimize.h"

enum { D_MAX = 4096, DEGREE_MAX = 16 };
enum scheme { SCHEME_GRADIENT, SCHEME_FAST };
static const char *const schemes[] = {"gradient", "fast", NULL};

struct conf {
  int64_t degree;
  int method;
};

static const struct param params[] = {
  {.id = "degree", .type = PARAM_INT, .at = offsetof(struct conf, degree), .def = 2, .min = 0, .max = DEGREE_MAX,
   .doc = "tau: of the polynomial; 0 is the plain method, tau cuts off up to tau eigenvalues above a gap", .example = "4"},
  {.id = "method", .type = PARAM_CHOICE, .at = offsetof(struct conf, method), .choices = schemes,
   .doc = "gradient: gradient steps; fast: Nesterov's, with a restart where the value rises", .example = "fast"},
  {0},
};

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  if (!f->method->hvp && !f->method->hessian)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no Hessian to take the curvature from", f->of.method->id);
  if (f->d > D_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has %zu weights; the curvature is held for at most %d", f->of.method->id, f->d, D_MAX);
  return STATUS_OK;
}

/* B is scaled to trace 1: elementary symmetric polynomials of its eigenvalues are then at most 1. */
struct work {
  size_t d;
  int64_t degree;
  double trace;                   /* of the curvature itself */
  double symmetric[DEGREE_MAX + 1]; /* e_0 … e_tau of B's eigenvalues */
  double *b, *power, *product;    /* d x d */
  double *g, *step, *scratch, *x, *before; /* d */
};

static enum status work_new(struct work *k, const struct conf *c, size_t d, struct err *e)
{
  void *memory;
  enum status s = mem_new(&memory, 3 * d + 5, d * sizeof(double), "polynomial preconditioning", e);
  if (s != STATUS_OK)
    return s;
  double *p = memory;
  *k = (struct work){.d = d, .degree = c->degree, .b = p, .power = p + d * d, .product = p + 2 * d * d, .g = p + 3 * d * d};
  k->step = k->g + d, k->scratch = k->step + d, k->x = k->scratch + d, k->before = k->x + d;
  return STATUS_OK;
}

static double trace(const double *a, size_t d)
{
  double sum = 0;
  for (size_t i = 0; i < d; i++)
    sum += a[i * d + i];
  return sum;
}

/* e_t = (1/t) sum_i (-1)^(i-1) e_(t-i) tr(B^i) (Newton's identities). */
static void find_symmetric(struct work *k)
{
  double power_trace[DEGREE_MAX + 1];
  size_t d = k->d;
  memcpy(k->power, k->b, d * d * sizeof(double));
  k->symmetric[0] = 1;
  for (int64_t t = 1; t <= k->degree; t++) {
    power_trace[t] = trace(k->power, d);
    double sum = 0;
    for (int64_t i = 1; i <= t; i++)
      sum += (i % 2 ? 1 : -1) * k->symmetric[t - i] * power_trace[i];
    k->symmetric[t] = fmax(sum / (double)t, 0);
    blas_gemm_f64(false, false, d, d, d, 1, k->power, d, k->b, d, 0, k->product, d);
    memcpy(k->power, k->product, d * d * sizeof(double));
  }
}

static void apply_b(const struct work *k, const double *x, double *out)
{
  for (size_t i = 0; i < k->d; i++)
    out[i] = vec_dot_f64(k->b + i * k->d, x, k->d);
}

/* out = P_tau x: P_0 = I, P_t = e_t I - B P_(t-1). x and out differ. */
static void precondition(struct work *k, const double *x, double *out)
{
  memcpy(out, x, k->d * sizeof(double));
  for (int64_t t = 1; t <= k->degree; t++) {
    apply_b(k, out, k->scratch);
    for (size_t j = 0; j < k->d; j++)
      out[j] = k->symmetric[t] * x[j] - k->scratch[j];
  }
}

/* The largest eigenvalue of P B, from the eigenvalues of both: they share eigenvectors. */
static enum status largest_product(struct work *k, double *out, struct err *e)
{
  size_t d = k->d;
  memcpy(k->product, k->b, d * d * sizeof(double));
  int info = blas_syevd_f64(d, k->product, d, k->x);
  if (info != 0)
    return err_set(e, STATUS_BAD_DATA, "the eigenvalues of the curvature were not found (info %d)", info);
  *out = 0;
  for (size_t i = 0; i < d; i++) {
    double lambda = fmax(k->x[i], 0), p = 1;
    for (int64_t t = 1; t <= k->degree; t++)
      p = k->symmetric[t] - lambda * p;
    *out = fmax(*out, p * lambda);
  }
  return *out > 0 ? STATUS_OK : err_set(e, STATUS_UNSUPPORTED, "degree %lld is too high: the preconditioned curvature vanishes", (long long)k->degree);
}

/* B: the Hessian at 0, which for quadratics is that everywhere and for linear models the largest there is. */
static enum status read_curvature(struct work *k, struct minimize *m, double *rate, struct err *e)
{
  double largest = 0;
  memset(k->x, 0, k->d * sizeof(double));
  enum status s = minimize_hessian(m, k->x, k->b, e);
  if (s != STATUS_OK)
    return s;
  k->trace = trace(k->b, k->d);
  if (!(k->trace > 0) || !isfinite(k->trace))
    return err_set(e, STATUS_UNSUPPORTED, "the curvature has the trace %g; it must be positive semidefinite", k->trace);
  for (size_t i = 0; i < k->d * k->d; i++)
    k->b[i] /= k->trace;
  find_symmetric(k);
  s = largest_product(k, &largest, e);
  *rate = 1 / (largest * k->trace);
  return s;
}

/* w <- y - rate P grad f(y). gradient: y = w. fast: y = w + (j/(j + 3))(w - before), j since the last restart. */
static void iterate(const struct conf *c, struct work *k, struct minimize *m, double rate, uint64_t *since)
{
  size_t d = k->d;
  double momentum = c->method == SCHEME_FAST ? (double)*since / ((double)*since + 3) : 0;
  for (size_t j = 0; j < d; j++)
    k->x[j] = m->w[j] + momentum * (m->w[j] - k->before[j]);
  memcpy(k->before, m->w, d * sizeof(double));
  if (momentum > 0)
    minimize_gradient(m, k->x, k->g);
  precondition(k, k->g, k->step);
  for (size_t j = 0; j < d; j++)
    m->w[j] = k->x[j] - rate * k->step[j];
  ++*since;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct work k;
  double rate = 0;
  enum status s = work_new(&k, c, m->f->d, e);
  if (s != STATUS_OK)
    return s;
  s = read_curvature(&k, m, &rate, e);
  if (s == STATUS_OK) {
    uint64_t since = 0;
    memcpy(k.before, m->w, k.d * sizeof(double));
    struct minimize_point p = {.w = m->w, .gradient = k.g, .value = minimize_gradient(m, m->w, k.g), .step = rate};
    while (minimize_go_on(m, &p)) {
      double last = p.value;
      iterate(c, &k, m, rate, &since);
      p.value = minimize_gradient(m, m->w, k.g);
      p.iterations = 1;
      if (p.value > last)
        since = 0;
    }
  }
  free(k.b);
  return s != STATUS_OK ? s : m->status;
}

const struct minimizer minimizer_poly_gd = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "poly-gd",
        .name = "Polynomial preconditioning",
        .summary = "gradient or fast gradient steps with a symmetric polynomial of the curvature as preconditioner",
        .formula = "P_0 = I;  P_t = e_t I - B P_(t-1),  e_t: elementary symmetric polynomial of B's eigenvalues, from tr(B^i);\n"
                   "w <- y - P_tau grad f(y)/lambda_max(P_tau B);  gradient: y = w;  fast: y = w + (j/(j + 3))(w - w_before)",
        .cite = "Doikov and Rodomanov 2023, Polynomial preconditioning for gradient methods",
        .notes = "The eigenvalues of P_t are e_t of all other eigenvalues, so the condition number of P_tau B is (l_1/l_d) e_tau(l_2 .. l_d)/"
                 "e_tau(l_1 .. l_(d-1)), eigenvalues l descending. Where a wide gap follows the largest tau of them it falls to "
                 "(l_(tau+1) + .. + l_d)/l_d: that of the rest, l_(tau+1)/l_d, times at most d - tau. B is the Hessian at 0: exact for quadratics, an upper bound for logistic regression. tau = d - 1 is one Newton "
                 "step on a quadratic.",
        .example = "assay.minimizer(\"poly-gd\", {degree = 3, method = \"fast\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = accepts,
  .run = run,
};
