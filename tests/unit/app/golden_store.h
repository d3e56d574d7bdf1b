/* golden_store.h: a store whose every number, time and name is fixed: a comparison of schedules, one of bounds, one of
 * pruning metrics, in the form in which experiments/compare/ returns them. */
#ifndef ASSAY_TESTS_GOLDEN_STORE_H
#define ASSAY_TESTS_GOLDEN_STORE_H

#include <sqlite3.h>

#include "tests/unit/store/fixture.h"

static int64_t golden_experiment(struct store *s, const char *name)
{
  static const char text[] = "-- what ran\nreturn assay.experiment {\n  name = \"fixed\",\n  run = function(run, c)\n    return {}\n  end,\n}\n";
  struct store_script script = {"fixed.lua", text, sizeof text - 1};
  int64_t id = 0;
  char hash[33];
  if (store_experiment(s, name, NULL, &script, 1, NULL, &id, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  return id;
}

static void golden_end(struct store *s, int64_t run, const char *error)
{
  struct store_run_end end = {.status = error ? STORE_FAILED : STORE_DONE, .error = error, .wall_s = 2.5, .cpu_s = 2.25, .peak_memory_b = 61 << 20};
  if (store_run_end(s, run, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
}

/* Three shapes, three peaks, three seeds; the largest peak of "constant" diverges. */
static void golden_schedules(struct store *s)
{
  static const char *const shape[] = {"constant", "cosine", "linear-decay"};
  static const double peak[] = {0.01, 0.1, 1};
  int64_t experiment = golden_experiment(s, "schedules-fixed"), loss, val;
  store_metric_key(s, "loss", &loss);
  store_metric_key(s, "val_error", &val);
  for (int k = 0; k < 3; k++)
    for (int p = 0; p < 3; p++)
      for (int seed = 1; seed <= 3; seed++) {
        char config[160];
        snprintf(config, sizeof config, "{\"batch\":64,\"peak\":%g,\"schedule\":\"%s\",\"seed\":%d}", peak[p], shape[k], seed);
        int64_t run = fixture_run(s, experiment, config, seed);
        double level = 0.3 - 0.02 * k + 0.1 * abs(p - 1) + 0.002 * seed * (1 + k) + 0.01 * p;
        bool lost = k == 0 && p == 2;
        for (int step = 0; step <= (lost ? 4 : 40); step++) {
          store_metric_by_id(s, run, loss, step, lost ? exp(step) : 2.3 / (1 + step * (p + 1) * 0.2) + 0.05 * level);
          if (step % 10 == 0)
            store_metric_by_id(s, run, val, step, lost ? 0.9 : level + 0.6 / (1 + step));
        }
        if (!lost) {
          store_result_number(s, run, "val_error", level);
          store_result_number(s, run, "test_error", level + 0.006);
        }
        golden_end(s, run, lost ? "diverged at step 4" : NULL);
      }
}

static void golden_bounds(struct store *s)
{
  static const char *const name[] = {"test-binomial", "pac-bayes-kl", "spectral-margin"}, *const kind[] = {"HP-fixed", "HP", "C"};
  int64_t experiment = golden_experiment(s, "bounds-fixed");
  for (int width = 1; width <= 4; width++)
    for (int seed = 1; seed <= 2; seed++) {
      char config[96];
      snprintf(config, sizeof config, "{\"seed\":%d,\"width\":%d}", seed, 8 * width);
      int64_t run = fixture_run(s, experiment, config, seed);
      double gap = 0.01 * width + 0.002 * seed;
      store_result_number(s, run, "gap", gap);
      for (int b = 0; b < 3; b++) {
        char key[64];
        double value = b == 2 ? 1e6 * width : gap * (b ? 9 : 1.5) + 0.01;
        store_result_number(s, run, name[b], value);
        snprintf(key, sizeof key, "%s.kind", name[b]);
        store_result_text(s, run, key, kind[b]);
        snprintf(key, sizeof key, "%s.violated", name[b]);
        if (b < 2)
          store_result_number(s, run, key, 0);
      }
      golden_end(s, run, NULL);
    }
}

static void golden_pruning(struct store *s)
{
  static const char *const method[] = {"magnitude", "random", "wanda"};
  int64_t experiment = golden_experiment(s, "pruning-fixed");
  for (int m = 0; m < 3; m++)
    for (int seed = 1; seed <= 2; seed++) {
      char config[96];
      snprintf(config, sizeof config, "{\"method\":\"%s\",\"seed\":%d}", method[m], seed);
      int64_t run = fixture_run(s, experiment, config, seed);
      for (int k = 0; k < 4; k++) {
        char key[64];
        double sparsity = (double[]){0, 0.5, 0.8, 0.9}[k];
        snprintf(key, sizeof key, "plain error @%g", sparsity);
        store_result_number(s, run, key, 0.1 + sparsity * sparsity * (double[]){0.4, 0.8, 0.3}[m] + 0.01 * seed);
        snprintf(key, sizeof key, "tuned error @%g", sparsity);
        store_result_number(s, run, key, 0.1 + sparsity * sparsity * (double[]){0.2, 0.4, 0.15}[m] + 0.01 * seed);
      }
      golden_end(s, run, NULL);
    }
}

/* What the store took from the clock and the machine. */
static void golden_fix(const char *path)
{
  static const char sql[] =
    "UPDATE run SET uid = printf('%032x', id * 2654435761), host = 'lab', boot_id = 'b', pid = 1, pid_start = 1, worker_pid = 1,"
    " started_at = strftime('%Y-%m-%dT%H:%M:%S.000Z', '2026-01-31 12:00:00', '+' || (3 * id) || ' seconds'),"
    " ended_at = strftime('%Y-%m-%dT%H:%M:%S.500Z', '2026-01-31 12:00:02', '+' || (3 * id) || ' seconds');"
    "UPDATE experiment SET created_at = '2026-01-31T12:00:00.000Z';";
  sqlite3 *db;
  char *message = NULL;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
    tap_bail("the golden store: %s", message ? message : sqlite3_errmsg(db));
  sqlite3_close(db);
}

static void golden_open(struct store **s, const char *path)
{
  char message[512];
  if (store_open(s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
}

static void golden_store(const char *path)
{
  struct store *s;
  golden_open(&s, path);
  golden_schedules(s);
  golden_bounds(s);
  golden_pruning(s);
  store_close(s);
  golden_fix(path);
}

/* One schedule in one facet: tuned at three peaks on two seeds, scored at the middle one on three, with its course and rate. */
static void golden_arm(struct store *s, int64_t experiment, const char *optimizer, const char *problem, const char *shape, double level)
{
  static const double peak[] = {0.01, 0.1, 1};
  for (int i = 0; i < 9; i++) {
    char config[200];
    int p = i < 6 ? i % 3 : 1, seed = i < 6 ? 1 + i / 3 : 995 + i;
    snprintf(config, sizeof config, "{\"optimizer\":\"%s\",\"peak\":%g,\"problem\":\"%s\",\"schedule\":\"%s\",\"seed\":%d}", optimizer, peak[p], problem, shape, seed);
    int64_t run = fixture_run(s, experiment, config, seed);
    double falls = strcmp(shape, "constant") == 0 ? 0 : 1, noise = 0.003 * (seed % 3) * (1 + falls);
    for (int step = 0; step <= 40; step += 4) {
      store_metric(s, run, "lr", step, peak[p] * (1 - falls * step / 40));
      store_metric(s, run, "val_error", step, level + noise + 0.4 / (1 + step * (2 - falls)));
    }
    store_result_number(s, run, i < 6 ? "val_error" : "test_error", level + noise + (p == 1 ? 0 : 0.05 * (1 + p)));
    golden_end(s, run, NULL);
  }
}

/* Three schedules under two optimizers on two problems. */
MAYBE_UNUSED static void golden_facets(const char *path)
{
  static const char *const shape[] = {"constant", "cosine", "linear-decay"}, *const optimizer[] = {"sgd", "adamw"}, *const problem[] = {"fashion-mlp", "fashion-convnet"};
  struct store *s;
  golden_open(&s, path);
  int64_t experiment = golden_experiment(s, "facets-fixed");
  for (int o = 0; o < 2; o++)
    for (int p = 0; p < 2; p++)
      for (int k = 0; k < 3; k++)
        golden_arm(s, experiment, optimizer[o], problem[p], shape[k], 0.2 - 0.05 * p + 0.03 * ((k + o) % 3) + 0.002 * k);
  store_close(s);
  golden_fix(path);
}

#endif
