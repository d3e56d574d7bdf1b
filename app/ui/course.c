/* course.c: see course.h. */
#include "app/ui/course.h"

#include <assert.h>

enum { MOST_RUNS = 24 };

static bool has_course(struct app *app, struct store *s, int64_t run, const char *metric)
{
  struct store_query *q = reading_query(app, s, "SELECT 1 FROM metric WHERE run_id = ?1 AND key_id = (SELECT id FROM metric_key WHERE name = ?2) LIMIT 1 OFFSET 2");
  int code;
  if (!q)
    return false;
  store_query_bind_int(q, 1, run);
  store_query_bind_text(q, 2, metric);
  bool there = reading_next(q, &code);
  store_query_close(q);
  return there;
}

static size_t count(struct app *app, struct store *s, const char *metric, const int64_t *run, size_t n)
{
  size_t with = 0;
  for (size_t i = 0; i < n && i < MOST_RUNS; i++)
    with += has_course(app, s, run[n > MOST_RUNS ? i * n / MOST_RUNS : i], metric);
  return with;
}

const char *course_choose(struct app *app, struct store *s, const char *const *wanted, size_t n_wanted, const int64_t *run, size_t n)
{
  size_t with[COURSE_WANTED] = {0}, most = 0;
  assert(n_wanted <= COURSE_WANTED);
  for (size_t i = 0; i < n_wanted; i++) {
    with[i] = wanted[i] ? count(app, s, wanted[i], run, n) : 0;
    most = with[i] > most ? with[i] : most;
  }
  for (size_t i = 0; most && i < n_wanted; i++)
    if (2 * with[i] >= most)
      return wanted[i];
  return NULL;
}
