/* disturbance.c: see disturbance.h. */
#include "experiments/bounds/disturbance.h"

extern const struct probe probe_noise_radius, probe_layer_norms;

/* --- the weights ----------------------------------------------------------------------------------------------------- */

static enum status take_norm(const char *name, const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  double square = 0;
  enum status s = bound_probe(x, in, &probe_layer_norms, NULL, 0, &v, e);
  if (s)
    return s;
  for (size_t l = 0; l < in->subject->net->n_layers; l++)
    if (probe_find(v, name, l))
      square += probe_number(v, name, l) * probe_number(v, name, l);
  out->number = sqrt(square);
  return STATUS_OK;
}

static enum status take_weight_norm(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  return take_norm("frobenius", x, in, out, e);
}

static enum status take_weight_distance(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  if (!in->subject->start)
    return err_set(e, STATUS_BAD_ARG, "the distance from the start needs the weights at the start: give start = weights");
  return take_norm("frobenius_start", x, in, out, e);
}

static enum status take_weights(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  out->number = 0;
  for (size_t l = 0; l < in->subject->net->n_layers; l++)
    out->number += (double)(in->subject->net->layer[l].rows * in->subject->net->layer[l].cols);
  return STATUS_OK;
}

/* By layers, in the order of the parameters. */
static enum status take_moves(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_subject *s = in->subject;
  struct taken count = {0};
  size_t at = 0;
  if (!s->start)
    return err_set(e, STATUS_BAD_ARG, "the moves of the weights need the weights at the start: give start = weights");
  enum status status = take_weights(x, in, &count, e);
  status = status ? status : taken_list(out, (size_t)count.number, e);
  for (size_t l = 0; l < s->net->n_layers && !status; l++)
    for (size_t j = 0; j < s->net->layer[l].rows; j++)
      for (size_t i = 0; i < s->net->layer[l].cols; i++) {
        size_t from = s->net->layer[l].w_at + j * s->net->layer[l].w_stride + i;
        out->list.v[at++] = (double)s->weights[from] - (double)s->start[from];
      }
  return status;
}

const struct quantity quantity_moves = {"how far each weight is from its start, without biases", take_moves};
const struct quantity quantity_weight_norm = {"the norm of all weights, without biases", take_weight_norm};
const struct quantity quantity_weight_distance = {"the distance of all weights from their start, without biases", take_weight_distance};
const struct quantity quantity_weights = {"the number of weights, without biases", take_weights};

/* --- the radius ------------------------------------------------------------------------------------------------------ */

enum status disturbance_radius(const struct disturbance_conf *c, enum disturbance d, const struct exec *x, const struct bound_input *in,
                               double *radius, struct err *e)
{
  bool ascent = d == DISTURB_ALPHA || d == DISTURB_ALPHA_MAGNITUDE, magnitude = d == DISTURB_SIGMA_MAGNITUDE || d == DISTURB_ALPHA_MAGNITUDE;
  const struct named_value values[] = {{"by", {.kind = VALUE_STRING, .as.s = ascent ? "ascent" : "noise"}},
                                       {"magnitude", {.kind = VALUE_BOOL, .as.b = magnitude}},
                                       {"examples", {.kind = VALUE_INT, .as.i = c->examples}}};
  const struct probe_value *v;
  *radius = c->radius;
  if (!isnan(*radius))
    return STATUS_OK;
  if (!in->subject)
    return bound_missing(e, ascent ? "alpha" : "sigma");
  enum status s = bound_probe(x, in, &probe_noise_radius, values, sizeof values / sizeof *values, &v, e);
  if (s == STATUS_OK)
    *radius = probe_number(v, "radius", PROBE_WHOLE);
  return s;
}

void disturbance_set(struct bound_value *out, const struct disturbance_conf *c, double raw, double radius)
{
  bound_term(out, "radius", radius);
  bound_term(out, "raw", raw);
  measure_set(out, sqrt(raw / (double)c->n));
}

enum status disturbance_flatness(const void *conf, enum disturbance d, const struct exec *x, const struct bound_input *in,
                                 struct bound_value *out, struct err *e)
{
  double radius;
  enum status s = disturbance_radius(conf, d, x, in, &radius, e);
  if (s == STATUS_OK)
    disturbance_set(out, conf, 1 / (radius * radius), radius);
  return s;
}

enum status disturbance_size(const void *conf, enum disturbance d, const struct exec *x, const struct bound_input *in,
                             struct bound_value *out, struct err *e)
{
  const struct disturbance_conf *c = conf;
  double radius;
  enum status s = disturbance_radius(c, d, x, in, &radius, e);
  if (s != STATUS_OK)
    return s;
  double factor = d == DISTURB_ALPHA ? log(2 * c->weights) : 1, ratio = c->norm / radius;
  double raw = ratio * ratio / 4 * factor + log((double)c->n / radius) + 10;
  if (raw < 0)
    return err_set(e, STATUS_BAD_ARG, "the radius %g is so large that the value has no root", radius);
  disturbance_set(out, c, raw, radius);
  return STATUS_OK;
}

enum status disturbance_relative_size(const void *conf, enum disturbance d, const struct exec *x, const struct bound_input *in,
                                      struct bound_value *out, struct err *e)
{
  const struct moves_conf *c = conf;
  double radius, omega = (double)c->moves.n, sum = 0;
  enum status s = disturbance_radius(&c->d, d, x, in, &radius, e);
  if (s != STATUS_OK)
    return s;
  double r2 = radius * radius, eps2 = c->eps * c->eps, extra = d == DISTURB_ALPHA_MAGNITUDE ? 4 * log(2 * omega / c->delta) : 1;
  for (size_t i = 0; i < c->moves.n; i++)
    sum += log((eps2 + (r2 + extra) * c->d.norm * c->d.norm / omega) / (eps2 + r2 * c->moves.v[i] * c->moves.v[i]));
  double raw = sum / 4 + log((double)c->d.n / radius) + 10;
  if (raw < 0)
    return err_set(e, STATUS_BAD_ARG, "the value %g has no root: the norm is too small for these moves", raw);
  disturbance_set(out, &c->d, raw, radius);
  return STATUS_OK;
}
