/* trash.c: notes, the trash, deleting for good, and the copy for others. */
#include <sys/stat.h>

#include "store/store_int.h"
#include "tests/unit/store/fixture.h"

static struct store *s;

static int64_t finished(int64_t experiment, const char *config, int points)
{
  int64_t run = fixture_run(s, experiment, config, 1);
  for (int i = 0; i < points; i++)
    store_metric(s, run, "loss", i, 1.0 / (i + 1));
  store_result_number(s, run, "answer", 42);
  if (store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE}) != STORE_OK)
    tap_bail("%s", store_message(s));
  return run;
}

static void test_notes(int64_t run)
{
  tap_is_int(store_note(s, run, "odd \x1b[31m"), STORE_OK, "a note is written");
  tap_is_str(fixture_text(s, "SELECT note FROM runs WHERE note IS NOT NULL"), "odd \x1b[31m", "as it is");
  tap_is_int(store_note(s, run, ""), STORE_OK, "an empty note");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM run WHERE note IS NOT NULL"), 0, "takes it away");
}

static void test_trash(int64_t a, int64_t b)
{
  int64_t found;
  const int64_t both[] = {a, b}, wrong[] = {b, 999};
  tap_is_int(store_trash(s, wrong, 2, true), STORE_ERROR, "a run that is not there is an error");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM trash"), 0, "and the others are not moved either");
  tap_is_int(store_trash(s, both, 2, true), STORE_OK, "two runs go to the trash");
  tap_is_str(fixture_text(s, "SELECT (SELECT count(*) FROM runs) || ' ' || (SELECT count(*) FROM trash) || ' ' || (SELECT count(DISTINCT"
                          " run_id) FROM metrics) || ' ' || (SELECT count(DISTINCT run_id) FROM results) || ' ' ||"
                          " (SELECT count(DISTINCT run_id) FROM params)"), "1 2 1 1 1", "and no other view shows them");
  store_find_done(s, fixture_hash("{\"lr\":0.2}"), &found);
  tap_is_int(found, 0, "a run in the trash does not count as finished");
  tap_is_int(store_trash(s, &a, 1, false), STORE_OK, "one is taken out");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM runs"), 2, "and is shown again");
  tap_is_int(store_trash(s, &a, 1, false), STORE_OK, "twice is harmless");
}

static void test_gc(int64_t left)
{
  struct store_gc gc;
  struct stat st;
  tap_is_int(store_gc(s, &gc), STORE_OK, "gc: %s", store_message(s));
  tap_ok(gc.runs == 1 && gc.points == 20000, "it deletes the run with its points");
  tap_is_str(fixture_text(s, "SELECT (SELECT count(*) FROM run) || ' ' || (SELECT count(*) FROM metric) || ' ' || (SELECT count(DISTINCT run_id)"
                          " FROM param) || ' ' || (SELECT count(DISTINCT run_id) FROM result)"), "2 20 2 2", "and with all that belongs to it");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM experiment"), 1, "an experiment without runs goes, too");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM script"), 1, "a script that is still used stays");
  tap_ok(gc.after_b < gc.before_b / 2, "space is given back: %lld bytes of %lld", (long long)gc.after_b, (long long)gc.before_b);
  tap_ok(stat(store_path(s), &st) == 0 && st.st_size == gc.after_b, "by the file itself");
  tap_is_int(store_gc(s, &gc), STORE_OK, "again");
  tap_is_int(gc.runs, 0, "there is nothing to delete");
  store_metric(s, left, "loss", 999, 1);
  tap_is_int(store_flush(s), STORE_OK, "the store can be written as before");
}

static void test_publish(void)
{
  char path[128], message[1024], command[300];
  unsigned char head[20] = {0};
  struct store *copy;
  int64_t trashed = fixture_int(s, "SELECT max(id) FROM run");
  store_trash(s, &trashed, 1, true);
  strcpy(path, fixture_path("public.db"));
  tap_is_int(store_publish(s, path), STORE_OK, "a copy is published: %s", store_message(s));
  FILE *f = fopen(path, "rb");
  tap_ok(f && fread(head, 1, sizeof head, f) == sizeof head && head[18] == 1 && head[19] == 1, "it has no write-ahead log");
  if (f)
    fclose(f);
  snprintf(command, sizeof command, "ls %s* | wc -l | grep -qx 1", path);
  tap_is_int(system(command), 0, "and no file beside it");
  tap_is_int(store_open(&copy, path, STORE_READ, message, sizeof message), STORE_OK, "it is a store");
  tap_is_int(fixture_int(copy, "SELECT count(*) FROM run"), fixture_int(s, "SELECT count(*) FROM runs"), "with every run but those in the trash");
  tap_is_int(fixture_int(copy, "SELECT count(*) FROM writer"), 0, "that nobody writes");
  store_close(copy);
  tap_is_int(store_publish(s, path), STORE_ERROR, "what is there is not overwritten");
  tap_has(store_message(s), "exists already", "and the message says so");
  tap_is_int(store_publish(s, "/nowhere/at/all.db"), STORE_ERROR, "a place that is not there is an error");
}

int main(void)
{
  char message[1024], hash[33];
  int64_t other;
  if (store_open(&s, fixture_path("store.db"), STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s);
  const struct store_script script = {"exp.lua", "return {}", 9};
  if (store_experiment(s, "other", NULL, &script, 1, NULL, &other, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  int64_t a = finished(experiment, "{\"lr\":0.1}", 10), b = finished(other, "{\"lr\":0.2}", 20000);
  finished(experiment, "{\"lr\":0.3}", 10);
  test_notes(a);
  test_trash(a, b);
  test_gc(a);
  test_publish();
  store_close(s);
  tap_is_int(store_open(&s, fixture_path("store.db"), STORE_READ, message, sizeof message), STORE_OK, "opened for reading");
  tap_is_int(store_trash(s, &a, 1, true), STORE_READONLY, "a reader moves nothing to the trash");
  tap_is_int(store_gc(s, &(struct store_gc){0}), STORE_READONLY, "and deletes nothing");
  store_close(s);
  fixture_done();
  return tap_done();
}
