/* schedules_facets.c: the configs of a study apart by what they differ in besides schedule, peak and seed: problems and
 * optimizers, or whatever a script varies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/schedules_data.h"
#include "experiments/kernel/mem.h"

/* --- which configs belong together ------------------------------------------------------------------------------ */

/* A config and what it is apart from the axes, exactly. `leads`: it has what schedules are chosen by. */
struct placed { char *text; size_t row; bool leads; };

static bool is_axis(const struct schedules_data *d, const struct listing *l, size_t param)
{
  return param == d->schedule || param == d->peak || strcmp(l->params.name[param], "seed") == 0;
}

static void write_cell(FILE *f, const struct store_cell *c)
{
  switch (c->type) {
  case STORE_INTEGER: fprintf(f, "i%lld", (long long)c->i); break;
  case STORE_REAL: fprintf(f, "r%a", c->r); break;
  case STORE_TEXT: fprintf(f, "t%.*s", (int)c->size, c->text); break;
  default: break;
  }
}

static char *text_of(const struct schedules_data *d, const struct listing *l, size_t row)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  for (size_t k = 0; k < l->params.n; k++)
    if (l->differs[k] && !is_axis(d, l, k)) {
      write_cell(f, &l->row[row].param[k]);
      fputc('\x1f', f);
    }
  xstream_close(f);
  return text;
}

static int by_text(const void *a, const void *b)
{
  const struct placed *p = a, *q = b;
  int order = strcmp(p->text, q->text);
  return order ? order : (p->row > q->row) - (p->row < q->row);
}

static struct placed *place_configs(const struct schedules_data *d, const struct study *s)
{
  struct placed *placed = xcalloc(s->n_rows + 1, sizeof *placed);
  for (size_t i = 0; i < s->n_rows; i++)
    placed[i] = (struct placed){text_of(d, &s->list, s->row[i]), s->row[i], isfinite(study_mean(s, s->row[i], d->tuned))};
  qsort(placed, s->n_rows, sizeof *placed, by_text);
  return placed;
}

/* The facet of n configs with one text, if one of them has something to show. */
static void add_facet(struct schedules_data *d, const struct placed *placed, size_t n)
{
  bool leads = false;
  for (size_t i = 0; i < n; i++)
    leads = leads || placed[i].leads;
  if (!leads)
    return;
  struct facet *f = &d->facet[d->n++];
  f->row = xcalloc(n, sizeof *f->row);
  f->n_rows = n;
  for (size_t i = 0; i < n; i++)
    f->row[i] = placed[i].row;
}

static void free_facet(struct facet *f)
{
  for (size_t i = 0; i < f->n; i++) {
    free(f->standing[i].name);
    curve_free(&f->standing[i].shape);
    curve_free(&f->standing[i].course);
  }
  free(f->standing);
  free(f->row);
  free(f->name_of);
  free(f->peak_of);
  names_free(&f->peaks);
  free(f->at);
  free(f->name);
}

static int by_first_row(const void *a, const void *b)
{
  size_t p = ((const struct facet *)a)->row[0], q = ((const struct facet *)b)->row[0];
  return (p > q) - (p < q);
}

static void group_configs(struct schedules_data *d, const struct study *s)
{
  struct placed *placed = place_configs(d, s);
  d->facet = xcalloc(s->n_rows + 1, sizeof *d->facet);
  for (size_t from = 0, to = 0; from < s->n_rows; from = to) {
    while (to < s->n_rows && strcmp(placed[to].text, placed[from].text) == 0)
      to++;
    add_facet(d, placed + from, to - from);
  }
  for (size_t i = 0; i < s->n_rows; i++)
    free(placed[i].text);
  free(placed);
  qsort(d->facet, d->n, sizeof *d->facet, by_first_row);
  for (; d->n > FACETS_MOST; d->left_out++)
    free_facet(&d->facet[--d->n]);
}

/* --- what tells the facets apart -------------------------------------------------------------------------------- */

static const struct store_cell *cell_of(const struct study *s, const struct facet *f, size_t param) { return &s->list.row[f->row[0]].param[param]; }

static void find_keys(struct schedules_data *d, const struct study *s)
{
  const struct listing *l = &s->list;
  d->key = xcalloc(l->params.n + 1, sizeof *d->key);
  for (size_t k = 0; k < l->params.n; k++) {
    bool differs = false;
    for (size_t i = 1; i < d->n && !differs && !is_axis(d, l, k); i++)
      differs = !cell_equal(cell_of(s, &d->facet[0], k), cell_of(s, &d->facet[i], k));
    if (differs)
      d->key[d->n_keys++] = k;
  }
}

