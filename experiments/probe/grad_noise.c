/* grad_noise.c: how much the gradients of single examples scatter around their mean, and the batch size that says where
 * averaging them stops paying.
 *
 * From n examples, with s = mean |g_i|^2 - |g|^2 the scatter around the mean found: tr(Sigma) = s n/(n - 1) and
 * |G|^2 = |g|^2 - tr(Sigma)/n have the true values as their means. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"

/* Squared norms of the gradients of all examples, and of their mean. */
static enum status squares(const struct exec *x, const struct probe_subject *s, double *each, double *mean, struct err *e)
{
  struct batch b = probe_batch(s);
  double *w = NULL, *g = NULL, loss;
  enum status status = probe_weights(s, &w, e);
  status = status ? status : mem_new((void **)&g, s->net->n_params, sizeof *g, "gradient", e);
  status = status ? status : net_norms_f64(x, s->net, s->loss, w, &b, each, e);
  status = status ? status : net_gradient_f64(x, s->net, s->loss, w, &b, &loss, g, e);
  if (!status)
    *mean = vec_dot_f64(g, g, s->net->n_params);
  free(w);
  free(g);
  return status;
}

/* The scale with no signal left in the gradient is endless; so that a plot shows it, the largest that n examples can tell
 * from that: |G|^2 is known to about tr(Sigma)/n. */
static double noise_scale(double noise, double signal, double n) { return noise > 0 ? noise / fmax(signal, noise / n) : 0; }

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  size_t n = s->part->n;
  double *each = NULL, mean = 0;
  (void)conf;
  if (n < 2)
    return err_set(e, STATUS_BAD_ARG, "the scatter of gradients needs at least 2 examples, got %zu", n);
  enum status status = mem_new((void **)&each, n, sizeof *each, "gradient norms", e);
  status = status ? status : squares(x, s, each, &mean, e);
  if (!status) {
    double count = (double)n, noise = fmax(vec_sum_f64(each, n) / count - mean, 0) * count / (count - 1), signal = mean - noise / count;
    const struct { const char *name; double value; } numbers[] = {
      {"noise", noise}, {"signal", signal}, {"scale", noise_scale(noise, signal, count)}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
      status = probe_add_number(out, numbers[i].name, PROBE_WHOLE, numbers[i].value, (double)NAN, e);
  }
  free(each);
  return status;
}

const struct probe probe_grad_noise = {
  .m = {.kind = KIND_PROBE, .id = "grad-noise", .name = "Gradient noise and its scale",
        .summary = "scatter of the gradients of single examples, and the batch size where it equals the signal",
        .formula = "noise = tr(Sigma) = (n/(n-1)) (mean |g_i|^2 - |g|^2);  signal = |G|^2 = |g|^2 - noise/n\n"
                   "scale = noise/signal, at most n: the mini-batch gradient of B = scale examples is half signal, half noise",
        .cite = "McCandlish, Kaplan, Amodei and the OpenAI Dota team 2018, An empirical model of large-batch training",
        .notes = "g_i is the gradient of example i of the part, g their mean. noise and signal are free of bias for the population that "
                 "the examples were drawn from; signal can come out negative where the gradient is lost in noise, and scale is then n, "
                 "all that n examples can tell. Along a training: assay.train{probe = \"grad-noise\"}.",
        .example = "assay.probe(\"grad-noise\")"},
  .measure = measure,
};
