/* tables.c: the table reader, "csv", "table" and the two tables that come with assay: every message, the split,
 * scaling. */
#include <locale.h>
#include <zlib.h>

#include "experiments/kernel/mem.h"
#include "tests/unit/data/load.h"

extern const struct data_method data_csv, data_digits, data_breast_cancer, data_table;

static char csv_path[64];

/* Load a CSV file of this text; more parameters may follow. */
#define load_csv(out, e, text, ...)                                                                                    \
  (snprintf(csv_path, sizeof csv_path, "%s", file_of_text(text)),                                                      \
   load_then_unlink(load(out, &data_csv, e, set_text("file", csv_path), __VA_ARGS__)))
#define ALL set_int("valid", 0), set_int("test", 0)

#define must_load_csv(out, ...)                                         \
  do {                                                                  \
    struct err load_err = {0};                                          \
    if (load_csv(out, &load_err, __VA_ARGS__) != STATUS_OK || !*(out))  \
      give_up(&load_err);                                 \
  } while (0)

static enum status load_then_unlink(enum status s)
{
  unlink(csv_path);
  return s;
}

/* The text is refused, and the message, after the path, is `part`. */
#define refuse(text, part, ...)                                                                              \
  do {                                                                                                       \
    struct dataset *refused;                                                                                 \
    struct err why = {0};                                                                                    \
    tap_ok(load_csv(&refused, &why, text, __VA_ARGS__) != STATUS_OK, "refused: %s", part);                   \
    tap_has(why.message, part, "the message says so: %s", why.message);                                      \
    dataset_release(refused);                                                                                \
  } while (0)

static void messages(void)
{
  refuse("", "the file is empty; a label and at least one input are needed", ALL);
  refuse("\n\r\n\n", "the file is empty", ALL);
  refuse("a\n1\n", "there is only one column", ALL);
  refuse("a,b\n", ": no rows", ALL);
  refuse("1,2\n3,4,5\n", ": line 2: 3 fields, but line 1 has 2 (set skip = 1", ALL);
  refuse("1,2\n\n3,4\n5\n", ": line 4: 1 field, but line 1 has 2", ALL);
  refuse("a,b\n1,\"2\n", ": line 2: the quote opened here is never closed", ALL);
  refuse("a,b\n1,\"2\"x\n", ": line 2: text follows a closing quote", ALL);
  refuse("a,b\n1,x\n2,y\n,x\n", ": line 4, column 1 (\"a\"): the value is missing (\"\"); set missing = \"mean\"", ALL);
  refuse("1,x\n?,y\n", "numbers and words together", ALL);
  refuse("1,0\n?,1\n", ": line 2, column 1: the value is missing (\"?\")", ALL);
  refuse("1,0\n2,NA\n", ": line 2, column 2: the label is missing; set missing = \"drop\"",
         set_text("missing", "mean"));
  refuse("1,0\n2,x1\nabc,0\n", ": line 3, column 1: \"abc\" is not a number", ALL);
  refuse("1,0\n0x10,1\n", ": line 2, column 1: \"0x10\" is not a number", ALL);
  refuse("1,0\n1e,1\n", ": line 2, column 1: \"1e\" is not a number", ALL);
  refuse("1,0\nnan,1\n", ": line 2, column 1: \"nan\" is not a finite number", ALL);
  refuse("1,0\n-Inf,1\n", ": line 2, column 1: \"-Inf\" is not a finite number", ALL);
  refuse("1,0\n1e999,1\n", ": line 2, column 1: \"1e999\" is too large for a float64", ALL);
  refuse("1,0\n1e39,1\n", ": line 2, column 1: 1e+39 is too large for a float32", ALL);
  refuse("1,0\n\"2,5\",1\n",
         ": line 2, column 1: \"2,5\" is not a number with a decimal point; set decimal = \"comma\" if it means 2.5",
         ALL);
  refuse("1;0\n2.5;1\n", ": line 2, column 1: \"2.5\" is not a number with a decimal comma; set decimal = \"point\"",
         set_text("separator", "semicolon"), set_text("decimal", "comma"));
  refuse("1;0\n2,5;1\n",
         ": line 1: the fields seem to be separated by semicolons: set separator = \"semicolon\" (and decimal", ALL);
  refuse("\xff\xfe"
         "1\n",
         "the file is UTF-16; save it as UTF-8", ALL);
  refuse("1,0.5\n2,1\n", "the label 0.5 is not a whole number; set task = \"regression\"", ALL);
  refuse("1,0\n2,0\n", "all examples have the same label; at least 2 classes are needed", ALL);
  refuse("1,\x1b[31m\n", "numbers and words together", ALL);
  refuse("a,b\n\x1b[31m\xc2\x9b,1\n", "\"\\x1b[31m\\xc2\\x9b\" is not a number", ALL);
  refuse("a,b\ncafé,1\n", "\"café\" is not a number", ALL);
  refuse("size,colour\n1,2\n", "has no column \"color\"; did you mean \"colour\"?", set_text("label", "color"));
  refuse("size,colour\n1,2\n", "has no column \"xyz\"; it has 2 columns, the first is \"size\"",
         set_text("label", "xyz"));
  refuse("1,2\n3,4\n", "has no header; it must be \"first\", \"last\" or a number from 1 to 2", set_text("label", "3"));
  refuse("a,a\n1,2\n", "has 2 columns of that name", set_text("label", "a"));
  refuse("1,0\n2,1\n", "of 2 rows, 1 are left for training after 1 for validation and 0 for test, but train is 2",
         set_int("train", 2), set_int("valid", 1), set_int("test", 0));
  refuse("1,0\n2,1\n", "of 2 rows, 0 are left for training", set_int("valid", 2), set_int("test", 2));
  struct dataset *d;
  struct err e;
  char zero[] = "1,0\n2\0,1\n";
  snprintf(csv_path, sizeof csv_path, "%s", file_of(zero, sizeof zero - 1, ".csv"));
  tap_is_int(load_then_unlink(load(&d, &data_csv, &e, set_text("file", csv_path))), STATUS_BAD_DATA,
             "a zero byte is refused");
  tap_has(e.message, ": line 2: a zero byte", "the message says where");
  tap_is_int(load(&d, &data_csv, &e, set_text("file", "/nowhere.csv")), STATUS_IO, "a missing file is an error");
  tap_has(e.message, "data \"csv\": /nowhere.csv: No such file or directory", "the message has the path");
}

