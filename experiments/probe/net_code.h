/* net_code.h: a prefix code for the weights of a net whose layout is known: what an Occam bound counts.
 *
 * The numbers are halves (kernel/half.h), most of them 0 and the others of few values. Weights and biases of each layer are
 * coded apart, in the shorter of two ways: every number in 16 bits; or the number of kept ones (not 0), which they are, a
 * codebook of the values that occur, how often each occurs, and which one stands where. "Which" is coded by what is left of
 * each kind at every place, so that a mask of k among N costs log2 C(N, k) bits and the values log2 of their multinomial
 * coefficient: an enumerative code (Cover 1973, "Enumerative source encoding"). */
#ifndef ASSAY_PROBE_NET_CODE_H
#define ASSAY_PROBE_NET_CODE_H

#include "experiments/models/model.h"

#define NET_CODE_FORMAT 1

struct net_code {
  uint8_t *bytes; /* owned */
  size_t bits;
};

/* One layer's weights, or its biases: a run of numbers in logical order. */
struct net_run { size_t layer, at, n; bool biases; };
/* The runs of a net, at most 2 NET_MAX_LAYERS; returns how many. */
size_t net_runs(const struct net *net, struct net_run *run);

/* x: n_logical numbers, each a half exactly (else STATUS_BAD_ARG); -0 is read as 0. run_bits: the length of each run before
 * the common rounding up, or NULL. *out is to be freed by net_code_free. Runs of more than 2^30 numbers are refused. */
NODISCARD enum status net_encode(const struct net *net, const float *x, struct net_code *out, double *run_bits, struct err *e);
/* The same numbers again, from the bits alone. STATUS_BAD_DATA for another format. */
NODISCARD enum status net_decode(const struct net *net, const struct net_code *code, float *x, struct err *e);
void net_code_free(struct net_code *code);

#endif
