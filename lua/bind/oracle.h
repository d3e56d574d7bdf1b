/* oracle.h: the user's own function as an oracle for rules that ask for gradients at other points. */
#ifndef ASSAY_LUA_ORACLE_H
#define ASSAY_LUA_ORACLE_H

#include "experiments/optim/oracle.h"
#include "lua/bind/bind.h"

struct lua_oracle {
  struct oracle o;
  lua_State *L;
  const struct mat *w; /* packed: shape and type of what is asked and answered */
  int f, hvp;          /* references */
};

/* A userdata on the stack from the value at `at`: f, or {f = f, hvp = hvp}, with f(w) -> loss, gradient and hvp(v) -> H v. Raises. */
struct lua_oracle *oracle_push(lua_State *L, int at, const struct mat *w);
/* Loss and gradient at w, into o.loss and g (not NULL). */
NODISCARD enum status oracle_here(struct lua_oracle *q, void *g, struct err *e);

#endif
