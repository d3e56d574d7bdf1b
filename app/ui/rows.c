/* rows.c: see rows.h. */
#include "app/ui/rows.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

const char *row_param_name(const char *name) { return strncmp(name, "params.", 7) == 0 ? name + 7 : name; }

size_t row_find(const struct names *names, const char *name)
{
  for (size_t i = 0; i < names->n; i++)
    if (strcmp(names->name[i], name) == 0)
      return i;
  return SIZE_MAX;
}

char *row_param_text(const struct store_cell *c)
{
  switch (c->type) {
  case STORE_INTEGER: return xasprintf("%lld", (long long)c->i);
  case STORE_REAL: return xasprintf("%.4g", c->r);
  case STORE_TEXT: return xasprintf("%.*s", (int)c->size, c->text);
  default: return xstrdup("");
  }
}

/* Does the text of configs show this parameter of this row among the words (or else among the numbers)? What tells experiments
 * apart is said by their names. */
static bool shows(const struct listing *l, size_t row, size_t param, bool words)
{
  const struct store_cell *c = &l->row[row].param[param];
  return l->differs_within[l->row[row].experiment * l->params.n + param] && c->type != STORE_NULL && (c->type == STORE_TEXT) == words && (l->by_run || strcmp(l->params.name[param], "seed") != 0);
}

char *row_config_text(const struct listing *l, size_t row)
{
  const struct listing_row *r = &l->row[row];
  char *text = xstrdup(l->experiments.n > 1 ? l->experiments.name[r->experiment] : "");
  for (int words = 1; words >= 0; words--)
    for (size_t k = 0; k < l->params.n; k++) {
      if (!shows(l, row, k, words))
        continue;
      char *value = row_param_text(&r->param[k]), *longer = words ? xasprintf("%s%s%s", text, *text ? " " : "", value)
                                                                  : xasprintf("%s%s%s=%s", text, *text ? " " : "", row_param_name(l->params.name[k]), value);
      free(value);
      free(text);
      text = longer;
    }
  if (!*text) {
    free(text);
    text = xstrdup(l->experiments.name[r->experiment]);
  }
  return text;
}

int row_config_compare(const struct listing *l, size_t a, size_t b)
{
  const struct listing_row *p = &l->row[a], *q = &l->row[b];
  int order = strcmp(l->experiments.name[p->experiment], l->experiments.name[q->experiment]);
  for (int words = 1; words >= 0 && !order; words--)
    for (size_t k = 0; k < l->params.n && !order; k++) {
      bool first = shows(l, a, k, words), second = shows(l, b, k, words);
      if (first && second)
        order = words ? strcmp(p->param[k].text, q->param[k].text) : (p->param[k].r > q->param[k].r) - (p->param[k].r < q->param[k].r);
      else
        order = second - first; /* what lacks it stands behind */
    }
  return order;
}