/* The training part of a table without validation and test holds these inputs, in whatever order. */
static double sum_of_inputs(const struct dataset *d)
{
  double sum = 0;
  for (size_t i = 0; i < d->train.n; i++)
    for (size_t j = 0; j < d->d; j++)
      sum += (double)example(&d->train, i)[j] * (j ? 1000 : 1);
  return sum;
}

#define accept(text, inputs, name, ...)                                                                   \
  do {                                                                                                    \
    struct dataset *taken;                                                                                \
    struct err why = {0};                                                                                 \
    if (tap_is_int(load_csv(&taken, &why, text, __VA_ARGS__), STATUS_OK, "%s: accepted", name) && taken)           \
      tap_near(sum_of_inputs(taken), inputs, 1e-6, 0, "%s: the inputs are as written", name);             \
    else                                                                                                  \
      tap_diag("%s", why.message);                                                                        \
    dataset_release(taken);                                                                               \
  } while (0)

static void dialects(void)
{
  accept("1,2,0\n3,4,1\n", 6004, "commas", ALL);
  accept("1\t2\t0\n3\t4\t1\n", 6004, "tabs", ALL);
  accept("1,5;2;0\n3;4;1\n", 6004.5, "semicolons and decimal commas", ALL, set_text("separator", "semicolon"),
         set_text("decimal", "comma"));
  accept("1,2,0\r3,4,1", 6004, "old Macintosh line ends, no last one", ALL);
  accept("\r\n1,2,0\r\n\r\n3,4,1\r\n\r\n", 6004, "blank lines", ALL);
  accept(" 1 , +2.e0\t,0\n.3e1,\"4\",1\n", 6004, "blanks, signs and quotes around numbers", ALL);
  accept("5,a,b\n1,2,0\n3,4,1\n", 6004, "a line to skip", ALL, set_int("skip", 1));
  accept("7,8,9\n1,2,0\n3,4,1\n", 6004, "a header of numbers", ALL, set_text("header", "yes"));
  accept("x,y,z\n1,2,0\n3,4,1\n", 6004, "a header of words", ALL);
  accept("z,x,y\n0,1,2\n1,3,4\n", 6004, "the label first", ALL, set_text("label", "first"));
  accept("x,z,y\n1,0,2\n3,1,4\n", 6004, "the label by name", ALL, set_text("label", "z"));
  accept("x,z,y\n1,0,2\n3,1,4\n", 6004, "the label by number", ALL, set_text("label", "2"));
  accept("1,2,0\n?,9,1\n3,4,1\n", 6004, "rows with missing values dropped", ALL, set_text("missing", "drop"));
  accept("1,2,0\n?,NA,1\n3,4,1\n", 6004, "missing values as zero", ALL, set_text("missing", "zero"));
  accept("1,2,0\n,9,1\n3,4,1\n", 15006, "missing values as the mean", ALL, set_text("missing", "mean"));
}

