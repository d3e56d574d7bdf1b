/* weights.c: see weights.h. */
#include "experiments/models/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/read_table.h"
#include "experiments/kernel/mem.h"

/* A layer as the file names it. */
struct module {
  const char *name; /* borrowed: only the first `length` bytes count */
  size_t length;
  const struct tensor *weight, *bias;
};

struct modules {
  size_t n;
  struct module *at; /* owned */
};

/* -1, 0 or 1: runs of digits by their value (then by their length), all else by bytes. */
static int natural_order(const struct module *a, const struct module *b)
{
  size_t i = 0, j = 0;
  while (i < a->length && j < b->length) {
    size_t p = i, q = j;
    while (p < a->length && a->name[p] >= '0' && a->name[p] <= '9')
      p++;
    while (q < b->length && b->name[q] >= '0' && b->name[q] <= '9')
      q++;
    if (p > i && q > j) {
      while (i < p - 1 && a->name[i] == '0')
        i++;
      while (j < q - 1 && b->name[j] == '0')
        j++;
      int order = p - i != q - j ? (p - i < q - j ? -1 : 1) : strncmp(a->name + i, b->name + j, p - i);
      if (order)
        return order;
      i = p;
      j = q;
    } else {
      if (a->name[i] != b->name[j])
        return (unsigned char)a->name[i] < (unsigned char)b->name[j] ? -1 : 1;
      i++;
      j++;
    }
  }
  return (a->length - i > 0) - (b->length - j > 0);
}

static int by_name(const void *a, const void *b)
{
  int order = natural_order(a, b);
  const struct module *x = a, *y = b; /* "1" and "01": the order of the file */
  return order ? order : (x->weight > y->weight) - (x->weight < y->weight);
}

/* "fc1" of "fc1.weight"; "" of "weight". False if the name ends otherwise. */
static bool ends_in(const char *name, const char *word, size_t *length)
{
  size_t n = strlen(name), m = strlen(word);
  if (n < m || strcmp(name + n - m, word) != 0 || (n > m && name[n - m - 1] != '.'))
    return false;
  *length = n > m ? n - m - 1 : 0;
  return true;
}

static struct module *find(const struct modules *all, const char *name, size_t length)
{
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].length == length && memcmp(all->at[i].name, name, length) == 0)
      return &all->at[i];
  return NULL;
}

static enum status bad(const struct tensors *f, const struct tensor *t, struct err *e, const char *what)
{
  char seen[TEXT_QUOTE_MAX], shape[TENSOR_SHAPE_MAX];
  return err_set(e, STATUS_BAD_DATA, "%s: tensor %s (%s) %s", f->file.name, text_quote(t->name, seen),
                 tensor_shape(t, shape), what);
}

/* The layers of the file, in its own order. */
static enum status collect(struct modules *all, const struct tensors *f, struct err *e)
{
  size_t length;
  *all = (struct modules){.at = xcalloc(f->n + 1, sizeof *all->at)};
  for (size_t i = 0; i < f->n; i++)
    if (ends_in(f->t[i].name, "weight", &length) && f->t[i].ndim >= 2)
      all->at[all->n++] = (struct module){f->t[i].name, length, &f->t[i], NULL};
  for (size_t i = 0; i < f->n; i++) {
    const struct tensor *t = &f->t[i];
    struct module *m = ends_in(t->name, "bias", &length) ? find(all, t->name, length) : NULL;
    if (m && t->ndim == 1)
      m->bias = t;
    else if (!(ends_in(t->name, "weight", &length) && t->ndim >= 2))
      return bad(f, t, e, "is neither the weight nor the bias of a dense layer or convolution");
  }
  return all->n ? STATUS_OK : err_set(e, STATUS_BAD_DATA, "%s: no tensor is the weight of a layer", f->file.name);
}

