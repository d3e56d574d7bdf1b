/* model_int.h: what the files about models at the prompt share: model.c (losses, gradients), derivatives.c. */
#ifndef ASSAY_LUA_MODEL_INT_H
#define ASSAY_LUA_MODEL_INT_H

#include "experiments/models/model.h"
#include "lua/bind/bind.h"

/* What one call needs; in a userdata, so that an error frees it. */
struct problem {
  struct net net;
  struct batch batch;
  struct io_shape io;
  const struct object *loss;
  float *x32;      /* owned when x was not f32 rows */
  int32_t *label;
  float *target;
  float *w32, *g32, *out32;
  double *w64, *g64, *out64, *each;
};

/* The problem that model (argument 1), loss (argument 3, may be nil) and the batch (the table at `at`) pose; pushed. */
struct problem *model_problem(lua_State *L, int at);
/* A new matrix, pushed; zeroed memory into *out, which the problem owns. Both raise. */
struct lua_matrix *model_push_new(lua_State *L, enum dtype type, size_t rows, size_t cols);
void *model_alloc(lua_State *L, void **out, size_t count, size_t size, const char *what);
/* The matrix at `at` packed, checked to hold one number per weight; `what` names it. May push a copy. */
const struct mat *model_weights(lua_State *L, int at, const struct problem *p, const char *what);

int model_hvp(lua_State *L);
int model_gnvp(lua_State *L);
int model_norms(lua_State *L);
int model_activations(lua_State *L);

#endif
