/* radius.c: how far the weights of a classifier in the plane may be disturbed: there the drop of accuracy is known. */
#include <math.h>

#include "tests/unit/probe/subject.h"

extern const struct probe probe_noise_radius;

#define N 2000

static double number(const struct probe_value *v, const char *name) { return probe_number(v, name, PROBE_WHOLE); }

/* N directions evenly around the circle, labels by w itself: the accuracy is 1, and the drop an angle over pi. */
static void make(struct subject *t, float w0, float w1)
{
  struct named_value values[] = {set_bool("bias", false)};
  subject_make(t, &model_logistic, values, 1, &loss_logistic, N, 2, 2, 0);
  struct examples *p = &t->f.data.train;
  t->w[0] = w0, t->w[1] = w1;
  for (size_t i = 0; i < N; i++) {
    double a = 2 * M_PI * ((double)i + 0.5) / N;
    float *row = (float *)(void *)(p->x + i * p->stride);
    row[0] = (float)cos(a), row[1] = (float)sin(a);
    ((int32_t *)(void *)p->label)[i] = (double)w0 * cos(a) + (double)w1 * sin(a) > 0;
  }
}

/* Mean angle between w and w + N(0, diag sd^2), over pi: by quadrature over the noise. */
static double drop_by_noise(double w0, double w1, double sd0, double sd1)
{
  enum { GRID = 400 };
  double sum = 0, mass = 0;
  for (int i = 0; i < GRID; i++)
    for (int j = 0; j < GRID; j++) {
      double a = -6 + 12 * (i + 0.5) / GRID, b = -6 + 12 * (j + 0.5) / GRID, p = exp(-(a * a + b * b) / 2);
      double x = w0 + sd0 * a, y = w1 + sd1 * b;
      sum += p * fabs(atan2(w0 * y - w1 * x, w0 * x + w1 * y)) / M_PI;
      mass += p;
    }
  return sum / mass;
}

static void test_noise(void)
{
  static const double drops[] = {0.05, 0.1, 0.3};
  struct subject t;
  make(&t, 1.2F, -0.5F);
  for (size_t i = 0; i < 3; i++) {
    struct probe_value v = subject_measure(&t, &probe_noise_radius, 4, set_real("drop", drops[i]), set_real("draws", 400), set_real("examples", 0),
                                           set_real("tolerance", 0.002));
    double sigma = number(&v, "radius"), truth = drop_by_noise((double)t.w[0], (double)t.w[1], sigma, sigma);
    /* a draw's drop has a standard deviation below 0.25, so that of the mean is below 0.0125 */
    tap_ok(number(&v, "met") == 1 && fabs(truth - drops[i]) < 0.002 + 3 * 0.0125, "sigma %.4f: the drop is %.4f by quadrature, wanted %.2f", sigma, truth, drops[i]);
    probe_value_free(&v);
  }
  struct probe_value mag = subject_measure(&t, &probe_noise_radius, 4, set_bool("magnitude", true), set_real("draws", 400), set_real("examples", 0),
                                           set_real("tolerance", 0.002));
  double sigma = number(&mag, "radius"), truth = drop_by_noise(1.2, -0.5, hypot(1.2 * sigma, 1e-3), hypot(0.5 * sigma, 1e-3));
  tap_ok(fabs(truth - 0.1) < 0.04, "sigma' %.4f: relative noise drops %.4f", sigma, truth);
  struct probe_value plain = subject_measure(&t, &probe_noise_radius, 4, set_real("draws", 20), set_real("tolerance", 0), set_real("depth", 40), set_real("examples", 0)),
                     compat = subject_measure(&t, &probe_noise_radius, 5, set_real("draws", 20), set_real("tolerance", 0), set_real("depth", 40),
                                              set_bool("compat", true), set_real("examples", 0));
  tap_near(number(&compat, "radius") * number(&compat, "radius"), number(&plain, "radius"), 1e-6, 0, "compat: the published code squares sigma");
  struct probe_value same = subject_measure(&t, &probe_noise_radius, 4, set_real("draws", 20), set_real("tolerance", 0), set_real("depth", 40), set_real("examples", 0));
  tap_ok(number(&same, "radius") == number(&plain, "radius"), "the same seed gives the same radius");
  probe_value_free(&mag), probe_value_free(&plain), probe_value_free(&compat), probe_value_free(&same);
  subject_free(&t);
}