/* Does the module fit the layer? */
static enum status check_layer(const struct layer *l, const struct module *m, size_t number, const struct tensors *f,
                               struct err *e)
{
  const struct tensor *w = m->weight;
  size_t k = l->conv.kernel;
  char seen[TEXT_QUOTE_MAX], shape[TENSOR_SHAPE_MAX], wanted[96];
  bool conv = l->kind == LAYER_CONV;
  bool fits = conv ? w->ndim == 4 && w->dim[0] == l->rows && w->dim[1] * k * k == l->cols && w->dim[2] == k && w->dim[3] == k
                   : w->ndim == 2 && w->dim[0] == l->rows && w->dim[1] == l->cols;
  if (conv)
    snprintf(wanted, sizeof wanted, "%zu x %zu x %zu x %zu", l->rows, l->cols / (k * k), k, k);
  else
    snprintf(wanted, sizeof wanted, "%zu x %zu", l->rows, l->cols);
  if (!fits)
    return err_set(e, STATUS_BAD_DATA, "%s: layer %zu of the model needs a weight of %s, but tensor %s is %s",
                   f->file.name, number, wanted, text_quote(w->name, seen), tensor_shape(w, shape));
  if (l->bias != (m->bias != NULL))
    return bad(f, w, e, l->bias ? "has no bias beside it, but the model has biases" : "has a bias, but the model has none");
  if (m->bias && m->bias->count != l->rows)
    return bad(f, m->bias, e, "must be as long as its weight has rows");
  return STATUS_OK;
}

static enum status check_all(const struct net *net, const struct modules *all, const struct tensors *f, struct err *e)
{
  size_t n = 0;
  for (size_t i = 0; i < net->n_layers; i++) {
    if (net->layer[i].rows == 0)
      continue;
    if (n < all->n) {
      enum status s = check_layer(&net->layer[i], &all->at[n], n + 1, f, e);
      if (s != STATUS_OK)
        return s;
    }
    n++;
  }
  return n == all->n ? STATUS_OK
                     : err_set(e, STATUS_BAD_DATA, "%s: %zu layers with weights, but the model has %zu", f->file.name, all->n, n);
}

static enum status copy(const struct tensors *f, const struct tensor *t, float **to, struct err *e)
{
  for (size_t i = 0; i < t->count; i++) {
    float v = (float)tensor_get(t, i);
    if (!isfinite(v))
      return bad(f, t, e, "holds a number that is not finite in float32");
    *(*to)++ = v;
  }
  return STATUS_OK;
}

enum status weights_take(const struct net *net, const struct tensors *file, float *logical, struct err *e)
{
  struct modules all;
  struct err first;
  enum status s = collect(&all, file, &first);
  if (s == STATUS_OK) {
    struct module *in_file = xcalloc(all.n, sizeof *in_file);
    memcpy(in_file, all.at, all.n * sizeof *in_file);
    qsort(all.at, all.n, sizeof *all.at, by_name);
    s = check_all(net, &all, file, &first);
    if (s != STATUS_OK) {
      memcpy(all.at, in_file, all.n * sizeof *in_file);
      s = check_all(net, &all, file, NULL);
    }
    free(in_file);
  }
  if (s != STATUS_OK && e)
    *e = first;
  for (size_t i = 0; i < all.n && s == STATUS_OK; i++) {
    s = copy(file, all.at[i].weight, &logical, e);
    if (s == STATUS_OK && all.at[i].bias)
      s = copy(file, all.at[i].bias, &logical, e);
  }
  free(all.at);
  return s;
}

enum status weights_shape(const struct tensors *file, struct io_shape *io, struct err *e)
{
  struct modules all;
  enum status s = collect(&all, file, e);
  if (s == STATUS_OK) {
    qsort(all.at, all.n, sizeof *all.at, by_name);
    const struct tensor *first = all.at[0].weight, *last = all.at[all.n - 1].weight;
    *io = (struct io_shape){.in = first->ndim == 2 ? first->dim[1] : 0, .out = last->dim[0]};
  }
  free(all.at);
  return s;
}
