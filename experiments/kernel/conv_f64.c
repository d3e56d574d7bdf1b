/* conv_f64.c: convolution in float64: the patches of a row of output positions as a matrix, and BLAS. See conv.h. */
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/conv.h"

static size_t taps_of(const struct conv_shape *s) { return s->channels * s->kernel * s->kernel; }

size_t conv_patch_size(const struct conv_shape *s, size_t ldb) { return taps_of(s) * s->out_width * ldb; }

/* Where tap t meets the image along output row oy: the row of inputs, of which those at *first + shift .. *end + shift meet
 * output positions *first .. *end. False if it lies outside all along. */
static bool tap_row(const struct conv_shape *s, size_t t, size_t oy, size_t *at, size_t *first, size_t *end)
{
  size_t k = s->kernel, y = oy + t / k % k - s->pad; /* wraps around where outside */
  conv_range(s->width, s->out_width, s->pad, t % k, first, end);
  if (y >= s->height || *first >= *end)
    return false;
  *at = (t / (k * k) * s->height + y) * s->width + *first + t % k - s->pad;
  return true;
}

void conv_patches_f64(const struct conv_shape *s, const double *X, size_t ldb, size_t oy, double *P)
{
  size_t row = s->out_width * ldb, taps = taps_of(s), at, first, end;
  for (size_t t = 0; t < taps; t++, P += row) {
    if (!tap_row(s, t, oy, &at, &first, &end)) {
      memset(P, 0, row * sizeof *P);
      continue;
    }
    memset(P, 0, first * ldb * sizeof *P);
    memcpy(P + first * ldb, X + at * ldb, (end - first) * ldb * sizeof *P);
    memset(P + end * ldb, 0, (s->out_width - end) * ldb * sizeof *P);
  }
}

void conv_forward_f64(const struct conv_shape *s, const double *W, size_t ldw, const double *bias, const double *X, size_t ldb,
                      double *Y, double *patches)
{
  size_t row = s->out_width * ldb, plane = s->out_height * row, taps = taps_of(s);
  for (size_t m = 0; bias && m < s->filters; m++)
    for (size_t i = 0; i < plane; i++)
      Y[m * plane + i] = bias[m];
  for (size_t oy = 0; oy < s->out_height; oy++) {
    conv_patches_f64(s, X, ldb, oy, patches);
    blas_gemm_f64(false, false, s->filters, row, taps, 1, W, ldw, patches, row, bias ? 1 : 0, Y + oy * row, plane);
  }
}

/* E += the patches of output row oy, each where it came from. */
static void add_patches(const struct conv_shape *s, const double *P, size_t ldb, size_t oy, double *E)
{
  size_t row = s->out_width * ldb, taps = taps_of(s), at, first, end;
  for (size_t t = 0; t < taps; t++, P += row)
    if (tap_row(s, t, oy, &at, &first, &end))
      for (size_t i = 0; i < (end - first) * ldb; i++)
        E[at * ldb + i] += P[first * ldb + i];
}

void conv_backward_f64(const struct conv_shape *s, const double *W, size_t ldw, const double *D, size_t ldb, double *E, double *patches)
{
  size_t row = s->out_width * ldb, plane = s->out_height * row;
  memset(E, 0, s->channels * s->height * s->width * ldb * sizeof *E);
  for (size_t oy = 0; oy < s->out_height; oy++) {
    blas_gemm_f64(true, false, taps_of(s), row, s->filters, 1, W, ldw, D + oy * row, plane, 0, patches, row);
    add_patches(s, patches, ldb, oy, E);
  }
}

void conv_gradient_f64(const struct conv_shape *s, const double *D, size_t ldb, const double *X, double *G, size_t ldg, double *patches)
{
  size_t row = s->out_width * ldb, plane = s->out_height * row;
  for (size_t oy = 0; oy < s->out_height; oy++) {
    conv_patches_f64(s, X, ldb, oy, patches);
    blas_gemm_f64(false, true, s->filters, taps_of(s), row, 1, D + oy * row, plane, patches, row, 1, G, ldg);
  }
}
