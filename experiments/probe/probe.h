/* probe.h: facts about a trained model that several methods need, computed once.
 *
 * A bound or pruning score names the probes it needs (method.needs); whoever runs it asks the cache, which
 * computes each probe once per (model, weights, data, seed) and hands it out read-only. So no measure repeats
 * another's walk over the data, and each can be run, timed and tested alone.
 *
 * A probe's value is a set of named float64 arrays: "margin" (n), "spectral_norm" (one per layer),
 * "input_gram" (one matrix per layer), with standard errors beside what was sampled. */
#ifndef ASSAY_PROBE_H
#define ASSAY_PROBE_H

#include "experiments/data/data.h"
#include "experiments/kernel/exec.h"
#include "experiments/models/model.h"

/* What a probe looks at; everything is borrowed. */
struct probe_subject {
  const struct net *net;
  const struct object *model, *loss;
  const float *weights;         /* padded, net->n_params */
  const float *start;           /* weights at the start of training; NULL when unknown */
  bool start_known;             /* the program knows that the start was made from a seed and … */
  size_t start_used;            /* … the first so many training examples alone */
  const struct dataset *data;
  const struct examples *part;  /* the examples to look at */
  uint64_t seed;                /* of sampled directions and subsets */
};

#define PROBE_WHOLE SIZE_MAX    /* layer of an array that belongs to the whole net */

struct probe_array {
  const char *name;             /* of the probe's own list */
  size_t layer;                 /* from 0; PROBE_WHOLE: of the whole net */
  struct mat value;             /* float64; a number is 1 x 1 */
  double standard_error;        /* of a sampled number; NaN when exact */
};

struct probe_value { size_t n; struct probe_array *array; };

struct probe {
  struct method m;
  /* *out starts empty; whatever it holds after a failure is freed by the caller. */
  enum status (*measure)(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out,
                         struct err *e);
};

/* Run a probe, after checking its subject: at least one example, finite weights. */
NODISCARD enum status probe_measure(const struct object *probe, const struct exec *x, const struct probe_subject *s,
                                    struct probe_value *out, struct err *e);
void probe_value_free(struct probe_value *v);

/* The array of that name and layer, NULL if there is none; and, of a number, its value (NaN if there is none). */
const struct probe_array *probe_find(const struct probe_value *v, const char *name, size_t layer);
double probe_number(const struct probe_value *v, const char *name, size_t layer);

/* --- for probes ------------------------------------------------------------------------------------ */

/* Append an array: a matrix, which is taken over; n numbers as a column; one number. `name` lives for ever. */
void probe_add(struct probe_value *v, const char *name, size_t layer, struct mat *value, double standard_error);
NODISCARD enum status probe_add_numbers(struct probe_value *v, const char *name, size_t layer, const double *x, size_t n, struct err *e);
NODISCARD enum status probe_add_number(struct probe_value *v, const char *name, size_t layer, double x, double standard_error,
                                       struct err *e);
/* The subject's examples, and its weights in float64 (padded; *w is to be freed). */
struct batch probe_batch(const struct probe_subject *s);
NODISCARD enum status probe_weights(const struct probe_subject *s, double **w, struct err *e);

/* Random directions: streams of RNG_PROBE. Append only. */
enum probe_stream {
  PROBE_STREAM_TRACE = 1,
  PROBE_STREAM_LANCZOS = 2,
  PROBE_STREAM_SHARPNESS = 3,
  PROBE_STREAM_SPECTRAL = 4,
  PROBE_STREAM_POSTERIOR = 5,
  PROBE_STREAM_POSTERIOR_ROWS = 6,
  PROBE_STREAM_POSTERIOR_STEP = 7,
  PROBE_STREAM_NOISE = 8,
  PROBE_STREAM_SAMPLE = 9,
  PROBE_STREAM_POSTERIOR_BATCH = 10,
  PROBE_STREAM_DENSITY = 11,
  PROBE_STREAM_FLATNESS = 12,
  PROBE_STREAM_SKETCH = 13,
  PROBE_STREAM_RATE = 14,
  PROBE_STREAM_ALONG = 15,
};
struct rng probe_rng(uint64_t seed, enum probe_stream stream, uint32_t number);

/* --- cache ----------------------------------------------------------------------------------------- */

/* Values by what they depend on: probe and its parameters, model, loss, weights, start, examples, seed (contents
 * compared by 128-bit hash). One thread at a time. */
struct probe_cache;
struct probe_cache *probe_cache_new(void);
void probe_cache_free(struct probe_cache *c);
/* *out is read-only and lives until it is trimmed away. */
NODISCARD enum status probe_cache_get(struct probe_cache *c, const struct object *probe, const struct exec *x,
                                      const struct probe_subject *s, const struct probe_value **out, struct err *e);
/* Drop the values that were not asked for the longest, until at most so many bytes are held. */
void probe_cache_trim(struct probe_cache *c, size_t bytes);
uint64_t probe_cache_computed(const struct probe_cache *c); /* how many values had to be computed so far */

#endif
