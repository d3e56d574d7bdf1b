/* idx.c: the IDX reader and the "idx" data set: all types, hostile headers, gzip in its many broken ways. */
#include <zlib.h>

#include "experiments/data/read_idx.h"
#include "tests/unit/data/load.h"

extern const struct data_method data_idx;

/* Gzip n bytes; *size is what they take. Caller frees. */
static unsigned char *gzip(const void *bytes, size_t n, size_t *size)
{
  size_t room = n + n / 100 + 200;
  unsigned char *out = malloc(room);
  z_stream z = {
      .next_in = (unsigned char *)bytes, .avail_in = (unsigned)n, .next_out = out, .avail_out = (unsigned)room};
  if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK || deflate(&z, Z_FINISH) != Z_STREAM_END)
    tap_bail("zlib cannot compress");
  deflateEnd(&z);
  *size = room - z.avail_out;
  return out;
}

/* Read a whole file of these bytes; up to 8 values into v. */
static enum status read_bytes_as_idx(const void *bytes, size_t n, struct idx *x, double *v, struct err *e)
{
  const char *path = file_of(bytes, n, ".idx");
  memset(e, 0, sizeof *e);
  enum status s = idx_open(x, path, e);
  if (s == STATUS_OK)
    s = x->count > 8 ? idx_skip(x, x->count, e) : idx_read(x, v, x->count, e);
  if (s == STATUS_OK)
    s = idx_finish(x, e);
  idx_close(x);
  unlink(path);
  return s;
}

static void check_type(const char *name, const unsigned char *bytes, size_t n, double a, double b)
{
  struct idx x;
  struct err e;
  double v[8] = {0};
  enum status s = read_bytes_as_idx(bytes, n, &x, v, &e);
  tap_ok(s == STATUS_OK && x.count == 2 && v[0] == a && v[1] == b, "%s: %g and %g are read (%s)", name, v[0], v[1],
         e.message);
}

static void types(void)
{
#define HEAD(type) 0, 0, type, 1, 0, 0, 0, 2
  const unsigned char u8[] = {HEAD(0x08), 0, 255}, i8[] = {HEAD(0x09), 0x80, 0x7f},
                      i16[] = {HEAD(0x0B), 0x80, 0, 0x7f, 0xff},
                      i32[] = {HEAD(0x0C), 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff},
                      f32[] = {HEAD(0x0D), 0xc0, 0, 0, 0, 0x3e, 0x80, 0, 0},
                      f64[] = {HEAD(0x0E), 0xc0, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a};
#undef HEAD
  check_type("u8", u8, sizeof u8, 0, 255);
  check_type("i8", i8, sizeof i8, -128, 127);
  check_type("i16", i16, sizeof i16, -32768, 32767);
  check_type("i32", i32, sizeof i32, -2147483648.0, 2147483647.0);
  check_type("f32", f32, sizeof f32, -2, 0.25);
  check_type("f64", f64, sizeof f64, -2, 0.1);
}

static void refuse(const char *name, const void *bytes, size_t n, const char *part)
{
  struct idx x;
  struct err e;
  double v[8];
  tap_is_int(read_bytes_as_idx(bytes, n, &x, v, &e), STATUS_BAD_DATA, "%s is refused", name);
  tap_has(e.message, part, "%s: the message says so", name);
}

static void headers(void)
{
  const unsigned char png[] = {0x89, 'P', 'N', 'G', 0, 0}, none[] = {0, 0, 8, 0}, nine[] = {0, 0, 8, 9, 0, 0},
                      cut[] = {0, 0, 8, 2, 0, 0, 0}, more[] = {0, 0, 8, 1, 0, 0, 0, 1, 7, 7},
                      zero[] = {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 5};
  unsigned char vast[30] = {0, 0, 8, 3, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0}; /* 2^60 elements */
  refuse("an empty file", "", 0, "the file is empty");
  refuse("a PNG", png, sizeof png, "byte 0: not an IDX file: it starts 89 50, not 00 00");
  refuse("no dimensions", none, sizeof none, "byte 3: 0 dimensions; 1 to 8 can be read");
  refuse("nine dimensions", nine, sizeof nine, "byte 3: 9 dimensions");
  refuse("a header cut off", cut, sizeof cut, "byte 7: the file ends inside its IDX dimensions");
  refuse("a byte too many", more, sizeof more, "byte 4: 1 elements need a file of 9 bytes, but it has 10");
  refuse("2^60 elements in 30 bytes", vast, sizeof vast,
         "byte 4: 1048576 x 1048576 x 1048576 elements need a file of 1152921504606846992 bytes, but it has 30");
  vast[2] = 0x0E;
  vast[5] = 0x20;
  refuse("2^61 elements of 8 bytes", vast, sizeof vast, "more than 64 bits can count");
  struct idx x;
  struct err e;
  double v[8];
  tap_ok(read_bytes_as_idx(zero, sizeof zero, &x, v, &e) == STATUS_OK && x.count == 0,
         "0 x 5 elements are no data, and no error");
}

