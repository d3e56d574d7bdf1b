/* store.c: how fast the store takes points in, and how fast a list of runs comes out.
 *
 *   bench_store [POINTS [RUNS]]      default 4,000,000 points and 10,000 runs
 *
 * Prints: rows/s through store_metric_by_id() into a new file, closing included, for one run at a time and
 * for 64 interleaved runs; ms for the last values of 5 keys of all runs, best of 5; µs to log one point. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

static char dir[] = "/tmp/assay-bench-XXXXXX";
static char path[64];

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(int code, const char *message)
{
  if (code == STORE_OK)
    return;
  fprintf(stderr, "bench_store: %s\n", message);
  exit(2);
}

static void remove_store(void)
{
  static const char *const suffix[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
    char name[80];
    snprintf(name, sizeof name, "%s%s", path, suffix[i]);
    unlink(name);
  }
}

static struct store *open_new(int64_t *experiment_id)
{
  char message[1024], hash[33];
  struct store *s;
  remove_store();
  check(store_open(&s, path, STORE_WRITE, message, sizeof message), message);
  struct store_script script = {"bench.lua", "return {}", 9};
  check(store_experiment(s, "bench", NULL, &script, 1, "{}", experiment_id, hash), store_message(s));
  return s;
}

static int64_t begin(struct store *s, int64_t experiment_id, int seed)
{
  char config[160], hash[33];
  int64_t run;
  snprintf(config, sizeof config, "{\"lr\":%g,\"model\":{\"kind\":\"mlp\",\"widths\":[256,256]},\"schedule\":\"cosine\",\"seed\":%d}",
           0.01 * (double)(seed % 28 + 1), seed);
  snprintf(hash, sizeof hash, "%032d", seed);
  struct store_run_start start = {.experiment_id = experiment_id, .config_json = config, .config_hash = hash, .seed = seed};
  check(store_run_begin(s, &start, &run), store_message(s));
  return run;
}

/* Write n points in 5 keys, `width` runs taking turns at each step. */
static void bench_write(size_t n, size_t width)
{
  static const char *const names[5] = {"loss", "lr", "val_loss", "val_error", "grad_norm"};
  int64_t experiment_id, key[5], run[64];
  struct store *s = open_new(&experiment_id);
  for (size_t k = 0; k < 5; k++)
    check(store_metric_key(s, names[k], &key[k]), store_message(s));
  for (size_t r = 0; r < 64; r++)
    run[r] = begin(s, experiment_id, (int)r);
  double started = now_s();
  size_t steps = n / 5 / 64, done = 0;
  for (size_t first = 0; first < 64; first += width)
    for (size_t t = 0; t < steps; t++)
      for (size_t r = first; r < first + width; r++)
        for (size_t k = 0; k < 5; k++, done++)
          check(store_metric_by_id(s, run[r], key[k], (int64_t)t, (double)t * 0.5), store_message(s));
  check(store_flush(s), store_message(s));
  double logged = now_s();
  store_close(s);
  double seconds = now_s() - started;
  printf("write  %2zu interleaved  %9.0f rows/s  (%zu rows, %.2f s; %.2f s before closing)\n", width, (double)done / seconds,
         done, seconds, logged - started);
}

static void fill_runs(size_t n_runs)
{
  static const char *const names[5] = {"loss", "lr", "val_loss", "val_error", "grad_norm"};
  int64_t experiment_id;
  struct store *s = open_new(&experiment_id);
  double started = now_s();
  for (size_t r = 0; r < n_runs;) {
    int64_t run[64];
    struct store_run_end end[64];
    size_t n = 0;
    for (; n < 64 && r < n_runs; n++, r++) {
      run[n] = begin(s, experiment_id, (int)r);
      end[n] = (struct store_run_end){.status = STORE_DONE, .wall_s = 1};
      for (size_t k = 0; k < 5; k++)
        for (int t = 0; t < 4; t++)
          check(store_metric(s, run[n], names[k], t, (double)t), store_message(s));
      check(store_result_number(s, run[n], "test_error", 0.1 + 1e-4 * (double)(r % 97)), store_message(s));
      check(store_result_number(s, run[n], "eval_s", 0.01), store_message(s));
    }
    check(store_runs_end(s, run, end, n), store_message(s));
  }
  double seconds = now_s() - started;
  store_close(s);
  printf("runs   begun and ended in groups of 64: %.3f ms a run\n", 1e3 * seconds / (double)n_runs);
}

static void bench_read(size_t n_runs)
{
  static const char sql[] = "SELECT run_id, key, value FROM result WHERE key IN "
                            "('loss.last', 'lr.last', 'val_loss.last', 'val_error.last', 'grad_norm.last')";
  char message[1024];
  double best = 1e9;
  size_t rows = 0;
  for (int i = 0; i < 5; i++) {
    struct store *s;
    struct store_query *q;
    bool row;
    double sum = 0;
    check(store_open(&s, path, STORE_READ, message, sizeof message), message);
    double started = now_s();
    check(store_query_open(&q, s, sql, NULL), store_message(s));
    rows = 0;
    while (check(store_query_next(q, &row), store_message(s)), row) {
      sum += store_query_cell(q, 2).r;
      rows++;
    }
    store_query_close(q);
    double seconds = now_s() - started;
    if (seconds < best)
      best = seconds;
    store_close(s);
    if (rows != 5 * n_runs || sum <= 0)
      check(STORE_ERROR, "the last values are not those that were written");
  }
  printf("read   last value of 5 keys of %zu runs: %.2f ms (%zu rows)\n", n_runs, 1e3 * best, rows);
}

int main(int argc, char **argv)
{
  size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 4000000, n_runs = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
  const char *keep = getenv("ASSAY_BENCH_KEEP"); /* leave the store of the reading part here */
  if (!mkdtemp(dir)) {
    perror(dir);
    return 2;
  }
  snprintf(path, sizeof path, "%s/bench.db", dir);
  bench_write(n, 1);
  bench_write(n, 64);
  fill_runs(n_runs);
  bench_read(n_runs);
  if (keep && rename(path, keep) != 0)
    perror(keep);
  remove_store();
  rmdir(dir);
  return 0;
}
