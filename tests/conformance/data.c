/* Every data set, at a small size: shapes, ranges, and the same bits each time. */
#include <math.h>

#include "experiments/data/data.h"
#include "tests/conformance/walk.h"

static struct exec exec_context = {.threads = 1};
static struct data_env env = {.exec = &exec_context};

/* At most `train` and `rest` examples where the data set takes counts. */
static size_t counts(const struct method *m, struct named_value *v, double train, double rest)
{
  static const char *const names[] = {"train", "valid", "test"};
  size_t n = 0;
  for (size_t i = 0; i < 3; i++) {
    const struct param *p = params_find(m, names[i]);
    if (p && p->type == PARAM_INT)
      v[n++] = number_value(names[i], i ? rest : train);
  }
  return n;
}

/* The data set at a small size; a rule of its own (no test part, say) may forbid some of the counts. */
static void small_object(struct object *o, const struct method *m, size_t *n_counts)
{
  struct named_value v[3];
  struct err e;
  *n_counts = counts(m, v, 200, 50);
  for (const struct param *p = m->params; p && p->id; p++)
    if (p->type == PARAM_TABLE && p->flags & PARAM_REQUIRED)
      *n_counts = 0; /* it has no more examples than the test gives it */
  for (;; --*n_counts) {
    if (base_object(o, m, v, *n_counts, &e) == STATUS_OK)
      return;
    if (*n_counts == 0)
      tap_bail("%s", e.message);
  }
}

static bool part_is_sound(const struct dataset *d, const struct examples *p)
{
  if (p->n == 0)
    return true;
  bool sound = p->d == d->d && p->stride == round_up(p->d, 16) && p->x && (size_t)p->x % MEM_ALIGN == 0;
  for (size_t i = 0; i < p->n && sound; i++) {
    for (size_t j = 0; j < p->stride; j++)
      sound = sound && (j < p->d ? isfinite(p->x[i * p->stride + j]) : p->x[i * p->stride + j] == 0);
    if (d->task == TASK_CLASSES)
      sound = sound && p->label && p->label[i] >= 0 && (size_t)p->label[i] < d->classes;
    for (size_t j = 0; d->task == TASK_REGRESSION && j < d->outputs; j++)
      sound = sound && p->target && isfinite(p->target[i * d->outputs + j]);
  }
  return sound;
}

static bool same_part(const struct dataset *d, const struct examples *a, const struct examples *b)
{
  if (a->n != b->n)
    return false;
  return a->n == 0 || (same_bits(a->x, b->x, a->n * a->stride * sizeof *a->x) &&
                       (!a->label || same_bits(a->label, b->label, a->n * sizeof *a->label)) &&
                       (!a->target || same_bits(a->target, b->target, a->n * d->outputs * sizeof *a->target)));
}

static void check_sound(const struct method *m, const struct object *o, const struct dataset *d)
{
  char *json = object_json(o);
  tap_ok(d->train.n > 0 && (d->task == TASK_CLASSES ? d->classes >= 2 && d->outputs == d->classes : d->outputs >= 1),
         "%s: %zu + %zu + %zu examples of %zu inputs, %zu outputs", m->id, d->train.n, d->valid.n, d->test.n, d->d,
         d->outputs);
  tap_ok(part_is_sound(d, &d->train) && part_is_sound(d, &d->valid) && part_is_sound(d, &d->test),
         "%s: numbers are finite, labels in range, rows aligned and padded with zeros", m->id);
  tap_is_str(d->config, json, "%s: the configuration goes with the data", m->id);
  tap_ok(d->name && *d->name && d->bytes > 0, "%s: so do its name and size", m->id);
  tap_ok(!(d->bayes_error < 0) && (d->teacher.rows == 0 || d->teacher.cols == d->d),
         "%s: its known answers fit, where it has them", m->id);
  free(json);
}

static void check_counts(const struct method *m, const struct dataset *d, size_t n_counts)
{
  if (n_counts > 0)
    tap_ok(d->train.n <= 200 && (n_counts < 2 || d->valid.n <= 50) && (n_counts < 3 || d->test.n <= 50),
           "%s: no part is larger than was asked for", m->id);
}

static void check_loading(const struct method *m)
{
  struct object o;
  struct dataset *a = NULL, *b = NULL;
  struct err e = {0};
  size_t n;
  small_object(&o, m, &n);
  enum status s = dataset_load(&a, &o, &env, &e);
  if (s == STATUS_IO) {
    tap_skip(1, "%s", e.message);
  } else if (tap_ok(s == STATUS_OK, "%s: it loads%s%s", m->id, s ? ": " : "", s ? e.message : "")) {
    check_sound(m, &o, a);
    check_counts(m, a, n);
    if (dataset_load(&b, &o, &env, &e) != STATUS_OK)
      tap_bail("%s", e.message);
    tap_ok(a->content_hash == b->content_hash && same_part(a, &a->train, &b->train) &&
             same_part(a, &a->valid, &b->valid) && same_part(a, &a->test, &b->test),
           "%s: loading again gives the same bits and the same split", m->id);
    struct dataset *kept = dataset_retain(a);
    dataset_release(a);
    tap_ok(kept == a && kept->train.n > 0, "%s: a second holder keeps it alive", m->id);
    dataset_release(kept);
    dataset_release(b);
  }
  object_free(&o);
}

/* More examples than there are, or than fit into any memory. */
static void check_too_many(const struct method *m)
{
  struct named_value v[4];
  struct object o;
  struct dataset *d = NULL;
  struct err e = {0};
  size_t n = counts(m, v, 4e9, 0);
  const struct param *inputs = params_find(m, "d");
  if (n == 0)
    return;
  if (inputs && inputs->type == PARAM_INT)
    v[n++] = number_value("d", inputs->max);
  enum status s = base_object(&o, m, v, n, &e);
  if (s == STATUS_OK)
    s = dataset_load(&d, &o, &env, &e);
  tap_ok(s != STATUS_OK && d == NULL && *e.message, "%s: 4e9 examples are refused: %s", m->id, e.message);
  object_free(&o);
}

static void check_cancel(const struct method *m)
{
  atomic_int stop = 1;
  struct exec stopped = {.cancel = &stop, .threads = 1};
  struct data_env stopped_env = {.exec = &stopped, .share_dir = env.share_dir};
  struct object o;
  struct dataset *d = NULL;
  struct err e = {0};
  size_t n;
  small_object(&o, m, &n);
  enum status s = dataset_load(&d, &o, &stopped_env, &e);
  if (s == STATUS_IO)
    tap_skip(1, "%s", e.message);
  else
    tap_ok(s == STATUS_CANCELLED && d == NULL, "%s: loading stops when asked to", m->id);
  dataset_release(d);
  object_free(&o);
}

static void check(const struct method *m)
{
  check_loading(m);
  check_too_many(m);
  check_cancel(m);
}

int main(void)
{
  env.share_dir = source_dir();
  size_t n = walk(KIND_DATA, check);
  tap_ok(n > 0, "the registry holds data sets (%zu)", n);
  return tap_done();
}
