/* quantity.c: see quantity.h. */
#include "experiments/bounds/quantity.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/bounds/bound.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"
#include "experiments/kernel/vec.h"

extern const struct probe probe_layer_norms, probe_margins;

enum status bound_probe(const struct exec *x, const struct bound_input *in, const struct probe *probe, const struct named_value *values,
                        size_t n, const struct probe_value **out, struct err *e)
{
  struct object o = {0};
  enum status s = params_parse(&o, &probe->m, values, n, NULL, e);
  s = s ? s : probe_cache_get(in->cache, &o, x, in->subject, out, e);
  object_free(&o);
  return s;
}

enum status bound_probe_chosen(const struct exec *x, const struct bound_input *in, const struct object *chosen,
                               const struct probe *otherwise, const struct probe_value **out, struct err *e)
{
  return chosen->method ? probe_cache_get(in->cache, chosen, x, in->subject, out, e) : bound_probe(x, in, otherwise, NULL, 0, out, e);
}

enum status taken_list(struct taken *out, size_t n, struct err *e)
{
  void *numbers;
  enum status s = mem_new(&numbers, n, sizeof(double), "numbers of a subject", e);
  if (s == STATUS_OK)
    out->list = (struct param_list){n, numbers};
  return s;
}

enum status taken_layers(const struct probe_value *v, const char *name, struct taken *out, struct err *e)
{
  enum status s = taken_list(out, NET_MAX_LAYERS, e);
  size_t n = 0;
  for (size_t l = 0; l < NET_MAX_LAYERS && !s; l++)
    if (probe_find(v, name, l))
      out->list.v[n++] = probe_number(v, name, l);
  out->list.n = n;
  return s;
}

enum status bound_classes_only(const struct bound_input *in, const char *what, struct err *e)
{
  if (in->subject->part->label)
    return STATUS_OK;
  return err_set(e, STATUS_BAD_ARG, "the data set \"%s\" has no classes, so there is no %s", in->subject->data->name ? in->subject->data->name : "?", what);
}

static enum status take_n(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  out->number = (double)in->subject->part->n;
  return STATUS_OK;
}

const struct quantity quantity_n = {"the examples of the part", take_n};

/* --- right and wrong --- */

static enum status outputs_of(const struct exec *x, const struct bound_input *in, const struct mat **out, struct err *e)
{
  const struct probe_value *v;
  enum status s = bound_classes_only(in, "0-1 loss", e);
  s = s ? s : bound_probe(x, in, &probe_margins, NULL, 0, &v, e);
  if (s == STATUS_OK)
    *out = &probe_find(v, "output", PROBE_WHOLE)->value;
  return s;
}

static enum status take_losses(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct mat *z;
  const struct object *o = in->subject->loss;
  const struct loss *loss = (const struct loss *)(const void *)o->method;
  enum status s = outputs_of(x, in, &z, e);
  s = s ? s : taken_list(out, in->subject->part->n, e);
  for (size_t i = 0; i < out->list.n && !s; i++)
    out->list.v[i] = loss->error(o->conf, mat_row_f64(z, i), z->cols, in->subject->part->label[i], NULL) > 0 ? 1 : 0;
  return s;
}

const struct quantity quantity_losses = {"0 or 1 for each example of the part: right or wrong", take_losses};

static enum status take_errors(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  struct taken each = {0};
  enum status s = take_losses(x, in, &each, e);
  out->number = 0;
  for (size_t i = 0; i < each.list.n && !s; i++)
    out->number += each.list.v[i];
  free(each.list.v);
  return s;
}

const struct quantity quantity_errors = {"wrong answers on the part", take_errors};

static enum status take_error_rate(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  enum status s = take_errors(x, in, out, e);
  out->number /= (double)in->subject->part->n;
  return s;
}

const struct quantity quantity_error_rate = {"share of wrong answers on the part", take_error_rate};

/* --- margins --- */

