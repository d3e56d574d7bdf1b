/* driver.c: runs a fuzz target without libFuzzer: its seeds, every beginning of them, and random changes of them for
 * ASSAY_FUZZ_SECONDS of processor time (2 where the sanitizers watch, else a quarter; with ASSAY_LONG a minute).
 *
 * The suite runs it in every build. ASSAY_FUZZ_SEED (1) sets the changes; the input at hand stands in a file that a crash
 * leaves behind, and whose name is printed first. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "experiments/kernel/rng.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

#define FILE_MAX  (64u * 1024)
#define INPUT_MAX (2 * FILE_MAX)
#define CUTS_MAX  400
#define SEEDS_MAX 256

#if defined(__SANITIZE_ADDRESS__)
#define SECONDS 2.0
#else
#define SECONDS 0.25
#endif

struct seed { char *name; uint8_t *bytes; size_t n; };

static struct seed seeds[SEEDS_MAX];
static size_t n_seeds;

/* The input at hand: its length, and its bytes; shared with a file. */
static struct at_hand { uint64_t n; uint8_t bytes[INPUT_MAX]; } *at_hand;
static char at_hand_path[64];

static double cpu_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void open_at_hand(void)
{
  snprintf(at_hand_path, sizeof at_hand_path, "/tmp/assay-fuzz-XXXXXX");
  int fd = mkstemp(at_hand_path);
  at_hand = fd >= 0 && ftruncate(fd, sizeof *at_hand) == 0 ? mmap(NULL, sizeof *at_hand, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (at_hand == MAP_FAILED)
    tap_bail("no temporary file");
  close(fd);
  tap_diag("after a crash its input stands in %s, behind 8 bytes of its length", at_hand_path);
}

/* The target sees a copy of exactly n bytes. */
static void give(const uint8_t *bytes, size_t n)
{
  uint8_t *copy = malloc(n ? n : 1);
  memcpy(copy, bytes, n);
  memcpy(at_hand->bytes, bytes, n);
  at_hand->n = n;
  LLVMFuzzerTestOneInput(copy, n);
  free(copy);
}

/* --- changes --------------------------------------------------------------------------------------- */

/* A whole number at a random place, of 1 to 8 bytes in either order, at the edges of what sizes can be. */
static void set_number(uint8_t *b, size_t n, struct rng *r)
{
  static const uint64_t edges[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
                                   0x100000000, 0x1fffffffffffffff, 0x4000000000000000, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX};
  uint64_t v = edges[rng_below(r, sizeof edges / sizeof *edges)];
  size_t size = (size_t)1 << rng_below(r, 4);
  if (n < size)
    return;
  uint8_t *at = b + rng_below(r, n - size + 1);
  bool big = rng_below(r, 2);
  for (size_t k = 0; k < size; k++)
    at[big ? size - 1 - k : k] = (uint8_t)(v >> (8 * k));
}

static void set_bytes(uint8_t *b, size_t n, struct rng *r)
{
  static const uint8_t likely[] = {0, 1, 2, 4, 7, 0x7f, 0x80, 0xff, '0', '9', '-', '.', 'e', ':', ',', '"', '\n', ' ', '(', '{', '[', ']', '}', '#'};
  for (uint64_t k = 1 + rng_below(r, 8); k > 0 && n; k--)
    b[rng_below(r, n)] = rng_below(r, 2) ? likely[rng_below(r, sizeof likely)] : (uint8_t)rng_u32(r);
}

/* Move, repeat or drop a stretch. */
static size_t move(uint8_t *b, size_t n, struct rng *r)
{
  if (n < 2)
    return n;
  size_t from = rng_below(r, n), to = rng_below(r, n), length = rng_below(r, n - (from > to ? from : to)) + 1;
  memmove(b + to, b + from, length);
  return rng_below(r, 2) ? n : n - rng_below(r, length);
}

/* Insert a stretch of another seed, or of this one. */
static size_t graft(uint8_t *b, size_t n, struct rng *r)
{
  const struct seed *other = &seeds[rng_below(r, n_seeds)];
  if (!other->n)
    return n;
  size_t from = rng_below(r, other->n), length = 1 + rng_below(r, other->n - from), at = rng_below(r, n + 1);
  if (length > INPUT_MAX - n)
    length = INPUT_MAX - n;
  memmove(b + at + length, b + at, n - at);
  memcpy(b + at, other->bytes + from, length);
  return n + length;
}

/* One to four changes, one after the other. */
static size_t change(uint8_t *b, size_t n, struct rng *r)
{
  for (uint64_t k = 1 + rng_below(r, 4); k > 0; k--)
    switch (rng_below(r, 5)) {
    case 0: n = move(b, n, r); break;
    case 1: n = graft(b, n, r); break;
    case 2: set_number(b, n, r); break;
    default: set_bytes(b, n, r);
    }
  return n;
}

/* --- seeds ----------------------------------------------------------------------------------------- */

static void add_seed(const char *name, const uint8_t *bytes, size_t n)
{
  if (n_seeds == SEEDS_MAX)
    return;
  uint8_t *copy = malloc(n + 1);
  memcpy(copy, bytes, n);
  seeds[n_seeds].name = strdup(name);
  seeds[n_seeds].bytes = copy;
  seeds[n_seeds++].n = n;
}

static bool is_seed(const char *name)
{
  size_t n = strlen(name);
  for (size_t k = 0; k < 4 && fuzz_seeds.suffix[k]; k++) {
    size_t m = strlen(fuzz_seeds.suffix[k]);
    if (n >= m && strcmp(name + n - m, fuzz_seeds.suffix[k]) == 0)
      return true;
  }
  return false;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void add_folder(const char *dir)
{
  static uint8_t bytes[FILE_MAX];
  char *names[SEEDS_MAX], path[4096];
  size_t n = 0;
  DIR *d = opendir(dir);
  for (struct dirent *entry; d && (entry = readdir(d)) && n < SEEDS_MAX;)
    if (is_seed(entry->d_name))
      names[n++] = strdup(entry->d_name);
  if (d)
    closedir(d);
  qsort(names, n, sizeof *names, by_name);
  for (size_t i = 0; i < n; i++) {
    snprintf(path, sizeof path, "%s/%s", dir, names[i]);
    FILE *f = fopen(path, "rb");
    if (f) {
      add_seed(names[i], bytes, fread(bytes, 1, sizeof bytes, f));
      fclose(f);
    }
    free(names[i]);
  }
}

static void add_made(void)
{
  static uint8_t bytes[FILE_MAX];
  if (fuzz_seeds.make)
    add_seed("the seed that the target makes", bytes, fuzz_seeds.make(bytes, sizeof bytes));
}

/* --- runs ------------------------------------------------------------------------------------------ */

static void run_seed(const struct seed *s)
{
  give(s->bytes, s->n);
  for (size_t cut = 0; cut < s->n && cut < CUTS_MAX; cut++)
    give(s->bytes, cut);
  for (size_t cut = s->n > CUTS_MAX ? s->n - CUTS_MAX / 4 : s->n; cut < s->n; cut++)
    give(s->bytes, cut);
  tap_ok(true, "%s: %zu bytes, and its beginnings, do not crash the reader", s->name, s->n);
}

static double seconds(void)
{
  const char *given = getenv("ASSAY_FUZZ_SECONDS");
  return given ? strtod(given, NULL) : getenv("ASSAY_LONG") ? 60 : SECONDS;
}

static void run_changes(void)
{
  const char *given = getenv("ASSAY_FUZZ_SEED");
  unsigned long seed = given ? strtoul(given, NULL, 10) : 1, rounds = 0;
  static uint8_t changed[INPUT_MAX];
  struct rng r = rng_make(seed, RNG_TEST, 0);
  for (double end = cpu_s() + seconds(); cpu_s() < end; rounds++) {
    const struct seed *s = &seeds[rounds % n_seeds];
    memcpy(changed, s->bytes, s->n);
    give(changed, change(changed, s->n, &r));
  }
  tap_ok(rounds > n_seeds, "%lu changed inputs (seed %lu) do not crash the reader", rounds, seed);
}

int main(void)
{
  char dir[4096];
  const char *shared = getenv("ASSAY_SHARED");
  snprintf(dir, sizeof dir, "%s/data/formats", shared ? shared : "../shared");
  open_at_hand();
  add_seed("the target's own seed", (const uint8_t *)fuzz_seeds.text, fuzz_seeds.n_text);
  add_made();
  add_folder(dir);
  add_folder("experiments/data/tables");
  for (size_t i = 0; i < n_seeds; i++)
    run_seed(&seeds[i]);
  run_changes();
  for (size_t i = 0; i < n_seeds; i++) {
    free(seeds[i].name);
    free(seeds[i].bytes);
  }
  munmap(at_hand, sizeof *at_hand);
  unlink(at_hand_path);
  return tap_done();
}
