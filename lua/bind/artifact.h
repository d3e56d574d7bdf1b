/* artifact.h: what run.c needs of artifact.c. */
#ifndef ASSAY_LUA_BIND_ARTIFACT_H
#define ASSAY_LUA_BIND_ARTIFACT_H

#include "lua/bind/bind.h"

enum { ARTIFACT_NAME_MOST = 200 };

/* The name at `at`; raises. */
const char *artifact_check_name(lua_State *L, int at);
/* The matrix or string at `at` as it is kept; raises. *owned (NULL for a string) is the caller's to free, before anything raises. */
struct run_artifact artifact_pack(lua_State *L, int at, const char *name, unsigned char **owned);

#endif
