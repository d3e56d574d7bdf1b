/* sparse_rows.c: LIBSVM and FANN files: the shared fixtures, what is refused and how, real files. */
#include "experiments/data/read_fann.h"
#include "experiments/data/read_libsvm.h"
#include "tests/unit/data/shared_formats.h"

static bool libsvm_is(const struct libsvm *s, const json_t *expected)
{
  const json_t *rows = json_object_get(expected, "rows");
  bool same = json_array_size(rows) == s->n && s->d == 4;
  for (size_t i = 0; same && i < s->n; i++) {
    const json_t *row = json_array_get(rows, i), *features = json_array_get(row, 1);
    char key[24];
    same = json_number_value(json_array_get(row, 0)) == s->label[i] &&
           json_object_size(features) == s->start[i + 1] - s->start[i];
    for (size_t k = s->start[i]; same && k < s->start[i + 1]; k++) {
      snprintf(key, sizeof key, "%u", s->index[k] + 1);
      same = (float)json_number_value(json_object_get(features, key)) == s->value[k];
    }
  }
  return same;
}

static enum status read_libsvm(const struct whole *file, const json_t *expected, bool *same, struct err *e)
{
  struct libsvm s;
  enum status status = libsvm_parse(&s, file, false, e);
  if (status == STATUS_OK && expected)
    *same = libsvm_is(&s, expected);
  libsvm_free(&s);
  return status;
}

static enum status read_fann(const struct whole *file, const json_t *expected, bool *same, struct err *e)
{
  struct fann f;
  (void)expected;
  enum status s = fann_parse(&f, file, e);
  *same = s == STATUS_OK && f.n == 2 && f.d == 3 && f.outputs == 2 && f.x[3] == -0.5f && f.target[3] == 1.0f;
  fann_free(&f);
  return s;
}

static void refuses_libsvm(const char *text, const char *part)
{
  struct whole file = whole_of("the-file", text, strlen(text));
  struct libsvm s;
  struct err e = {0};
  enum status status = libsvm_parse(&s, &file, false, &e);
  tap_ok(status == STATUS_BAD_DATA && strstr(e.message, part), "LIBSVM: \"%s\" is refused: %s", part, e.message);
  whole_free(&file);
}

static void check_libsvm(void)
{
  static const char text[] = "1 0:2 5:1\n-1\n";
  struct whole file = whole_of("zero", text, strlen(text));
  struct libsvm s;
  struct err e = {0};
  tap_ok(libsvm_parse(&s, &file, true, &e) == STATUS_OK && s.d == 6 && s.n == 2 && s.index[0] == 0,
         "indices from 0 are read when asked for %s", e.message);
  libsvm_free(&s);
  whole_free(&file);
  refuses_libsvm("1 1:1\n1,3 1:1\n", "line 2: \"1,3\" names several labels");
  refuses_libsvm("2 qid:8 2:1\n", "ranking");
  refuses_libsvm("1 1:1\n\n# x\n1 3:1 2:1\n", "line 4");
  refuses_libsvm("1 2:0x10\n", "\"2:0x10\" has a bad value");
  refuses_libsvm("1 2:1e39\n", "too large for a float32");
  refuses_libsvm("1 2147483648:1\n", "2147483647");
  refuses_libsvm("1:1 2:1\n", "where the label should");
  refuses_libsvm("inf 2:1\n", "is no label");
  refuses_libsvm("1 \x1b[31m:1\n", "\\x1b");
}

static void check_fann(void)
{
  static const char good[] = "2 3 2\n1 2 3\n0 1\n-.5 1e0 0 \r\n1 1";
  static const struct {
    const char *text, *part;
  } bad[] = {{"2 3 2\n1 2 3\n0 1\n", "ends before"}, {"2 3 2\n1 2 x\n0 1\n1 1 1 1 1\n", "line 2: \"x\" is not a number"},
             {"1 1 1\n1\n1\n1\n", "line 4: \"1\" follows"}, {"4000000000 4000000000 1\n", "do not fit"},
             {"1.5 1 1\n", "must start with"}, {"", "ends before"}, {"0 1 1", "must start with"}};
  const struct format format = {"", read_fann, false};
  bool same = false;
  struct err e;
  tap_ok(read_copy(&format, (const unsigned char *)good, strlen(good), NULL, &same, &e) == STATUS_OK && same,
         "a FANN file of two rows is read %s", e.message);
  check_cut(&format, "the FANN file", (const unsigned char *)good, strlen(good));
  check_changes(&format, "the FANN file", (const unsigned char *)good, strlen(good));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    enum status s = read_copy(&format, (const unsigned char *)bad[i].text, strlen(bad[i].text), NULL, &same, &e);
    tap_ok(s == STATUS_BAD_DATA && strstr(e.message, bad[i].part), "FANN: \"%s\" is refused: %s", bad[i].part, e.message);
  }
}

/* Rows, inputs and positive labels that data.md states. */
static void check_real(const char *name, size_t n, size_t d, size_t positive)
{
  const char *path = shared_path(name);
  struct libsvm s;
  struct err e = {0};
  if (!path) {
    tap_skip(1, "%s is absent", name);
    return;
  }
  enum status status = libsvm_read(&s, path, false, &e);
  size_t count = 0;
  for (size_t i = 0; i < s.n; i++)
    count += s.label[i] == 1;
  tap_ok(status == STATUS_OK && s.n == n && s.d == d, "%s is %zu x %zu (seen %zu x %zu) %s", name, n, d, s.n, s.d, e.message);
  if (positive)
    tap_is_int((long long)count, (long long)positive, "%s: positive labels", name);
  libsvm_free(&s);
}

int main(void)
{
  static const struct format formats[] = {{".libsvm", read_libsvm, false}};
  check_formats(formats, 1, 10);
  check_libsvm();
  check_fann();
  check_real("libsvm/heart_scale", 270, 13, 120);
  check_real("libsvm/a9a.gz", 32561, 123, 0);
  check_real("libsvm/a9a.t.gz", 16281, 122, 0);
  check_real("libsvm/w8a.gz", 49749, 300, 1479);
  check_real("libsvm/mushrooms.gz", 8124, 112, 0);
  return tap_done();
}
