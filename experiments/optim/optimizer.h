/* optimizer.h: update rules, samplers and averages.
 *
 * A state is one flat block per replica (GSL's idea): no pointers out of it, so that clone, checkpoint
 * and save/restore are memcpy. Elementwise rules see the padded flat vector; zero gradient on the
 * padding must leave it zero. Order in one update: clip -> (L2) -> moments -> step -> decay.
 *
 * Bits: every elementwise rule is written with explicit fma()/fmaf() and plain operations, one element
 * at a time, so that vectorised, fused and scalar forms agree exactly. */
#ifndef ASSAY_OPTIMIZER_H
#define ASSAY_OPTIMIZER_H

#include <stdint.h>

#include "experiments/kernel/cpu.h"
#include "experiments/kernel/exec.h"
#include "experiments/kernel/product.h"
#include "experiments/method.h"
#include "experiments/models/model.h"
#include "experiments/optim/oracle.h"

/* What an update knows beside the vectors. k = t + 1 counts updates from 1. */
struct step_info {
  uint64_t k;
  double lr;
  const struct net *net; /* shapes, for rules that need matrices; NULL for a bare vector */
  const double *layer_rate; /* a factor of lr for each layer of net; NULL: 1. For rules with layer_rates */
  const enum isa *at_most; /* for tests: no wider instruction set than this; NULL: the best. The bits are the same */
  struct oracle *oracle; /* the mini-batch at other points, for rules that need "oracle" (and "hvp"); NULL: there is none */
};

/* The family v = mu v + (1 - damp) (g + l2 w)  (first step, or mu = 0: v = g + l2 w), w -= lr (v, or g + mu v
 * for Nesterov), after w *= 1 - lr decay. The engine fuses rules of this form into the gradient pass. */
struct momentum_form {
  double mu, damp, l2, decay;
  bool nesterov;
};

/* The constants of one update for the fused kernels: the one place where they are rounded to float32.
 * first: k == 1, the velocity starts here. */
struct product_update momentum_update(const struct momentum_form *f, double lr, bool first);

struct optimizer {
  struct method m;
  /* Bytes for n parameters, the weights of `net` (NULL: a bare vector). */
  size_t (*state_size)(const void *conf, const struct net *net, size_t n, enum dtype type);
  void (*init)(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type);
  /* One update of w in place. The caller has checked that g is finite. STATUS_DIVERGED when the state
   * overflows all the same (w and the state are then worthless). Buffers aligned to 64 bytes are fastest. */
  enum status (*step_f32)(const void *conf, void *state, float *w, const float *g, size_t n, const struct step_info *s, struct err *e);
  enum status (*step_f64)(const void *conf, void *state, double *w, const double *g, size_t n, const struct step_info *s, struct err *e);
  /* Non-NULL when the rule may be of the momentum form: true with these constants. Its state is then one vector v
   * of n numbers (present even for mu = 0), its step is that of the form, and it needs no step of its own. */
  bool (*momentum_form)(const void *conf, struct momentum_form *out);
  /* Does a step heed step_info.layer_rate? Rules of the momentum form do too, and rules around a base that does. */
  bool layer_rates;
  /* Weights to evaluate, where they differ from the training weights; NULL: w itself. */
  void (*eval_weights_f32)(const void *conf, const void *state, const float *w, float *out, size_t n);
  void (*eval_weights_f64)(const void *conf, const void *state, const double *w, double *out, size_t n);
};

/* The shapes of one matrix without gaps, as a net of one layer without biases: for an update of a bare matrix. */
void optimizer_net_of_matrix(struct net *out, size_t rows, size_t cols);

/* May each layer have a rate of its own under this rule? */
bool optimizer_takes_layer_rates(const struct object *o);
/* The weights of layer l, biases and padding included, are *n numbers of the flat vector from here. */
size_t optimizer_layer_span(const struct net *net, size_t l, size_t *n);

/* The checked front: refuses a non-finite gradient or rate (STATUS_DIVERGED) and k = 0 (STATUS_BAD_ARG), leaving
 * w and the state untouched. */
NODISCARD enum status optimizer_step_f32(const struct object *o, void *state, float *w, const float *g, size_t n, const struct step_info *s, struct err *e);
NODISCARD enum status optimizer_step_f64(const struct object *o, void *state, double *w, const double *g, size_t n, const struct step_info *s, struct err *e);

/* The same without the checks, for a caller that has made them. */
NODISCARD enum status optimizer_apply_f32(const struct object *o, void *state, float *w, const float *g, size_t n, const struct step_info *s, struct err *e);
NODISCARD enum status optimizer_apply_f64(const struct object *o, void *state, double *w, const double *g, size_t n, const struct step_info *s, struct err *e);

/* A sampler decides the order of examples. Batches are cut, `batch` at a time, from the endless
 * concatenation of the epochs' orders, so that every batch is full and, for the permutation samplers,
 * each example appears exactly once in an epoch. A pure function of (conf, n, seed, position). */
struct sampler {
  struct method m;
  /* order[0..n) of one epoch. */
  enum status (*epoch)(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order, struct err *e);
  /* Samplers that make the next order from gradients (GraB); all NULL for those above. `epoch` is then the order of the
   * first epoch. The state is a flat block of zeros for n examples of d weights at the start. see: order[place] had this
   * gradient, place = 0 … n - 1; next: the order of the epoch to come, into `order`, which holds the one that has ended. */
  size_t (*state_size)(const void *conf, size_t n, size_t d);
  void (*see)(const void *conf, void *state, size_t n, size_t d, const uint32_t *order, size_t place, const double *g);
  void (*next)(const void *conf, void *state, size_t n, size_t d, uint32_t *order);
};
/* STATUS_UNSUPPORTED for a sampler that must see gradients, for those who have none to show. */
NODISCARD enum status sampler_check_blind(const struct object *sampler, struct err *e);

/* Cursor that caches the order of the current epoch. */
struct sample_stream;
NODISCARD enum status sample_stream_new(struct sample_stream **out, const struct object *sampler, size_t n, uint64_t seed, struct err *e);
/* The same for any sampler. One that must see gradients gives batches of 1, update after update, each followed by
 * sample_stream_see() with the gradient, of d numbers, of its example; for others that does nothing. */
NODISCARD enum status sample_stream_new_seeing(struct sample_stream **out, const struct object *sampler, size_t n, size_t d, uint64_t seed,
                                               struct err *e);
void sample_stream_see(struct sample_stream *s, const double *g);
/* index[0..batch): examples of update t (t may jump; going on from the last one is O(batch)). */
NODISCARD enum status sample_stream_batch(struct sample_stream *s, uint64_t t, size_t batch, uint32_t *index, struct err *e);
/* The same for batches of any sizes: the examples from `position` on of the endless concatenation of epochs. */
NODISCARD enum status sample_stream_take(struct sample_stream *s, uint64_t position, size_t batch, uint32_t *index, struct err *e);
void sample_stream_free(struct sample_stream *s);

/* Averages of iterates (evaluated, never trained on): average.h keeps and moves them. */
struct average {
  struct method m;
  /* In (0, 1]: how far the average moves to the weights after update t (0-based) of `total`; 1: it becomes them. */
  double (*weight)(const void *conf, uint64_t t, uint64_t total);
};

#endif
