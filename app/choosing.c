/* choosing.c: see choosing.h. */
#include "app/choosing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "experiments/kernel/mem.h"

struct store *writing_open(struct app *app)
{
  struct store *s;
  char message[1024] = "";
  if (access(app->db, F_OK) != 0) {
    if ((s = reading_open(app))) /* it came just now */
      store_close(s);
    else
      return NULL;
  }
  int code = store_open(&s, app->db, STORE_WRITE, message, sizeof message);
  if (*message)
    app_complain("%s", message);
  return code == STORE_OK ? s : NULL;
}

static void add(struct chosen *c, int64_t id)
{
  if ((c->n & (c->n - 1)) == 0) /* 0, 1, 2, 4, 8, … */
    c->id = xrealloc(c->id, (c->n ? 2 * c->n : 1) * sizeof *c->id);
  c->id[c->n++] = id;
}

static int by_id(const void *a, const void *b)
{
  const int64_t *p = a, *q = b;
  return (*p > *q) - (*p < *q);
}

static void sort_once(struct chosen *c)
{
  size_t n = 0;
  if (c->n)
    qsort(c->id, c->n, sizeof *c->id, by_id);
  for (size_t i = 0; i < c->n; i++)
    if (i == 0 || c->id[i] != c->id[i - 1])
      c->id[n++] = c->id[i];
  c->n = n;
}

static int by_words(struct app *app, struct store *s, const struct arguments *a, size_t first, bool trash, struct chosen *out)
{
  for (size_t i = first; i < a->n_words; i++) {
    int64_t id;
    int code = trash ? reading_any_run(app, s, a->word[i], &id) : reading_run(app, s, a->word[i], &id);
    if (code)
      return code;
    add(out, id);
  }
  return EXIT_DONE;
}

static int by_query(struct app *app, struct store *s, const struct arguments *a, bool trash, struct chosen *out)
{
  const char *where = arg_value(a, "where"), *experiment = arg_value(a, "experiment");
  struct names params = {0}, results = {0};
  int code = EXIT_DONE, row_code;
  if (where && (reading_keys(app, s, "param", &params) || reading_keys(app, s, "result", &results)))
    code = reading_failed(app, s);
  char *from = where_from(trash ? "trash" : "runs", where, &params, &results);
  char *sql = xasprintf("SELECT r.id %s AND (?1 IS NULL OR r.experiment = ?1) ORDER BY r.id", from);
  struct store_query *q = code ? NULL : reading_query(app, s, sql);
  if (!code && !q)
    code = where_refused(app, s, where, &params, &results);
  if (q && experiment)
    store_query_bind_text(q, 1, experiment);
  if (q) {
    while (reading_next(q, &row_code))
      add(out, store_query_cell(q, 0).i);
    store_query_close(q);
    code = row_code ? reading_failed(app, s) : EXIT_DONE;
  }
  free(from);
  free(sql);
  names_free(&params);
  names_free(&results);
  return code;
}

int choosing_runs(struct app *app, struct store *s, const struct arguments *a, size_t first, bool trash, bool all, struct chosen *out)
{
  bool query = arg_flag(a, "where") || arg_flag(a, "experiment");
  *out = (struct chosen){0};
  if (!query && a->n_words <= first && !all)
    return app_usage(a->command, "which runs? name them, or choose them with --where or --experiment%s",
                     trash ? "; 'assay ls --trash' lists the trash" : "; 'assay ls --runs' lists them");
  int code = by_words(app, s, a, first, trash, out);
  if (!code && (query || a->n_words <= first))
    code = by_query(app, s, a, trash, out);
  sort_once(out);
  if (!code && out->n == 0) {
    app_complain("no runs match%s", trash ? " in the trash" : "");
    code = EXIT_USAGE;
  }
  return code;
}

void chosen_free(struct chosen *c)
{
  free(c->id);
  *c = (struct chosen){0};
}

void chosen_print_json(const struct chosen *c)
{
  printf("{\"runs\":[");
  for (size_t i = 0; i < c->n; i++)
    printf("%s%" PRId64, i ? "," : "", c->id[i]);
  printf("]}\n");
}
