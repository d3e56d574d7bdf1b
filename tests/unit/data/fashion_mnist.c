/* fashion_mnist.c: the facts of the default data set, and its split. Skipped where the package is absent. */
#include <time.h>

#include "tests/unit/data/load.h"

extern const struct data_method data_fashion_mnist, data_idx;

#define DIR "/usr/share/datasets/fashion-mnist/"

/* Mean and standard deviation of all inputs of the training part. */
static void moments(const struct examples *p, double *mean, double *sd)
{
  double sum = 0, square = 0, n = (double)p->n * (double)p->d;
  for (size_t i = 0; i < p->n; i++)
    for (size_t j = 0; j < p->d; j++) {
      double x = (double)example(p, i)[j];
      sum += x;
      square += x * x;
    }
  *mean = sum / n;
  *sd = sqrt(square / n - *mean * *mean);
}

static size_t in_class(const struct examples *p, int32_t label)
{
  size_t n = 0;
  for (size_t i = 0; i < p->n; i++)
    n += p->label[i] == label;
  return n;
}

static void whole_file(void)
{
  static const int first[] = {9, 0, 0, 3, 0, 2, 7, 2};
  struct dataset *d;
  double mean, sd;
  must_load(&d, &data_fashion_mnist, set_int("train", 60000), set_int("valid", 0));
  for (size_t i = 0; i < 8; i++)
    tap_is_int(d->train.label[i], first[i], "label of training example %zu", i + 1);
  moments(&d->train, &mean, &sd);
  tap_near(mean, 0.286041, 0, 5e-7, "mean of the training pixels (six published digits)");
  tap_near(sd, 0.353024, 0, 5e-7, "standard deviation of the training pixels (six published digits)");
  for (int32_t c = 0; c < 10; c++) {
    tap_is_int((long long)in_class(&d->train, c), 6000, "training examples of class %d", c);
    tap_is_int((long long)in_class(&d->test, c), 1000, "test examples of class %d", c);
  }
  tap_ok(d->valid.n == 0 && d->valid.x == NULL, "valid = 0 gives no validation part");
  dataset_release(d);
}

static void default_split(void)
{
  struct dataset *all, *d, *few;
  struct timespec from, to;
  must_load(&all, &data_fashion_mnist, set_int("train", 60000), set_int("valid", 0), set_int("test", 0));
  timespec_get(&from, TIME_UTC);
  must_load(&d, &data_fashion_mnist, set_text("scale", "unit"));
  timespec_get(&to, TIME_UTC);
  tap_diag("loaded in %.2f s", (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec));
  tap_ok(d->train.n == 50000 && d->valid.n == 10000 && d->test.n == 10000,
         "the parts have 50000, 10000 and 10000 examples");
  tap_ok(d->d == 784 && d->classes == 10 && d->outputs == 10 && d->task == TASK_CLASSES,
         "784 inputs, 10 classes, 10 outputs");
  tap_ok(d->train.d == 784 && d->train.stride == 784, "784 is a multiple of 16: rows are not padded");
  tap_same_bits(d->train.x, all->train.x, 50000 * 784 * sizeof(float), "training is the first 50000 examples");
  tap_same_bits(d->valid.x, example(&all->train, 50000), 10000 * 784 * sizeof(float),
                "validation is the last 10000 examples");
  tap_same_bits(d->valid.label, all->train.label + 50000, 10000 * sizeof(int32_t), "and their labels");
  tap_ok(rows_are_padded(&d->train) && rows_are_padded(&d->valid) && rows_are_padded(&d->test),
         "rows are aligned to 64 bytes");
  tap_is_int((long long)d->bytes, 70000 * (784 * 4 + 4), "bytes of the data set");
  tap_is_str(d->name, "fashion-mnist", "name");
  tap_ok(isnan(d->bayes_error) && d->teacher.data == NULL && d->class_names == NULL,
         "nothing is known of its best error");
  must_load(&few, &data_fashion_mnist, set_int("train", 100), set_int("valid", 7), set_int("test", 3));
  tap_same_bits(few->train.x, d->train.x, 100 * 784 * sizeof(float), "fewer training examples are the first ones");
  tap_same_bits(few->valid.x, d->valid.x, 7 * 784 * sizeof(float), "fewer validation examples are the first ones");
  tap_same_bits(few->test.x, d->test.x, 3 * 784 * sizeof(float), "fewer test examples are the first ones");
  tap_ok(few->content_hash != d->content_hash, "other content has another hash");
  dataset_release(few);
  dataset_release(d);
  dataset_release(all);
}

