/* driver.c: runs a fuzz target without libFuzzer: its seeds, their beginnings, and random changes of them.
 *
 * Short, and the same each time (the seed of the changes is printed): the suite runs it in every build, where the
 * sanitizers watch. ASSAY_FUZZ_ROUNDS sets the number of changes per seed. */
#include <dirent.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

#define SEED     1
#define FILE_MAX (64u * 1024)
#define CUTS_MAX 400

static bool has_suffix(const char *name, const char *suffix)
{
  size_t n = strlen(name), m = strlen(suffix);
  return n >= m && strcmp(name + n - m, suffix) == 0;
}

/* The target sees a copy of exactly n bytes. */
static void give(const uint8_t *bytes, size_t n)
{
  uint8_t *copy = malloc(n ? n : 1);
  memcpy(copy, bytes, n);
  LLVMFuzzerTestOneInput(copy, n);
  free(copy);
}

/* Change up to 8 bytes, or move, repeat or drop a stretch. */
static size_t change(uint8_t *b, size_t n, struct rng *r)
{
  static const uint8_t likely[] = {0, 1, 2, 4, 7, 0x7f, 0x80, 0xff, '0', '9', '-', '.', 'e', ':', ',', '"', '\n', ' ', '(', '{', '#'};
  if (n > 1 && rng_below(r, 4) == 0) {
    size_t from = rng_below(r, n), to = rng_below(r, n), length = rng_below(r, n - (from > to ? from : to)) + 1;
    memmove(b + to, b + from, length);
    return rng_below(r, 2) ? n : n - rng_below(r, length);
  }
  for (uint64_t k = 1 + rng_below(r, 8); k > 0 && n; k--)
    b[rng_below(r, n)] = rng_below(r, 2) ? likely[rng_below(r, sizeof likely)] : (uint8_t)rng_u32(r);
  return n;
}

static void run_seed(const char *name, const uint8_t *bytes, size_t n)
{
  const char *given = getenv("ASSAY_FUZZ_ROUNDS");
  long rounds = given ? strtol(given, NULL, 10) : 500;
  uint8_t *changed = malloc(n ? n : 1);
  struct rng r = rng_make(SEED, RNG_TEST, n);
  give(bytes, n);
  for (size_t cut = 0; cut < n && cut < CUTS_MAX; cut++)
    give(bytes, cut);
  for (long k = 0; k < rounds; k++) {
    memcpy(changed, bytes, n);
    give(changed, change(changed, n, &r));
  }
  free(changed);
  tap_ok(true, "%s: %zu bytes, cut and changed %ld times (seed %d), never crash the reader", name, n, rounds, SEED);
}

static void run_file(const char *dir, const char *name)
{
  char path[4096];
  static uint8_t bytes[FILE_MAX];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "rb");
  if (!f)
    return;
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  run_seed(name, bytes, n);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void run_folder(const char *dir)
{
  DIR *d = opendir(dir);
  char *names[256];
  size_t n = 0;
  for (struct dirent *entry; d && (entry = readdir(d)) && n < 256;)
    for (size_t k = 0; k < 4 && fuzz_seeds.suffix[k]; k++)
      if (has_suffix(entry->d_name, fuzz_seeds.suffix[k])) {
        names[n++] = strdup(entry->d_name);
        break;
      }
  if (d)
    closedir(d);
  qsort(names, n, sizeof *names, by_name);
  for (size_t i = 0; i < n; i++) {
    run_file(dir, names[i]);
    free(names[i]);
  }
}

int main(void)
{
  char dir[4096];
  const char *shared = getenv("ASSAY_SHARED");
  snprintf(dir, sizeof dir, "%s/data/formats", shared ? shared : "../shared");
  run_seed("the target's own seed", (const uint8_t *)fuzz_seeds.text, fuzz_seeds.n_text);
  run_folder(dir);
  run_folder("experiments/data/tables");
  return tap_done();
}
