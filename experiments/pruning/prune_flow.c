/* prune_flow.c: the signal through a chain of matrices, where nothing better is known of the net than its layers. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/pruning/pruning_int.h"

/* act[i]: inputs of layer i, act[n] the outputs. */
static void forward(const struct prune_layer *l, size_t n, const double *const *w, double **act)
{
  for (size_t j = 0; j < l[0].in; j++)
    act[0][j] = 1;
  for (size_t i = 0; i < n; i++)
    for (size_t r = 0; r < l[i].out; r++)
      act[i + 1][r] = vec_dot_f64(w[i] + r * l[i].in, act[i], l[i].in);
}

/* gradient[i] = delta act[i]', from the outputs back; delta takes the place of the activations. */
static void back(const struct prune_layer *l, size_t n, const double *const *w, double **act, double *const *gradient)
{
  for (size_t r = 0; r < l[n - 1].out; r++)
    act[n][r] = 1;
  for (size_t i = n; i-- > 0;) {
    for (size_t r = 0; r < l[i].out; r++)
      for (size_t j = 0; j < l[i].in; j++)
        gradient[i][r * l[i].in + j] = act[i + 1][r] * act[i][j];
    blas_gemm_f64(false, false, 1, l[i].in, l[i].out, 1, act[i + 1], l[i].out, w[i], l[i].in, 0, act[i], l[i].in);
  }
}

static enum status chain(const struct prune_layer *l, size_t n, const double *const *w, double *total, double *const *gradient,
                         struct err *e)
{
  size_t units = l[0].in;
  for (size_t i = 0; i < n; i++) {
    if (i && l[i].in != l[i - 1].out)
      return err_set(e, STATUS_BAD_ARG, "layer %zu has %zu inputs, the one before it %zu outputs: layers must feed one another", i + 1,
                     l[i].in, l[i - 1].out);
    units += l[i].out;
  }
  double **act = xcalloc(n + 1, sizeof *act);
  void *memory;
  enum status status = mem_new(&memory, units, sizeof(double), "a signal", e);
  act[0] = memory;
  for (size_t i = 0; i < n && !status; i++)
    act[i + 1] = act[i] + l[i].in;
  if (!status) {
    forward(l, n, w, act);
    *total = vec_sum_f64(act[n], l[n - 1].out);
    back(l, n, w, act, gradient);
  }
  free(memory);
  free(act);
  return status;
}

enum status prune_flow(const struct prune_layer *l, size_t n, const double *const *w, double *total, double *const *gradient,
                       struct err *e)
{
  bool empty = n == 0;
  for (size_t i = 0; i < n; i++)
    empty = empty || l[i].out == 0 || l[i].in == 0;
  *total = 0;
  if (empty) /* no weight has anything to multiply: sizes of 0 leave the gradients of other layers 0 */
    return STATUS_OK;
  enum status status = l->flow ? l->flow->run(l->flow->self, w, total, gradient, e) : chain(l, n, w, total, gradient, e);
  for (size_t i = 0; i < n && !status; i++)
    if (!isfinite(*total) || !vec_finite_f64(gradient[i], l[i].out * l[i].in))
      status = err_set(e, STATUS_DIVERGED, "the flow through the net overflows (%g)", *total);
  return status;
}
