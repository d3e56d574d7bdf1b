/* along.h: probes along a training: their numbers, by name, at one set of weights after another.
 *
 * Every look uses the same examples, drawn once, and the same random directions, so that what changes from one look to
 * the next is the weights alone. Nothing of the training is touched. */
#ifndef ASSAY_PROBE_ALONG_H
#define ASSAY_PROBE_ALONG_H

#include "experiments/probe/probe.h"

enum { ALONG_LIST_MOST = 16 }; /* a probe's longer arrays, and its matrices, are no metrics */

/* A probe and the name of its numbers. */
struct along_entry {
  char *name;          /* "sharpness"; owned */
  struct object probe; /* owned */
};

struct along {
  size_t n;
  const struct along_entry *entry;  /* borrowed, as are model, loss and data */
  const struct object *model, *loss;
  const struct dataset *data;
  uint64_t seed;
  struct examples part; /* the examples looked at; its arrays are owned */
  float *start;         /* weights at the first look, owned; NULL before it */
};

/* Choose `examples` (all, where there are not so many) of the training part, or of its n_rows `rows`, without
 * replacement, in their order. The other members have been set; `a` is to be freed whatever comes back. */
NODISCARD enum status along_begin(struct along *a, const uint32_t *rows, size_t n_rows, size_t examples, struct err *e);
void along_free(struct along *a);

/* What a look gives. The name lives until the call returns. */
struct along_sink {
  void *self;
  void (*number)(void *self, const char *name, double value);
};

/* Run the probes at weights w (padded, of a net built from the model) and tell each number that they give: the array x
 * of entry "name" is name_x, or name alone where that ends in x; then its layer from 1 where it has one; the place in
 * a list from 1; _se, the standard error. A probe that finds the loss infinite tells nothing; BAD_ARG for one that
 * never has a number to tell. */
NODISCARD enum status along_look(struct along *a, const struct exec *x, const struct net *net, const float *w,
                                 const struct along_sink *sink, struct err *e);

#endif
