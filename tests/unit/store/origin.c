/* origin.c: a run that was made elsewhere keeps its name, host and times. */
#include <math.h>

#include "tests/tap.h"
#include "tests/unit/store/fixture.h"

int main(void)
{
  char message[1024];
  struct store *s;
  if (store_open(&s, fixture_path("o.db"), STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s), a = fixture_run(s, experiment, "{\"a\":1}", 1), b = fixture_run(s, experiment, "{\"a\":2}", 1);
  const struct store_origin origin = {"0123456789abcdef0123456789abcdef", "far", "2020-01-01T00:00:00.000Z", "2020-01-01T01:00:00.000Z"};
  tap_is_int(store_run_origin(s, a, &origin), STORE_ERROR, "a run that has not ended has no origin");
  tap_has(store_message(s), "run 1 has not ended", "and that is said");
  const struct store_run_end end = {.status = STORE_DONE, .wall_s = NAN, .cpu_s = NAN};
  store_run_end(s, a, &end);
  store_run_end(s, b, &end);
  tap_is_int(store_run_origin(s, a, &origin), STORE_OK, "one that has ended does");
  tap_is_str(fixture_text(s, "SELECT uid || host || started_at || ended_at || (wall_s IS NULL) FROM runs WHERE id = 1"),
             "0123456789abcdef0123456789abcdeffar2020-01-01T00:00:00.000Z2020-01-01T01:00:00.000Z1", "with name, host and times");
  tap_ok(store_run_origin(s, b, &origin) != STORE_OK, "two runs of one name are refused");
  tap_is_int(store_run_origin(s, 77, &origin), STORE_ERROR, "and so is a run that is not there");
  store_close(s);
  fixture_done();
  return tap_done();
}
