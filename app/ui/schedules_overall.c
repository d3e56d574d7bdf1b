/* schedules_overall.c: see schedules_overall.h. */
#include "app/ui/schedules_overall.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

static struct placing *placing_of(struct overall *o, const char *name, size_t facets)
{
  for (size_t i = 0; i < o->n; i++)
    if (strcmp(o->placing[i].name, name) == 0)
      return &o->placing[i];
  o->placing = xrealloc(o->placing, (o->n + 1) * sizeof *o->placing);
  struct placing *p = &o->placing[o->n++];
  *p = (struct placing){.name = name, .worst = NAN, .above = xcalloc(facets + 1, sizeof *p->above)};
  for (size_t i = 0; i < facets; i++)
    p->above[i] = NAN;
  return p;
}

/* Standings are in order of their scores, those without one behind. */
static void add_facet(struct overall *o, const struct schedules_data *d, const struct study *s, size_t facet)
{
  const struct facet *f = &d->facet[facet];
  double best = study_mean(s, f->standing[0].row, d->score);
  for (size_t i = 0; i < f->n; i++) {
    double score = study_mean(s, f->standing[i].row, d->score), above = score / best - 1;
    if (isnan(score))
      continue;
    struct placing *p = placing_of(o, f->standing[i].name, d->n);
    p->n++;
    p->place += ((double)i + 1 - p->place) / (double)p->n;
    p->above[facet] = above;
    if (isfinite(above) && !(above <= p->worst)) {
      p->worst = above;
      p->worst_in = facet;
    }
  }
}

static int by_place(const void *a, const void *b)
{
  const struct placing *p = a, *q = b;
  return p->place != q->place ? (p->place > q->place) - (p->place < q->place) : strcmp(p->name, q->name);
}

void overall_judge(struct overall *o, const struct schedules_data *d, const struct study *s)
{
  overall_free(o);
  for (size_t i = 0; i < d->n; i++)
    add_facet(o, d, s, i);
  if (o->n)
    qsort(o->placing, o->n, sizeof *o->placing, by_place);
}

void overall_free(struct overall *o)
{
  for (size_t i = 0; i < o->n; i++)
    free(o->placing[i].above);
  free(o->placing);
  *o = (struct overall){0};
}