static size_t class_of(const struct dataset *d, float input)
{
  for (size_t i = 0; i < d->train.n; i++)
    if (example(&d->train, i)[0] == input)
      return (size_t)d->train.label[i];
  return 99;
}

static void classes(void)
{
  struct dataset *d;
  must_load_csv(&d, "1,10\n2,9\n3,-1\n4,9.0\n", ALL);
  tap_ok(d->classes == 3 && class_of(d, 3) == 0 && class_of(d, 2) == 1 && class_of(d, 4) == 1 && class_of(d, 1) == 2,
         "numeric labels are classes by value, 9 and 9.0 being one");
  tap_ok(d->class_names && strcmp(d->class_names[0], "-1") == 0 && strcmp(d->class_names[2], "10") == 0,
         "and keep their names");
  dataset_release(d);
  must_load_csv(&d, "x,y\n1,10\n2,9\n3,b\n4,a \n5, b\n", ALL);
  tap_ok(d->classes == 4 && class_of(d, 1) == 0 && class_of(d, 2) == 1 && class_of(d, 4) == 2 && class_of(d, 3) == 3 &&
             class_of(d, 5) == 3,
         "labels with a word among them are classes by spelling");
  dataset_release(d);
  must_load_csv(&d, "1,1\n2,0\n3,1\n", ALL);
  tap_ok(d->classes == 2 && !d->class_names && class_of(d, 2) == 0, "labels 0, 1 need no names");
  dataset_release(d);
  must_load_csv(&d, "1,0.5\n2,7\n3,1e3\n", ALL, set_text("task", "regression"));
  tap_ok(d->task == TASK_REGRESSION && d->outputs == 1 && d->train.label == NULL &&
             d->train.target[0] + d->train.target[1] + d->train.target[2] == 1007.5f,
         "a regression has targets");
  dataset_release(d);
  char *many = malloc(200000), *at = many;
  for (int i = 0; i < 10001; i++)
    at += sprintf(at, "1,%d\n", i);
  refuse(many, ": line 10001, column 2: more than 10000 different labels; set task = \"regression\"", ALL);
  free(many);
}

/* strtod() would read 2.5 as 2 in a locale with decimal commas. */
static void locales(void)
{
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL.UTF-8"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (setlocale(LC_NUMERIC, names[i])) {
      accept("1.5,2,0\n3,4,1\n", 6004.5, "decimal points in a locale of decimal commas", ALL);
      setlocale(LC_NUMERIC, "C");
      return;
    }
  tap_skip(2, "no locale with a decimal comma is installed");
}

static void column_moments(const struct examples *p, size_t j, double *mean, double *sd)
{
  double sum = 0, square = 0;
  for (size_t i = 0; i < p->n; i++)
    sum += (double)example(p, i)[j];
  *mean = sum / (double)p->n;
  for (size_t i = 0; i < p->n; i++)
    square += pow((double)example(p, i)[j] - *mean, 2);
  *sd = sqrt(square / (double)p->n);
}