static char *value_text(const struct store_cell *c)
{
  return c->type == STORE_NULL ? xstrdup("none") : row_param_text(c);
}

static int by_number(const void *a, const void *b)
{
  double x = strtod(*(char *const *)a, NULL), y = strtod(*(char *const *)b, NULL);
  return (x > y) - (x < y);
}

/* Numbers by their size, words as they first came: in the order of the script. */
static void sort_values(struct names *value)
{
  for (size_t i = 0; i < value->n; i++) {
    char *end;
    strtod(value->name[i], &end);
    if (*end)
      return;
  }
  qsort(value->name, value->n, sizeof *value->name, by_number);
}

static void find_values(struct schedules_data *d, const struct study *s)
{
  d->value = xcalloc(d->n_keys + 1, sizeof *d->value);
  for (size_t k = 0; k < d->n_keys; k++) {
    for (size_t i = 0; i < d->n; i++) {
      char *text = value_text(cell_of(s, &d->facet[i], d->key[k]));
      if (!names_has(&d->value[k], text))
        names_add(&d->value[k], text);
      free(text);
    }
    sort_values(&d->value[k]);
  }
}

static void name_facet(struct schedules_data *d, const struct study *s, struct facet *f)
{
  f->at = xcalloc(d->n_keys + 1, sizeof *f->at);
  f->name = xstrdup("");
  for (size_t k = 0; k < d->n_keys; k++) {
    char *text = value_text(cell_of(s, f, d->key[k])), *longer = xasprintf("%s%s%s", f->name, k ? ", " : "", text);
    f->at[k] = row_find(&d->value[k], text);
    free(text);
    free(f->name);
    f->name = longer;
  }
}

static int by_values(const void *a, const void *b, void *self)
{
  const struct schedules_data *d = self;
  const struct facet *p = a, *q = b;
  for (size_t k = 0; k < d->n_keys; k++)
    if (p->at[k] != q->at[k])
      return p->at[k] < q->at[k] ? -1 : 1;
  return by_first_row(a, b);
}

void facets_find(struct schedules_data *d, const struct study *s)
{
  group_configs(d, s);
  find_keys(d, s);
  find_values(d, s);
  for (size_t i = 0; i < d->n; i++)
    name_facet(d, s, &d->facet[i]);
  qsort_r(d->facet, d->n, sizeof *d->facet, by_values, d);
}

void facets_drop_empty(struct schedules_data *d)
{
  size_t n = 0;
  for (size_t i = 0; i < d->n; i++)
    if (d->facet[i].n)
      d->facet[n++] = d->facet[i];
    else
      free_facet(&d->facet[i]);
  d->n = n;
}

void facets_free(struct schedules_data *d)
{
  for (size_t i = 0; i < d->n; i++)
    free_facet(&d->facet[i]);
  for (size_t k = 0; k < d->n_keys; k++)
    names_free(&d->value[k]);
  free(d->facet);
  free(d->value);
  free(d->key);
}

/* --- from one to another ---------------------------------------------------------------------------------------- */

size_t facets_named(const struct schedules_data *d, const char *name)
{
  for (size_t i = 0; i < d->n; i++)
    if (strcmp(d->facet[i].name, name) == 0)
      return i;
  return SIZE_MAX;
}

/* The facet with this value of a key that is most like another one; SIZE_MAX: none has it. */
static size_t nearest(const struct schedules_data *d, const struct facet *from, size_t key, size_t value)
{
  size_t best = SIZE_MAX, most = 0;
  for (size_t i = 0; i < d->n; i++) {
    size_t same = 1;
    for (size_t k = 0; k < d->n_keys; k++)
      same += d->facet[i].at[k] == from->at[k];
    if (d->facet[i].at[key] == value && same > most) {
      most = same;
      best = i;
    }
  }
  return best;
}

size_t facets_step(const struct schedules_data *d, size_t facet, size_t key)
{
  const struct facet *from = &d->facet[facet];
  for (size_t step = 1; step < d->value[key].n; step++) {
    size_t to = nearest(d, from, key, (from->at[key] + step) % d->value[key].n);
    if (to != SIZE_MAX)
      return to;
  }
  return facet;
}
