/* array_sets.c: the data sets libsvm, fann and npy: labels and their codes, test files, d, refusals; one table in three
 * formats is one data set. */
#include "tests/unit/data/load.h"

extern const struct data_method data_libsvm, data_fann, data_npy;

#define SPIRALS "experiments/data/tables/spirals"

static void refuses(const struct data_method *m, const char *part, const struct named_value *v, size_t n)
{
  struct dataset *d;
  struct err e = {0};
  enum status s = load_values(&d, m, v, n, &e);
  tap_ok(s != STATUS_OK && !d && strstr(e.message, part), "%s refuses: %s", m->m.id, e.message);
  dataset_release(d);
}

/* Two files at once: file_of() has one buffer. */
static void write_pair(char path[2][64], const char *train, const char *test)
{
  snprintf(path[0], 64, "%s", file_of(train, strlen(train), ".txt"));
  snprintf(path[1], 64, "%s", file_of(test, strlen(test), ".txt"));
}

static void remove_pair(char path[2][64])
{
  unlink(path[0]);
  unlink(path[1]);
}

static void check_codes(const char *train, const char *test, const char *what)
{
  char path[2][64];
  struct dataset *d;
  write_pair(path, train, test);
  must_load(&d, &data_libsvm, set_text("file", path[0]), set_text("test_file", path[1]), set_int("valid", 0));
  bool right = d->classes == 2 && d->train.n == 3 && d->test.n == 2 && d->d == 3;
  for (size_t i = 0; i < d->train.n; i++)
    right = right && d->train.label[i] == (example(&d->train, i)[0] > 0);
  for (size_t i = 0; i < d->test.n; i++)
    right = right && d->test.label[i] == (example(&d->test, i)[0] > 0);
  tap_ok(right && rows_are_padded(&d->train) && rows_are_padded(&d->test), "libsvm: %s", what);
  dataset_release(d);
  remove_pair(path);
}

/* 20000 rows of 2^31 - 1 inputs: 172 TB. */
static void check_too_wide(void)
{
  char *text = calloc(20000, 7);
  for (size_t i = 0; i < 20000; i++)
    memcpy(text + 6 * i, "1 1:1\n", 6); /* NOLINT(bugprone-not-null-terminated-result): calloc ended it */
  const char *path = file_of(text, strlen(text), ".txt");
  refuses(&data_libsvm, "20000 examples of 2147483647 inputs need", (struct named_value[]){set_text("file", path), set_int("d", 2147483647)}, 2);
  unlink(path);
  free(text);
}

static void check_libsvm(void)
{
  char path[2][64];
  check_codes("+1 1:1\n-1 3:2\n1 1:2\n", "-1 2:1\n1 1:1\n", "-1 is class 0, 1 class 1");
  check_codes("+1 1:1\n-1 3:2\n1 1:2\n", "0 2:1\n1 1:1\n", "a test file may write 0 for -1");
  check_codes("2 1:1\n1 3:2\n2 1:2\n", "0 2:1\n1 1:1\n", "or 0 and 1 for 1 and 2");
  write_pair(path, "1 1:1\n2 1:2\n3 1:3\n", "4 1:1\n1 2:1\n");
  refuses(&data_libsvm, "set d = 2", (struct named_value[]){set_text("file", path[0]), set_text("test_file", path[1])}, 2);
  refuses(&data_libsvm, "the label 4 does not occur",
          (struct named_value[]){set_text("file", path[0]), set_text("test_file", path[1]), set_int("d", 2)}, 3);
  refuses(&data_libsvm, "test is 3, but the test file has 2",
          (struct named_value[]){set_text("file", path[0]), set_text("test_file", path[1]), set_int("d", 2), set_int("test", 3),
                                 set_text("task", "regression")}, 5);
  remove_pair(path);
  check_too_wide();
  write_pair(path, "0.5 1:1\n-1.5 2:2\n", "");
  refuses(&data_libsvm, "not a whole number", (struct named_value[]){set_text("file", path[0])}, 1);
  refuses(&data_libsvm, "no rows", (struct named_value[]){set_text("file", path[1])}, 1);
  remove_pair(path);
}

