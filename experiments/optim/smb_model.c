/* smb_model.c: see smb.h. */
#include "experiments/optim/smb.h"

#include <math.h>

double smb_trial(const struct around *a)
{
  double factor = around_numbers(a)[SMB_FACTOR];
  return factor > 0 ? a->info->lr * factor : a->info->lr; /* 0: no period has ended yet */
}

void smb_count(const struct smb_conf *c, const struct around *a, double trial, bool model)
{
  double *number = around_numbers(a);
  number[SMB_UPDATES]++;
  number[SMB_MODELS] += model;
  if (c->period == 0 || number[SMB_UPDATES] < (double)c->period)
    return;
  double factor = number[SMB_FACTOR] > 0 ? number[SMB_FACTOR] : 1;
  if (number[SMB_MODELS] > c->share * number[SMB_UPDATES])
    factor *= c->shrink;
  else if (trial / c->shrink <= c->lr_max)
    factor /= c->shrink;
  number[SMB_FACTOR] = factor;
  number[SMB_UPDATES] = number[SMB_MODELS] = 0;
}

bool smb_accepts(const struct smb_conf *c, const struct around *a, double trial, double norm, double loss)
{
  return norm < SMB_GRAD_NORM_MIN || loss <= a->info->oracle->loss - c->c * trial * norm * norm;
}

/* Elements [first, end): one parameter tensor. */
static void model_step(const struct smb_conf *c, const struct around *a, double trial, size_t first, size_t end, void *w, const void *g,
                       const void *from, const void *y)
{
  struct around part = around_part(a, first, end);
  size_t at = around_offset(a, first);
  void *wt = (char *)w + at;
  const void *gt = (const char *)g + at, *ft = (const char *)from + at, *yt = (const char *)y + at;
  double gg = around_dot(&part, gt, gt), yy = around_dot(&part, yt, yt), yf = around_dot(&part, yt, ft);
  double yg = g == from ? yf : around_dot(&part, yt, gt), gf = g == from ? gg : around_dot(&part, gt, ft);
  double ss = trial * trial * gg, sf = -trial * gf, ys = -trial * yg;
  if (!(ss > 0)) /* a tensor that rests: frozen, or lr = 0 */
    return;
  double two_sigma = sqrt(ss) * (sqrt(yy) + sqrt(gg) / c->eta_model) - ys, along = ys + two_sigma;
  double theta = along * along - ss * yy, c_f = -ss / two_sigma;
  double c_s = c_f / theta * (-along * yf + yy * sf), c_y = c_f / theta * (-along * sf + ss * yf);
  around_add(&part, wt, wt, (g == from ? c_f : 0) - trial * c_s, gt);
  if (g != from)
    around_add(&part, wt, wt, c_f, ft);
  around_add(&part, wt, wt, c_y, yt);
}

/* A bare matrix is one tensor. */
void smb_model_steps(const struct smb_conf *c, const struct around *a, double trial, void *w, const void *g, const void *from, const void *y)
{
  const struct net *net = a->info->net;
  if (!net)
    model_step(c, a, trial, 0, a->n, w, g, from, y);
  for (size_t l = 0; net && l < net->n_layers; l++) {
    const struct layer *layer = &net->layer[l];
    if (layer->rows == 0)
      continue;
    model_step(c, a, trial, layer->w_at, layer->w_at + layer->rows * layer->w_stride, w, g, from, y);
    if (layer->b_at < a->n) /* a bare matrix in a net's clothes has no biases */
      model_step(c, a, trial, layer->b_at, layer->b_at + (layer->rows + 15) / 16 * 16, w, g, from, y);
  }
}
