/* Every minimizer, on those of some problems that it accepts: progress, the same bits for the same seed whatever the trace, budgets,
 * targets, cancel, counters. */
#include <math.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/minimize.h"
#include "tests/conformance/walk.h"

/* The last one, separable classes without a penalty, has the infimum 0 and no minimum: for what is made for just that. */
enum { SEPARABLE = 4, PROBLEMS };
static struct objective *problem[PROBLEMS];

static struct objective *made(const char *id, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e = {0};
  struct objective *f;
  struct data_env data = {.share_dir = source_dir()};
  struct objective_env env = {.data = &data};
  if (registry_object(&o, KIND_OBJECTIVE, id, v, n, &e) != STATUS_OK || objective_make(&f, &o, &env, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
  return f;
}

/* The least value by Newton's method: an independent route. */
static void find_minimum(struct objective *f)
{
  struct err e = {0};
  double *h = xcalloc(f->d * f->d, sizeof *h), *g = xcalloc(f->d, sizeof *g), *w = xcalloc(f->d, sizeof *w);
  for (int k = 0; k < 30; k++) {
    f->minimum = objective_gradient(f, w, g);
    if (objective_hessian(f, w, h, &e) != STATUS_OK || blas_getrf_solve_f64(f->d, 1, h, f->d, g, 1) != 0)
      tap_bail("no Newton step");
    for (size_t j = 0; j < f->d; j++)
      w[j] -= g[j];
  }
  if (!(objective_gradient(f, w, g) <= f->minimum + 1e-15) || !(vec_norm2_f64(g, f->d) < 1e-13))
    tap_bail("Newton's method did not converge: gradient %g", vec_norm2_f64(g, f->d));
  free(h);
  free(g);
  free(w);
}

static void make_problems(void)
{
  struct named_value rows[] = {number_value("l2", 0.05), {"normalize", {.kind = VALUE_BOOL, .as.b = true}}}, condition = number_value("condition", 10), d = number_value("d", 12);
  struct named_value both[] = {condition, d};
  problem[0] = made("logistic-regression", rows, 2);
  problem[1] = made("least-squares", rows, 2);
  problem[2] = made("quadratic", both, 2);
  /* A consistent system: the components share their minimum. */
  struct named_value rows_of[] = {number_value("d", 5), number_value("condition", 10)};
  struct object consistent;
  struct err e = {0};
  if (registry_object(&consistent, KIND_DATA, "quadratic", rows_of, 2, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  struct named_value data = {"data", {.kind = VALUE_OBJECT, .as.object = &consistent}};
  problem[3] = made("least-squares", &data, 1);
  object_free(&consistent);
  find_minimum(problem[0]);
  struct named_value apart[] = {number_value("separation", 8), number_value("train", 200)};
  struct object classes;
  if (registry_object(&classes, KIND_DATA, "gaussian-mixture", apart, 2, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  struct named_value of[] = {{"data", {.kind = VALUE_OBJECT, .as.object = &classes}}, number_value("l2", 0), rows[1]};
  problem[SEPARABLE] = made("logistic-regression", of, 3);
  problem[SEPARABLE]->minimum = 0;
  object_free(&classes);
}

static bool accepts(const struct object *o, const struct objective *f)
{
  const struct minimizer *m = (const struct minimizer *)o->method;
  struct err e = {0};
  return !m->accepts || m->accepts(o->conf, f, &e) == STATUS_OK;
}

struct run {
  struct minimize m;
  enum status status;
  struct err e;
  double *w;
};

static void begin(struct run *r, struct objective *f, double passes)
{
  *r = (struct run){.w = xcalloc(f->d, sizeof(double))};
  memcpy(r->w, f->start, f->d * sizeof(double));
  minimize_init(&r->m, NULL, f, r->w, passes);
}

static void end(struct run *r)
{
  minimize_free(&r->m);
  free(r->w);
}

static void go(struct run *r, const struct object *o) { r->status = minimize_run(o, &r->m, &r->e); }

/* What may be left of the first gap after 300 passes: a thousandth. Methods with steps of one component that do not shrink keep its noise, unless
 * the components share their minimum; averages of points are O(1/sqrt t), and 300 points near 0.1; steps between vertices O(1/t), and so is the loss of separable
 * classes under gradient descent. */
static double share_left(const char *id, const struct objective *f)
{
  static const struct { const char *id; double share; bool noise; } slow[] = {
    {"stochastic", 0.5, true}, {"interpolation-asgd", 0.5, true}, {"prox-linear", 0.5, true}, {"prox-point", 0.5, true},
    {"subgradient", 0.2, false}, {"mirror-descent", 0.2, false}, {"dual-averaging", 0.2, false}, {"frank-wolfe", 0.01, false},
    {"lr-gd-large-step", 0.03, false}};
  for (size_t k = 0; k < sizeof slow / sizeof *slow; k++)
    if (!strcmp(id, slow[k].id))
      return slow[k].noise && (f == problem[2] || f == problem[3]) ? 1e-3 : slow[k].share;
  return 1e-3;
}

static void check_progress(const struct object *o, struct objective *f)
{
  struct run r;
  double first = objective_value(f, f->start) - f->minimum, share = share_left(o->method->id, f);
  begin(&r, f, 300);
  r.m.gap = share * first;
  r.m.every = 0.5;
  go(&r, o);
  double value = objective_value(f, r.w);
  tap_ok(r.status == STATUS_OK && r.m.stop == MINIMIZE_GAP && value - f->minimum <= r.m.gap,
         "%s: it closes %s to %g of its first gap (%s after %.1f passes: %.3g of %.3g%s%s)", o->method->id, f->of.method->id, share,
         minimize_stop_name(r.m.stop), minimize_passes(&r.m), value - f->minimum, first, r.status ? ": " : "", r.e.message);
  tap_ok(fabs(value - r.m.value) <= 1e-12 * (1 + fabs(value)), "%s: the value reported is that of the weights given", o->method->id);
  const struct minimize_trace *t = &r.m.trace;
  bool ordered = t->n >= 2 && t->passes[0] <= 2 && t->iteration[0] == 0;
  for (size_t k = 1; k < t->n; k++)
    ordered = ordered && t->passes[k] >= t->passes[k - 1] && t->iteration[k] >= t->iteration[k - 1] && t->seconds[k] >= t->seconds[k - 1];
  tap_ok(ordered && t->value[t->n - 1] == r.m.value, "%s: the trace begins at the start, goes forward and ends with the result", o->method->id);
  end(&r);
}

static void check_same(const struct object *o, struct objective *f)
{
  struct run a, b, c;
  begin(&a, f, 5);
  begin(&b, f, 5);
  begin(&c, f, 5);
  a.m.seed = b.m.seed = c.m.seed = 3;
  c.m.every = 0;
  go(&a, o);
  go(&b, o);
  go(&c, o);
  size_t bytes = f->d * sizeof(double);
  tap_ok(a.status == STATUS_OK && same_bits(a.w, b.w, bytes) && same_bits(&a.m.count, &b.m.count, sizeof a.m.count) &&
             a.m.iteration == b.m.iteration,
         "%s: the same seed gives the same bits", o->method->id);
  tap_ok(same_bits(a.w, c.w, bytes) && a.m.iteration == c.m.iteration, "%s: however often it is looked at", o->method->id);
  end(&a);
  end(&b);
  end(&c);
}

static void check_budgets(const struct object *o, struct objective *f)
{
  struct run r;
  begin(&r, f, INFINITY);
  r.m.iterations = 3;
  go(&r, o);
  tap_ok(r.status == STATUS_OK && (r.m.iteration == 3 || r.m.stop == MINIMIZE_CONVERGED), "%s: three iterations are three (%g, %s)",
         o->method->id, r.m.iteration, minimize_stop_name(r.m.stop));
  tap_ok(r.m.count.gradients + r.m.count.hessians > 0 && r.m.trace.n > 0, "%s: what it costs is counted", o->method->id);
  end(&r);
  begin(&r, f, 2);
  go(&r, o);
  /* The last iteration may go beyond: by a whole gradient, an inner loop or a line search. */
  tap_ok(r.status == STATUS_OK && minimize_passes(&r.m) <= 2 + 45, "%s: a budget of two passes ends it (%.2f)", o->method->id,
         minimize_passes(&r.m));
  end(&r);
}

static void check_stops(const struct object *o, struct objective *f)
{
  const atomic_int yes = 1;
  const struct exec cancelled = {.cancel = &yes, .threads = 1};
  struct run r;
  begin(&r, f, 50);
  r.m.exec = &cancelled;
  go(&r, o);
  tap_ok(r.status == STATUS_CANCELLED && r.m.iteration == 0 && strstr(r.e.message, o->method->id), "%s: cancelled before the first iteration",
         o->method->id);
  end(&r);
  begin(&r, f, 50);
  r.w[0] = (double)NAN;
  go(&r, o);
  tap_ok(r.status == STATUS_BAD_ARG, "%s: a start that is not finite is refused", o->method->id);
  end(&r);
  begin(&r, f, 50);
  r.m.grad_norm = 1e300;
  go(&r, o);
  tap_ok(r.status == STATUS_OK && r.m.stop == MINIMIZE_GRAD_NORM && r.m.iteration == 0, "%s: a target that holds at the start stops it there",
         o->method->id);
  end(&r);
}

static void check(const struct method *m)
{
  struct object o;
  struct err e = {0};
  int tried = 0;
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (int k = 0; k < PROBLEMS; k++) {
    if (!accepts(&o, problem[k]) || (k == SEPARABLE && tried > 0))
      continue;
    tried++;
    check_progress(&o, problem[k]);
    check_same(&o, problem[k]);
    check_budgets(&o, problem[k]);
    check_stops(&o, problem[k]);
  }
  tap_ok(tried > 0, "%s: it accepts %d of the problems", m->id, tried);
  object_free(&o);
}

int main(void)
{
  if (!source_dir()) {
    tap_skip(1, "the source is not here: run from its folder or set ASSAY_SOURCE");
    return tap_done();
  }
  make_problems();
  size_t n = walk(KIND_MINIMIZER, check);
  tap_ok(n > 0, "the registry holds minimizers (%zu)", n);
  for (int k = 0; k < PROBLEMS; k++)
    objective_release(problem[k]);
  return tap_done();
}