static void breast_cancer(void)
{
  struct dataset *d, *raw, *other;
  double mean, sd, off = 0, off_test = 0;
  must_load(&d, &data_breast_cancer, set_int("split_seed", 1));
  must_load(&raw, &data_breast_cancer, set_bool("standardize", false));
  tap_ok(d->train.n == 341 && d->valid.n == 114 && d->test.n == 114 && d->d == 30 && d->classes == 2,
         "breast-cancer: 341, 114 and 114 of 569 rows, 30 inputs");
  tap_ok(d->class_names && strcmp(d->class_names[0], "malignant") == 0 && strcmp(d->class_names[1], "benign") == 0,
         "breast-cancer: the classes have names");
  size_t malignant = 0;
  const struct examples *parts[] = {&d->train, &d->valid, &d->test};
  for (int k = 0; k < 3; k++)
    for (size_t i = 0; i < parts[k]->n; i++)
      malignant += parts[k]->label[i] == 0;
  tap_is_int((long long)malignant, 212, "breast-cancer: 212 are malignant (the data's own description)");
  for (size_t j = 0; j < 30; j++) {
    column_moments(&d->train, j, &mean, &sd);
    off = fmax(off, fmax(fabs(mean), fabs(sd - 1)));
    column_moments(&raw->train, j, &mean, &sd);
    for (size_t i = 0; i < d->test.n; i++)
      off_test =
          fmax(off_test, fabs(((double)example(&raw->test, i)[j] - mean) / sd - (double)example(&d->test, i)[j]));
  }
  tap_near(off, 0, 0, 1e-6, "standardised: each training input has mean 0 and sd 1 (float32 rounding)");
  tap_near(off_test, 0, 0, 1e-5,
           "standardised: the test part by the training part's figures (float32 rounding of values to 12)");
  column_moments(&d->test, 0, &mean, &sd);
  tap_ok(fabs(mean) > 1e-3, "standardised: and not by its own (its mean is %g)", mean);
  must_load(&other, &data_breast_cancer, set_int("split_seed", 2), set_bool("standardize", false));
  tap_ok(other->content_hash != raw->content_hash, "another split_seed gives another split");
  dataset_release(other);
  must_load(&other, &data_breast_cancer, set_bool("standardize", false), set_int("train", 50), set_int("valid", 9));
  tap_same_bits(other->test.x, raw->test.x, raw->test.n * raw->test.stride * sizeof(float),
                "the test part does not depend on the other counts");
  tap_same_bits(other->valid.x, raw->valid.x, 9 * raw->valid.stride * sizeof(float),
                "9 validation examples are the first 9");
  dataset_release(other);
  must_load(&other, &data_breast_cancer, set_bool("standardize", false));
  tap_ok(other->content_hash == raw->content_hash && strcmp(other->config, raw->config) == 0,
         "the same parameters give the same hash and config");
  tap_has(other->config, "\"split_seed\":1", "the config has the defaults filled in");
  dataset_release(other);
  dataset_release(raw);
  dataset_release(d);
}

static void digits(void)
{
  static const int balance[] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; /* scikit-learn's description */
  struct dataset *d;
  size_t count[10] = {0};
  float least = 1, most = 0;
  must_load(&d, &data_digits, set_int("valid", 0), set_int("test", 0));
  tap_ok(d->train.n == 1797 && d->d == 64 && d->classes == 10 && d->train.stride == 64,
         "digits: 1797 rows of 64 inputs, 10 classes");
  for (size_t i = 0; i < d->train.n; i++) {
    count[d->train.label[i]]++;
    for (size_t j = 0; j < 64; j++) {
      least = fminf(least, example(&d->train, i)[j]);
      most = fmaxf(most, example(&d->train, i)[j]);
    }
  }
  for (int c = 0; c < 10; c++)
    tap_is_int((long long)count[c], balance[c], "digits: examples of class %d", c);
  tap_ok(least == 0 && most == 1, "digits: grey levels lie in 0 to 1");
  dataset_release(d);
  must_load(&d, &data_digits, set_bool("standardize", true));
  bool constant = true;
  for (size_t i = 0; i < d->train.n; i++) /* the first pixel is 0 everywhere */
    constant = constant && example(&d->train, i)[0] == 0;
  tap_ok(constant, "digits: an input that never changes is centred only");
  dataset_release(d);
}

