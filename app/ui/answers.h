/* answers.h: what the terminal answers comes among the keys: here it is told from them, byte by byte. */
#ifndef ASSAY_UI_ANSWERS_H
#define ASSAY_UI_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "app/background.h"

struct answers {
  bool background_awaited, colours_awaited, on; /* on: one has begun */
  char text[64]; size_t n;
  struct timespec asked, since;
  enum background background; /* once it is known */
  bool true_colour;
};

/* Both have been asked: for the background (OSC 11) and for colours of 24 bits (true_colour.h). */
void answers_await(struct answers *a);
/* May the terminal still answer? After some seconds ESC and a letter are keys again. */
bool answers_awaited(const struct answers *a);
/* Is an answer likely to be on its way? */
bool answers_fresh(const struct answers *a);
/* Does ESC and this character begin an answer? Then it is on. */
bool answers_begin(struct answers *a, wchar_t next);
/* More of it. False: it was none, or it breaks off; what comes is an ordinary key. */
bool answers_go_on(struct answers *a, bool is_character, wchar_t c);

#endif
