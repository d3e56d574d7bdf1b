/* Words in and out: suggestions, k=v words, readable text, names of kinds. */
#include "tests/unit/params/local_methods.h"

static const char *const names[] = {"peak", "steps", "warmup", "warmup_shape", "momentum", "random-reshuffling",
                                    "lr",   "l2"};

static void near(const char *word, const char *expected, const char *why)
{
  tap_is_str(nearest_name(word, names, sizeof names / sizeof *names), expected, "\"%.20s\": %s", word, why);
}

static void test_nearest(void)
{
  near("pek", "peak", "a missing letter");
  near("setps", "steps", "two letters swapped");
  near("momentun", "momentum", "a wrong letter");
  near("PEAK", "peak", "letter case");
  near("random_reshuffling", "random-reshuffling", "an underscore for a hyphen");
  near("mom", "momentum", "an abbreviation");
  near("warmups", "warmup", "the nearest of two");
  near("rl", "lr", "a short word with its letters swapped");
  near("x", NULL, "one letter resembles nothing");
  near("", NULL, "an empty word resembles nothing");
  near("temperature", NULL, "a different word");
  near("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
       "a word longer than any name");
  tap_ok(nearest_name("peak", names, 0) == NULL, "no names, no suggestion");
}

static void test_words(void)
{
  static const char *const good[] = {"peak=1e-3", "count=12",   "warm=false", "shape=linear", "hidden=8,4",
                                     "file=a=b",  "rule=inner", "steps=auto", "ratio= .25"};
  struct object o;
  struct err e = {0};
  if (!tap_ok(params_from_words(&o, &outer, good, sizeof good / sizeof *good, local_find, &e) == STATUS_OK,
              "words of every type are read %s", e.message))
    return;
  const struct outer_conf *c = o.conf;
  tap_ok(c->peak == 1e-3 && c->count == 12 && !c->warm && c->shape == 0 && c->ratio == 0.25,
         "numbers, truth values and choices arrive");
  tap_ok(c->hidden.n == 2 && c->hidden.v[1] == 4, "a list arrives");
  tap_is_str(c->file, "a=b", "only the first = separates");
  char *text = object_text(&o);
  tap_is_str(text, "outer  peak 0.001  ratio 0.25  gap 0.125  count 12  warm false  shape linear  file a=b  hidden 8,4",
             "the text shows what differs from the defaults");
  free(text);
  object_free(&o);

  static const char *const bad[][2] = {
    {"peak", "schedule \"outer\": expected parameter=value, got \"peak\""},
    {"=1", "schedule \"outer\": expected parameter=value, got \"=1\""},
    {"peak=", "schedule \"outer\": peak must be a number > 0, got \"\""},
    {"peak=1x", "schedule \"outer\": peak must be a number > 0, got \"1x\""},
    {"peak=nan", "schedule \"outer\": peak must be a number > 0, got nan"},
    {"count=99999999999999999999", "schedule \"outer\": count must be a whole number, got 1e+20"},
    {"pek=1", "schedule \"outer\" has no parameter \"pek\"; did you mean \"peak\"?"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    enum status s = params_from_words(&o, &outer, bad[i], 1, local_find, &e);
    tap_is_str(s == STATUS_BAD_ARG ? e.message : "accepted", bad[i][1], "\"%s\" is refused", bad[i][0]);
    object_free(&o);
  }
}

static void test_text(void)
{
  struct object rule, o;
  struct named_value rate = real("rate", 0.25);
  if (params_parse(&rule, &inner, &rate, 1, NULL, NULL) != STATUS_OK)
    tap_bail("the inner method has no object");
  struct named_value v[] = {object("rule", &rule), real("gap", 0.5), integer("count", 3)};
  if (params_parse(&o, &outer, v, 3, local_find, NULL) != STATUS_OK)
    tap_bail("the outer method has no object");
  char *text = object_text(&o);
  tap_is_str(text, "outer  gap 0.5  rule inner(rate 0.25)", "a nested method shows its own differences in brackets");
  free(text);
  static const char *const usual[][2] = {{"peak", "0.1"},       {"gap", "auto"},     {"steps", "auto"},
                                         {"warm", "true"},      {"shape", "cosine"}, {"file", "none"},
                                         {"hidden", "256,256"}, {"rule", "inner"},   {"rows", "none"}};
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
    text = param_default_text(params_find(&outer, usual[i][0]));
    tap_is_str(text, usual[i][1], "the default of %s as text", usual[i][0]);
    free(text);
  }
  tap_ok(param_default_text(&strict_params[0]) == NULL, "a required parameter has no default");
  object_free(&rule);
  object_free(&o);
}

static void test_kinds(void)
{
  enum kind k;
  size_t good = 0;
  for (int i = 1; i < KIND_COUNT; i++)
    good += kind_parse(kind_name((enum kind)i), &k) && k == (enum kind)i;
  tap_is_int((long long)good, KIND_COUNT - 1, "every kind has a name that is read back");
  tap_ok(kind_parse("losses", &k) && k == KIND_LOSS && kind_parse("schedules", &k) && k == KIND_SCHEDULE,
         "plurals are read, too");
  tap_ok(!kind_parse("planet", &k) && !kind_parse("", &k), "other words are not");
}

int main(void)
{
  test_nearest();
  test_words();
  test_text();
  test_kinds();
  return tap_done();
}
