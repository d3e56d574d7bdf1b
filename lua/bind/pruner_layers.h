/* pruner_layers.h: the layers that a call of a pruner is about, read from Lua, and what comes of them pushed.
 *
 * A layer is a matrix W (out x in); a net is a list of them, and then calibration, masks and results are lists, too. The
 * calibration of a layer is its inputs X (in x examples), or a table {inputs = X, gradients = G or {G, …}, curvature = D}.
 * Everything that C borrows is anchored in one Lua table while the call runs. */
#ifndef ASSAY_LUA_PRUNER_LAYERS_H
#define ASSAY_LUA_PRUNER_LAYERS_H

#include "experiments/pruning/pruning.h"
#include "lua/bind/bind.h"

/* The layers of one call; in a userdata. */
struct layers {
  size_t n;
  bool list;                 /* given as a list */
  int anchor;                /* stack index of the table that keeps what the layers borrow */
  struct prune_layer *layer;
  enum dtype *type;          /* of each W: results get it, too */
  double **w;                /* new weights */
  uint8_t **keep;
  struct prune_note *note;
};

/* Raise what is not STATUS_OK. */
void layers_check(enum status status, lua_State *L, const struct err *e);
/* Is the value at `at` a list whose first item is a matrix? */
bool layers_is_list(lua_State *L, int at);
/* Read weights and calibration; with `gram`, inputs are wanted for their Gram matrix. A userdata on the stack; raises. */
struct layers *layers_read(lua_State *L, int at_w, int at_calibration, bool gram);
/* Zeros that live as long as the call. */
double *layers_new_numbers(lua_State *L, const struct layers *g, size_t rows, size_t cols);
/* A matrix of the shape of W at `at` as packed float64. */
const double *layers_numbers_like(lua_State *L, const struct layers *g, const struct prune_layer *l, int at, const char *what);
/* Room for masks, and for new weights. */
void layers_make_masks(lua_State *L, struct layers *g);
void layers_make_results(lua_State *L, struct layers *g);

/* Push what came of layer i: weights, mask, {removed, sparsity, damp}. */
void layers_push_numbers(lua_State *L, const struct layers *g, size_t i);
void layers_push_mask(lua_State *L, const struct layers *g, size_t i);
void layers_push_note(lua_State *L, const struct layers *g, size_t i);
/* Push one of these for the layer, or a list of them where a list was given. */
void layers_push_each(lua_State *L, const struct layers *g, void (*push)(lua_State *, const struct layers *, size_t));

#endif
