/* above.c: see above.h. */
#include "app/above.h"

#include <stdio.h>
#include <readline/readline.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "experiments/kernel/mem.h"

static char *live; /* the line right above the prompt that the next one overwrites; owned, NULL: none */

bool above_can_move(void)
{
  const char *term = getenv("TERM");
  return term && *term && strcmp(term, "dumb") != 0;
}

bool above_possible(void)
{
  return !RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_COMPLETING | RL_STATE_NUMERICARG | RL_STATE_VIMOTION | RL_STATE_MULTIKEY |
                     RL_STATE_METANEXT | RL_STATE_MOREINPUT);
}

bool above_stands(void) { return live != NULL; }

void above_erase(void)
{
  if (live)
    fputs("\033[A\033[K", rl_outstream);
  above_forget();
}

void above_forget(void)
{
  free(live);
  live = NULL;
}

/* Write over the line above, or over the prompt's own row, which comes again below. */
static void write_line(const char *text)
{
  int rows, columns;
  rl_get_screen_size(&rows, &columns);
  rl_clear_visible_line();
  fprintf(rl_outstream, "%s%.*s\033[K\n", live ? "\033[A" : "", (int)text_fit(text, columns > 1 ? (size_t)columns - 1 : 0), text);
  rl_on_new_line();
  rl_forced_update_display();
}

void above_show(const char *text, bool stays)
{
  char *safe = text_safe(text, false);
  bool same = live && strcmp(live, safe) == 0;
  if (above_can_move() && !same)
    write_line(safe);
  else if (!above_can_move() && stays) {
    fprintf(rl_outstream, "\n%s\n", safe);
    rl_on_new_line();
    rl_forced_update_display();
  }
  if (above_can_move() && !stays && !same) {
    above_forget();
    live = xstrdup(safe);
  } else if (stays) {
    above_forget();
  }
  free(safe);
}
