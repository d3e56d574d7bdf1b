/* lines.c: see lines.h. The greedy algorithm of Myers, "An O(ND) difference algorithm and its variations"
 * (Algorithmica 1, 1986): the furthest reaching path on each diagonal, for 0, 1, 2, … edits; the fronts are
 * kept, and the path is read backwards through them. */
#include "app/lines.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

struct line { const char *s; size_t n; };
struct lines { struct line *line; size_t n; };

enum { EDITS_MAX = 4000 }; /* beyond it the texts have little in common: all of one, then all of the other */

static struct lines split(const char *text)
{
  size_t capacity = 64;
  struct lines l = {xmalloc(capacity * sizeof *l.line), 0};
  for (const char *end; *text; text = *end ? end + 1 : end) {
    end = strchr(text, '\n');
    if (!end)
      end = text + strlen(text);
    if (l.n == capacity)
      l.line = xrealloc(l.line, (capacity *= 2) * sizeof *l.line);
    l.line[l.n++] = (struct line){text, (size_t)(end - text)};
  }
  return l;
}

static bool same(const struct line *a, const struct line *b) { return a->n == b->n && memcmp(a->s, b->s, a->n) == 0; }

/* Fill fronts[d][k + d] = furthest x on diagonal k after d edits; returns the number of edits, -1 if too many. */
static long find_edits(const struct lines *a, const struct lines *b, long **fronts)
{
  long n = (long)a->n, m = (long)b->n;
  for (long d = 0; d <= n + m && d < EDITS_MAX; d++) {
    fronts[d] = xcalloc((size_t)(2 * d + 1), sizeof **fronts);
    const long *old = d ? fronts[d - 1] + (d - 1) : NULL;
    for (long k = -d; k <= d; k += 2) {
      long x = d == 0 ? 0 : k == -d || (k != d && old[k - 1] < old[k + 1]) ? old[k + 1] : old[k - 1] + 1;
      while (x < n && x - k < m && x - k >= 0 && same(&a->line[x], &b->line[x - k]))
        x++;
      fronts[d][k + d] = x;
      if (x >= n && x - k >= m)
        return d;
    }
  }
  return -1;
}

/* Marks in reverse order: '-', '+' and ' '. Returns their number. */
static size_t walk_back(const struct lines *a, const struct lines *b, long **fronts, long d, char *marks)
{
  long x = (long)a->n, y = (long)b->n;
  size_t count = 0;
  for (; d > 0; d--) {
    const long *old = fronts[d - 1] + (d - 1);
    long k = x - y;
    bool down = k == -d || (k != d && old[k - 1] < old[k + 1]);
    long from = down ? old[k + 1] : old[k - 1], from_y = from - (down ? k + 1 : k - 1);
    long start = down ? from : from + 1;
    for (; x > start; x--, y--)
      marks[count++] = ' ';
    marks[count++] = down ? '+' : '-';
    x = from;
    y = from_y;
  }
  for (; x > 0; x--)
    marks[count++] = ' ';
  return count;
}

static size_t replace_all(const struct lines *a, const struct lines *b, char *marks)
{
  memset(marks, '+', b->n); /* reversed: what comes first is printed last */
  memset(marks + b->n, '-', a->n);
  return a->n + b->n;
}

static bool near_change(const char *marks, size_t count, size_t i, size_t context)
{
  size_t from = i > context ? i - context : 0, to = i + context < count ? i + context : count - 1;
  for (size_t j = from; j <= to; j++)
    if (marks[j] != ' ')
      return true;
  return false;
}

bool lines_diff(const char *a, const char *b, size_t context, void (*visit)(void *self, char mark, const char *line, size_t length), void *self)
{
  struct lines p = split(a), q = split(b);
  long **fronts = xcalloc(EDITS_MAX, sizeof *fronts), edits = find_edits(&p, &q, fronts);
  char *marks = xmalloc(p.n + q.n + 1);
  size_t count = edits < 0 ? replace_all(&p, &q, marks) : walk_back(&p, &q, fronts, edits, marks), x = 0, y = 0;
  bool gap = false;
  for (size_t i = count; i-- > 0;) {
    const struct line *l = marks[i] == '+' ? &q.line[y] : &p.line[x];
    if (edits != 0 && (marks[i] != ' ' || near_change(marks, count, i, context))) {
      visit(self, marks[i], l->s, l->n);
      gap = false;
    } else if (edits != 0 && !gap) {
      visit(self, '~', "", 0);
      gap = true;
    }
    x += marks[i] != '+';
    y += marks[i] != '-';
  }
  for (size_t d = 0; d < EDITS_MAX; d++)
    free(fronts[d]);
  free(fronts);
  free(marks);
  free(p.line);
  free(q.line);
  return edits != 0;
}
