/* shared_formats.h: walking the shared fixtures with readers that work in memory: what each must yield, cuts, damage. */
#ifndef TESTS_DATA_SHARED_FORMATS_H
#define TESTS_DATA_SHARED_FORMATS_H

#include <jansson.h>

#include "experiments/data/read_whole.h"
#include "experiments/kernel/rng.h"
#include "tests/unit/data/local.h"

struct format {
  const char *suffix;
  /* Read the bytes (and check what came out against `expected`, unless it is NULL: *same). */
  enum status (*read)(const struct whole *file, const json_t *expected, bool *same, struct err *e);
  bool cuts_refused; /* is every shorter file refused? */
};

static inline bool has_suffix(const char *s, const char *end)
{
  size_t n = strlen(s), m = strlen(end);
  return n >= m && strcmp(s + n - m, end) == 0;
}

/* A copy that ends at the end of its memory, so that the sanitizer sees any step beyond it. */
static inline enum status read_copy(const struct format *f, const unsigned char *bytes, size_t n, const json_t *expected,
                                    bool *same, struct err *e)
{
  unsigned char *copy = malloc(n ? n : 1);
  memcpy(copy, bytes, n);
  struct whole file = whole_of("the-file", copy, n);
  *e = (struct err){0};
  enum status s = f->read(&file, expected, same, e);
  whole_free(&file);
  free(copy);
  return s;
}

/* A refusal says which file, and one cause. */
static inline bool sound(enum status s, const struct err *e)
{
  return s == STATUS_OK || ((s == STATUS_BAD_DATA || s == STATUS_UNSUPPORTED) && strstr(e->message, "the-file"));
}

static inline void check_cut(const struct format *f, const char *name, const unsigned char *bytes, size_t n)
{
  bool good = true, same;
  size_t refused = 0;
  struct err e;
  for (size_t cut = 0; cut < n; cut++) {
    enum status s = read_copy(f, bytes, cut, NULL, &same, &e);
    good = good && sound(s, &e);
    refused += s != STATUS_OK;
  }
  tap_ok(good, "%s cut at any of %zu lengths is read or refused by name", name, n);
  if (f->cuts_refused)
    tap_is_int((long long)refused, (long long)n, "%s: every cut is refused", name);
}

/* A few bytes replaced by others, a thousand times: whatever comes out, it is a status with a message. */
static inline void check_changes(const struct format *f, const char *name, const unsigned char *bytes, size_t n)
{
  static const unsigned char likely[] = {0, 1, 0x7f, 0x80, 0xff, '"', ',', ':', '\n', '#', '0', '9', '-', 'e', '.', '('};
  unsigned char *changed = malloc(n);
  bool good = true, same;
  size_t taken = 0;
  struct err e;
  struct rng rng = rng_make(1, RNG_TEST, n);
  for (int round = 0; round < 1000; round++) {
    memcpy(changed, bytes, n);
    for (uint64_t k = 1 + rng_below(&rng, 4); k > 0; k--)
      changed[rng_below(&rng, n)] =
        rng_below(&rng, 2) ? likely[rng_below(&rng, sizeof likely)] : (unsigned char)rng_u32(&rng);
    enum status s = read_copy(f, changed, n, NULL, &same, &e);
    good = good && sound(s, &e);
    taken += s == STATUS_OK;
  }
  free(changed);
  tap_ok(good, "%s damaged 1000 times (seed 1) is read (%zu times) or refused by name", name, taken);
}

static inline void check_fixture(const struct format *f, const char *name, const json_t *expected)
{
  char path[512];
  size_t n;
  struct err e;
  bool same = false;
  snprintf(path, sizeof path, "formats/%s", name);
  unsigned char *bytes = slurp(shared_path(path), &n);
  enum status s = read_copy(f, bytes, n, expected, &same, &e);
  if (json_is_true(json_object_get(expected, "ok"))) {
    tap_ok(s == STATUS_OK && same, "%s holds what is expected%s%s", name, s ? ": " : "", s ? e.message : "");
    check_cut(f, name, bytes, n);
    check_changes(f, name, bytes, n);
  } else {
    const char *why = json_string_value(json_object_get(expected, "why"));
    tap_ok(s != STATUS_OK && sound(s, &e), "%s is refused (%s): %s", name, why ? why : "an extension", e.message);
  }
  free(bytes);
}

/* All fixtures of these formats; how many there must be. */
static inline void check_formats(const struct format *f, size_t n_formats, size_t n_fixtures)
{
  const char *list = shared_path("formats/expected.json"), *name;
  json_t *entry, *expected = list ? json_load_file(list, 0, NULL) : NULL;
  size_t met = 0;
  if (!expected) {
    tap_skip(1, "the shared fixtures are absent");
    return;
  }
  json_object_foreach(expected, name, entry)
    for (size_t i = 0; i < n_formats; i++)
      if (has_suffix(name, f[i].suffix)) {
        check_fixture(&f[i], name, entry);
        met++;
      }
  json_decref(expected);
  tap_is_int((long long)met, (long long)n_fixtures, "all fixtures of these formats were met");
}

#endif
