/* init.c: initial weights.
 *
 * He, Zhang, Ren, Sun 2015, "Delving deep into rectifiers"; Glorot and Bengio 2010, "Understanding the
 * difficulty of training deep feedforward neural networks"; torch.nn.Linear (kaiming uniform with
 * a = sqrt 5, which is U(-1/sqrt(in), 1/sqrt(in)) for weights and biases alike). */
#include <math.h>

#include "experiments/models/net_int.h"

const char *const init_rule_names[] = {"he", "glorot", "torch", "zero", NULL};
const char *const init_rule_hidden_names[] = {"he", "glorot", "torch", NULL};

static void fill_rows(struct rng *r, const struct layer *y, float *w, bool normal, double scale)
{
  for (size_t j = 0; j < y->rows; j++, w += y->w_stride)
    if (normal)
      rng_fill_normal_f32(r, w, y->cols, 0, scale);
    else
      rng_fill_uniform_f32(r, w, y->cols, -scale, scale);
}

/* in and out: connections into and out of a unit; a filter has its taps, and one position feeds as many. */
static void init_layer(const struct layer *y, enum init_rule rule, struct rng *r, float *w)
{
  size_t taps = y->kind == LAYER_CONV ? y->conv.kernel * y->conv.kernel : 1;
  double in = (double)y->cols, out = (double)(y->rows * taps);
  switch (rule) {
  case INIT_HE:
    fill_rows(r, y, w + y->w_at, true, sqrt((y->act == ACT_RELU || y->act == ACT_GELU ? 2 : 1) / in));
    break;
  case INIT_GLOROT:
    fill_rows(r, y, w + y->w_at, false, sqrt(6 / (in + out)));
    break;
  case INIT_TORCH:
    fill_rows(r, y, w + y->w_at, false, 1 / sqrt(in));
    if (y->bias)
      rng_fill_uniform_f32(r, w + y->b_at, y->rows, -1 / sqrt(in), 1 / sqrt(in));
    break;
  case INIT_ZERO:
    break;
  }
}

void net_init(const struct net *net, enum init_rule rule, uint64_t seed, float *w)
{
  for (size_t l = 0; l < net->n_layers; l++) {
    struct rng r = rng_make(seed, RNG_INIT, l);
    if (net->layer[l].rows)
      init_layer(&net->layer[l], rule, &r, w);
  }
}