static struct named_value table_of(const char *name, size_t rows, size_t cols, const double *v)
{
  return (struct named_value){name, {VALUE_TABLE, {.table = {rows, cols, v}}}};
}

static void numbers_at_hand(void)
{
  static const double x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {-1, 1, 1, -1}, bad[] = {0, 1, 5, 0},
                      half[] = {0, 1, 0.5, 0}, large[] = {0, 1, 1e39, 0};
  struct dataset *d;
  struct err e = {0};
  must_load(&d, &data_table, table_of("x", 4, 2, x), table_of("y", 4, 1, y));
  tap_ok(d->train.n == 4 && d->valid.n == 0 && d->test.n == 0 && d->task == TASK_CLASSES && d->classes == 2,
         "table: all rows are for training");
  bool same = true;
  for (size_t i = 0; i < 4; i++) {
    const float *row = example(&d->train, i);
    same = same && d->train.label[i] == ((row[0] != 0) != (row[1] != 0));
  }
  tap_ok(same, "table: -1 and 1 become classes 0 and 1, each with its row");
  tap_ok(rows_are_padded(&d->train), "table: rows are padded with zeros");
  struct dataset *kept = dataset_retain(d);
  dataset_release(d);
  tap_is_int(kept->references, 1, "table: a retained data set outlives one release");
  dataset_release(kept);
  must_load(&d, &data_table, table_of("x", 4, 1, y), table_of("y", 4, 2, x));
  tap_ok(d->task == TASK_REGRESSION && d->outputs == 2 && d->train.target,
         "table: two numbers per row are targets of a regression");
  dataset_release(d);
  tap_is_int(load(&d, &data_table, &e, table_of("x", 2, 4, x), table_of("y", 4, 1, y)), STATUS_BAD_ARG,
             "table: other numbers of rows are refused");
  tap_has(e.message, "x has 2 rows, but y has 4", "and said");
  tap_is_int(load(&d, &data_table, &e, table_of("x", 4, 2, x), table_of("y", 4, 1, bad), set_int("classes", 3)),
             STATUS_BAD_DATA, "table: a label out of range is refused");
  tap_has(e.message, "y, row 3: the label 5 is out of range; with classes = 3 it must be 0 to 2", "and said");
  tap_is_int(load(&d, &data_table, &e, table_of("x", 4, 2, x), table_of("y", 4, 1, half)), STATUS_BAD_DATA,
             "table: half a label is refused");
  tap_has(e.message, "y, row 3: the label 0.5 is not a whole number; set task = \"regression\"", "and said");
  tap_is_int(load(&d, &data_table, &e, table_of("x", 4, 1, large), table_of("y", 4, 1, y)), STATUS_BAD_DATA,
             "table: a number beyond float32 is refused");
  tap_has(e.message, "x, row 3, column 1: 1e+39 is not a finite float32", "and said");
  double nan_inside[] = {0, 1, NAN, 0};
  tap_is_int(load(&d, &data_table, &e, table_of("x", 4, 1, nan_inside), table_of("y", 4, 1, y)), STATUS_BAD_ARG,
             "table: NaN is refused");
  tap_has(e.message, "row 3, column 1", "and its place said");
  tap_is_int(load(&d, &data_table, &e, table_of("x", 4, 2, x)), STATUS_BAD_ARG, "table: y is required");
}

