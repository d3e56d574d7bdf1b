/* classes.c: see classes.h. */
#include "experiments/data/classes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define CLASSES_MAX 10000

/* Where text stands, or should stand, in the sorted list. */
static size_t place(const struct classes *c, const char *text, bool *found)
{
  size_t low = 0, high = c->n;
  *found = false;
  while (low < high && !*found) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(text, c->label[middle].text);
    *found = order == 0;
    if (order > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return high;
}

int32_t classes_id(struct classes *c, const char *text, double value)
{
  bool found;
  size_t at = place(c, text, &found);
  if (found)
    return c->label[at].id;
  if (c->n == CLASSES_MAX)
    return -1;
  if (c->n == c->room) {
    c->room = c->room ? 2 * c->room : 16;
    c->label = xrealloc(c->label, c->room * sizeof *c->label);
  }
  memmove(c->label + at + 1, c->label + at, (c->n - at) * sizeof *c->label);
  c->label[at] = (struct class_label){xstrdup(text), value, (int32_t)c->n};
  c->n++;
  return c->label[at].id;
}

void classes_free(struct classes *c)
{
  for (size_t i = 0; i < c->n; i++)
    free(c->label[i].text);
  free(c->label);
  *c = (struct classes){0};
}

static int by_value(const void *a, const void *b)
{
  double x = ((const struct class_label *)a)->value, y = ((const struct class_label *)b)->value;
  return (x > y) - (x < y);
}

static bool all_numbers(const struct classes *c)
{
  for (size_t i = 0; i < c->n; i++)
    if (isnan(c->label[i].value))
      return false;
  return true;
}

/* class_of[id] = class, in the order of the list; returns the number of classes. */
static size_t number_classes(const struct classes *c, bool numbers, int32_t *class_of)
{
  size_t k = 0;
  for (size_t i = 0; i < c->n; i++) {
    bool same = numbers && i && c->label[i].value == c->label[i - 1].value;
    k += !same;
    class_of[c->label[i].id] = (int32_t)(k - 1);
  }
  return k;
}

/* Names, unless they are the classes' own numbers. */
static void keep_names(struct dataset *out, const struct classes *c, const int32_t *class_of)
{
  bool plain = true;
  char **names = xcalloc(out->classes, sizeof *names);
  for (size_t i = 0; i < c->n; i++) {
    int32_t class = class_of[c->label[i].id];
    plain = plain && c->label[i].value == (double)class;
    if (!names[class])
      names[class] = xstrdup(c->label[i].text);
  }
  out->class_names = names;
  if (!plain)
    return;
  for (size_t i = 0; i < out->classes; i++)
    free(names[i]);
  free(names);
  out->class_names = NULL;
}

enum status classes_assign(struct dataset *out, struct classes *c, struct rows *rows, struct err *e)
{
  bool numbers = all_numbers(c);
  for (size_t i = 0; numbers && i < c->n; i++)
    if (c->label[i].value != trunc(c->label[i].value))
      return err_set(e, STATUS_BAD_DATA,
                     "the label %s is not a whole number; set task = \"regression\" if it is a target",
                     c->label[i].text);
  if (numbers)
    qsort(c->label, c->n, sizeof *c->label, by_value);
  int32_t *class_of = xcalloc(c->n, sizeof *class_of);
  out->classes = number_classes(c, numbers, class_of);
  for (size_t i = 0; i < rows->n; i++)
    rows->label[i] = class_of[rows->label[i]];
  keep_names(out, c, class_of);
  free(class_of);
  return STATUS_OK;
}
