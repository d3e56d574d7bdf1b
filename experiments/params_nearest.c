/* params_nearest.c: "did you mean …?".
 *
 * The distance is the optimal string alignment distance (insert, delete, replace, swap neighbours:
 * the slips of typing), with letter case and - against _ ignored. A word that begins a longer name
 * counts as near, too. Reference: Damerau 1964, "A technique for computer detection and correction of
 * spelling errors". */
#include <ctype.h>
#include <string.h>

#include "experiments/params.h"

#define WORD_MAX_LENGTH 64 /* longer words get no suggestion */

static char fold(char c) { return c == '_' ? '-' : (char)tolower((unsigned char)c); }

static size_t min3(size_t a, size_t b, size_t c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

/* O(n m) with three rows. Both words at most WORD_MAX_LENGTH long. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
  size_t row[3][WORD_MAX_LENGTH + 1];
  size_t *before = row[0], *last = row[1], *now = row[2];
  for (size_t j = 0; j <= m; j++)
    last[j] = j;
  for (size_t i = 1; i <= n; i++) {
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      char x = fold(a[i - 1]), y = fold(b[j - 1]);
      now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
      if (i > 1 && j > 1 && x == fold(b[j - 2]) && fold(a[i - 2]) == y && before[j - 2] + 1 < now[j])
        now[j] = before[j - 2] + 1;
    }
    size_t *free_row = before;
    before = last, last = now, now = free_row;
  }
  return last[m];
}

static bool begins(const char *word, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (fold(word[i]) != fold(name[i])) /* a shorter name differs at its final zero */
      return false;
  return true;
}

const char *nearest_name(const char *word, const char *const *names, size_t n)
{
  const char *best = NULL;
  size_t length = strlen(word), limit = (length + 2) / 3, best_distance = limit + 1;
  if (length == 0 || length > WORD_MAX_LENGTH)
    return NULL;
  for (size_t i = 0; i < n; i++) {
    size_t other = strlen(names[i]);
    if (other == 0 || other > WORD_MAX_LENGTH)
      continue;
    size_t d = edit_distance(word, length, names[i], other);
    if (length >= 3 && d > limit && begins(word, length, names[i]))
      d = limit; /* an abbreviation: near, but a slip is nearer */
    if (d < best_distance && d < length)
      best = names[i], best_distance = d;
  }
  return best;
}
