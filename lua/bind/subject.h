/* subject.h: what a probe, bound or measure looks at, read from a Lua table:
 *
 *   {weights = , model = , data = [, part = "train", loss = , start = , seed = 0]}
 *
 * Weights that assay.train{keep_weights = true} returned know where they come from: their model, data, loss and start stand
 * in for those that are not given, and `weights` may be the whole result. The result alone is a subject too. Beside it, the
 * probe values that a method needs of the subject, from the host's cache. */
#ifndef ASSAY_LUA_SUBJECT_H
#define ASSAY_LUA_SUBJECT_H

#include "experiments/probe/probe.h"
#include "lua/bind/bind.h"

struct lua_subject {
  struct probe_subject s;
  struct net net;  /* s.net */
  bool trained;    /* as in struct bound_input (bounds/bound.h) */
  bool part_given; /* the table names the part */
};

/* The keys of the table, NULL-terminated. */
extern const char *const subject_keys[];

/* Read the table at `at`: a new userdata on the stack, which keeps alive all that it borrows. Raises on unknown keys, wrong
 * types and sizes, missing weights; `what` names the table ("measure", "subject"). */
struct lua_subject *subject_push(lua_State *L, int at, const char *what);

/* The value of a probe for the subject, from the cache or measured now; raises. It lives until the next call of
 * subject_trim(), so that one call can hold several. */
const struct probe_value *subject_probe(lua_State *L, const struct lua_subject *s, const struct object *probe);
/* The host's cache. */
struct probe_cache *subject_cache(lua_State *L);
/* Drop old values beyond what the cache may hold between calls. Call it once, before the first probe. */
void subject_trim(lua_State *L);

#endif