static enum status margins_of(const struct exec *x, const struct bound_input *in, const struct mat **out, struct err *e)
{
  const struct probe_value *v;
  enum status s = bound_probe(x, in, &probe_margins, NULL, 0, &v, e);
  if (s == STATUS_OK)
    *out = &probe_find(v, "margin", PROBE_WHOLE)->value;
  return s;
}

static enum status take_margins(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct mat *m;
  enum status s = margins_of(x, in, &m, e);
  s = s ? s : taken_list(out, m->rows, e);
  for (size_t i = 0; i < out->list.n && !s; i++)
    out->list.v[i] = mat_get(m, i, 0);
  return s;
}

const struct quantity quantity_margins = {"the margins of the part", take_margins};

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of n margins the one with n/10 (whole division) below it, as in the study that made this the usual choice. */
static enum status take_gamma(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  struct taken all = {0};
  enum status s = take_margins(x, in, &all, e);
  if (s == STATUS_OK) {
    qsort(all.list.v, all.list.n, sizeof(double), ascending);
    out->number = all.list.v[all.list.n / 10];
    if (out->number <= 0)
      s = err_set(e, STATUS_BAD_DATA, "the 10th percentile of the margins is %g: too many wrong answers for a measure that divides by it",
                  out->number);
  }
  free(all.list.v);
  return s;
}

const struct quantity quantity_gamma = {"the 10th percentile of the part's margins", take_gamma};

/* --- inputs --- */

static double square_of_row(const struct examples *p, size_t i)
{
  double sum = 0;
  for (size_t j = 0; j < p->d; j++) {
    double v = (double)p->x[i * p->stride + j];
    sum = fma(v, v, sum);
  }
  return sum;
}

static enum status take_radius(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  double largest = 0;
  for (size_t i = 0; i < in->subject->part->n; i++)
    largest = fmax(largest, square_of_row(in->subject->part, i));
  out->number = sqrt(largest);
  return STATUS_OK;
}

const struct quantity quantity_radius = {"the largest norm of an input of the part", take_radius};

static enum status take_x_norm(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  double sum = 0;
  for (size_t i = 0; i < in->subject->part->n; i++)
    sum += square_of_row(in->subject->part, i);
  out->number = sqrt(sum);
  return STATUS_OK;
}

const struct quantity quantity_x_norm = {"the norm of all inputs of the part", take_x_norm};

/* --- the net --- */

static enum status take_width(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  const struct net *net = in->subject->net;
  size_t widest = net->in;
  for (size_t l = 0; l < net->n_layers; l++)
    widest = net->layer[l].out > widest ? net->layer[l].out : widest;
  out->number = (double)widest;
  return STATUS_OK;
}

const struct quantity quantity_width = {"the largest layer of the net", take_width};

static enum status take_depth(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  out->number = 0;
  for (size_t l = 0; l < in->subject->net->n_layers; l++)
    out->number += in->subject->net->layer[l].rows > 0;
  return STATUS_OK;
}

const struct quantity quantity_depth = {"the layers of the net that have weights", take_depth};

static enum status take_norms(const struct exec *x, const struct bound_input *in, const char *name, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  enum status s = bound_probe(x, in, &probe_layer_norms, NULL, 0, &v, e);
  return s ? s : taken_layers(v, name, out, e);
}

static enum status take_frobenius(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  return take_norms(x, in, "frobenius", out, e);
}

const struct quantity quantity_frobenius = {"of the weights", take_frobenius};

static enum status take_spectral(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  return take_norms(x, in, "spectral", out, e);
}

const struct quantity quantity_spectral = {"of the weights", take_spectral};

static enum status take_rows21(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  return take_norms(x, in, "rows21", out, e);
}

const struct quantity quantity_rows21 = {"of the weights", take_rows21};

static enum status take_path(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  enum status s = bound_probe(x, in, &probe_layer_norms, NULL, 0, &v, e);
  if (s == STATUS_OK)
    out->number = probe_number(v, "path_norm2", PROBE_WHOLE);
  return s;
}

const struct quantity quantity_path_norm2 = {"of the weights", take_path};
