/* fuzz.h: what each fuzz target gives: libFuzzer's entry point, and seeds for the driver that runs without libFuzzer.
 *
 * A target reads any bytes. It may refuse them with a status and a message; it may not crash, read outside
 * its memory, leak, or say nothing. */
#ifndef ASSAY_TESTS_FUZZ_H
#define ASSAY_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "experiments/data/tensor.h"
#include "experiments/kernel/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Files below experiments/data/tables and the shared fixtures with these endings are seeds, and so are `text` and what make() gives (if
 * any): at most `room` bytes, their number is returned. */
struct fuzz_seeds {
  const char *suffix[4];
  const char *text;
  size_t n_text;
  size_t (*make)(uint8_t *bytes, size_t room);
};
extern const struct fuzz_seeds fuzz_seeds;

#define FUZZ_SEEDS(bytes, ...) \
  const struct fuzz_seeds fuzz_seeds = {.suffix = {__VA_ARGS__}, .text = (bytes), .n_text = sizeof(bytes) - 1}

/* A refusal has its code and a text. */
static inline void fuzz_expect(enum status s, const struct err *e)
{
  if (s != STATUS_OK && (e->code != s || e->message[0] == '\0')) {
    fprintf(stderr, "status %d, but the message says %d: %s\n", (int)s, (int)e->code, e->message);
    abort();
  }
}

/* Ask for every element. */
static inline void fuzz_touch(const struct tensor *t)
{
  volatile double sum = 0;
  for (size_t i = 0; i < t->count; i++)
    sum = sum + tensor_get(t, i);
}

/* Put the bytes where a reader of files finds them; the path is good until the caller closes the descriptor. */
static inline int fuzz_file(const uint8_t *data, size_t n, char path[64])
{
  int fd = memfd_create("fuzz", 0);
  if (fd < 0 || write(fd, data, n) != (ssize_t)n)
    abort();
  snprintf(path, 64, "/proc/self/fd/%d", fd);
  return fd;
}

#endif
