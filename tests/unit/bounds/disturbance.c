/* disturbance.c: the measures of disturbance against their formulas, typed and from a net. */
#include "tests/unit/bounds/value_of.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_noise_radius;
extern const struct bound bound_pacbayes_flatness, bound_pacbayes_mag_flatness, bound_sharpness_flatness, bound_sharpness_mag_flatness, bound_pacbayes_init,
    bound_pacbayes_orig, bound_sharpness_init, bound_sharpness_orig, bound_pacbayes_mag_init, bound_pacbayes_mag_orig, bound_sharpness_mag_init,
    bound_sharpness_mag_orig;

static void test_typed(void)
{
  tap_near(VALUE(pacbayes_flatness, V_INT("n", 400), V_REAL("sigma", 0.1)), 0.5, 1e-14, 0, "sqrt(1/(sigma^2 n))");
  tap_near(VALUE(pacbayes_mag_flatness, V_INT("n", 400), V_REAL("sigma", 0.2)), 0.25, 1e-14, 0, "the same for sigma'");
  tap_near(VALUE(sharpness_flatness, V_INT("n", 400), V_REAL("alpha", 0.05)), 1, 1e-14, 0, "for alpha");
  tap_near(VALUE(sharpness_mag_flatness, V_INT("n", 400), V_REAL("alpha", 0.5)), 0.1, 1e-14, 0, "and alpha'");
  double raw = 9 / 0.04 + log(500 / 0.1) + 10;
  tap_near(VALUE(pacbayes_init, V_INT("n", 500), V_REAL("sigma", 0.1), V_REAL("norm", 3)), sqrt(raw / 500), 1e-14, 0, "equation 48");
  tap_near(VALUE(pacbayes_orig, V_INT("n", 500), V_REAL("sigma", 0.1), V_REAL("norm", 3)), sqrt(raw / 500), 1e-14, 0, "equation 49");
  raw = 9 * log(80) / 0.04 + log(500 / 0.1) + 10;
  tap_near(VALUE(sharpness_init, V_INT("n", 500), V_REAL("alpha", 0.1), V_REAL("norm", 3), V_REAL("weights", 40)), sqrt(raw / 500), 1e-14, 0, "equation 51");
  tap_near(VALUE(sharpness_orig, V_INT("n", 500), V_REAL("alpha", 0.1), V_REAL("norm", 3), V_REAL("weights", 40)), sqrt(raw / 500), 1e-14, 0, "equation 52");
  double first = log((1e-6 + (0.04 + 1) * 0.09 / 2) / (1e-6 + 0.04 * 0.25)), second = log((1e-6 + (0.04 + 1) * 0.09 / 2) / (1e-6 + 0.04 * 0.01));
  tap_near(VALUE(pacbayes_mag_init, V_INT("n", 500), V_REAL("sigma", 0.2), V_REAL("norm", 0.3), V_LIST("moves", 0.5, -0.1)),
           sqrt(((first + second) / 4 + log(2500) + 10) / 500), 1e-14, 0, "equation 56, weight by weight");
  double c = 4 * log(4 / 0.05), top = 1e-6 + (0.04 + c) * 0.09 / 2;
  tap_near(VALUE(sharpness_mag_orig, V_INT("n", 500), V_REAL("alpha", 0.2), V_REAL("norm", 0.3), V_LIST("moves", 0.5, -0.1)),
           sqrt((log(top / (1e-6 + 0.04 * 0.25)) / 4 + log(top / (1e-6 + 0.04 * 0.01)) / 4 + log(2500) + 10) / 500), 1e-14, 0, "equation 60");
  tap_has(ASKS(pacbayes_flatness, V_INT("n", 10)), "sigma must be given", "without a subject they ask for the radius");
  tap_has(ASKS(sharpness_flatness, V_INT("n", 10)), "alpha must be given", "by its name");
  tap_has(ASKS(pacbayes_orig, V_INT("n", 10), V_REAL("sigma", 1)), "norm must be given", "and for the norm");
}

static struct probe_cache *cache;

static enum status of_subject(const struct subject *t, const struct bound *b, struct bound_value *out, struct err *e)
{
  struct object o = object_made(&b->m, NULL, 0);
  struct bound_input in = {.subject = &t->s, .cache = cache};
  enum status s = bound_evaluate(&o, NULL, &in, out, e);
  object_free(&o);
  return s;
}

static double value_of(const struct subject *t, const struct bound *b)
{
  struct bound_value out;
  struct err e = {0};
  if (of_subject(t, b, &out, &e))
    tap_bail("%s", e.message);
  return out.value;
}

static double radius_of(const struct subject *t, const char *by, bool magnitude)
{
  struct probe_value v = subject_measure(t, &probe_noise_radius, 2, set_string("by", by), set_bool("magnitude", magnitude));
  double radius = probe_number(&v, "radius", PROBE_WHOLE);
  probe_value_free(&v);
  return radius;
}

