/* small_store.h: a store made by hand for the tests of the workbench. */
#ifndef ASSAY_TESTS_SMALL_STORE_H
#define ASSAY_TESTS_SMALL_STORE_H

#include "tests/unit/store/fixture.h"

/* Two configs x three seeds, a diverged run, curves of eleven points, and text that means harm. */
static void small_store_make(const char *path)
{
  struct store *s;
  char message[512], config[128];
  int64_t key;
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s);
  store_metric_key(s, "val_error", &key);
  for (int k = 0; k < 2; k++)
    for (int seed = 1; seed <= 3; seed++) {
      snprintf(config, sizeof config, "{\"batch\":64,\"peak\":0.1,\"schedule\":\"%s\",\"seed\":%d}", k ? "cosine" : "constant", seed);
      int64_t run = fixture_run(s, experiment, config, seed);
      for (int step = 0; step <= 10; step++)
        store_metric_by_id(s, run, key, step, 0.5 - 0.03 * step);
      store_result_number(s, run, "val_error", (k ? 0.10 : 0.20) + 0.01 * seed + (seed == 2 && k ? 0.002 : 0));
      struct store_run_end end = {.status = STORE_DONE, .wall_s = 1.5, .cpu_s = 1};
      if (store_run_end(s, run, &end) != STORE_OK)
        tap_bail("%s", store_message(s));
    }
  int64_t bad = fixture_run(s, experiment, "{\"batch\":64,\"peak\":9,\"schedule\":\"co\\u001b[31msine\",\"seed\":1}", 1);
  struct store_run_end end = {.status = STORE_FAILED, .error = "diverged at step 41", .wall_s = 0.1};
  if (store_run_end(s, bad, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
  store_close(s);
}

#endif