static void check_a9a(void)
{
  char train[1024];
  struct dataset *d;
  if (!shared_path("libsvm/a9a.gz") || !shared_path("libsvm/a9a.t.gz")) {
    tap_skip(1, "a9a is absent");
    return;
  }
  snprintf(train, sizeof train, "%s", shared_path("libsvm/a9a.gz"));
  must_load(&d, &data_libsvm, set_text("file", train), set_text("test_file", shared_path("libsvm/a9a.t.gz")), set_int("valid", 0));
  size_t positive = 0;
  for (size_t i = 0; i < d->test.n; i++)
    positive += d->test.label[i] == 1;
  tap_ok(d->train.n == 32561 && d->test.n == 16281 && d->d == 123 && d->test.d == 123 && d->classes == 2,
         "a9a: %zu and %zu rows of %zu inputs, d from the training file", d->train.n, d->test.n, d->d);
  tap_is_int((long long)positive, 3846, "positive test labels (16281 * 0.2362, UCI Adult)");
  dataset_release(d);
}

static void check_fann(void)
{
  char path[2][64];
  struct dataset *d;
  write_pair(path, "3 2 2\n1 2\n0 1\n3 4\n1 0\n5 6\n0 1\n", "2 2 2\n1 2\n1 1\n3 4\n1 0\n");
  must_load(&d, &data_fann, set_text("file", path[0]), set_int("valid", 0), set_int("test", 0));
  bool right = d->classes == 2 && d->train.n == 3;
  for (size_t i = 0; i < d->train.n; i++)
    right = right && d->train.label[i] == (example(&d->train, i)[0] != 3);
  tap_ok(right, "fann: the high output is the class");
  dataset_release(d);
  must_load(&d, &data_fann, set_text("file", path[1]), set_text("task", "regression"), set_int("valid", 0), set_int("test", 0));
  tap_ok(d->task == TASK_REGRESSION && d->outputs == 2, "fann: or both are targets");
  dataset_release(d);
  refuses(&data_fann, "row 1: the 2 outputs do not name one class", (struct named_value[]){set_text("file", path[1])}, 1);
  remove_pair(path);
}

static bool same_part(const struct examples *a, const struct examples *b)
{
  bool same = a->n == b->n && a->d == b->d;
  for (size_t i = 0; same && i < a->n; i++)
    same = a->label[i] == b->label[i] && memcmp(example(a, i), example(b, i), a->d * sizeof(float)) == 0;
  return same;
}

static void check_same(void)
{
  char path[4][1200], root[1200];
  struct dataset *a, *b, *c;
  if (!share_dir()) {
    tap_skip(2, "the tables are not found");
    return;
  }
  snprintf(root, sizeof root, "%s", share_dir());
  snprintf(path[0], sizeof path[0], "%.1000s/" SPIRALS ".libsvm", root);
  snprintf(path[1], sizeof path[1], "%.1000s/" SPIRALS ".fann", root);
  snprintf(path[2], sizeof path[2], "%.1000s/" SPIRALS "_x.npy", root);
  snprintf(path[3], sizeof path[3], "%.1000s/" SPIRALS "_y.npy", root);
  must_load(&a, &data_libsvm, set_text("file", path[0]), set_bool("standardize", true));
  must_load(&b, &data_fann, set_text("file", path[1]), set_bool("standardize", true));
  must_load(&c, &data_npy, set_text("x", path[2]), set_text("y", path[3]), set_bool("standardize", true));
  tap_ok(a->train.n == 180 && a->valid.n == 60 && a->test.n == 60, "300 rows become 180, 60 and 60");
  tap_ok(same_part(&a->train, &b->train) && same_part(&a->valid, &b->valid) && same_part(&a->test, &b->test),
         "LIBSVM and FANN give the same data");
  tap_ok(same_part(&a->train, &c->train) && same_part(&a->valid, &c->valid) && same_part(&a->test, &c->test),
         "and so does NPY");
  dataset_release(c);
  must_load(&c, &data_npy, set_text("x", path[2]), set_text("y", path[3]), set_text("test_x", path[2]), set_text("test_y", path[3]),
            set_int("test", 10), set_int("valid", 0));
  tap_ok(c->train.n == 300 && c->test.n == 10 && c->test.label[0] == 0 && c->test.label[1] == 1, "npy: a test file of its own");
  refuses(&data_npy, "given together", (struct named_value[]){set_text("x", path[2]), set_text("y", path[3]), set_text("test_x", path[2])}, 3);
  refuses(&data_npy, "one label is needed", (struct named_value[]){set_text("x", path[2]), set_text("y", path[2])}, 2);
  dataset_release(a);
  dataset_release(b);
  dataset_release(c);
}

int main(void)
{
  check_libsvm();
  check_a9a();
  check_fann();
  check_same();
  return tap_done();
}
