/* prune_net.h: what the files about pruned nets share: prune_net.c (pruning a net), prune_result.c (a pruned net as a table)
 * and prune_quality.c (what it does). */
#ifndef ASSAY_LUA_PRUNE_NET_H
#define ASSAY_LUA_PRUNE_NET_H

#include "experiments/pruning/net.h"
#include "lua/bind/subject.h"

#define PRUNE_MAX_NETS 10000 /* in one call */

/* The subject in the table at `at`: the keys that belong to it, in a table of their own. */
struct lua_subject *prune_read_subject(lua_State *L, int at, const char *part, const char *what);
/* A whole number under a key of the table at index 2. */
size_t prune_read_count(lua_State *L, const char *key, size_t least, size_t def);

/* Set a field of the table at the top; NaN: no field. */
void prune_set_number(lua_State *L, const char *key, double v);
void prune_set_count(lua_State *L, const char *key, size_t v);
/* Push a pruned net. */
void prune_push_net(lua_State *L, const struct prune_net *p, const struct net *net);
void prune_result_open(lua_State *L);

int prune_quality(lua_State *L); /* assay.quality */

#endif
