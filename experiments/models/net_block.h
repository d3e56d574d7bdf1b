/* net_block.h: what the files about derivatives share: activations, and layers as linear maps, in both types. */
#ifndef ASSAY_MODELS_NET_BLOCK_H
#define ASSAY_MODELS_NET_BLOCK_H

#include "experiments/models/derivatives.h"

/* Does the batch fit the net? */
NODISCARD enum status net_block_check(const struct net *net, const struct batch *b, struct err *e);

/* An activation, its first and its second derivative at x, where the activation is y. The second derivative of
 * relu is 0 everywhere. */
float net_act_f32(enum activation a, float x);
double net_act_f64(enum activation a, double x);
float net_slope_f32(enum activation a, float x, float y);
double net_slope_f64(enum activation a, double x, double y);
float net_bend_f32(enum activation a, float x, float y);
double net_bend_f64(enum activation a, double x, double y);

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_layer.inc.h" /* NOLINT: one text, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_layer.inc.h" /* NOLINT: one text, two types */
#undef REAL
#undef FN

#endif
