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
  for (size_t j = 0; j < y->out; j++, w += y->w_stride)
    if (normal)
      rng_fill_normal_f32(r, w, y->in, 0, scale);
    else
      rng_fill_uniform_f32(r, w, y->in, -scale, scale);
}

static void init_dense(const struct layer *y, enum init_rule rule, struct rng *r, float *w)
{
  double in = (double)y->in, out = (double)y->out;
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
      rng_fill_uniform_f32(r, w + y->b_at, y->out, -1 / sqrt(in), 1 / sqrt(in));
    break;
  case INIT_ZERO:
    break;
  }
}

void net_init(const struct net *net, enum init_rule rule, uint64_t seed, float *w)
{
  for (size_t l = 0; l < net->n_layers; l++) {
    struct rng r = rng_make(seed, RNG_INIT, l);
    init_dense(&net->layer[l], rule, &r, w);
  }
}