static void gzipped(void)
{
  unsigned char data[2008] = {0, 0, 8, 1, 0, 0, 0x07, 0xd0}, *z, *tail, *both;
  size_t n, n_tail;
  struct idx x;
  struct err e;
  double v[8];
  for (size_t i = 8; i < sizeof data; i++)
    data[i] = (unsigned char)(i * i % 251);
  z = gzip(data, sizeof data, &n);
  tap_is_int(read_bytes_as_idx(z, n, &x, v, &e), STATUS_OK, "a gzipped file is read, whatever its name");
  z[n - 1] ^= 1;
  refuse("a wrong length in the trailer", z, n, "the gzip stream is damaged");
  z[n - 1] ^= 1, z[n - 5] ^= 1;
  refuse("a wrong check sum", z, n, "the gzip stream is damaged (incorrect data check)");
  z[n - 5] ^= 1, z[n / 2] ^= 0x55;
  refuse("a damaged byte", z, n, "the gzip stream is damaged");
  z[n / 2] ^= 0x55;
  refuse("a trailer cut off", z, n - 3, "the gzip stream ends early");
  tail = gzip(data + 1000, sizeof data - 1000, &n_tail);
  free(z);
  z = gzip(data, 1000, &n);
  both = malloc(n + n_tail + 1);
  memcpy(both, z, n);
  memcpy(both + n, tail, n_tail);
  tap_is_int(read_bytes_as_idx(both, n + n_tail, &x, v, &e), STATUS_OK, "two gzip members are one stream");
  refuse("one of two members", both, n, "the file ends inside its data");
  both[n + n_tail] = 'x';
  refuse("something after the gzip stream", both, n + n_tail + 1, "something else follows the end of the gzip stream");
  free(z), free(tail), free(both);
  data[7] = 0xcf; /* one element less than there is */
  z = gzip(data, sizeof data, &n);
  refuse("more data than the dimensions say, gzipped", z, n, "byte 2007: more data follows than the dimensions say");
  free(z);
  memset(data, 0xff, 8), data[0] = data[1] = 0, data[2] = 8, data[3] = 1;
  z = gzip(data, sizeof data, &n);
  refuse("4 billion elements in a small gzip file", z, n, "gzipped bytes hold at most");
  free(z);
}

static char images_path[64], labels_path[64];

/* Load 3 examples of 2 inputs with these bytes and labels. */
static enum status load_pair(const unsigned char *images, size_t n_images, const unsigned char *labels, size_t n_labels,
                             struct dataset **d, struct err *e)
{
  snprintf(images_path, sizeof images_path, "%s", file_of(images, n_images, ".idx"));
  snprintf(labels_path, sizeof labels_path, "%s", file_of(labels, n_labels, ".idx"));
  enum status s =
      load(d, &data_idx, e, set_text("images", images_path), set_text("labels", labels_path), set_int("valid", 0));
  unlink(images_path);
  unlink(labels_path);
  return s;
}

