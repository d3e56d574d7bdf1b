/* answers.c: see answers.h. An answer is ESC ] … or ESC P …, up to BEL or ESC \. */
#include "app/ui/answers.h"

#include "app/true_colour.h"

static double seconds_since(const struct timespec *then)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - then->tv_sec) + 1e-9 * (double)(now.tv_nsec - then->tv_nsec);
}

void answers_await(struct answers *a)
{
  *a = (struct answers){.background_awaited = true, .colours_awaited = true};
  clock_gettime(CLOCK_MONOTONIC, &a->asked);
}

bool answers_awaited(const struct answers *a) { return (a->background_awaited || a->colours_awaited) && seconds_since(&a->asked) < 5; }

bool answers_fresh(const struct answers *a) { return answers_awaited(a) && seconds_since(&a->asked) < 1; }

bool answers_begin(struct answers *a, wchar_t next)
{
  if (!answers_awaited(a) || !((next == ']' && a->background_awaited) || (next == 'P' && a->colours_awaited)))
    return false;
  a->on = true;
  a->n = 0;
  clock_gettime(CLOCK_MONOTONIC, &a->since);
  return true;
}

static void take(struct answers *a)
{
  a->text[a->n] = '\0';
  a->on = false;
  if (a->text[0] == '1' && a->text[1] == '1') {
    a->background = background_of_answer(a->text);
    a->background_awaited = false;
  } else {
    a->true_colour = true_colour_of_answer(a->text);
    a->colours_awaited = false;
  }
}

/* What takes longer than half a second, or is no text, is none. */
bool answers_go_on(struct answers *a, bool is_character, wchar_t c)
{
  bool ends = is_character && (c == '\a' || c == '\\');
  a->on = is_character && seconds_since(&a->since) < 0.5 && (ends || c == 27 || (c >= ' ' && c < 0x7f)) && a->n < sizeof a->text - 1;
  if (!a->on)
    return false;
  if (ends)
    take(a);
  else if (c != 27)
    a->text[a->n++] = (char)c;
  return true;
}
