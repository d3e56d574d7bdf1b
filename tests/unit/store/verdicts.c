/* verdicts.c: verdicts are kept once, with the script they came from, and outlive the runs. */
#include <math.h>

#include "tests/tap.h"
#include "tests/unit/store/fixture.h"

static struct store *s;

static bool put(const char *verdict, double effect, double low, int64_t experiment)
{
  bool is_new = false;
  const struct store_verdict v = {.paper = "p", .experiment_id = experiment, .verdict = verdict, .effect = effect, .low = low,
                                  .high = INFINITY, .detail_json = "{\"why\":\"x\"}"};
  return store_verdict(s, &v, &is_new) == STORE_OK && is_new;
}

static void test_writing(int64_t a, int64_t b)
{
  tap_ok(put("holds", 0.1, 0.05, a), "a verdict is written");
  tap_is_str(fixture_text(s, "SELECT paper || verdict || effect || low || high || detail || (created_at GLOB '20*Z') FROM verdict"),
             "pholds0.10.05Inf{\"why\":\"x\"}1", "with all that it says");
  tap_ok(!put("holds", 0.1, 0.05, a), "the same again adds nothing");
  tap_ok(put("fails", 0.1, 0.05, a), "another word is another verdict");
  tap_ok(put("holds", 0.1, 0.05, a), "and so is the first one when it comes back");
  tap_ok(put("inconclusive", NAN, NAN, a), "without an effect, too");
  tap_ok(!put("inconclusive", NAN, NAN, a), "and once");
  tap_ok(put("inconclusive", NAN, NAN, b), "another script is another verdict");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM verdict WHERE effect IS NULL AND low IS NULL"), 2, "NaN is NULL");
  tap_ok(!put("perhaps", 0, 0, a), "a word that is no verdict is refused");
}

/* The experiment of a verdict stays when its runs have been deleted for good. */
static void test_trash(int64_t a)
{
  struct store_gc gc;
  int64_t run = fixture_run(s, a, "{\"x\":1}", INT64_MIN);
  store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE});
  tap_ok(store_trash(s, &run, 1, true) == STORE_OK && store_gc(s, &gc) == STORE_OK && gc.runs == 1, "the run is deleted");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM verdict JOIN experiment e ON e.id = experiment_id"), 5, "the verdicts keep their scripts");
}

static void test_hash(void)
{
  struct store_script files[] = {{"a.lua", "return 1", 8}, {"b.lua", "b", 1}};
  char told[33], computed[33];
  int64_t id;
  store_experiment(s, "h", NULL, files, 2, NULL, &id, told);
  store_scripts_hash(files, 2, computed);
  tap_is_str(computed, told, "the identity of a script is known without a store");
}

int main(void)
{
  char message[1024];
  if (store_open(&s, fixture_path("v.db"), STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t a = fixture_experiment(s), b = 0;
  char hash[33];
  struct store_script other = {"exp.lua", "return {1}", 10};
  store_experiment(s, "exp", NULL, &other, 1, NULL, &b, hash);
  test_writing(a, b);
  test_trash(a);
  test_hash();
  store_close(s);
  fixture_done();
  return tap_done();
}
