/* candidates.h: reading what lua_host_complete gives. */
#ifndef TESTS_CANDIDATES_H
#define TESTS_CANDIDATES_H

#include <string.h>

/* The names alone of a list of candidates, without the last newline; in its place. */
static inline char *names_of(char *candidates)
{
  char *to = candidates;
  for (const char *line = candidates; *line; line += strcspn(line, "\n"), line += *line == '\n') {
    size_t n = strcspn(line, "\t\n");
    if (to > candidates)
      *to++ = '\n';
    memmove(to, line, n);
    to += n;
  }
  *to = '\0';
  return candidates;
}

#endif
