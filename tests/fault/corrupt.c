/* corrupt.c: a store with bytes flipped, pages swapped or zeroed, cut short, or with a damaged log: each command ends by
 * itself within 10 s of processor time, with an answer or a message; what it calls damaged comes with the way to rescue it.
 *
 * ROUNDS (25, with ASSAY_LONG 1000) and SEED may be set. */
#define FIXTURE_FOLDER "/dev/shm"

#include "tests/fault/victim.h"

#include "experiments/kernel/rng.h"

enum { PAGE = 4096 };

static char *base, *base_log;
static size_t n_base, n_log;

static char *slurp(const char *path, size_t *n)
{
  struct stat st;
  FILE *f = fopen(path, "rb");
  if (!f || fstat(fileno(f), &st) != 0)
    tap_bail("%s is not there", path);
  char *bytes = malloc((size_t)st.st_size + 1);
  *n = fread(bytes, 1, (size_t)st.st_size, f);
  fclose(f);
  return bytes;
}

static void put(const char *path, const char *bytes, size_t n)
{
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
    tap_bail("%s cannot be written", path);
}

/* Change the bytes in one of many ways; returns how many are left. */
static size_t damage(char *b, size_t n, struct rng *r, const char **how)
{
  size_t at = rng_below(r, n), page = rng_below(r, n / PAGE) * PAGE, other = rng_below(r, n / PAGE) * PAGE;
  switch (rng_below(r, 7)) {
  case 0: *how = "a bit"; b[at] = (char)(b[at] ^ (1 << rng_below(r, 8))); return n;
  case 1: *how = "a few bytes"; for (uint64_t k = 1 + rng_below(r, 30); k; k--) b[rng_below(r, n)] = (char)rng_u32(r); return n;
  case 2: *how = "the head of a page"; for (size_t k = 0; k < 12; k++) b[page + (page ? 0 : 100) + k] = (char)rng_u32(r); return n;
  case 3: *how = "a page of zeros"; memset(b + page, 0, PAGE); return n;
  case 4: *how = "a page in place of another"; memmove(b + page, b + other, PAGE); return n;
  case 5: *how = "the file's head"; for (uint64_t k = 1 + rng_below(r, 4); k; k--) b[16 + rng_below(r, 84)] = (char)rng_u32(r); return n;
  default: *how = "the end cut off"; return at;
  }
}

static void lay_out(struct rng *r, char *work, const char **how)
{
  remove(victim_file(VICTIM_DB "-wal"));
  remove(victim_file(VICTIM_DB "-shm"));
  remove(victim_file(VICTIM_DB "-journal"));
  bool in_log = rng_below(r, 5) == 0;
  memcpy(work, in_log ? base_log : base, in_log ? n_log : n_base);
  size_t n = damage(work, in_log ? n_log : n_base, r, how);
  put(victim_file(VICTIM_DB), in_log ? base : work, in_log ? n_base : n);
  if (in_log)
    put(victim_file(VICTIM_DB "-wal"), work, n);
}

/* A store in its file, and another copy of it with a log that holds a part of the same runs. */
static void make_bases(void)
{
  struct store *s;
  char message[1024];
  victim_make(victim_file("base.db"));
  if (store_open(&s, victim_file("base.db"), STORE_WRITE, message, sizeof message))
    tap_bail("%s", message);
  int64_t run = fixture_run(s, 1, "{\"lr\":9,\"seed\":1}", 1);
  for (int i = 0; i < VICTIM_POINTS; i++)
    store_metric(s, run, "loss", i, i);
  store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE});
  base_log = slurp(victim_file(s->wal ? "base.db-wal" : "base.db"), &n_log);
  base = slurp(victim_file("base.db"), &n_base);
  store_close(s);
}

int main(void)
{
  const char *given = getenv("ROUNDS"), *seed_given = getenv("SEED"), *problem, *how;
  long rounds = given ? strtol(given, NULL, 10) : getenv("ASSAY_LONG") ? 1000 : 25;
  uint64_t seed = seed_given ? strtoull(seed_given, NULL, 10) : 1;
  long bad = 0, told = 0, refused = 0, ran = 0;
  double slowest = 0;
  struct rng r = rng_make(seed, RNG_TEST, 77);
  fixture_path("");
  make_bases();
  char *work = malloc((n_base > n_log ? n_base : n_log) + PAGE);
  tap_diag("seed %llu, %ld rounds on a store of %zu bytes", (unsigned long long)seed, rounds, n_base);
  for (long round = 0; round < rounds; round++) {
    lay_out(&r, work, &how);
    size_t first = rng_below(&r, VICTIM_COMMANDS);
    for (size_t k = 0; k < 3; k++, ran++) {
      const char *const *words = victim_commands[(first + k * 5) % VICTIM_COMMANDS];
      struct ending e = victim_run(words);
      if ((problem = victim_problem(&e))) {
        bad++;
        tap_diag("round %ld, %s: %s %s; it said: %.600s", round, how, victim_words(words), problem, e.err);
      }
      told += strstr(e.err, "damaged") != NULL || strstr(e.out, "damaged") != NULL;
      refused += WIFEXITED(e.status) && WEXITSTATUS(e.status) != 0;
      slowest = e.cpu_s > slowest ? e.cpu_s : slowest;
    }
  }
  tap_diag("%ld commands: %ld told of a damage, %ld left with an error, the slowest took %.2f s", ran, told, refused, slowest);
  tap_is_int(bad, 0, "on a damaged store every command ends by itself, in time, and says what is wrong");
  tap_ok(told > 0 && refused > 0, "some did find the damage");
  free(work);
  free(base);
  free(base_log);
  fixture_done();
  return tap_done();
}
