/* complete_int.h: what the files of completion share: the candidates, and names and calls that stand before a place of a text. */
#ifndef ASSAY_LUA_COMPLETE_INT_H
#define ASSAY_LUA_COMPLETE_INT_H

#include "lua/bind/bind.h"

/* Of Lua's names, whatever the locale. */
bool complete_is_word(char c);
/* The dotted name that ends at `end` (exclusive): its start. */
size_t complete_name_start(const char *text, size_t end);
/* Is the name that ends at `end`, but for spaces, assay.KIND? */
bool complete_kind_before(const char *text, size_t end, enum kind *kind);
/* The method of assay.KIND("id"), or of this without what follows the id, that ends at `end` but for spaces and a comma;
 * NULL: none. */
const struct method *complete_method_before(const char *text, size_t end);

/* The text before the cursor, where the name under it begins, and the candidates as lines. */
struct completion { const char *line; size_t cursor, from; char *out; };

/* Add a candidate to the table at the top when it starts with the prefix; `about` is one line on it, or NULL. */
void complete_offer_about(lua_State *L, const char *name, const char *about, const char *prefix, size_t n);
void complete_offer(lua_State *L, const char *name, const char *prefix, size_t n);

/* a.b.pre|, a:pre| or pre| (complete_names.c). */
void complete_offer_names(lua_State *L, const char *line, size_t start, size_t cursor);
/* Walk a.b.c raw from the globals; pushes the value (nil if it breaks off). */
void complete_push_path(lua_State *L, const char *path, size_t n);

/* assay.KIND("pre|: ids; {pre|: parameters, or with `value` the choices of that parameter; {key = "pre|: its values. `quote` and
 * `brace` are places in the line. False where none of that stands there (complete_params.c). */
bool complete_offer_ids(lua_State *L, const char *line, long quote, const char *prefix, size_t n);
bool complete_offer_params(lua_State *L, const char *line, long brace, const char *value, const char *prefix, size_t n);
bool complete_offer_values(lua_State *L, const char *line, long quote, long brace, const char *prefix, size_t n);

/* Push what the program knows, for lua/assay/complete.lua and settings.lua (complete_library.c). */
void complete_push_known(lua_State *L);
/* Files whose names begin so; what the library says, or where the cursor stands in it (complete_library.c). */
void complete_offer_files(lua_State *L, const char *prefix, size_t n);
/* False where it knows nothing: then *open and *outer are the innermost bracket or quote that is open and the one around it, or -1. */
bool complete_offer_from_library(lua_State *L, struct completion *c, long *open, long *outer);

#endif
