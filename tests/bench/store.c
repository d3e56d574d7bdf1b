/* store.c: how fast the store takes points in, and how fast a list of runs comes out.
 *
 *   bench_store write WIDTH POINTS   rows per second, wall and CPU: points in 5 keys of 64 runs, WIDTH of them taking
 *                                    turns, through store_metric_by_id() into a new file, closing included
 *   bench_store last RUNS STEPS      ms for the last values of 5 keys of all runs, best and median, and rows, in a
 *                                    store of RUNS x 5 keys x STEPS points; $ASSAY_BENCH_KEEP names where to leave it
 */
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

static double cpu_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
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

static const char *const key_names[5] = {"loss", "lr", "val_loss", "val_error", "grad_norm"};

static void bench_write(size_t width, size_t n)
{
  int64_t experiment_id, key[5], run[64];
  struct store *s = open_new(&experiment_id);
  for (size_t k = 0; k < 5; k++)
    check(store_metric_key(s, key_names[k], &key[k]), store_message(s));
  for (size_t r = 0; r < 64; r++)
    run[r] = begin(s, experiment_id, (int)r);
  double started = now_s(), cpu = cpu_s();
  size_t steps = n / 5 / 64, done = 0;
  for (size_t first = 0; first < 64; first += width)
    for (size_t t = 0; t < steps; t++)
      for (size_t r = first; r < first + width && r < 64; r++)
        for (size_t k = 0; k < 5; k++, done++)
          check(store_metric_by_id(s, run[r], key[k], (int64_t)t, (double)t * 0.5), store_message(s));
  store_close(s);
  printf("%.0f %.0f\n", (double)done / (now_s() - started), (double)done / (cpu_s() - cpu));
}

/* A store of finished runs, begun and ended in groups of 64 as a sweep does. */
static void fill_runs(size_t n_runs, size_t steps)
{
  int64_t experiment_id, run[64];
  struct store_run_end end[64];
  struct store *s = open_new(&experiment_id);
  for (size_t r = 0; r < n_runs;) {
    size_t n = 0;
    for (; n < 64 && r < n_runs; n++, r++) {
      run[n] = begin(s, experiment_id, (int)r);
      end[n] = (struct store_run_end){.status = STORE_DONE, .wall_s = 1};
      for (size_t k = 0; k < 5; k++)
        for (size_t t = 0; t < steps; t++)
          check(store_metric(s, run[n], key_names[k], (int64_t)t, (double)(t + 1)), store_message(s));
      check(store_result_number(s, run[n], "test_error", 0.1 + 1e-4 * (double)(r % 97)), store_message(s));
      check(store_result_number(s, run[n], "eval_s", 0.01), store_message(s));
    }
    check(store_runs_end(s, run, end, n), store_message(s));
  }
  store_close(s);
}

/* Seconds to read every last value; *rows tells how many came. */
static double read_last(size_t *rows, size_t steps)
{
  static const char sql[] = "SELECT run_id, key, value FROM result WHERE key IN "
                            "('loss.last', 'lr.last', 'val_loss.last', 'val_error.last', 'grad_norm.last')";
  char message[1024];
  struct store *s;
  struct store_query *q;
  bool row;
  double sum = 0;
  check(store_open(&s, path, STORE_READ, message, sizeof message), message);
  double started = now_s();
  check(store_query_open(&q, s, sql, NULL), store_message(s));
  for (*rows = 0; check(store_query_next(q, &row), store_message(s)), row; ++*rows)
    sum += store_query_cell(q, 2).r;
  store_query_close(q);
  double seconds = now_s() - started;
  store_close(s);
  if (sum != (double)*rows * (double)steps)
    check(STORE_ERROR, "the last values are not those that were written");
  return seconds;
}

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void bench_last(size_t n_runs, size_t steps)
{
  enum { TIMES = 21 };
  double seconds[TIMES];
  size_t rows = 0;
  fill_runs(n_runs, steps);
  for (int i = 0; i < TIMES; i++) {
    seconds[i] = read_last(&rows, steps);
    if (rows != 5 * n_runs)
      check(STORE_ERROR, "the last value of some key of some run is missing");
  }
  qsort(seconds, TIMES, sizeof *seconds, ascending);
  printf("%.2f %.2f %zu\n", 1e3 * seconds[0], 1e3 * seconds[TIMES / 2], rows);
}

int main(int argc, char **argv)
{
  const char *part = argc == 4 ? argv[1] : "", *keep = getenv("ASSAY_BENCH_KEEP");
  size_t a = argc == 4 ? strtoul(argv[2], NULL, 10) : 0, b = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
  bool writes = strcmp(part, "write") == 0;
  if (!a || !b || (!writes && strcmp(part, "last") != 0)) {
    fputs("usage: bench_store write WIDTH POINTS | bench_store last RUNS STEPS\n", stderr);
    return 2;
  }
  if (!mkdtemp(dir)) {
    perror(dir);
    return 2;
  }
  snprintf(path, sizeof path, "%s/bench.db", dir);
  if (writes)
    bench_write(a, b);
  else
    bench_last(a, b);
  if (keep && rename(path, keep) != 0)
    perror(keep);
  remove_store();
  rmdir(dir);
  return 0;
}
