/* prompt_echo.c: see prompt_echo.h. Readline knows where on the screen its line is and clears it; what is written there
 * instead needs no more than the terminal's own wrapping. */
#include "app/prompt_echo.h"

#include <stdint.h>
#include <stdio.h>
#include <readline/readline.h>
#include <stdlib.h>
#include <string.h>

#include "app/above.h"
#include "app/app.h"
#include "app/lua_colour.h"
#include "app/plot/plot.h"
#include "experiments/kernel/mem.h"

static struct { int colours; const char *before; } echo; /* readline's commands carry no pointer of ours */

void prompt_echo_context(const char *before) { echo.before = before; }

/* Screen rows of the prompt and the text. */
static size_t height(const char *text, size_t columns)
{
  size_t rows = 0, indent = text_width(rl_display_prompt);
  for (const char *line = text;; line++) {
    size_t n = strcspn(line, "\n"), tabs = 0;
    char *part = xasprintf("%.*s", (int)n, line);
    for (size_t i = 0; i < n; i++)
      tabs += line[i] == '\t';
    size_t width = indent + text_width(part) + 8 * tabs;
    free(part);
    rows += width ? (width + columns - 1) / columns : 1;
    indent = 0;
    line += n;
    if (!*line)
      return rows;
  }
}

static bool is_possible(void)
{
  int rows, columns;
  const char *scrolls = rl_variable_value("horizontal-scroll-mode");
  rl_get_screen_size(&rows, &columns);
  return above_can_move() && !(scrolls && strcmp(scrolls, "on") == 0) && rows > 1 && columns > 1 &&
         height(rl_line_buffer, (size_t)columns) < (size_t)rows;
}

static void write_span(const char *text, size_t n, enum lua_class class)
{
  uint32_t colour = echo.colours ? lua_colour_of(class) : 0;
  char sgr[24];
  if (plot_is_on_light(echo.colours))
    colour = plot_on_light(colour);
  char *part = xasprintf("%.*s", (int)n, text), *safe = text_safe(part, true);
  if (colour)
    fprintf(rl_outstream, "\033[%sm", plot_sgr(colour, echo.colours & PLOT_TRUE, sgr));
  for (const char *c = safe; *c; c++) {
    if (*c == '\n')
      putc('\r', rl_outstream);
    putc(*c, rl_outstream);
  }
  if (colour)
    fputs("\033[39m", rl_outstream);
  free(part);
  free(safe);
}

/* The text from `from` on, in the colours that it has as a part of the whole. */
static void write_text(const char *whole, size_t from)
{
  size_t n = strlen(whole);
  for (size_t at = 0; at < n;) {
    struct lua_span s = lua_colour_next(whole, n, at);
    size_t skipped = s.at < from ? from - s.at : 0;
    if (skipped < s.n)
      write_span(whole + s.at + skipped, s.n - skipped, s.class);
    at += s.n;
  }
}

static void show_again(const char *behind)
{
  size_t before = echo.before ? strlen(echo.before) + 1 : 0;
  char *whole = xasprintf("%s%s%s", echo.before ? echo.before : "", echo.before ? "\n" : "", rl_line_buffer);
  rl_clear_visible_line();
  above_erase();
  fputs(rl_display_prompt, rl_outstream);
  write_text(whole, before);
  fprintf(rl_outstream, "%s\r\n", behind);
  fflush(rl_outstream);
  rl_on_new_line();
  free(whole);
}

static int accept_line(int count, int key)
{
  if (*rl_line_buffer && is_possible() && (echo.colours || above_stands()))
    show_again("");
  return rl_newline(count, key);
}

void prompt_echo_drop(void)
{
  if (is_possible()) {
    show_again("^C");
    return;
  }
  rl_point = rl_end;
  rl_redisplay();
  fputs("^C\n", rl_outstream);
  fflush(rl_outstream); /* now: removing the handler moves the cursor to the line's start */
}

void prompt_echo_install(int colours)
{
  enum { MAPS = 3 };
  Keymap maps[MAPS] = {rl_get_keymap_by_name("emacs"), rl_get_keymap_by_name("vi-insert"), rl_get_keymap_by_name("vi-command")};
  echo.colours = colours;
  for (size_t i = 0; i < MAPS; i++)
    for (int key = 0; maps[i] && key < 128; key++)
      if (maps[i][key].type == ISFUNC && maps[i][key].function == rl_newline)
        rl_bind_key_in_map(key, accept_line, maps[i]);
}
