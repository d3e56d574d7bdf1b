/* lines.c: the difference of two texts gives both back, and is as short as can be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/lines.h"
#include "tests/tap.h"

enum { LINES_MAX = 40, SIZE_MAX_B = 4096 };

struct rebuilt { char a[SIZE_MAX_B], b[SIZE_MAX_B], marks[4 * LINES_MAX]; size_t edits, gaps; };

static void visit(void *self, char mark, const char *line, size_t length)
{
  struct rebuilt *r = self;
  size_t n = strlen(r->marks);
  r->marks[n] = mark;
  r->marks[n + 1] = '\0';
  if (mark == '~')
    r->gaps++;
  if (mark == '-' || mark == ' ')
    sprintf(r->a + strlen(r->a), "%.*s\n", (int)length, line);
  if (mark == '+' || mark == ' ')
    sprintf(r->b + strlen(r->b), "%.*s\n", (int)length, line);
  r->edits += mark == '-' || mark == '+';
}

/* n + m - 2 x the longest common subsequence, by the textbook table. Each line is one letter. */
static size_t fewest_edits(const char *a, const char *b)
{
  size_t n = strlen(a) / 2, m = strlen(b) / 2, best[LINES_MAX + 1][LINES_MAX + 1] = {{0}};
  for (size_t i = 1; i <= n; i++)
    for (size_t j = 1; j <= m; j++) {
      size_t up = best[i - 1][j], left = best[i][j - 1];
      best[i][j] = a[2 * (i - 1)] == b[2 * (j - 1)] ? best[i - 1][j - 1] + 1 : up > left ? up : left;
    }
  return n + m - 2 * best[n][m];
}

static void random_text(char *out, unsigned letters)
{
  int n = rand() % LINES_MAX;
  for (int i = 0; i < n; i++, out += 2)
    sprintf(out, "%c\n", 'a' + (char)((unsigned)rand() % letters));
  *out = '\0';
}

static void test_random(void)
{
  int wrong = 0, longer = 0;
  srand(20261122);
  for (int i = 0; i < 3000; i++) {
    char a[2 * LINES_MAX + 2], b[2 * LINES_MAX + 2];
    struct rebuilt r = {0};
    random_text(a, 2 + (unsigned)i % 5);
    random_text(b, 2 + (unsigned)i % 5);
    bool differs = lines_diff(a, b, LINES_MAX * 2, visit, &r);
    if (differs != (strcmp(a, b) != 0) || (differs && (strcmp(r.a, a) != 0 || strcmp(r.b, b) != 0)))
      wrong++;
    longer += r.edits != fewest_edits(a, b);
  }
  tap_is_int(wrong, 0, "3000 random pairs (seed 20261122): both texts can be read from their difference");
  tap_is_int(longer, 0, "and no difference is longer than need be");
}

static void test_context(void)
{
  struct rebuilt r = {0};
  lines_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n", 2, visit, &r);
  tap_is_str(r.marks, "~  -+  ~", "only the context of a change is shown");
  memset(&r, 0, sizeof r);
  tap_ok(!lines_diff("a\nb\n", "a\nb\n", 3, visit, &r) && r.marks[0] == '\0', "equal texts show nothing");
  memset(&r, 0, sizeof r);
  tap_ok(lines_diff("", "a\n", 3, visit, &r), "an empty text differs from a line");
  tap_is_str(r.marks, "+", "by that line");
}

struct tally { size_t minus, plus; };

static void tally(void *self, char mark, const char *line, size_t length)
{
  struct tally *count = self;
  (void)line, (void)length;
  count->minus += mark == '-';
  count->plus += mark == '+';
}

/* Texts with nothing in common, longer than the search is willing to go. */
static void test_unlike(void)
{
  enum { N = 5000 };
  char *a = calloc(N, 8), *b = calloc(N, 8), *p = a, *q = b;
  struct tally count = {0, 0};
  for (int i = 0; i < N; i++) {
    p += sprintf(p, "a%d\n", i);
    q += sprintf(q, "b%d\n", i);
  }
  lines_diff(a, b, 3, tally, &count);
  tap_ok(count.minus == N && count.plus == N, "texts with nothing in common are shown one after the other");
  free(a);
  free(b);
}

int main(void)
{
  test_random();
  test_context();
  test_unlike();
  return tap_done();
}
