/* A method that exists only in this test must show up in everything that is derived from descriptors. */
#include "tests/conformance/canary.h"
#include "tests/conformance/walk.h"

static void test_lists(size_t before)
{
  size_t at = 0, seen = 0;
  bool sorted = true;
  tap_is_int((long long)registry_count(), (long long)before + 1, "the registry holds one method more");
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *m = registry_at(i);
    if (m == &canary.m)
      at = i, seen++;
    if (i > 0) {
      const struct method *last = registry_at(i - 1);
      sorted = sorted && (last->kind < m->kind || (last->kind == m->kind && strcmp(last->id, m->id) < 0));
    }
  }
  tap_ok(seen == 1 && sorted && registry_at(registry_count()) == NULL, "once, in its place by kind and id (%zu)", at);
  tap_ok(registry_find(KIND_SCHEDULE, "canary-fall") == &canary.m && !registry_find(KIND_OPTIMIZER, "canary-fall"),
         "it is found, under its kind alone");
}

static void test_messages(void)
{
  struct object o;
  struct err e = {0};
  const struct method *m;
  struct named_value wrong = number_value("sharpnes", 3), outside = number_value("sharpness", 10);
  tap_ok(registry_get(&m, KIND_SCHEDULE, "canary-fell", &e) == STATUS_BAD_ARG, "a misspelt id is refused");
  tap_is_str(e.message, "there is no schedule \"canary-fell\"; did you mean \"canary-fall\"?", "and it is suggested");
  tap_ok(registry_get(&m, KIND_SCHEDULE, "xyzzy", &e) == STATUS_BAD_ARG && strstr(e.message, "canary-fall"),
         "where nothing is near, it stands in the list");
  tap_ok(registry_object(&o, KIND_SCHEDULE, "canary-fall", &wrong, 1, &e) == STATUS_BAD_ARG,
         "a misspelt parameter is refused");
  tap_is_str(e.message, "schedule \"canary-fall\" has no parameter \"sharpnes\"; did you mean \"sharpness\"?",
             "and suggested");
  tap_ok(registry_object(&o, KIND_SCHEDULE, "canary-fall", &outside, 1, &e) == STATUS_BAD_ARG, "its range is kept");
  tap_is_str(e.message, "schedule \"canary-fall\": sharpness must be a number in [1, 9], got 10", "and named");
}

static void test_text(void)
{
  char *help = method_help(&canary.m, 78), *table = methods_table(KIND_SCHEDULE, 80), *all = methods_table(0, 80);
  char *json = methods_json(KIND_SCHEDULE, NULL), *one = methods_json(KIND_SCHEDULE, "canary-fall"),
       *other = methods_json(KIND_MODEL, NULL);
  static const char *const parts[] = {
    "Canary fall", "canary-fall", "falls as fast", "eta_t = peak", "sharpness", "how steeply", "[1, 9]", "octaves",
    "default 2", "for example 3", "Only a test", "Nobody 2001", "assay.schedule(\"canary-fall\"",
  };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    tap_has(help, parts[i], "the help holds \"%s\"", parts[i]);
  tap_has(table, "canary-fall", "the table of its kind lists it");
  tap_has(all, "canary-fall", "so does the table of all kinds");
  tap_has(json, "\"canary-fall\"", "and the JSON of its kind");
  tap_ok(strstr(one, "\"sharpness\"") && strstr(one, "\"max\": 9") && strstr(one, "\"unit\": \"octaves\""),
         "its own JSON holds its parameter, range and unit");
  tap_ok(!strstr(other, "canary"), "the JSON of another kind does not");
  char *texts[] = {help, table, all, json, one, other};
  for (size_t i = 0; i < 6; i++)
    free(texts[i]);
}

static void test_objects(void)
{
  struct object o, back;
  struct err e = {0};
  static const char *const words[] = {"sharpness=3", "peak=0.5"};
  if (!tap_ok(params_from_words(&o, &canary.m, words, 2, registry_find, &e) == STATUS_OK, "words k=v make one"))
    return;
  tap_near(schedule_at(&o, 5, 10), 0.5 * 0.125, 1e-15, 0, "which the shared code runs");
  char *json = object_json(&o), *text = object_text(&o);
  tap_has(json, "\"id\":\"canary-fall\",\"kind\":\"schedule\",\"params\":{", "its config is canonical JSON");
  tap_ok(object_from_json(&back, json, registry_find, &e) == STATUS_OK, "which is read back");
  tap_is_str(text, "canary-fall  peak 0.5  sharpness 3", "and readable text");
  object_free(&back);
  object_free(&o);
  free(json);
  free(text);
}

/* A bound says what kind of statement it makes wherever it is shown, and never claims more. */
static void test_bound(void)
{
  registry_set_extra(&canary_bound.m);
  char *help = method_help(&canary_bound.m, 78), *json = methods_json(KIND_BOUND, NULL);
  tap_has(help, "Kind of statement\n  E-est: a bound on the expectation", "the help of a bound states its kind");
  tap_has(json, "\"statement\": \"E-est\"", "so does its JSON");
  tap_is_str(statement_claim(STATEMENT_HP, true), "guaranteed", "HP with checked assumptions is guaranteed");
  tap_is_str(statement_claim(STATEMENT_HP_FIXED, true), "guaranteed if chosen without these examples", "HP-fixed only with its condition");
  bool overstated = false;
  for (int s = STATEMENT_NONE; s <= STATEMENT_C; s++) {
    bool strong = s == STATEMENT_HP || s == STATEMENT_HP_FIXED;
    overstated |= strcmp(statement_claim((enum statement)s, false), "guaranteed") == 0;
    overstated |= !strong && strcmp(statement_claim((enum statement)s, true), "guaranteed") == 0;
  }
  tap_ok(!overstated, "nothing else is ever called guaranteed");
  registry_set_extra(NULL);
  free(help);
  free(json);
}

int main(void)
{
  size_t before = registry_count();
  registry_set_extra(&canary.m);
  test_lists(before);
  test_messages();
  test_text();
  test_objects();
  test_bound();
  registry_set_extra(NULL);
  char *json = methods_json(0, NULL);
  tap_ok(registry_count() == before && !registry_find(KIND_SCHEDULE, "canary-fall") && !strstr(json, "canary"),
         "taken away, it leaves nothing behind");
  free(json);
  return tap_done();
}
