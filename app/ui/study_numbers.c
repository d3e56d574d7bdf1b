/* study_numbers.c: parameters and results of a study's configs. See study.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/study.h"
#include "experiments/kernel/mem.h"

double study_param(const struct study *s, size_t row, size_t param)
{
  const struct store_cell *c = param < s->list.params.n ? &s->list.row[row].param[param] : NULL;
  return c && (c->type == STORE_INTEGER || c->type == STORE_REAL) ? c->r : NAN;
}

double study_mean(const struct study *s, size_t row, size_t result)
{
  const struct summary *x = result < s->list.results.n ? &s->list.row[row].result[result] : NULL;
  return x && x->n && !x->n_nan ? x->mean : NAN;
}

bool study_has(const struct study *s, size_t row, size_t param, const char *text)
{
  char *own = param < s->list.params.n ? row_param_text(&s->list.row[row].param[param]) : NULL;
  bool same = own && strcmp(own, text) == 0;
  free(own);
  return same;
}

size_t study_first(const struct names *names, const char *const *wanted)
{
  for (; *wanted; wanted++)
    if (row_find(names, *wanted) != SIZE_MAX)
      return row_find(names, *wanted);
  return SIZE_MAX;
}

static int by_value(const void *a, const void *b)
{
  const char *p = *(char *const *)a, *q = *(char *const *)b;
  char *p_end, *q_end;
  double x = strtod(p, &p_end), y = strtod(q, &q_end);
  bool numbers = p_end != p && q_end != q && !*p_end && !*q_end;
  return numbers ? (x > y) - (x < y) : strcmp(p, q);
}

void study_values_of(const struct study *s, const size_t *row, size_t n, size_t param, struct names *out)
{
  for (size_t i = 0; i < n; i++) {
    char *text = row_param_text(&s->list.row[row[i]].param[param]);
    if (!names_has(out, text))
      names_add(out, text);
    free(text);
  }
  if (out->n)
    qsort(out->name, out->n, sizeof *out->name, by_value);
}

void study_values(const struct study *s, size_t param, struct names *out) { study_values_of(s, s->row, s->n_rows, param, out); }
