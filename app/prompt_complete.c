/* prompt_complete.c: see prompt_complete.h. */
#include "app/prompt_complete.h"

#include <stdio.h>
#include <readline/readline.h>
#include <stdlib.h>
#include <string.h>

#include "app/above.h"
#include "app/app.h"
#include "experiments/kernel/mem.h"

/* readline's callbacks carry no pointer of ours */
static struct {
  struct lua_host *host;
  bool colour;
  const char *before;
  char *list;       /* "name\tone line" a line: the candidates of the last completion; owned */
  const char *next; /* in it, while readline asks for one after the other */
} completion;

void prompt_complete_context(const char *before) { completion.before = before; }

static char *next_candidate(const char *text, int state)
{
  if (state == 0)
    completion.next = completion.list;
  while (*completion.next) {
    const char *line = completion.next;
    size_t n = strcspn(line, "\t\n");
    completion.next += strcspn(line, "\n");
    completion.next += *completion.next == '\n';
    if (n && strncmp(line, text, strlen(text)) == 0)
      return strndup(line, n);
  }
  return NULL;
}

/* What stands beside a candidate in the list; empty when nothing is known. */
static const char *about(const char *name, int *length)
{
  size_t n = strlen(name);
  *length = 0;
  for (const char *line = completion.list; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
    if (strncmp(line, name, n) == 0 && line[n] == '\t') {
      *length = (int)strcspn(line + n + 1, "\n");
      return line + n + 1;
    }
  return "";
}

static void show_match(const char *name, int longest, int width)
{
  int length, room = width - longest - 4 > 0 ? width - longest - 4 : 0;
  const char *text = about(name, &length);
  char *part = xasprintf("%.*s", length, text), *safe = text_safe(part, false), *safe_name = text_safe(name, false);
  int gap = longest - (int)text_width(safe_name);
  fprintf(rl_outstream, "%s%*s  %s%.*s%s\n", safe_name, gap > 0 ? gap : 0, "", completion.colour ? "\033[2m" : "", (int)text_fit(safe, (size_t)room), safe,
          completion.colour ? "\033[0m" : "");
  free(part);
  free(safe);
  free(safe_name);
}

/* The list of candidates: a name a line with what it is where there are few, else readline's own columns. */
static void show_matches(char **matches, int n, int longest)
{
  int rows, width;
  rl_get_screen_size(&rows, &width);
  if (n <= rows - 2 && width >= 40) {
    putc('\n', rl_outstream);
    for (int i = 1; i <= n; i++)
      show_match(matches[i], longest, width);
  } else {
    rl_display_match_list(matches, n, longest);
  }
  above_forget();
  rl_forced_update_display();
}

/* Ask for candidates, and tell readline what ends the word that they take the place of: the character before it. */
static char *find_word(void)
{
  static char breaks[2];
  const char *before = completion.before;
  char *typed = xasprintf("%s%s%.*s", before ? before : "", before ? "\n" : "", rl_point, rl_line_buffer);
  size_t from;
  free(completion.list);
  completion.list = lua_host_complete(completion.host, typed, strlen(typed), &from);
  breaks[0] = from ? typed[from - 1] : '\0';
  free(typed);
  return breaks;
}

static char **complete(const char *text, int start, int end)
{
  (void)start;
  (void)end;
  rl_attempted_completion_over = 1;
  rl_completion_append_character = '\0';
  return rl_completion_matches(text, next_candidate);
}

void prompt_complete_install(struct lua_host *h, bool colour)
{
  completion.host = h;
  completion.colour = colour;
  rl_variable_bind("show-all-if-ambiguous", "on"); /* one Tab shows the list; the user's inputrc comes later */
  rl_basic_quote_characters = ""; /* who opens a text closes it */
  rl_completion_word_break_hook = find_word;
  rl_attempted_completion_function = complete;
  rl_completion_display_matches_hook = show_matches;
}

void prompt_complete_done(void)
{
  free(completion.list);
  completion.list = NULL;
}