static void test_subject(void)
{
  static const double hidden[] = {6};
  struct named_value net[] = {set_list("hidden", hidden, 1)};
  struct subject t;
  struct bound_value out;
  struct err e = {0};
  double norm2 = 0, distance2 = 0, n = 200, weights = 5 * 6 + 6 * 3;
  subject_make(&t, &model_mlp, net, 1, &loss_cross_entropy, 200, 5, 3, 0);
  for (size_t i = 0; i < 200; i++) { /* labels of the net itself: the accuracy is 1, and can drop */
    struct batch b = probe_batch(&t.s);
    float out3[3];
    double loss;
    uint32_t at = (uint32_t)i;
    b.n = 1, b.index = &at;
    if (net_loss_f32(&t.net, &t.loss, t.w, &b, &loss, NULL, NULL, out3, &e))
      tap_bail("%s", e.message);
    ((int32_t *)(void *)t.f.data.train.label)[i] = out3[0] >= out3[1] ? (out3[0] >= out3[2] ? 0 : 2) : (out3[1] >= out3[2] ? 1 : 2);
  }
  for (size_t l = 0; l < 2; l++)
    for (size_t j = 0; j < t.net.layer[l].rows; j++)
      for (size_t i = 0; i < t.net.layer[l].cols; i++) {
        size_t at = t.net.layer[l].w_at + j * t.net.layer[l].w_stride + i;
        norm2 += pow((double)t.w[at], 2), distance2 += pow((double)t.w[at] - (double)t.start[at], 2);
      }
  tap_ok(of_subject(&t, &bound_pacbayes_init, &out, &e) == STATUS_BAD_ARG && strstr(e.message, "give start = weights"), "a distance needs a start");
  t.s.start = t.start;
  double sigma = radius_of(&t, "noise", false), alpha = radius_of(&t, "ascent", false);
  tap_near(value_of(&t, &bound_pacbayes_flatness), sqrt(1 / (sigma * sigma * n)), 1e-12, 0, "of a net: sigma of the probe");
  tap_near(value_of(&t, &bound_pacbayes_mag_flatness), 1 / (radius_of(&t, "noise", true) * sqrt(n)), 1e-12, 0, "sigma'");
  tap_near(value_of(&t, &bound_sharpness_flatness), 1 / (alpha * sqrt(n)), 1e-12, 0, "alpha");
  tap_near(value_of(&t, &bound_sharpness_mag_flatness), 1 / (radius_of(&t, "ascent", true) * sqrt(n)), 1e-12, 0, "alpha'");
  tap_ok(alpha < sigma, "the worst disturbance is smaller than noise (%.3g, %.3g)", alpha, sigma);
  tap_near(value_of(&t, &bound_pacbayes_orig), sqrt((norm2 / (4 * sigma * sigma) + log(n / sigma) + 10) / n), 1e-12, 0, "the norm is that of the weights without biases");
  tap_near(value_of(&t, &bound_pacbayes_init), sqrt((distance2 / (4 * sigma * sigma) + log(n / sigma) + 10) / n), 1e-12, 0, "and so is the distance");
  tap_near(value_of(&t, &bound_sharpness_orig), sqrt((norm2 * log(2 * weights) / (4 * alpha * alpha) + log(n / alpha) + 10) / n), 1e-12, 0, "omega counts weights");
  double relative = radius_of(&t, "noise", true), box = radius_of(&t, "ascent", true), sums[4] = {0};
  for (size_t l = 0; l < 2; l++)
    for (size_t j = 0; j < t.net.layer[l].rows; j++)
      for (size_t i = 0; i < t.net.layer[l].cols; i++) {
        size_t at = t.net.layer[l].w_at + j * t.net.layer[l].w_stride + i;
        double move2 = pow((double)t.w[at] - (double)t.start[at], 2), extra = 4 * log(2 * weights / 0.05);
        for (int k = 0; k < 4; k++) {
          double r2 = k < 2 ? relative * relative : box * box, size2 = k % 2 ? norm2 : distance2;
          sums[k] += log((1e-6 + (r2 + (k < 2 ? 1 : extra)) * size2 / weights) / (1e-6 + r2 * move2)) / 4;
        }
      }
  static const struct bound *const sizes[] = {&bound_pacbayes_mag_init, &bound_pacbayes_mag_orig, &bound_sharpness_mag_init, &bound_sharpness_mag_orig};
  for (int k = 0; k < 4; k++)
    tap_near(value_of(&t, sizes[k]), sqrt((sums[k] + log(n / (k < 2 ? relative : box)) + 10) / n), 1e-12, 0, "%s of a net, weight by weight", sizes[k]->m.id);
  tap_near(value_of(&t, &bound_sharpness_init), sqrt((distance2 * log(2 * weights) / (4 * alpha * alpha) + log(n / alpha) + 10) / n), 1e-12, 0, "from the start too");
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed 31");
  cache = probe_cache_new();
  test_typed();
  test_subject();
  probe_cache_free(cache);
  return tap_done();
}