/* A gzipped table, and one whose quoted field crosses the reader's chunks. */
static void large_tables(void)
{
  struct dataset *d;
  struct err e = {0};
  size_t n = 300000;
  char *text = malloc(n + 100);
  int head = sprintf(text, "x,y\n1,\"");
  memset(text + head, 'a', n - (size_t)head);
  memcpy(text + n, "\"\"b\"\n2,c\n", 10);
  must_load_csv(&d, text, ALL);
  tap_ok(d && d->classes == 2 && strlen(d->class_names[0]) == n - (size_t)head + 2 &&
             strcmp(d->class_names[0] + n - (size_t)head, "\"b") == 0,
         "a quoted field of %zu bytes is read whole", n);
  dataset_release(d);
  snprintf(csv_path, sizeof csv_path, "%s", file_of("", 0, ".csv"));
  gzFile z = gzopen(csv_path, "wb");
  for (int i = 0; i < 20000; i++)
    gzprintf(z, "%d,%d\n", i, i % 2);
  gzclose(z);
  tap_is_int(load_then_unlink(load(&d, &data_csv, &e, set_text("file", csv_path), ALL)), STATUS_OK,
             "a gzipped table is read, whatever its name");
  tap_ok(d && d->train.n == 20000 && sum_of_inputs(d) == 19999.0 * 10000, "and all its 20000 rows");
  dataset_release(d);
  free(text);
}

static void other_ends(void)
{
  struct dataset *d;
  struct err e = {0};
  struct object o;
  const atomic_int cancel = 1;
  const struct exec stopped = {.cancel = &cancel, .threads = 1};
  struct data_env env = {.exec = &stopped, .share_dir = share_dir()};
  if (params_parse(&o, &data_digits.m, NULL, 0, NULL, &e) != STATUS_OK)
    give_up(&e);
  tap_is_int(dataset_load(&d, &o, &env, &e), STATUS_CANCELLED, "loading stops when asked to");
  tap_ok(d == NULL, "and leaves nothing");
  env = (struct data_env){0};
  tap_is_int(dataset_load(&d, &o, &env, &e), STATUS_IO, "without assay's own files digits cannot be loaded");
  tap_has(e.message, "data \"digits\": the folder share/assay with digits.csv.gz was not found",
          "and the message says so");
  object_free(&o);
  snprintf(csv_path, sizeof csv_path, "%s", file_of_text("1,0\n2,1\n"));
  struct named_value file = set_text("file", strrchr(csv_path, '/') + 1), rest[] = {file, ALL};
  if (params_parse(&o, &data_csv.m, rest, 3, NULL, &e) != STATUS_OK)
    give_up(&e);
  env.base_dir = "/tmp";
  tap_is_int(dataset_load(&d, &o, &env, &e), STATUS_OK, "relative names start from base_dir");
  tap_ok(d && strcmp(d->name, strrchr(csv_path, '/') + 1) == 0, "a table is called after its file");
  dataset_release(d);
  dataset_release(NULL);
  object_free(&o);
  unlink(csv_path);
}

/* Tables from elsewhere: rows, inputs and classes as their sources say. */
static void other_tables(void)
{
  static const struct {
    const char *name;
    size_t rows, inputs, classes; /* classes 0: a regression */
  } tables[] = {
      {"csv/letter.csv.gz", 20000, 16, 26}, {"csv/satellite.csv.gz", 6435, 36, 6},
      {"csv/sonar.csv", 208, 60, 2},        {"csv/ionosphere.csv", 351, 34, 2},
      {"csv/spam.csv.gz", 4601, 57, 2},     {"csv/winequality-white.csv", 4898, 11, 0},
  };
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    const char *path = shared_path(tables[i].name);
    struct dataset *d;
    if (!path) {
      tap_skip(1, "%s is absent", tables[i].name);
      continue;
    }
    must_load(&d, &data_csv, set_text("file", path), ALL,
              set_text("task", tables[i].classes ? "classes" : "regression"));
    tap_ok(d->train.n == tables[i].rows && d->d == tables[i].inputs && d->classes == tables[i].classes,
           "%s: %zu rows of %zu inputs, %zu classes", tables[i].name, d->train.n, d->d, d->classes);
    dataset_release(d);
  }
}

int main(void)
{
  messages();
  dialects();
  classes();
  locales();
  numbers_at_hand();
  large_tables();
  other_tables();
  if (!share_dir()) {
    tap_skip(1, "the tables of assay are not found; run from the source folder");
    return tap_done();
  }
  breast_cancer();
  digits();
  other_ends();
  return tap_done();
}
