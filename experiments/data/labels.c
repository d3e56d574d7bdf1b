/* labels.c: see labels.h. */
#include "experiments/data/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define CLASSES_MAX 10000

/* The different labels of a file, ascending. */
struct label_set {
  size_t n;
  double *v; /* owned */
};

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static enum status collect(struct label_set *set, const double *label, size_t n, const char *file, struct err *e)
{
  void *memory;
  *set = (struct label_set){0};
  enum status s = mem_new(&memory, n, sizeof(double), "labels", e);
  if (s != STATUS_OK)
    return s;
  set->v = memory;
  if (n)
    memcpy(set->v, label, n * sizeof *label);
  qsort(set->v, n, sizeof *set->v, by_value);
  for (size_t i = 0; i < n; i++) {
    double v = set->v[i];
    if (v != trunc(v) || fabs(v) > 1e15)
      return err_set(e, STATUS_BAD_DATA, "%s: the label %g is not a whole number; set task = \"regression\" if it is a target",
                     file, v);
    if (set->n == 0 || v > set->v[set->n - 1])
      set->v[set->n++] = v;
  }
  return set->n <= CLASSES_MAX ? STATUS_OK
                               : err_set(e, STATUS_BAD_DATA, "%s: %zu different labels; at most %d are allowed (set task = "
                                         "\"regression\" if they are targets)", file, set->n, CLASSES_MAX);
}

/* The usual ways to write two classes. */
static bool two_classes(const struct label_set *s)
{
  return s->n == 2 && ((s->v[0] == -1 && s->v[1] == 1) || (s->v[0] == 0 && s->v[1] == 1) || (s->v[0] == 1 && s->v[1] == 2));
}

static const double *find(const struct label_set *s, double label)
{
  return bsearch(&label, s->v, s->n, sizeof label, by_value);
}

static void take(struct rows *rows, const double *label, const struct label_set *s)
{
  for (size_t i = 0; i < rows->n; i++)
    rows->label[i] = (int32_t)(find(s, label[i]) - s->v);
}

static void keep_names(struct dataset *out, const struct label_set *s)
{
  if (s->v[0] == 0 && s->v[s->n - 1] == (double)(s->n - 1))
    return;
  out->class_names = xcalloc(s->n, sizeof *out->class_names);
  for (size_t i = 0; i < s->n; i++)
    out->class_names[i] = xasprintf("%.0f", s->v[i]);
}

/* Which labels do the test rows count by? */
static enum status choose(const struct label_set *train, const struct label_set *test, const struct label_set **by,
                          const char *const files[2], struct err *e)
{
  double unknown = NAN;
  for (size_t i = 0; i < test->n && isnan(unknown); i++)
    unknown = find(train, test->v[i]) ? (double)NAN : test->v[i];
  *by = isnan(unknown) ? train : test;
  if (isnan(unknown) || (two_classes(train) && two_classes(test)))
    return STATUS_OK;
  return err_set(e, STATUS_BAD_DATA, "%s: the label %g does not occur in %s", files[1], unknown, files[0]);
}

enum status labels_assign(struct dataset *out, struct rows *train, const double *label, struct rows *test,
                          const double *test_label, const char *const files[2], struct err *e)
{
  struct label_set seen = {0}, tested = {0};
  const struct label_set *by = NULL;
  enum status s = collect(&seen, label, train->n, files[0], e);
  if (s == STATUS_OK && seen.n < 2)
    s = err_set(e, STATUS_BAD_DATA, "%s: all labels are the same; at least two classes are needed", files[0]);
  if (s == STATUS_OK && test)
    s = collect(&tested, test_label, test->n, files[1], e);
  if (s == STATUS_OK && test)
    s = choose(&seen, &tested, &by, files, e);
  if (s == STATUS_OK) {
    take(train, label, &seen);
    if (test)
      take(test, test_label, by);
    out->classes = out->outputs = seen.n;
    keep_names(out, &seen);
  }
  free(seen.v);
  free(tested.v);
  return s;
}

char *data_file_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return xstrdup(slash ? slash + 1 : path);
}
