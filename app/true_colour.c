/* true_colour.c: see true_colour.h. */
#include "app/true_colour.h"

#include <stdio.h>
#include <string.h>

bool true_colour_of_environment(const char *colorterm, const char *term, const char *tmux)
{
  bool said = colorterm && (strcmp(colorterm, "truecolor") == 0 || strcmp(colorterm, "24bit") == 0);
  bool screen = term && strncmp(term, "screen", 6) == 0 && !(tmux && *tmux);
  return said && term && *term && strcmp(term, "dumb") != 0 && !screen;
}

bool true_colour_of_answer(const char *answer)
{
  char text[64];
  snprintf(text, sizeof text, "%s", answer);
  for (char *at = text; (at = strchr(at, ';'));)
    *at = ':';
  size_t n = strlen(text), end = strlen(":1:2:3m");
  return strncmp(text, "1$r", 3) == 0 && strstr(text, "38:2:") && n > end && strcmp(text + n - end, ":1:2:3m") == 0;
}