static void pairs(void)
{
  unsigned char images[] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 51, 102, 153, 204, 255},
                labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1};
  const unsigned char f32[] = {0,    0,    0x0D, 2, 0,    0, 0, 3, 0,    0,    0, 1,
                               0x3f, 0x80, 0,    0, 0xc0, 0, 0, 0, 0x7f, 0xc0, 0, 0};
  struct dataset *d;
  struct err e = {0};
  if (!tap_is_int(load_pair(images, sizeof images, labels, sizeof labels, &d, &e), STATUS_OK,
                  "a pair of files is loaded") ||
      !d)
    give_up(&e);
  tap_ok(d->train.n == 3 && d->d == 2 && d->classes == 3 && d->train.label[0] == 2, "3 examples, 2 inputs, 3 classes");
  float fifth = 51 / 255.0f;
  tap_same_bits(example(&d->train, 0) + 1, &fifth, sizeof fifth, "byte 51 becomes 51/255");
  tap_ok(rows_are_padded(&d->train), "rows are padded with zeros");
  dataset_release(d);
  tap_is_int(load_pair(f32, sizeof f32, labels, sizeof labels, &d, &e), STATUS_BAD_DATA,
             "NaN in an IDX file is refused");
  tap_has(e.message, "byte 20: nan in example 3 is not a finite float32", "the message has byte and example");
  labels[7] = 2;
  tap_is_int(load_pair(images, sizeof images, labels, sizeof labels - 1, &d, &e), STATUS_BAD_DATA,
             "fewer labels than images are refused");
  tap_has(e.message, "byte 4: 2 labels, but ", "the message has the figures");
  labels[7] = 3, labels[2] = 9, labels[9] = 0xff;
  tap_is_int(load_pair(images, sizeof images, labels, sizeof labels, &d, &e), STATUS_BAD_DATA,
             "a negative label is refused");
  tap_has(e.message, "byte 9: label -1 of example 2 is out of range; labels must be 0 to 999999",
          "the message has byte, example and range");
  labels[8] = labels[9] = labels[10] = 0;
  tap_is_int(load_pair(images, sizeof images, labels, sizeof labels, &d, &e), STATUS_BAD_DATA,
             "a single class is refused");
  tap_has(e.message, "all examples have the same label", "the message says so");
  tap_is_int(load_pair(images, sizeof images, images, sizeof images, &d, &e), STATUS_BAD_DATA,
             "images in place of labels are refused");
  tap_has(e.message, "byte 3: labels must be a list, but their shape is 3 x 2", "the message has the shape");
  tap_is_int(load_pair(labels, sizeof labels, labels, sizeof labels, &d, &e), STATUS_BAD_DATA,
             "labels in place of images are refused");
  tap_has(e.message, "byte 4: inputs must be at least 1 x 1, but their shape is 3", "the message has the shape");
  tap_is_int(load(&d, &data_idx, &e, set_text("images", "/nowhere"), set_text("labels", "/nowhere")), STATUS_IO,
             "a missing file is an error");
  tap_has(e.message, "data \"idx\": /nowhere: No such file or directory", "the message has the path");
  tap_is_int(load(&d, &data_idx, &e, set_text("images", "/tmp"), set_text("labels", "/tmp")), STATUS_IO,
             "a folder is an error");
  tap_has(e.message, "/tmp: is a directory; a regular file is needed", "the message says so");
  tap_is_int(load(&d, &data_idx, &e, set_text("images", "/dev/zero"), set_text("labels", "/tmp")), STATUS_IO,
             "a device is an error");
  tap_is_int(load(&d, &data_idx, &e, set_text("images", "a"), set_text("labels", "b"), set_text("test_images", "c")),
             STATUS_BAD_ARG, "test images without labels are refused");
  tap_has(e.message, "test_images and test_labels must be given together", "the message says so");
  tap_is_int(load(&d, &data_idx, &e, set_text("images", "a"), set_text("labels", "b"), set_int("test", 5)),
             STATUS_BAD_ARG, "test examples without test files are refused");
}

/* The real MNIST, where it is at hand: mean, deviation and class counts as published. */
static void mnist(void)
{
  static const int count[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
  char images[1024];
  struct dataset *d;
  if (!shared_path("mnist/train-images-idx3-ubyte.gz")) {
    tap_skip(12, "MNIST is absent");
    return;
  }
  snprintf(images, sizeof images, "%s", shared_path("mnist/train-images-idx3-ubyte.gz"));
  must_load(&d, &data_idx, set_text("images", images),
            set_text("labels", shared_path("mnist/train-labels-idx1-ubyte.gz")), set_int("valid", 0));
  double sum = 0, square = 0, n = (double)d->train.n * (double)d->d;
  size_t seen[10] = {0};
  for (size_t i = 0; i < d->train.n; i++) {
    seen[d->train.label[i]]++;
    for (size_t j = 0; j < d->d; j++) {
      double x = (double)example(&d->train, i)[j];
      sum += x;
      square += x * x;
    }
  }
  tap_near(sum / n, 0.130660, 0, 5e-7, "MNIST: mean of the training pixels (six published digits)");
  tap_near(sqrt(square / n - sum / n * sum / n), 0.308108, 0, 5e-7, "MNIST: their standard deviation");
  for (int c = 0; c < 10; c++)
    tap_is_int((long long)seen[c], count[c], "MNIST: training examples of class %d", c);
  dataset_release(d);
}

int main(void)
{
  types();
  headers();
  gzipped();
  pairs();
  mnist();
  return tap_done();
}
