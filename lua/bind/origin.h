/* origin.h: where trained weights come from. assay.train attaches it to the matrix of weights that it returns, so that a
 * subject needs nothing but those weights, and so that a bound can tell what the program has trained itself. */
#ifndef ASSAY_LUA_ORIGIN_H
#define ASSAY_LUA_ORIGIN_H

#include "experiments/models/model.h"
#include "lua/bind/bind.h"

struct weights_origin {
  struct object model, loss; /* owned */
  struct dataset *data;      /* one reference */
  uint64_t init_seed;
  float *init;               /* n_logical starting weights in place of init_seed; NULL: none */
  size_t used;               /* training examples after the first so many had no influence */
  bool apart;                /* nothing but the seed and the train part of `data` went into the weights */
  uint64_t hash;             /* of the weights */
};

/* A new origin on the stack, all zero, which frees what it holds. */
struct weights_origin *origin_push(lua_State *L);
/* Attach the origin at the top of the stack to the weights (1 x n, f32) below it, and pop it. */
void origin_attach(lua_State *L);
/* The origin of the matrix at `at`; NULL if it has none, or has been written to since. It lives as long as the matrix. */
const struct weights_origin *origin_of(lua_State *L, int at);
/* The logical weights that training started from: out, net->n_logical floats. */
NODISCARD enum status origin_start(const struct weights_origin *o, const struct net *net, float *out, struct err *e);

#endif