static void scaled(void)
{
  struct dataset *unit, *d;
  double mean, sd;
  must_load(&unit, &data_fashion_mnist, set_int("train", 500), set_int("valid", 50), set_int("test", 50));
  must_load(&d, &data_fashion_mnist, set_int("train", 500), set_int("valid", 50), set_int("test", 50),
            set_text("scale", "standard"));
  moments(&d->train, &mean, &sd);
  tap_near(mean, 0, 0, 1e-6, "standard: training pixels have mean 0 (float32 rounding)");
  tap_near(sd, 1, 0, 1e-6, "standard: training pixels have standard deviation 1 (float32 rounding)");
  moments(&unit->train, &mean, &sd);
  double off = 0;
  for (size_t j = 0; j < 784; j++)
    off = fmax(off, fabs(((double)example(&unit->test, 0)[j] - mean) / sd - (double)example(&d->test, 0)[j]));
  tap_near(off, 0, 0, 1e-6, "standard: the test part is scaled by the training part's figures");
  dataset_release(unit);
  dataset_release(d);
}

static void as_idx(void)
{
  struct dataset *d, *same;
  must_load(&d, &data_idx, set_text("images", DIR "train-images-idx3-ubyte.gz"),
            set_text("labels", DIR "train-labels-idx1-ubyte.gz"),
            set_text("test_images", DIR "t10k-images-idx3-ubyte.gz"),
            set_text("test_labels", DIR "t10k-labels-idx1-ubyte.gz"), set_int("train", 20), set_int("valid", 20),
            set_int("test", 20));
  must_load(&same, &data_fashion_mnist, set_int("train", 20), set_int("valid", 20), set_int("test", 20));
  tap_ok(d->content_hash == same->content_hash, "read through \"idx\" it is the same data");
  dataset_release(d);
  dataset_release(same);
}

static void refusals(void)
{
  struct dataset *d;
  struct err e;
  tap_is_int(load(&d, &data_fashion_mnist, &e, set_int("train", 50001)), STATUS_BAD_ARG,
             "50001 training examples beside validation are refused");
  tap_has(e.message, "data \"fashion-mnist\": train is 50001, but 50000 of 60000 examples are left",
          "the message has the figures");
  tap_has(e.message, "valid = 0", "the message has the cure");
  tap_is_int(load(&d, &data_fashion_mnist, &e, set_int("test", 10001)), STATUS_BAD_ARG,
             "10001 test examples are refused");
  tap_is_int(load(&d, &data_fashion_mnist, &e, set_int("valid", 60001)), STATUS_BAD_ARG,
             "60001 validation examples are refused");
  tap_has(e.message, "valid is 60001, but the training file has 60000", "the message has the figures");
}

/* Noise in every part, the same for the examples that two sizes share, and never the right class. */
static void label_noise(void)
{
  struct dataset *clean, *noisy, *few, *other;
  must_load(&clean, &data_fashion_mnist, set_int("train", 20000), set_int("valid", 0));
  must_load(&noisy, &data_fashion_mnist, set_int("train", 20000), set_int("valid", 0), set_real("label_noise", 0.3));
  must_load(&few, &data_fashion_mnist, set_int("train", 500), set_int("valid", 0), set_real("label_noise", 0.3));
  must_load(&other, &data_fashion_mnist, set_int("train", 500), set_int("valid", 0), set_real("label_noise", 0.3), set_int("noise_seed", 2));
  double changed = 0, test_changed = 0, shifted[10] = {0}, together = 0;
  for (size_t i = 0; i < 20000; i++) {
    int shift = (noisy->train.label[i] - clean->train.label[i] + 10) % 10;
    changed += shift > 0;
    shifted[shift]++;
  }
  for (size_t i = 0; i < 10000; i++)
    test_changed += noisy->test.label[i] != clean->test.label[i];
  for (size_t i = 0; i < 500; i++)
    together += few->train.label[i] != other->train.label[i];
  /* binomial counts, within 5 standard deviations */
  tap_near(changed / 20000, 0.3, 0, 5 * sqrt(0.3 * 0.7 / 20000), "three in ten labels are wrong");
  tap_near(test_changed / 10000, 0.3, 0, 5 * sqrt(0.3 * 0.7 / 10000), "in the test part too");
  for (int k = 1; k < 10; k++)
    tap_near(shifted[k] / 20000, 0.3 / 9, 0, 5 * sqrt(0.3 / 9 / 20000), "each other class is as likely (%d on)", k);
  tap_same_bits(few->train.label, noisy->train.label, 500 * sizeof(int32_t), "fewer examples have the same noise");
  tap_ok(together > 150, "another seed has another");
  dataset_release(clean), dataset_release(noisy), dataset_release(few), dataset_release(other);
}

int main(void)
{
  struct dataset *d;
  struct err e;
  tap_is_int(load(&d, &data_fashion_mnist, &e, set_text("dir", "/nowhere")), STATUS_IO,
             "a folder without the files is an error");
  tap_has(e.message, "/nowhere/train-images-idx3-ubyte.gz is not there", "the message names the file");
  tap_has(e.message, "apt-get install dataset-fashion-mnist", "the message names the package");
  if (!path_exists(DIR "train-images-idx3-ubyte.gz")) {
    tap_skip(1, "the package dataset-fashion-mnist is not installed");
    return tap_done();
  }
  whole_file();
  default_split();
  scaled();
  as_idx();
  label_noise();
  refusals();
  return tap_done();
}
