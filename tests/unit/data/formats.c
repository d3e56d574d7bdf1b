/* formats.c: every IDX and CSV fixture behaves as expected.json says; good ones cut anywhere never crash. */
#include <jansson.h>

#include "experiments/data/read_idx.h"
#include "experiments/data/read_table.h"
#include "experiments/kernel/rng.h"
#include "tests/unit/data/local.h"

static bool ends_with(const char *s, const char *end)
{
  size_t n = strlen(s), m = strlen(end);
  return n >= m && strcmp(s + n - m, end) == 0;
}

/* Values of a whole IDX file; NULL on failure. */
static double *read_all_idx(const char *path, struct idx *x, struct err *e)
{
  enum status s = idx_open(x, path, e);
  if (s != STATUS_OK)
    return NULL;
  double *v = calloc(x->count + 1, sizeof *v);
  s = idx_read(x, v, x->count, e);
  if (s == STATUS_OK)
    s = idx_finish(x, e);
  idx_close(x);
  if (s == STATUS_OK)
    return v;
  free(v);
  return NULL;
}

static bool idx_equals(const struct idx *x, const double *v, const json_t *expected)
{
  const json_t *shape = json_object_get(expected, "shape"), *values = json_object_get(expected, "values");
  if (json_array_size(shape) != x->ndim || json_array_size(values) != x->count)
    return false;
  for (size_t i = 0; i < x->ndim; i++)
    if ((size_t)json_integer_value(json_array_get(shape, i)) != x->dim[i])
      return false;
  for (size_t i = 0; i < x->count; i++)
    if (json_number_value(json_array_get(values, i)) != v[i])
      return false;
  return true;
}

static void check_idx(const char *name, const char *path, const json_t *expected)
{
  struct err e = {0};
  struct idx x;
  double *v = read_all_idx(path, &x, &e);
  if (json_is_true(json_object_get(expected, "ok"))) {
    tap_ok(v && idx_equals(&x, v, expected), "%s holds the expected shape and values", name);
  } else {
    tap_ok(!v && e.code == STATUS_BAD_DATA, "%s is refused (%s)", name,
           json_string_value(json_object_get(expected, "why")));
    tap_ok(strstr(e.message, path) && strstr(e.message, "byte "), "%s: the message names file and byte: %s", name,
           e.message);
  }
  free(v);
}

static bool row_equals(const struct table *t, const json_t *row)
{
  bool same = json_array_size(row) == t->cols;
  for (size_t j = 0; same && j < t->cols; j++)
    same = strcmp(t->field[j], json_string_value(json_array_get(row, j))) == 0;
  return same;
}

static void check_good_csv(const char *name, struct table *t, const json_t *expected)
{
  const json_t *rows = json_object_get(expected, "rows"), *header = json_object_get(expected, "header");
  const json_t *missing = json_object_get(expected, "missing");
  struct err e;
  bool more, same = true;
  size_t i = 0, found = 0;
  for (; table_next(t, &more, &e) == STATUS_OK && more; i++) {
    if (rows)
      same = same && row_equals(t, json_array_get(rows, i));
    for (size_t j = 0; j < t->cols; j++)
      if (table_missing(t, j)) {
        const json_t *pair = json_array_get(missing, found++);
        same = same && json_integer_value(json_array_get(pair, 0)) == (json_int_t)i &&
               json_integer_value(json_array_get(pair, 1)) == (json_int_t)j;
      }
  }
  tap_ok(same && !more, "%s: every field is as expected", name);
  if (rows)
    tap_is_int((long long)i, (long long)json_array_size(rows), "%s: rows", name);
  tap_is_int((long long)found, (long long)json_array_size(missing), "%s: missing values", name);
  for (size_t j = 0; j < json_array_size(header); j++)
    tap_is_str(t->names ? t->names[j] : "(none)", json_string_value(json_array_get(header, j)),
               "%s: name of column %zu", name, j + 1);
}

static enum status read_all_csv(const char *path, struct err *e)
{
  struct table_options options = {0};
  struct table t;
  bool more = true;
  enum status s = table_open(&t, path, &options, e);
  while (s == STATUS_OK && more)
    s = table_next(&t, &more, e);
  table_close(&t);
  return s;
}

