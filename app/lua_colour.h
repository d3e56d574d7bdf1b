/* lua_colour.h: what each part of a Lua text is, so that it can be shown in colour.
 *
 * A lexer after section 3.1 of the Lua 5.4 reference manual. Unlike Lua's own it never refuses: what is unfinished runs to
 * the end of its line (a string) or of the text (a long bracket), and bytes that mean nothing are plain. It keeps no
 * state and takes no memory. */
#ifndef ASSAY_APP_LUA_COLOUR_H
#define ASSAY_APP_LUA_COLOUR_H

#include <stddef.h>
#include <stdint.h>

enum lua_class {
  LUA_CLASS_PLAIN,   /* white space, operators, the user's own names, fields */
  LUA_CLASS_KEYWORD,
  LUA_CLASS_STRING,
  LUA_CLASS_COMMENT,
  LUA_CLASS_NUMBER,  /* and nil, true, false */
  LUA_CLASS_GLOBAL,  /* a name that Lua, the library or the prompt defines: assay, help, print, math */
  LUA_CLASS_COUNT
};

struct lua_span { size_t at, n; enum lua_class class; };

/* The span that begins at `at`, which is 0 or the end of the span before; needs at < n. Spans lie side by side, none is
 * empty, and together they are the text. A span of a string or a comment may hold newlines. */
struct lua_span lua_colour_next(const char *text, size_t n, size_t at);

/* The class of each of the n bytes, for those who show parts of the text. */
void lua_colour_bytes(const char *text, size_t n, uint8_t *class);

/* A colour of the 256 that terminals have, from the palette of the workbench for dark ground (plot_on_light has those for
 * light); 0: the terminal's own. */
uint8_t lua_colour_of(enum lua_class class);

#endif