/* The box turns (1, 0) into (1 - a, +-a): a = tan/(1 + tan) of 0.1 pi. */
static void test_ascent(void)
{
  struct subject t;
  double tangent = tan(0.1 * M_PI), far = tan(0.35 * M_PI);
  make(&t, 1, 0);
  struct probe_value v = subject_measure(&t, &probe_noise_radius, 3, set_string("by", "ascent"), set_real("examples", 0), set_real("tolerance", 0.001));
  /* the drop goes in steps of 1/2000 and is met to 0.001: some 0.004 in the angle's tangent */
  tap_near(number(&v, "radius"), tangent / (1 + tangent), 0, 0.005, "alpha of (1, 0) is that of the worst corner");
  probe_value_free(&v);
  v = subject_measure(&t, &probe_noise_radius, 4, set_string("by", "ascent"), set_bool("magnitude", true), set_real("examples", 0), set_real("most", 0.99));
  tap_ok(number(&v, "drop") == 0 && number(&v, "met") == 0 && number(&v, "radius") > 0.98, "alpha': a weight of 0 stays, and nothing drops below alpha' = 1");
  probe_value_free(&v);
  subject_free(&t);
  make(&t, 30, 30); /* long, so that the loss tells of wrong answers; of (1, 1) it would rise most by shrinking both */
  v = subject_measure(&t, &probe_noise_radius, 4, set_string("by", "ascent"), set_bool("magnitude", true), set_real("examples", 0), set_real("tolerance", 0.001));
  /* (1 - a, 1 + a) is turned by 0.1 pi: (1 + a)/(1 - a) = tan(0.35 pi) */
  tap_near(number(&v, "radius"), (far - 1) / (far + 1), 0, 0.005, "alpha' of (30, 30) is that of a corner");
  probe_value_free(&v);
  subject_free(&t);
}

/* Unit 2 of a relu net: what comes in times 8, what goes out divided by 8: no prediction changes, and no rounding enters. */
static void test_rescaling(void)
{
  static const double hidden[] = {6};
  struct named_value net[] = {set_list("hidden", hidden, 1), set_bool("bias", false)};
  struct subject t;
  double radius[2][3];
  subject_make(&t, &model_mlp, net, 2, &loss_cross_entropy, 300, 5, 3, 0);
  for (int scaled = 0; scaled < 2; scaled++) {
    const struct layer *y = t.net.layer;
    struct probe_value plain = subject_measure(&t, &probe_noise_radius, 2, set_real("tolerance", 0), set_real("drop", 0.02)),
                       noise = subject_measure(&t, &probe_noise_radius, 4, set_real("tolerance", 0), set_bool("magnitude", true), set_real("eps", 0), set_real("drop", 0.02)),
                       ascent = subject_measure(&t, &probe_noise_radius, 4, set_real("tolerance", 0), set_bool("magnitude", true), set_string("by", "ascent"),
                                                set_real("drop", 0.02));
    radius[scaled][0] = number(&plain, "radius"), radius[scaled][1] = number(&noise, "radius"), radius[scaled][2] = number(&ascent, "radius");
    for (size_t i = 0; i < y[0].in; i++)
      t.w[y[0].w_at + 2 * y[0].w_stride + i] *= 8;
    for (size_t j = 0; j < y[1].out; j++)
      t.w[y[1].w_at + j * y[1].w_stride + 2] /= 8;
    probe_value_free(&plain), probe_value_free(&noise), probe_value_free(&ascent);
  }
  tap_ok(radius[0][1] == radius[1][1] && radius[0][2] == radius[1][2], "rescaling a relu unit leaves the relative radii (%.4g, %.4g)", radius[0][1], radius[0][2]);
  tap_ok(radius[0][0] != radius[1][0], "and changes the absolute one (%.4g, %.4g)", radius[0][0], radius[1][0]);
  subject_free(&t);
}

static void test_refusals(void)
{
  struct subject t;
  struct err e = {0};
  struct probe_value v;
  subject_make(&t, &model_linear, NULL, 0, &loss_squared, 10, 4, 0, 2);
  struct object o = object_of(&probe_noise_radius.m, NULL, 0);
  tap_ok(probe_measure(&o, NULL, &t.s, &v, &e) == STATUS_BAD_ARG && strstr(e.message, "no classes"), "a regression has no accuracy");
  struct named_value both[] = {set_string("by", "ascent"), set_bool("compat", true)};
  struct object refused;
  tap_ok(params_parse(&refused, &probe_noise_radius.m, both, 2, NULL, &e) == STATUS_BAD_ARG && strstr(e.message, "compat is about noise"), "compat is refused for an ascent");
  object_free(&o);
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed 31");
  test_noise();
  test_ascent();
  test_rescaling();
  test_refusals();
  return tap_done();
}