static void check_csv(const char *name, const char *path, const json_t *expected)
{
  struct err e = {0};
  struct table_options options = {0};
  struct table t;
  if (json_is_true(json_object_get(expected, "ok"))) {
    if (tap_ok(table_open(&t, path, &options, &e) == STATUS_OK, "%s opens", name))
      check_good_csv(name, &t, expected);
    table_close(&t);
    return;
  }
  tap_is_int(read_all_csv(path, &e), STATUS_BAD_DATA, "%s is refused (%s)", name,
             json_string_value(json_object_get(expected, "why")));
  tap_ok(strstr(e.message, path) && strstr(e.message, "line "), "%s: the message names file and line: %s", name,
         e.message);
}

/* The file cut at every length: an error, or (tables only) a shorter table. */
static void check_cuts(const char *name, const char *path, bool table)
{
  size_t n, refused = 0;
  unsigned char *bytes = slurp(path, &n);
  bool sound = true;
  for (size_t cut = 0; cut < n; cut++) {
    struct err e = {0};
    const char *shorter = file_of(bytes, cut, table ? ".csv" : ".idx");
    struct idx x;
    double *v = NULL;
    enum status s = table ? read_all_csv(shorter, &e) : (v = read_all_idx(shorter, &x, &e)) ? STATUS_OK : e.code;
    free(v);
    unlink(shorter);
    sound = sound && (s == STATUS_OK || (s == STATUS_BAD_DATA && strstr(e.message, shorter)));
    refused += s != STATUS_OK;
  }
  free(bytes);
  tap_ok(sound, "%s cut at any of %zu lengths is read or refused by name", name, n);
  if (!table)
    tap_is_int((long long)refused, (long long)n, "%s: every cut is refused", name);
}

/* A few bytes replaced by others, a thousand times: whatever comes out, it is a status with a message. */
static void check_damage(const char *name, const char *path, bool table)
{
  static const unsigned char likely[] = {0, 1, 0x7f, 0xff, '"', ',', '\n', '\r', ';', '0', 'e', '.', 0x1f, 0x8b};
  size_t n, taken = 0;
  unsigned char *bytes = slurp(path, &n), *damaged = malloc(n);
  bool sound = true;
  struct rng rng = rng_make(1, RNG_TEST, n);
  for (int round = 0; round < 1000; round++) {
    memcpy(damaged, bytes, n);
    for (uint64_t k = 1 + rng_below(&rng, 4); k > 0; k--)
      damaged[rng_below(&rng, n)] =
          rng_below(&rng, 2) ? likely[rng_below(&rng, sizeof likely)] : (unsigned char)rng_u32(&rng);
    struct err e = {0};
    const char *copy = file_of(damaged, n, table ? ".csv" : ".idx");
    struct idx x;
    double *v = NULL;
    enum status s = table ? read_all_csv(copy, &e) : (v = read_all_idx(copy, &x, &e)) ? STATUS_OK : e.code;
    free(v);
    unlink(copy);
    sound = sound && (s == STATUS_OK || (s == STATUS_BAD_DATA && strstr(e.message, copy)));
    taken += s == STATUS_OK;
  }
  free(damaged);
  free(bytes);
  tap_ok(sound, "%s damaged 1000 times (seed 1) is read (%zu times) or refused by name", name, taken);
}

int main(void)
{
  const char *list = shared_path("formats/expected.json");
  if (!list) {
    tap_skip(1, "the shared fixtures are absent");
    return tap_done();
  }
  json_t *expected = json_load_file(list, 0, NULL);
  const char *name;
  json_t *entry;
  size_t checked = 0;
  json_object_foreach(expected, name, entry)
  {
    bool idx = ends_with(name, ".idx") || ends_with(name, ".idx.gz"), csv = ends_with(name, ".csv");
    if (!idx && !csv)
      continue;
    char path[1024];
    char within[256];
    snprintf(within, sizeof within, "formats/%s", name);
    snprintf(path, sizeof path, "%s", shared_path(within));
    if (idx)
      check_idx(name, path, entry);
    else
      check_csv(name, path, entry);
    if (json_is_true(json_object_get(entry, "ok"))) {
      check_cuts(name, path, csv);
      check_damage(name, path, csv);
    }
    checked++;
  }
  json_decref(expected);
  tap_is_int((long long)checked, 14, "all fixtures of these formats were met");
  return tap_done();
}
